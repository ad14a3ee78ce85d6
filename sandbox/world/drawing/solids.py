"""The vocabulary of architecture: boxes, frusta, lathes, roofs, arches and windows.

Each function adds faces to a `MeshBuilder`'s current part. Sizes are metres; (x, y) is the middle
of the footprint and z its lower edge.
"""

# ruff: noqa: PLR0917 - place and size are read like coordinates, in one order everywhere
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sandbox.world.drawing.mesh import MeshBuilder, Paint, Point, dimmed


@dataclass(frozen=True, slots=True)
class Wall:
    """A vertical rectangle to paint on: its left foot as seen from outside, and its direction."""

    x: float
    y: float
    z: float
    dx: float
    dy: float

    def at(self, along: float, up: float, out: float = 0.0) -> Point:
        """Give the point that lies along, above and in front of the wall's left foot."""
        return (
            self.x + along * self.dx + out * self.dy,
            self.y + along * self.dy - out * self.dx,
            self.z + up,
        )


def add_box(
    mesh: MeshBuilder,
    x: float,
    y: float,
    z: float,
    width: float,
    depth: float,
    height: float,
    material: Paint,
    top: Paint | None = None,
    overhang: float = 0.0,
) -> tuple[Wall, Wall, Wall, Wall]:
    """Add a box and give its walls: front, right, back, left.

    It has no bottom; `overhang` is by how much it juts out over what it stands on, and adds that
    much of a soffit.
    """
    left, right, front, back = x - width / 2, x + width / 2, y - depth / 2, y + depth / 2
    walls = (
        Wall(left, front, z, 1, 0),
        Wall(right, front, z, 0, 1),
        Wall(right, back, z, -1, 0),
        Wall(left, back, z, 0, -1),
    )
    for wall, length in zip(walls, (width, depth, width, depth), strict=True):
        add_panel(mesh, wall, 0, length, 0, height, material)
    high = z + height
    mesh.polygon(
        [(left, front, high), (right, front, high), (right, back, high), (left, back, high)],
        top or material,
    )
    if overhang:
        for wall, length in zip(walls, (width, depth, width, depth), strict=True):
            rim = ((0, 0), (length, 0), (length - overhang, -overhang), (overhang, -overhang))
            mesh.polygon(
                [wall.at(along, 0, out) for along, out in rim],
                dimmed(material, 0.6),
                # Leaning outwards, so that it is culled together with its wall.
                (wall.dy * 0.8, -wall.dx * 0.8, -0.6),
            )
    return walls


def add_panel(
    mesh: MeshBuilder,
    wall: Wall,
    along: float,
    length: float,
    up: float,
    height: float,
    material: Paint,
) -> None:
    """Paint a rectangle on a wall."""
    corners = (
        (along, up),
        (along + length, up),
        (along + length, up + height),
        (along, up + height),
    )
    mesh.polygon([wall.at(a, u) for a, u in corners], material)


def arch_outline(
    middle: float, up: float, width: float, height: float, steps: int = 10
) -> list[tuple[float, float]]:
    """Outline a round-headed opening from its left foot clockwise to its right foot: (along, up)."""
    radius = width / 2
    spring = up + height - radius
    head = [
        (
            middle - radius * math.cos(math.pi * i / steps),
            spring + radius * math.sin(math.pi * i / steps),
        )
        for i in range(steps + 1)
    ]
    return [(middle - radius, up), *head, (middle + radius, up)]


def add_arch(
    mesh: MeshBuilder,
    wall: Wall,
    middle: float,
    up: float,
    width: float,
    height: float,
    material: Paint,
    frame: Paint | None = None,
    frame_width: float = 0.35,
) -> None:
    """Paint a round-headed window or door on a wall, in a frame if one is given."""
    if frame:
        outline = arch_outline(
            middle, up - frame_width * 0.6, width + 2 * frame_width, height + frame_width * 1.6
        )
        mesh.polygon([wall.at(a, u) for a, u in reversed(outline)], frame)
    outline = arch_outline(middle, up, width, height)
    mesh.polygon([wall.at(a, u) for a, u in reversed(outline)], material)


def add_disc(
    mesh: MeshBuilder, wall: Wall, middle: float, up: float, radius: float, material: Paint
) -> None:
    """Paint a disc on a wall."""
    mesh.polygon(
        [
            wall.at(middle + radius * math.cos(a), up + radius * math.sin(a))
            for a in (2 * math.pi * i / 20 for i in range(20))
        ],
        material,
    )


def add_lathe(
    mesh: MeshBuilder,
    x: float,
    y: float,
    profile: Sequence[tuple[float, float]],
    sides: int,
    materials: Sequence[Paint],
    phase: float = 0.0,
) -> None:
    """Turn a profile of (radius, z), bottom to top, about a vertical axis; paints go round in turn.

    Closed by a lid on top; the bottom is left open, since it is seldom seen.
    """
    angles = [phase + 2 * math.pi * i / sides for i in range(sides + 1)]
    rings = [[(x + r * math.cos(a), y + r * math.sin(a), z) for a in angles] for r, z in profile]
    for (lower, upper), ((r0, _), (r1, _)) in zip(pairwise(rings), pairwise(profile), strict=True):
        flares = r1 > r0
        for i in range(sides):
            quad = [lower[i], lower[i + 1], upper[i + 1], upper[i]]
            material, normal = materials[i % len(materials)], None
            if flares:
                # Seen from below, its far side would be painted over what carries it: leaning
                # outwards, it is culled as the wall below is.
                middle = (angles[i] + angles[i + 1]) / 2
                normal = (math.cos(middle) * 0.8, math.sin(middle) * 0.8, -0.6)
                material = dimmed(material, 0.7)
            mesh.polygon(quad, material, normal)
    if profile[-1][0] > 0:
        mesh.polygon(rings[-1][:-1], materials[0])


def dome_profile(
    radius: float, z: float, height: float, steps: int = 7, top: float = 0.12
) -> list[tuple[float, float]]:
    """Give the profile of a dome that ends in an eye of `top` times its radius."""
    last = math.acos(top)
    return [
        (radius * math.cos(last * i / steps), z + height * math.sin(last * i / steps))
        for i in range(steps + 1)
    ]


def add_gable_roof(
    mesh: MeshBuilder,
    x: float,
    y: float,
    z: float,
    width: float,
    depth: float,
    height: float,
    tiles: Paint,
    wall: Paint,
) -> None:
    """Add a roof with its ridge along y and a gable at the front and the back."""
    left, right, front, back = x - width / 2, x + width / 2, y - depth / 2, y + depth / 2
    top = z + height
    mesh.polygon([(left, front, z), (right, front, z), (x, front, top)], wall)
    mesh.polygon([(right, back, z), (left, back, z), (x, back, top)], wall)
    mesh.polygon([(right, front, z), (right, back, z), (x, back, top), (x, front, top)], tiles)
    mesh.polygon([(left, back, z), (left, front, z), (x, front, top), (x, back, top)], tiles)


def add_hip_roof(
    mesh: MeshBuilder,
    x: float,
    y: float,
    z: float,
    width: float,
    depth: float,
    height: float,
    tiles: Paint,
) -> None:
    """Add a roof that slopes to all sides, with its ridge along x (a pyramid on a square)."""
    left, right, front, back = x - width / 2, x + width / 2, y - depth / 2, y + depth / 2
    half = max(0.0, (width - depth) / 2)
    west, east = (x - half, y, z + height), (x + half, y, z + height)
    mesh.polygon([(left, front, z), (right, front, z), east, west], tiles)
    mesh.polygon([(right, back, z), (left, back, z), west, east], tiles)
    mesh.polygon([(right, front, z), (right, back, z), east], tiles)
    mesh.polygon([(left, back, z), (left, front, z), west], tiles)


def add_window_grid(
    mesh: MeshBuilder,
    wall: Wall,
    length: float,
    low: float,
    high: float,
    columns: int,
    rows: int,
    glass: Paint,
    frame: Paint | None = None,
    fill: tuple[float, float] = (0.45, 0.6),
) -> None:
    """Paint windows in even rows and columns between two heights of a wall."""
    cell, storey = length / columns, (high - low) / rows
    for row in range(rows):
        for column in range(columns):
            wide, tall = cell * fill[0], storey * fill[1]
            along = cell * (column + 0.5) - wide / 2
            up = low + storey * (row + 0.5) - tall / 2
            if frame:
                add_panel(mesh, wall, along - 0.15, wide + 0.3, up - 0.15, tall + 0.3, frame)
            add_panel(mesh, wall, along, wide, up, tall, glass)
