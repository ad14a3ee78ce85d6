"""What Google Vision answered about one photo, as values: the form in which it is kept, and read.

The ledger keeps `{"sent": {"width_pixels", "height_pixels"}, "response": AnnotateImageResponse}`.
proto3 leaves zeros out: a vertex without x lies on the left edge, a place without latitude on the
equator. What cannot be a number is written as a text ("NaN"), what is odd as anything. An answer is
paid for, so nothing in it is an error: what one annotation lacks, its label lacks.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sightscan.box import Box
from sightscan.city import Place
from sightscan.plain_text import plain_text

NO_BOX = Box(0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Landmark:
    """One landmark annotation; `number` is its place in the answer, from 0.

    `places` may be several: where the landmark is, and where the picture was taken.
    """

    number: int
    description: str
    mid: str | None
    score: float
    box: Box
    places: tuple[Place, ...]

    def distance_meters(self, place: Place) -> float | None:
        """Return the distance from `place` to the nearest of its places; None without places."""
        return min((each.distance_meters(place) for each in self.places), default=None)

    def place_nearest_to(self, place: Place) -> Place | None:
        """Return the nearest of its places; None without places."""
        return min(self.places, key=place.distance_meters, default=None)


def answer_of(width: int, height: int, response: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the ledger keeps of a response: all of it, and the size sent in pixels."""
    return {"sent": {"width_pixels": width, "height_pixels": height}, "response": dict(response)}


def error_of(response: Mapping[str, Any]) -> str | None:
    """Return why the provider refused this image, in its words; None if it did not."""
    error = response.get("error") or {}
    if not error:
        return None
    return f"refused by the provider (code {error.get('code', 0)}): {error.get('message', '')}"


def landmarks_of(answer: Mapping[str, Any]) -> tuple[Landmark, ...]:
    """Return the landmarks of an answer as the ledger keeps it; none for an empty one."""
    sent = answer["sent"]
    return tuple(
        Landmark(
            number=number,
            description=plain_text(annotation.get("description")) or "",
            mid=_text(annotation.get("mid")),
            score=_number(annotation, "score") or 0.0,
            box=_box_of(annotation, sent["width_pixels"], sent["height_pixels"]),
            places=_places_of(annotation),
        )
        for number, annotation in enumerate(_objects(answer["response"], "landmark_annotations"))
    )


def _box_of(annotation: Mapping[str, Any], width: int, height: int) -> Box:
    vertices = _objects(_object(annotation.get("bounding_poly")), "vertices")
    corners = [(_number(vertex, "x"), _number(vertex, "y")) for vertex in vertices]
    known = [(x, y) for x, y in corners if x is not None and y is not None]
    # Of a corner that is no number nobody knows where it is.
    if not known or len(known) < len(corners):
        return NO_BOX
    return Box.from_pixels(known, width, height)


def _places_of(annotation: Mapping[str, Any]) -> tuple[Place, ...]:
    points = [_object(location.get("lat_lng")) for location in _objects(annotation, "locations")]
    # Zero and zero is what an empty message reads as: open sea, no landmark.
    degrees = [
        (_number(point, "latitude"), _number(point, "longitude")) for point in points if point
    ]
    places = (
        Place(latitude, longitude)
        for latitude, longitude in degrees
        if latitude is not None and longitude is not None
    )
    return tuple(place for place in places if place.is_on_earth)


def _objects(parent: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return a list of objects; what is none is an empty one, so that each keeps its number."""
    found = parent.get(name)
    is_list = isinstance(found, Sequence) and not isinstance(found, str)
    return [_object(each) for each in found] if is_list and found else []


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(parent: Mapping[str, Any], name: str) -> float | None:
    """Return a number, 0 if it is left out; None for what is no number."""
    try:
        number = float(parent.get(name, 0.0))
    except (OverflowError, TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
