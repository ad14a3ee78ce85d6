"""What Google Vision answered about one photo, as values: the form in which it is kept, and read.

The ledger keeps `{"sent": {"width_pixels", "height_pixels"}, "response": AnnotateImageResponse}`.
proto3 leaves zeros out: a vertex without x lies on the left edge, a place without latitude on the
equator.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sightscan.box import Box
from sightscan.city import Place

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
    annotations = answer["response"].get("landmark_annotations", [])
    return tuple(
        Landmark(
            number=number,
            description=annotation.get("description", ""),
            mid=annotation.get("mid") or None,
            score=float(annotation.get("score", 0.0)),
            box=_box_of(annotation, sent["width_pixels"], sent["height_pixels"]),
            places=_places_of(annotation),
        )
        for number, annotation in enumerate(annotations)
    )


def _box_of(annotation: Mapping[str, Any], width: int, height: int) -> Box:
    vertices = annotation.get("bounding_poly", {}).get("vertices", [])
    if not vertices:
        return NO_BOX
    corners = [(float(vertex.get("x", 0)), float(vertex.get("y", 0))) for vertex in vertices]
    return Box.from_pixels(corners, width, height)


def _places_of(annotation: Mapping[str, Any]) -> tuple[Place, ...]:
    points = [location.get("lat_lng", {}) for location in annotation.get("locations", [])]
    # Zero and zero is what an empty message reads as: open sea, no landmark.
    return tuple(
        Place(float(point.get("latitude", 0.0)), float(point.get("longitude", 0.0)))
        for point in points
        if point
    )
