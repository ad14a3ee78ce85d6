"""What a person shares to help improve: for which sight, how large, and the code that takes it back."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter

# As the pipeline takes it in; the page's consent names it.
SHARED_LICENCE: Final = "cc-by-4.0"
# Enough to learn from, and to draw a box in.
MAX_SHARED_SIDE_PIXELS: Final = 2048
SHARED_JPEG_QUALITY: Final = 90
MAX_AUTHOR_CHARACTERS: Final = 100

_SECRET_BYTES: Final = 15
_CHECK_CHARACTERS: Final = 4
_CODE_CHARACTERS: Final = _SECRET_BYTES * 8 // 5 + _CHECK_CHARACTERS
_CODE_GROUP: Final = 4
# What people read for another letter; a code has neither digit.
_MISREAD_LETTERS: Final = str.maketrans("018", "OIB")


@dataclass(frozen=True)
class SharingCity:
    """A city that photos can be shared for."""

    city_id: str
    city_name: str


@dataclass(frozen=True)
class SharingSight:
    """A sight that a photo can be said to show."""

    sight_id: int
    sight_name: str


@dataclass(frozen=True)
class SharedStage:
    """What became of a photo that was shared."""

    stage: str
    contributed_at: datetime


SHARING_CITIES: Final = TypeAdapter(tuple[SharingCity, ...])
SHARING_SIGHTS: Final = TypeAdapter(tuple[SharingSight, ...])
SHARED_STAGES: Final = TypeAdapter(tuple[SharedStage, ...])


def make_code() -> str:
    """Return a new code in groups, with letters by which a misspelt one is noticed."""
    secret = base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    return _grouped(secret + _check_of(secret))


def read_code(typed: str) -> str | None:
    """Return a code as it was given out, however it was typed; None: it is misspelt."""
    letters = "".join(one for one in typed.upper().translate(_MISREAD_LETTERS) if one.isalnum())
    secret, check = letters[:-_CHECK_CHARACTERS], letters[-_CHECK_CHARACTERS:]
    if len(letters) != _CODE_CHARACTERS or not letters.isascii() or check != _check_of(secret):
        return None
    return _grouped(letters)


def hash_code(code: str) -> bytes:
    """Return what the warehouse knows a code by."""
    return hashlib.sha256(code.encode()).digest()


def _check_of(secret: str) -> str:
    return base64.b32encode(hashlib.sha256(secret.encode()).digest()).decode()[:_CHECK_CHARACTERS]


def _grouped(letters: str) -> str:
    return "-".join(letters[at : at + _CODE_GROUP] for at in range(0, len(letters), _CODE_GROUP))
