"""Other forms of a model's network: `core.model_variant`. So far one, the live variant for phones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from psycopg.types.json import Jsonb

from sightscan.model_folder import LIVE_FILE, LiveResult
from sightscan.signing import Signature
from sightscan.warehouse.statements import statement

LIVE = "live"


@dataclass(frozen=True, slots=True)
class StoredVariant:
    """A row of core.model_variant, with what the trainer's host saw it answer (`samples`)."""

    file_name: str
    image_size: int
    state: str
    signature: Signature | None
    samples: Sequence[Mapping[str, Any]]


def insert_live_variant(
    connection: psycopg.Connection[Any],
    city_id: str,
    model_version: int,
    live: LiveResult,
    *,
    sha256: bytes,
    signature: Signature | None,
) -> None:
    """Store what the trainer says of a model's live variant; its file is stored with the model's."""
    connection.execute(
        statement("models/insert_variant"),
        {
            "city_id": city_id,
            "model_version": model_version,
            "kind": LIVE,
            "file_name": LIVE_FILE,
            "sha256": sha256,
            "image_size": live.image_size,
            "precision": live.precision,
            "latency_milliseconds": live.milliseconds,
            "latency_processor": live.processor,
            "map50": live.map50,
            "map50_95": live.map50_95,
            "onnx_signature": signature and signature.value,
            "onnx_signed_by": signature and signature.public_key,
        },
    )


def find_live_variant(
    connection: psycopg.Connection[Any], city_id: str, model_version: int
) -> StoredVariant | None:
    """Return the live variant of a model; None where it has none."""
    row = connection.execute(
        statement("models/find_variant"),
        {"city_id": city_id, "model_version": model_version, "kind": LIVE},
    ).fetchone()
    if row is None:
        return None
    file_name, image_size, state, signature, signed_by, samples = row
    return StoredVariant(
        file_name=file_name,
        image_size=image_size,
        state=state,
        signature=None if signature is None else Signature(signature, signed_by),
        samples=samples,
    )


def sign_live_variant(
    connection: psycopg.Connection[Any], city_id: str, model_version: int, signature: Signature
) -> None:
    """Store the signature over a live variant's file; the caller holds `lock_models`."""
    connection.execute(
        statement("models/sign_variant"),
        {
            "city_id": city_id,
            "model_version": model_version,
            "kind": LIVE,
            "onnx_signature": signature.value,
            "onnx_signed_by": signature.public_key,
        },
    )


def conclude_live_variant(
    connection: psycopg.Connection[Any],
    city_id: str,
    model_version: int,
    *,
    state: Literal["registered", "offered", "refused"],
    decision: str,
    map50: float | None,
    map50_95: float | None,
    shipped: Mapping[str, Any] | None,
) -> None:
    """Store whether a live variant is offered, why, and its measures; None: it was not measured.

    One that stays registered is judged later.
    """
    connection.execute(
        statement("models/conclude_variant"),
        {
            "city_id": city_id,
            "model_version": model_version,
            "kind": LIVE,
            "state": state,
            "decision": decision,
            "map50": map50,
            "map50_95": map50_95,
            "shipped": None if shipped is None else Jsonb(dict(shipped)),
        },
    )
