"""A pinhole camera that stands on level ground and looks along +y.

World coordinates are metres: x to the right, y away from the camera, z up, the ground at z = 0.
Where the horizon and the view's centre lie on the picture is free, as with a shift lens, so that a
sight can be put anywhere in the frame; the tilt of a hand-held camera is added by `finish.py`.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
NEAR_METRES = 0.6


@dataclass(frozen=True, slots=True)
class Camera:
    """Lengths in pixels of the canvas, except `height_meters` above the ground."""

    focal: float
    height_meters: float
    centre_x: float
    horizon_y: float

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """Project world points (N, 3) to canvas points (N, 2), with their depths (N,) in metres."""
        depth = points[:, 1]
        scale = self.focal / np.maximum(depth, NEAR_METRES)
        pixels = np.empty((len(points), 2))
        pixels[:, 0] = self.centre_x + points[:, 0] * scale
        pixels[:, 1] = self.horizon_y - (points[:, 2] - self.height_meters) * scale
        return pixels, depth

    def x_at(self, pixel_x: float, depth: float) -> float:
        """Say which world x is seen in a column of the canvas at a depth."""
        return (pixel_x - self.centre_x) * depth / self.focal

    def shifted(self, dx: float, dy: float) -> Self:
        """Shift the picture on the canvas by pixels."""
        return Camera(self.focal, self.height_meters, self.centre_x + dx, self.horizon_y + dy)
