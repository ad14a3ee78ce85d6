"""Shapes in space, built from polygons, strokes and blobs, and grouped in parts.

A part is what the painter draws in one go: a convex solid followed by what is painted on its walls
(windows, mouldings). Within a part nothing is sorted; parts are drawn from far to near by their
anchors, and parts that share an anchor (a tower's storeys) in the order in which they were built.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sandbox.world.drawing.camera import Floats

Point = tuple[float, float, float]
Colour = tuple[float, float, float]


class Kind(IntEnum):
    """What a face is made of, which decides how light treats it."""

    STONE = 0
    GLASS = 1  # mirrors the sky by day, may be lit at night
    LAMP = 2  # shines at night
    LEAF = 3  # lets light through, is never floodlit


@dataclass(frozen=True, slots=True)
class Paint:
    """A material: linear RGB albedo and its kind; two-sided faces are never culled."""

    colour: Colour
    kind: Kind = Kind.STONE
    two_sided: bool = False


def paint(code: str, kind: Kind = Kind.STONE, *, two_sided: bool = False) -> Paint:
    """Make a paint of an sRGB code such as '#e8dcc0'."""
    channels = [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (_linear(channel) for channel in channels)
    return Paint((red, green, blue), kind, two_sided)


def dimmed(material: Paint, gain: float) -> Paint:
    """Darken a paint, as a soffit is darker than its wall."""
    red, green, blue = material.colour
    return replace(material, colour=(red * gain, green * gain, blue * gain))


def _linear(channel: float) -> float:
    # The sRGB transfer function, IEC 61966-2-1.
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


@dataclass(frozen=True, slots=True)
class Mesh:
    """F faces over V vertices: one vertex is a blob, two are a stroke, more are a polygon.

    `width` is the diameter of a blob or the thickness of a stroke, in metres.
    """

    vertices: Floats  # (V, 3)
    start: NDArray[np.int64]  # (F + 1,) first vertex of each face
    normal: Floats  # (F, 3)
    albedo: Floats  # (F, 3)
    kind: NDArray[np.int64]  # (F,)
    two_sided: NDArray[np.bool_]  # (F,)
    width: Floats  # (F,)
    part: NDArray[np.int64]  # (F,)
    anchor: Floats  # (P, 2)

    def placed(
        self,
        x: float = 0.0,
        y: float = 0.0,
        z: float = 0.0,
        turn: float = 0.0,
        scale: float = 1.0,
    ) -> Self:
        """Scale, turn about the vertical axis (radians) and move the mesh."""
        cos, sin = math.cos(turn), math.sin(turn)
        matrix = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
        return replace(
            self,
            vertices=self.vertices @ matrix.T * scale + (x, y, z),
            normal=self.normal @ matrix.T,
            anchor=self.anchor @ matrix[:2, :2].T * scale + (x, y),
            width=self.width * scale,
        )

    def tinted(self, gains: Floats) -> Self:
        """Repaint every face by a gain of each channel."""
        return replace(self, albedo=np.clip(self.albedo * gains, 0.0, 0.95))

    def mirrored(self) -> Self:
        """Reflect the mesh in the ground, as still water does."""
        flip = np.array([1.0, 1.0, -1.0])
        return replace(self, vertices=self.vertices * flip, normal=self.normal * flip)


class MeshBuilder:
    """Collects faces; coordinates are metres with the front of a building towards -y."""

    def __init__(self) -> None:
        self._vertices: list[Point] = []
        self._start = [0]
        self._normal: list[Point] = []
        self._paint: list[Paint] = []
        self._width: list[float] = []
        self._part: list[int] = []
        self._anchor: list[tuple[float, float]] = []

    def part(self, x: float = 0.0, y: float = 0.0) -> Self:
        """Begin a part that is sorted by this place on the ground."""
        self._anchor.append((x, y))
        return self

    def polygon(
        self, points: Sequence[Point], material: Paint, normal: Point | None = None
    ) -> None:
        """Add a flat polygon, counter-clockwise as seen from outside, or with a given normal."""
        self._face(points, normal or _normal_of(points), material, 0.0)

    def stroke(self, start: Point, end: Point, width: float, material: Paint) -> None:
        """Add a line of a thickness in metres: a cable, a railing, a pole."""
        self._face((start, end), (0.0, -0.7, 0.7), replace(material, two_sided=True), width)

    def blob(self, at: Point, diameter: float, normal: Point, material: Paint) -> None:
        """Add a disc that faces the camera and is lit as if it looked along `normal`."""
        self._face((at,), normal, replace(material, two_sided=True), diameter)

    def build(self) -> Self:
        """Freeze what was collected."""
        return Mesh(
            vertices=np.array(self._vertices, dtype=np.float64).reshape(-1, 3),
            start=np.array(self._start, dtype=np.int64),
            normal=np.array(self._normal, dtype=np.float64).reshape(-1, 3),
            albedo=np.array([p.colour for p in self._paint], dtype=np.float64).reshape(-1, 3),
            kind=np.array([p.kind for p in self._paint], dtype=np.int64),
            two_sided=np.array([p.two_sided for p in self._paint], dtype=np.bool_),
            width=np.array(self._width, dtype=np.float64),
            part=np.array(self._part, dtype=np.int64),
            anchor=np.array(self._anchor, dtype=np.float64).reshape(-1, 2),
        )

    def _face(self, points: Sequence[Point], normal: Point, material: Paint, width: float) -> None:
        self._vertices.extend(points)
        self._start.append(len(self._vertices))
        self._normal.append(normal)
        self._paint.append(material)
        self._width.append(width)
        self._part.append(len(self._anchor) - 1)


def _normal_of(points: Sequence[Point]) -> Point:
    """Give the unit normal of a flat polygon, convex or not, by summing its fan of triangles."""
    x0, y0, z0 = points[0]
    x = y = z = 0.0
    for (ax, ay, az), (bx, by, bz) in pairwise(points[1:]):
        ux, uy, uz, vx, vy, vz = ax - x0, ay - y0, az - z0, bx - x0, by - y0, bz - z0
        x += uy * vz - uz * vy
        y += uz * vx - ux * vz
        z += ux * vy - uy * vx
    length = math.sqrt(x * x + y * y + z * z) or 1.0
    return (x / length, y / length, z / length)
