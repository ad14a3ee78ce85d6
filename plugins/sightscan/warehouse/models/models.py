"""Models, their files, and which one is in place: `core.model` and `core.publication`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from sightscan.errors import LastingPublicationError
from sightscan.model_folder import ONNX_FILE, WEIGHTS_FILE, TrainingResult
from sightscan.signing import Signature
from sightscan.training import Training
from sightscan.warehouse.statements import statement


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A row of core.model; sight_ids are those of its dataset, in the order of the class names.

    The app does not name the sights of `hidden_sight_ids`.
    """

    city_id: str
    version: int
    dataset_version: int
    class_names: tuple[str, ...]
    sight_ids: tuple[int, ...]
    hidden_sight_ids: frozenset[int]
    image_size: int
    onnx_sha256: bytes
    weights_sha256: bytes
    map50: float
    map50_95: float
    state: str
    decision: str | None
    signature: Signature | None


@dataclass(frozen=True, slots=True)
class Publication:
    """A row of core.publication; who took it back, and why, if somebody did."""

    publication_id: int
    rolled_back_by: str | None
    rolled_back_reason: str | None


def lock_models(connection: psycopg.Connection[Any], city_id: str) -> None:
    """Register and publish models of a city one at a time; the lock ends with the transaction."""
    connection.execute(statement("models/lock_models"), {"city_id": city_id})


def insert_model(
    connection: psycopg.Connection[Any],
    training: Training,
    result: TrainingResult,
    files: Mapping[str, bytes],
    signature: Signature | None,
) -> int | None:
    """Store a model under the next version; return None if its training has one already.

    The caller holds `lock_models`.
    """
    row = connection.execute(
        statement("models/insert_model"),
        {
            "city_id": training.city_id,
            "dataset_version": training.dataset_version,
            "training_id": training.training_id,
            "class_names": list(result.class_names),
            "image_size": result.image_size,
            "onnx_sha256": result.file_sha256[ONNX_FILE],
            "weights_sha256": result.file_sha256[WEIGHTS_FILE],
            "map50": result.test.map50,
            "map50_95": result.test.map50_95,
            "class_metrics": Jsonb([dict(one) for one in result.test.per_class]),
            "result": Jsonb(dict(result.document)),
            **_signed(signature),
        },
    ).fetchone()
    if row is None:
        return None
    version: int = row[0]
    for name, content in files.items():
        connection.execute(
            statement("models/insert_model_file"),
            {
                "city_id": training.city_id,
                "model_version": version,
                "file_name": name,
                "sha256": sha256(content).digest(),
                "bytes": content,
            },
        )
    return version


def sign_model(
    connection: psycopg.Connection[Any], model: StoredModel, signature: Signature
) -> None:
    """Store the signature over a model's file; the caller holds `lock_models`."""
    connection.execute(
        statement("models/sign_model"),
        {"city_id": model.city_id, "model_version": model.version, **_signed(signature)},
    )


def read_model(connection: psycopg.Connection[Any], city_id: str, version: int) -> StoredModel:
    """Return a model by its version.

    Raises:
        LastingPublicationError: there is none.

    """
    found = _find(connection, city_id, version=version)
    if found is None:
        newest = find_newest_model(connection, city_id)
        have = f"versions up to {newest.version}" if newest else "no model at all"
        msg = f"city {city_id} has no model {version} (it has {have}); give one that there is"
        raise LastingPublicationError(msg)
    return found


def find_model_of_training(
    connection: psycopg.Connection[Any], training: Training
) -> StoredModel | None:
    """Return the model that came of a training, if it is registered."""
    return _find(connection, training.city_id, training_id=training.training_id)


def find_newest_model(connection: psycopg.Connection[Any], city_id: str) -> StoredModel | None:
    """Return the model that was registered last, published or not."""
    return _find(connection, city_id)


def find_model_in_place(connection: psycopg.Connection[Any], city_id: str) -> StoredModel | None:
    """Return the model in place."""
    row = connection.execute(
        statement("models/find_model_in_place"), {"city_id": city_id}
    ).fetchone()
    return None if row is None else read_model(connection, city_id, row[0])


def find_rollback_target(
    connection: psycopg.Connection[Any], city_id: str, present: int
) -> StoredModel | None:
    """Return the model that was in place before model `present` and was not taken back."""
    row = connection.execute(
        statement("models/find_rollback_target"), {"city_id": city_id, "present": present}
    ).fetchone()
    return None if row is None else read_model(connection, city_id, row[0])


def find_last_publication(
    connection: psycopg.Connection[Any], model: StoredModel
) -> Publication | None:
    """Return when a model was last put in place."""
    row = connection.execute(
        statement("models/find_last_publication"),
        {"city_id": model.city_id, "model_version": model.version},
    ).fetchone()
    return None if row is None else Publication(*row)


def mark_rolled_back(
    connection: psycopg.Connection[Any],
    city_id: str,
    *,
    after: Publication,
    rolled_back_by: str,
    reason: str,
) -> None:
    """Mark all that was put in place after a publication; the caller holds `lock_models`."""
    connection.execute(
        statement("models/mark_rolled_back"),
        {
            "city_id": city_id,
            "after": after.publication_id,
            "rolled_back_by": rolled_back_by,
            "reason": reason,
        },
    )


def read_model_file(
    connection: psycopg.Connection[Any], city_id: str, version: int, file_name: str
) -> bytes:
    """Return a file of a model, its hash checked.

    Raises:
        LastingPublicationError: there is no such file, or its bytes are not those that were registered.

    """
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            statement("models/read_model_file"),
            {"city_id": city_id, "model_version": version, "file_name": file_name},
        ).fetchone()
    if row is None or sha256(row["bytes"]).digest() != row["sha256"]:
        state = "is missing" if row is None else "does not have the hash that was registered"
        msg = (
            f"{file_name} of model {version} of {city_id} {state}; restore core.model_file "
            "from a backup, or roll back to another model"
        )
        raise LastingPublicationError(msg)
    content: bytes = row["bytes"]
    return content


def find_weights(
    connection: psycopg.Connection[Any], city_id: str, weights_sha256: bytes
) -> bytes | None:
    """Return the weights of one of the city's models by their hash."""
    row = connection.execute(
        statement("models/find_weights"), {"city_id": city_id, "sha256": weights_sha256}
    ).fetchone()
    return None if row is None else row[0]


def conclude_model(
    connection: psycopg.Connection[Any],
    model: StoredModel,
    *,
    published: bool,
    decision: str,
    map50: float,
    map50_95: float,
    class_metrics: Sequence[Mapping[str, Any]],
    hidden_sight_ids: Iterable[int],
) -> None:
    """Store whether a model was published or refused, why, its measures, and what is not shown."""
    connection.execute(
        statement("models/conclude_model"),
        {
            "city_id": model.city_id,
            "model_version": model.version,
            "state": "published" if published else "refused",
            "decision": decision,
            "map50": map50,
            "map50_95": map50_95,
            "class_metrics": Jsonb([dict(one) for one in class_metrics]),
            "hidden_sight_ids": sorted(hidden_sight_ids),
        },
    )


def insert_publication(
    connection: psycopg.Connection[Any],
    city_id: str,
    version: int,
    *,
    published_by: str,
    reason: str,
) -> None:
    """Put a model in place; the caller holds `lock_models`."""
    connection.execute(
        statement("models/insert_publication"),
        {
            "city_id": city_id,
            "model_version": version,
            "published_by": published_by,
            "reason": reason,
        },
    )


def _find(
    connection: psycopg.Connection[Any],
    city_id: str,
    *,
    version: int | None = None,
    training_id: int | None = None,
) -> StoredModel | None:
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            statement("models/find_model"),
            {"city_id": city_id, "model_version": version, "training_id": training_id},
        ).fetchone()
    if row is None:
        return None
    return StoredModel(
        city_id=row["city_id"],
        version=row["model_version"],
        dataset_version=row["dataset_version"],
        class_names=tuple(row["class_names"]),
        sight_ids=tuple(row["sight_ids"]),
        hidden_sight_ids=frozenset(row["hidden_sight_ids"]),
        image_size=row["image_size"],
        onnx_sha256=row["onnx_sha256"],
        weights_sha256=row["weights_sha256"],
        map50=row["map50"],
        map50_95=row["map50_95"],
        state=row["state"],
        decision=row["decision"],
        signature=None
        if row["onnx_signature"] is None
        else Signature(row["onnx_signature"], row["onnx_signed_by"]),
    )


def _signed(signature: Signature | None) -> dict[str, bytes | None]:
    return {
        "onnx_signature": signature and signature.value,
        "onnx_signed_by": signature and signature.public_key,
    }
