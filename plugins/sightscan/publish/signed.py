"""Stored models and their signatures: what is refused, and how a person signs what is older."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import psycopg

from sightscan.city import City
from sightscan.errors import LastingPublicationError
from sightscan.model_folder import ONNX_FILE
from sightscan.signature import SignatureRefusedError, check_signature
from sightscan.signing import SigningKey
from sightscan.warehouse.models.cards import list_models
from sightscan.warehouse.models.models import (
    StoredModel,
    lock_models,
    read_model,
    read_model_file,
    sign_model,
)
from sightscan.warehouse.models.variants import (
    StoredVariant,
    find_live_variant,
    sign_live_variant,
)


class NotBelievedError(LastingPublicationError):
    """A file is not signed by a key that is believed; `why`, and how a person may mend it."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what} is refused: {why}")
        self.why = why


@dataclass(frozen=True, slots=True)
class Signing:
    """What became of the signature of one version."""

    version: int
    onnx_sha256: str
    done: Literal["signed", "signed anew", "already signed"]


def require_signature(
    connection: psycopg.Connection[Any],
    city: City,
    model: StoredModel,
    public_keys: Sequence[bytes],
) -> None:
    """See that a stored model is signed by one of the keys; without any, nothing is read.

    Raises:
        NotBelievedError: it is not.
        LastingPublicationError: its file is not as it was stored.

    """
    if public_keys:
        read_signed_model(connection, city, model, public_keys)


def find_unloadable(
    connection: psycopg.Connection[Any],
    city: City,
    model: StoredModel | None,
    public_keys: Sequence[bytes],
) -> str | None:
    """Return why nobody may load a stored model, and what to do; None of one that may be, or of none.

    Raises:
        LastingPublicationError: its file is not as it was stored.

    """
    if model is None:
        return None
    try:
        require_signature(connection, city, model, public_keys)
    except NotBelievedError as error:
        return error.why
    return None


def read_signed_model(
    connection: psycopg.Connection[Any],
    city: City,
    model: StoredModel,
    public_keys: Sequence[bytes],
) -> bytes:
    """Return a stored model's file, signed by one of the keys, where there are any.

    What was checked is what is returned: read again, it might be another.

    Raises:
        NotBelievedError: it is not signed so.
        LastingPublicationError: it is not as it was stored.

    """
    content = read_model_file(connection, model.city_id, model.version, ONNX_FILE)
    if not public_keys:
        return content
    try:
        check_signature(content, model.signature and model.signature.value, public_keys)
    except SignatureRefusedError as error:
        what = f"model {model.version} of {city.slug}"
        raise NotBelievedError(what, f"{error}; {_advice(city, model)}") from error
    return content


def read_signed_variant(
    connection: psycopg.Connection[Any],
    model: StoredModel,
    live: StoredVariant,
    public_keys: Sequence[bytes],
    *,
    city: City | None = None,
) -> bytes:
    """Return the file of a model's live variant, signed by one of the keys, where there are any.

    With `city`, whoever reads the error is told how to sign it.

    Raises:
        NotBelievedError: it is not.
        LastingPublicationError: its file is not as it was stored.

    """
    content = read_model_file(connection, model.city_id, model.version, live.file_name)
    if not public_keys:
        return content
    try:
        check_signature(content, live.signature and live.signature.value, public_keys)
    except SignatureRefusedError as error:
        of, advice = (f" of {city.slug}", f"; {_advice(city, model)}") if city else ("", "")
        what = f"{live.file_name} of model {model.version}{of}"
        raise NotBelievedError(what, f"{error}{advice}") from error
    return content


def sign_models(
    connection: psycopg.Connection[Any],
    city: City,
    key: SigningKey,
    public_keys: Sequence[bytes],
    version: int | None = None,
) -> list[Signing]:
    """Sign the stored models of a city that this key has not signed, or one of them.

    Of all, those with another key's signature are signed anew only if it is right by `public_keys`:
    else whoever may write the warehouse could have a file of their own signed. A person who
    names a version vouches for it.

    Raises:
        LastingPublicationError: there is no such model, its file is not as it was stored, or its
            signature is wrong and nobody named it.

    """
    versions = (
        sorted(one.model_version for one in list_models(connection, city.city_id))
        if version is None
        else [version]
    )
    models = [read_model(connection, city.city_id, one) for one in versions]
    return [
        _sign(connection, city, one, key, public_keys, is_named=version is not None)
        for one in models
    ]


def _sign(
    connection: psycopg.Connection[Any],
    city: City,
    model: StoredModel,
    key: SigningKey,
    public_keys: Sequence[bytes],
    *,
    is_named: bool,
) -> Signing:
    content = read_model_file(connection, model.city_id, model.version, ONNX_FILE)
    signature = key.sign(content)
    live = find_live_variant(connection, model.city_id, model.version)
    live_signature = (
        key.sign(read_model_file(connection, model.city_id, model.version, live.file_name))
        if live
        else None
    )
    if model.signature == signature and (live is None or live.signature == live_signature):
        return Signing(model.version, model.onnx_sha256.hex(), "already signed")
    if model.signature is not None and not is_named:
        trusted = public_keys or [model.signature.public_key]
        require_signature(connection, city, model, trusted)
        if live is not None:
            read_signed_variant(connection, model, live, trusted, city=city)
    with connection.transaction():
        lock_models(connection, city.city_id)
        sign_model(connection, model, signature)
        if live_signature is not None:
            sign_live_variant(connection, model.city_id, model.version, live_signature)
    done: Literal["signed", "signed anew"] = "signed" if model.signature is None else "signed anew"
    return Signing(model.version, model.onnx_sha256.hex(), done)


def _advice(city: City, model: StoredModel) -> str:
    return (
        "if you know where its file comes from, sign it with: sightscan model sign "
        f"{city.slug} {model.version} (docs/runbooks/signing-key.md)"
    )
