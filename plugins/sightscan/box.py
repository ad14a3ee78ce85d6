"""A box on a photo, relative to its size: the one form that boxes have inside SightScan."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

# How two boxes of one photo lie to each other; docs/decisions/0026 has the real pairs behind it.
# Overlap is what they share of what they cover together. Above a half, mAP50 too takes two boxes for
# one object. (Real: one square twice, 0.63.)
ALIKE_IOU = 0.5
# That much of a box in another is all of it, edges being loose by some 6 % a side. (Real: 0.87 of
# that square's second box, 0.93 of a tower in the box of the gardens before it.)
WITHIN_SHARE = 0.8
# Boxes of one size that share half overlap by a third: there, neither sight has its own pixels.
# (Real: tower and gardens, 0.56; two neighbours side by side, 0.02.)
ONE_CLAIM_IOU = 1 / 3
# A box within another is a dome in its church up to a quarter of it; above, another drawing of it.
NESTED_CLAIM_IOU = 0.25
# Boxes that touch, their edges being loose, share no more of the smaller. (Real: two neighbours,
# 0.12; one tower twice, 0.51.)
APART_SHARE = 0.15


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


def share_of_smaller(one: Box, other: Box) -> float:
    """Return how much of the smaller box lies in the other, 0 to 1; 0 for one without area."""
    smaller = min(one.area, other.area)
    return min(_shared_area(one, other) / smaller, 1.0) if smaller > 0 else 0.0


def is_alike(one: Box, other: Box) -> bool:
    """Tell whether two boxes are one and the same, loosely drawn."""
    return intersection_over_union(one, other) > ALIKE_IOU


def is_within(one: Box, other: Box) -> bool:
    """Tell whether a box lies in one that is as large or larger."""
    return one.area <= other.area and share_of_smaller(one, other) > WITHIN_SHARE


def is_apart(one: Box, other: Box) -> bool:
    """Tell whether two boxes at most touch: of one sight, they are two things and not one."""
    return share_of_smaller(one, other) <= APART_SHARE


def is_one_claim(one: Box, other: Box) -> bool:
    """Tell whether the boxes of two sights claim the same pixels.

    They share half of each, or one lies in the other and is a good part of it. A sight in front of
    a larger one, or within it, has a box of its own.
    """
    overlap = intersection_over_union(one, other)
    is_nested = is_within(one, other) or is_within(other, one)
    return overlap > ONE_CLAIM_IOU or (is_nested and overlap > NESTED_CLAIM_IOU)


def _shared_area(one: Box, other: Box) -> float:
    return Box(
        max(one.x1, other.x1),
        max(one.y1, other.y1),
        min(one.x2, other.x2),
        min(one.y2, other.y2),
    ).area


def _clip(share: float) -> float:
    return min(max(share, 0.0), 1.0)
