"""Choose where the photographer stands: size, place and perspective of a sight in the frame."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from sandbox.world.drawing.camera import Camera, Floats
from sandbox.world.drawing.mesh import Mesh

LONG_SIDE, SHORT_SIDE = 480, 360
# Drawn around the frame, so that a tilted picture has no empty corners.
MARGIN_PIXELS = 40


@dataclass(frozen=True, slots=True)
class Extent:
    """A rectangle on the canvas in pixels."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def area(self) -> float:
        """Give the area, 0 for a rectangle turned inside out."""
        return max(0.0, self.x2 - self.x1) * max(0.0, self.y2 - self.y1)

    def overlap(self, other: Self) -> float:
        """Give the area that both cover."""
        return Extent(
            max(self.x1, other.x1),
            max(self.y1, other.y1),
            min(self.x2, other.x2),
            min(self.y2, other.y2),
        ).area


@dataclass(frozen=True, slots=True)
class Framing:
    """A camera, and the distance at which the turned sight stands before it."""

    camera: Camera
    distance_meters: float
    width: int
    height: int


def extent_of(mesh: Mesh, camera: Camera) -> Extent:
    """Give the extent of a mesh on the canvas."""
    return extent_of_pixels(camera.project(mesh.vertices)[0])


def extent_of_pixels(pixels: Floats) -> Extent:
    """Give the extent of points (N, 2)."""
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    return Extent(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def frame_sight(
    sight: Mesh, radius_meters: float, rng: np.random.Generator, *, portrait: bool
) -> Framing:
    """Place the camera so that a sight at the origin fills a drawn share of the frame."""
    width, height = (SHORT_SIDE, LONG_SIDE) if portrait else (LONG_SIDE, SHORT_SIDE)
    focal = LONG_SIDE * float(np.exp(rng.uniform(np.log(0.85), np.log(2.2))))
    tall = float(sight.vertices[:, 2].max())
    eye = float(
        rng.choice((rng.uniform(1.6, 2.2), rng.uniform(3, 8), tall * rng.uniform(0.2, 0.5)),
                   p=(0.5, 0.3, 0.2))
    )  # fmt: skip
    camera = Camera(focal, eye, 0.0, 0.0)
    fill = float(rng.uniform(0.60, 1.0))
    distance = _solve_distance(
        sight, camera, radius_meters, (fill * 0.90 * width, fill * 0.80 * height)
    )
    box = extent_of(sight.placed(y=distance), camera)
    dx = _draw_offset(rng, box.x1, box.x2, width)
    dy = _draw_offset(rng, box.y1, box.y2, height)
    shifted = camera.shifted(dx + MARGIN_PIXELS, dy + MARGIN_PIXELS)
    return Framing(shifted, distance, width, height)


def _solve_distance(
    sight: Mesh, camera: Camera, radius_meters: float, room: tuple[float, float]
) -> float:
    """Find the distance from which the sight just fits a room of pixels.

    Size is nearly inverse to distance, so a few corrections by the remaining ratio settle it.
    """
    distance = radius_meters * 4
    for _ in range(6):
        box = extent_of(sight.placed(y=distance), camera)
        ratio = max((box.x2 - box.x1) / room[0], (box.y2 - box.y1) / room[1])
        distance = max(distance * ratio, radius_meters * 1.35 + 4)
    return distance


def _draw_offset(rng: np.random.Generator, low: float, high: float, room: float) -> float:
    """Draw a shift that puts low..high anywhere in the frame, at times cut by its edge."""
    size = high - low
    slack = 0.14 * size if rng.random() < 0.22 else -0.015 * room
    first, last = -slack, room - size + slack
    return float(rng.uniform(min(first, last), max(first, last))) - low
