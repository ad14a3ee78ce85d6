"""A box on a photo, relative to its size: the one form that boxes have inside SightScan."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

# A sight was boxed twice if the boxes overlap by more than half, where mAP50 takes a detection and
# a truth for one object too, or if one lies in the other.
SAME_SPOT_IOU = 0.5
SAME_SPOT_SHARE_OF_SMALLER = 0.8


@dataclass(frozen=True, slots=True)
class Box:
    """Edges as shares of width and height, from the upper left corner, y down; 0 <= edge <= 1."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def area(self) -> float:
        """Return the share of the photo that the box covers, 0 to 1."""
        return max(self.x2 - self.x1, 0.0) * max(self.y2 - self.y1, 0.0)

    @classmethod
    def from_pixels(cls, vertices: Sequence[tuple[float, float]], width: int, height: int) -> Self:
        """Return the upright box around vertices (x, y) in pixels, clipped to the photo.

        Raises:
            ValueError: no vertices, or a photo without size.

        """
        if not vertices:
            msg = "a box needs at least one vertex, but got none"
            raise ValueError(msg)
        if width <= 0 or height <= 0:
            msg = f"a photo must have a size, but got {width} x {height}"
            raise ValueError(msg)
        xs = [_clip(x / width) for x, _ in vertices]
        ys = [_clip(y / height) for _, y in vertices]
        return cls(min(xs), min(ys), max(xs), max(ys))

    def to_yolo(self) -> tuple[float, float, float, float]:
        """Return centre x, centre y, width, height as shares: a line of a YOLO label file."""
        return (
            (self.x1 + self.x2) / 2,
            (self.y1 + self.y2) / 2,
            self.x2 - self.x1,
            self.y2 - self.y1,
        )


def intersection_over_union(one: Box, other: Box) -> float:
    """Return the shared area of two boxes over their joint area, 0 to 1."""
    shared = _shared_area(one, other)
    joint = one.area + other.area - shared
    return shared / joint if joint > 0 else 0.0


def is_same_spot(one: Box, other: Box) -> bool:
    """Tell whether two boxes of one sight on one photo are one building that was boxed twice."""
    if intersection_over_union(one, other) > SAME_SPOT_IOU:
        return True
    return _shared_area(one, other) > SAME_SPOT_SHARE_OF_SMALLER * min(one.area, other.area)


def _shared_area(one: Box, other: Box) -> float:
    return Box(
        max(one.x1, other.x1),
        max(one.y1, other.y1),
        min(one.x2, other.x2),
        min(one.y2, other.y2),
    ).area


def _clip(share: float) -> float:
    return min(max(share, 0.0), 1.0)
