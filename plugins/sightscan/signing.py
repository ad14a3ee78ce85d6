"""The private key that signs models: made, read, used. Who may read it may sign any file."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sightscan.errors import SettingsError
from sightscan.signature import read_key, write_key


class Signature(NamedTuple):
    """64 bytes, and the public key (32 bytes) that they are checked by."""

    value: bytes
    public_key: bytes


class SigningKey:
    """An Ed25519 key pair. Its text is base64 of the 32 private bytes, one line."""

    def __init__(self, private: bytes) -> None:
        """Take the 32 private bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(private)

    @classmethod
    def make(cls) -> Self:
        """Return a new pair, from the system's randomness."""
        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def read(cls, text: str, *, where: str) -> Self:
        """Return the pair of a text; `where` names its place for the error.

        Raises:
            SettingsError: it is no key.

        """
        try:
            return cls(read_key(text))
        except ValueError as error:
            msg = (
                f"{where} is no private key for models: {error}; "
                "make one with: sightscan model keygen FILE"
            )
            raise SettingsError(msg) from None

    @property
    def public_key(self) -> bytes:
        """Return the 32 public bytes."""
        return self._key.public_key().public_bytes_raw()

    @property
    def text(self) -> str:
        """Return the private key as `read` takes it."""
        return write_key(self._key.private_bytes_raw())

    def sign(self, content: bytes) -> Signature:
        """Sign the bytes of an ONNX file; again gives the same signature."""
        return Signature(self._key.sign(content), self.public_key)


def read_key_file(path: Path) -> SigningKey:
    """Return the pair that MODEL_SIGNING_KEY_FILE names.

    Raises:
        SettingsError: the file cannot be read, or is no key.

    """
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        msg = (
            f"MODEL_SIGNING_KEY_FILE={str(path)!r} cannot be read ({reason}): expected a file with a "
            "private key; make one with: sightscan model keygen FILE"
        )
        raise SettingsError(msg) from error
    return SigningKey.read(text, where=f"MODEL_SIGNING_KEY_FILE={str(path)!r}")


def write_key_file(path: Path, key: SigningKey) -> None:
    """Write a private key into a new file that only its owner may read.

    Raises:
        SettingsError: the file is there already, or cannot be written.

    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(f"{key.text}\n")
    except OSError as error:
        msg = (
            f"{str(path)!r} cannot be written ({error.strerror}): expected the path of a file that is "
            "not there yet, in a folder of yours; no key is ever overwritten"
        )
        raise SettingsError(msg) from error


def require_trusted(key: SigningKey | None, public_keys: Sequence[bytes]) -> None:
    """See that what is signed now will be believed, before anything is spent on a model.

    Raises:
        SettingsError: models must be signed, and there is no key to do so, or one that is not trusted.

    """
    if not public_keys or (key is not None and key.public_key in public_keys):
        return
    if key is None:
        msg = (
            "MODEL_PUBLIC_KEYS says that models must be signed, but there is no key to sign them with: "
            "give Airflow the connection sightscan_model_signing, or set MODEL_SIGNING_KEY_FILE "
            "(docs/runbooks/signing-key.md)"
        )
    else:
        msg = (
            f"models are signed by the key {write_key(key.public_key)}, which MODEL_PUBLIC_KEYS does not "
            "name, so they would be refused: add it there, or sign with a key that is there "
            "(docs/runbooks/signing-key.md)"
        )
    raise SettingsError(msg)
