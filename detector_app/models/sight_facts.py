"""What a model's file says of its sights: their names by language, and where they stand.

For bytes that the strict checker has passed (`onnx_file`), which are in the form that it asks for.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from detector_app.models.onnx_file import check_onnx

_METADATA_FIELD = 14
_KEY_FIELD, _VALUE_FIELD = 1, 2
_VARINT, _BYTES = 0, 2


@dataclass(frozen=True)
class SightFacts:
    """One class of a model: its number in the file, its name, and what else is known of it."""

    class_number: int
    name: str
    names: Mapping[str, str]
    latitude: float | None
    longitude: float | None


def read_sights(content: bytes) -> tuple[SightFacts, ...]:
    """Return the sights of a checked file in the order of its classes; raise `OnnxRefusedError` of another.

    An older file says nothing but the names.
    """
    class_names = check_onnx(content).class_names
    stated: list[dict[str, Any]] = json.loads(_metadata_of(content).get("sights", "[]"))
    sights = stated or [{}] * len(class_names)
    return tuple(
        SightFacts(
            number,
            name,
            names=sight.get("names", {}),
            latitude=sight.get("latitude"),
            longitude=sight.get("longitude"),
        )
        for number, (name, sight) in enumerate(zip(class_names, sights, strict=True))
    )


def _metadata_of(content: bytes) -> dict[str, str]:
    entries = {}
    for number, value in _fields(memoryview(content)):
        if number == _METADATA_FIELD and isinstance(value, memoryview):
            entry = dict(_fields(value))
            key, text = entry[_KEY_FIELD], entry.get(_VALUE_FIELD, memoryview(b""))
            assert isinstance(key, memoryview)  # noqa: S101 - the checker read it as such
            assert isinstance(text, memoryview)  # noqa: S101
            entries[str(key, "utf-8")] = str(text, "utf-8")
    return entries


def _fields(message: memoryview) -> list[tuple[int, int | memoryview]]:
    """Return the fields of a protobuf's message, of which there are integers and bytes only."""
    found: list[tuple[int, int | memoryview]] = []
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        value, position = _varint(message, position)
        if key & 7 == _BYTES:
            found.append((key >> 3, message[position : position + value]))
            position += value
        elif key & 7 == _VARINT:
            found.append((key >> 3, value))
    return found


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            return value, position
        shift += 7
