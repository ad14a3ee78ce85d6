"""Stored models and their signatures: what is refused, and how a person signs what is older."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import psycopg

from sightscan.city import City
from sightscan.errors import LastingPublicationError
from sightscan.model_folder import ONNX_FILE
from sightscan.signature import SignatureRefusedError, check_signature
from sightscan.signing import Signature, SigningKey
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


class NotAllSignedError(LastingPublicationError):
    """Models of a city are refused, in `refusals`; all others are signed, as `done` says."""

    def __init__(self, done: Sequence[Signing], refusals: Sequence[str]) -> None:
        super().__init__("; ".join(refusals))
        self.done = tuple(done)
        self.refusals = tuple(refusals)


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
) -> bytes:
    """Return the file of a model's live variant, signed by one of the keys, where there are any.

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
        what = f"{live.file_name} of model {model.version}"
        raise NotBelievedError(what, str(error)) from error
    return content


def sign_models(
    connection: psycopg.Connection[Any],
    city: City,
    key: SigningKey,
    public_keys: Sequence[bytes],
    version: int | None = None,
    *,
    sha256s: Collection[str] = (),
) -> list[Signing]:
    """Sign the stored models of a city that this key has not signed, or one of them; live variants, too.

    Where `public_keys` are believed, a file that none of them signed is signed only if its SHA-256 is
    among `sha256s` (in hex): else whoever may write the warehouse could have a file of their own
    signed, by taking a signature away. Before there are such keys, a person vouches for what lies
    there; but a signature that is wrong by its own key is renewed only if its version is named.

    Raises:
        LastingPublicationError: there is no such model, its file is not as it was stored, or it is not
            to be signed.
        NotAllSignedError: that is so of one of all models; the others are signed.

    """
    vouched = _Vouched(tuple(public_keys), frozenset(sha256s), is_named=version is not None)
    if version is not None:
        model = read_model(connection, city.city_id, version)
        return [_sign(connection, city, model, key, vouched)]
    done, refusals = [], []
    for one in sorted(card.model_version for card in list_models(connection, city.city_id)):
        try:
            model = read_model(connection, city.city_id, one)
            done.append(_sign(connection, city, model, key, vouched))
        except LastingPublicationError as error:
            refusals.append(str(error))
    if refusals:
        raise NotAllSignedError(done, refusals)
    return done


@dataclass(frozen=True, slots=True)
class _Vouched:
    """What a person vouches for beside what the keys believe."""

    public_keys: tuple[bytes, ...]
    sha256s: frozenset[str]
    is_named: bool

    def require(self, content: bytes, signature: Signature | None, what: str, advice: str) -> None:
        """Refuse a file that nobody vouches for."""
        trusted = self.public_keys or (() if signature is None else (signature.public_key,))
        if not self.public_keys and (signature is None or self.is_named):
            return
        if hashlib.sha256(content).hexdigest() in self.sha256s:
            return
        try:
            check_signature(content, signature and signature.value, trusted)
        except SignatureRefusedError as error:
            raise NotBelievedError(what, f"{error}; {advice}") from error


def _sign(
    connection: psycopg.Connection[Any],
    city: City,
    model: StoredModel,
    key: SigningKey,
    vouched: _Vouched,
) -> Signing:
    name, advice = f"model {model.version} of {city.slug}", _advice(city, model)
    content = read_model_file(connection, model.city_id, model.version, ONNX_FILE)
    signature = key.sign(content)
    live = find_live_variant(connection, model.city_id, model.version)
    live_content = (
        read_model_file(connection, model.city_id, model.version, live.file_name) if live else None
    )
    live_signature = key.sign(live_content) if live_content is not None else None
    if model.signature == signature and (live is None or live.signature == live_signature):
        return Signing(model.version, model.onnx_sha256.hex(), "already signed")
    vouched.require(content, model.signature, name, advice)
    if live is not None and live_content is not None:
        vouched.require(live_content, live.signature, f"{live.file_name} of {name}", advice)
    with connection.transaction():
        lock_models(connection, city.city_id)
        sign_model(connection, model, signature)
        if live_signature is not None:
            sign_live_variant(connection, model.city_id, model.version, live_signature)
    done: Literal["signed", "signed anew"] = "signed" if model.signature is None else "signed anew"
    return Signing(model.version, model.onnx_sha256.hex(), done)


def _advice(city: City, model: StoredModel) -> str:
    # Without the hash: who copies what lies in the warehouse vouches for nothing.
    return (
        "if its SHA-256 is the one that register_model logged, sign it with: sightscan model sign "
        f"{city.slug} {model.version} --sha256 ... (docs/runbooks/signing-key.md)"
    )
