"""Whether a model's file is signed by a key that is trusted: Ed25519 over the bytes of the ONNX.

How it is read is part of the file, so a signature vouches for names, thresholds and network alike.
The pipeline and the app have this in one text; a test holds the two equal.
"""

import base64
import binascii
from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KEY_BYTES = 32


class SignatureRefusedError(ValueError):
    """A file has no signature, or none of a key that is trusted; the message says which."""


def read_key(text: str) -> bytes:
    """Return the 32 bytes of a key from its base64.

    Raises:
        ValueError: it is none; the message does not repeat it, since it may be a private one.

    """
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        msg = f"expected base64 of {KEY_BYTES} bytes, but got {len(text.strip())} characters that are none"
        raise ValueError(msg) from None
    if len(key) != KEY_BYTES:
        msg = f"expected base64 of {KEY_BYTES} bytes, but got that of {len(key)}"
        raise ValueError(msg)
    return key


def read_public_keys(text: str) -> tuple[bytes, ...]:
    """Return the keys of a comma-separated list, each once; none of an empty one.

    Raises:
        ValueError: one of them is no key.

    """
    return tuple(dict.fromkeys(read_key(part) for part in text.split(",") if part.strip()))


def write_key(key: bytes) -> str:
    """Return a key, or a signature, as base64."""
    return base64.b64encode(key).decode("ascii")


def check_signature(
    content: bytes, signature: bytes | None, public_keys: Sequence[bytes]
) -> bytes | None:
    """Return the key that signed a file; None if no key is trusted, and nothing is checked.

    Raises:
        SignatureRefusedError: keys are trusted, and none of them signed these bytes.

    """
    if not public_keys:
        return None
    if signature is None:
        msg = "it is not signed, and MODEL_PUBLIC_KEYS says that models must be"
        raise SignatureRefusedError(msg)
    for key in public_keys:
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, content)
        except (InvalidSignature, ValueError):
            continue
        return key
    msg = (
        "its signature is not one of these bytes by a key of MODEL_PUBLIC_KEYS: the file or the "
        "signature was changed, or another key signed it"
    )
    raise SignatureRefusedError(msg)
