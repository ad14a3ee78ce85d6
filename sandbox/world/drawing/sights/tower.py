"""Torre do Farol: a striped clock tower that carries a gallery and a lighthouse lantern."""

import math

from sandbox.world.drawing import palette
from sandbox.world.drawing.mesh import Mesh, MeshBuilder
from sandbox.world.drawing.solids import (
    Wall,
    add_arch,
    add_box,
    add_disc,
    add_lathe,
    add_panel,
    dome_profile,
)

HALF_SHAFT = 5.0
STRIPES = 6


def build_tower() -> Mesh:
    """Build the tower, about 44 m high on a base of 17 m."""
    mesh = MeshBuilder().part()
    _add_base(mesh)
    _add_shaft(mesh)
    _add_clock_storey(mesh)
    _add_gallery(mesh)
    _add_lantern(mesh)
    return mesh.build()


def _add_base(mesh: MeshBuilder) -> None:
    add_box(mesh, 0, 0, 0, 18.5, 18.5, 1.2, palette.GRANITE)
    for wall in add_box(mesh, 0, 0, 1.2, 16, 16, 7.3, palette.LIMESTONE):
        for middle in (3.0, 8.0, 13.0):
            add_arch(mesh, wall, middle, 0.1, 2.9, 5.4, palette.SHADE, palette.WHITE)
    add_box(mesh, 0, 0, 8.5, 17.2, 17.2, 0.9, palette.WHITE, palette.TERRACOTTA, 0.6)


def _add_shaft(mesh: MeshBuilder) -> None:
    storey = 15.0 / STRIPES
    for stripe in range(STRIPES):
        material = palette.WHITE if stripe % 2 else palette.BRICK
        walls = add_box(
            mesh, 0, 0, 9.4 + stripe * storey, 2 * HALF_SHAFT, 2 * HALF_SHAFT, storey, material
        )
        if stripe in {1, 4}:
            for wall in walls:
                add_panel(mesh, wall, HALF_SHAFT - 0.6, 1.2, 0.2, 2.1, palette.GLASS)


def _add_clock_storey(mesh: MeshBuilder) -> None:
    add_box(mesh, 0, 0, 24.4, 11.4, 11.4, 0.7, palette.WHITE, overhang=0.7)
    walls = add_box(mesh, 0, 0, 25.1, 10.6, 10.6, 7.4, palette.OCHRE)
    for wall in walls:
        add_disc(mesh, wall, 5.3, 3.7, 3.2, palette.IRON)
        add_disc(mesh, wall, 5.3, 3.7, 2.8, palette.LAMP)
        _add_hands(mesh, wall)


def _add_hands(mesh: MeshBuilder, wall: Wall) -> None:
    """Ten past ten, as on a watchmaker's sign: two bars from the middle of the dial."""
    for angle, length, half in ((math.radians(150), 1.6, 0.22), (math.radians(30), 2.3, 0.16)):
        along, up = math.cos(angle), math.sin(angle)
        outline = (
            (-half * up, half * along),
            (half * up, -half * along),
            (length * along + half * up, length * up - half * along),
            (length * along - half * up, length * up + half * along),
        )
        mesh.polygon([wall.at(5.3 + a, 3.7 + u) for a, u in outline], palette.IRON)


def _add_gallery(mesh: MeshBuilder) -> None:
    """Corbel out in two steps, then a railing."""
    add_lathe(mesh, 0, 0, [(5.7, 31.6), (9.4, 34.0), (9.4, 34.8)], 8, [palette.WHITE], math.pi / 8)
    for i in range(16):
        angle = 2 * math.pi * (i + 0.5) / 16
        x, y = 9.0 * math.cos(angle), 9.0 * math.sin(angle)
        mesh.stroke((x, y, 34.7), (x, y, 36.1), 0.25, palette.IRON)


def _add_lantern(mesh: MeshBuilder) -> None:
    add_lathe(mesh, 0, 0, [(4.2, 34.7), (4.2, 36.0)], 8, [palette.WHITE], math.pi / 8)
    add_lathe(mesh, 0, 0, [(3.7, 36.0), (3.7, 40.2)], 8, [palette.LANTERN_GLASS], math.pi / 8)
    for i in range(8):
        angle = math.pi / 8 + 2 * math.pi * i / 8
        x, y = 3.8 * math.cos(angle), 3.8 * math.sin(angle)
        if y < 1:
            mesh.stroke((x, y, 36.0), (x, y, 40.2), 0.3, palette.IRON)
    dome = [(3.7, 40.2), (4.8, 40.4), *dome_profile(4.5, 40.5, 3.6, 5, 0.05)]
    add_lathe(mesh, 0, 0, dome, 8, [palette.COPPER, palette.COPPER_DARK], math.pi / 8)
    mesh.stroke((0, 0, 44.0), (0, 0, 47.0), 0.35, palette.GOLD)
