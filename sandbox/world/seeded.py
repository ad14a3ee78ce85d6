"""Draw figures from names: what looks random in the sandbox is the same on every run and machine.

A stand-in that used `random` would answer differently after each restart, and a test that met one
of its mistakes would not meet it again. Here every figure is a hash of what it is about.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def seeded_fraction(*about: object) -> float:
    """Return a figure in [0, 1) that depends only on `about`."""
    digest = hashlib.sha256("\x1f".join(str(part) for part in about).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def seeded_between(low: float, high: float, *about: object) -> float:
    """Return a figure in [low, high) that depends only on `about`."""
    return low + (high - low) * seeded_fraction(*about)


def seeded_choice(items: Sequence[Item], *about: object) -> Item:
    """Return one of `items`, always the same for the same `about`."""
    return items[int(seeded_fraction(*about) * len(items))]


def seeded_identifier(alphabet: str, length: int, *about: object) -> str:
    """Return `length` letters of `alphabet` that depend only on `about`."""
    return "".join(
        seeded_choice(alphabet, *about, "letter", position) for position in range(length)
    )
