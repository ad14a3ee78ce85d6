"""Basílica de São Telmo: a great dome on a drum, a columned portico, two bell towers."""

import math

from sandbox.world.drawing import palette
from sandbox.world.drawing.mesh import Mesh, MeshBuilder
from sandbox.world.drawing.solids import (
    add_arch,
    add_box,
    add_disc,
    add_gable_roof,
    add_lathe,
    dome_profile,
)


def build_basilica() -> Mesh:
    """Build the basilica, about 43 m high, 34 m wide and 40 m deep."""
    mesh = MeshBuilder()
    _add_nave(mesh)
    _add_dome(mesh)
    for side in (-1, 1):
        _add_bell_tower(mesh, 14.5 * side, -13)
    _add_portico(mesh)
    return mesh.build()


def _add_nave(mesh: MeshBuilder) -> None:
    for y, depth in ((13, 14), (-9, 14)):
        mesh.part(0, y)
        walls = add_box(mesh, 0, y, 0, 21, depth, 13, palette.LIMESTONE)
        for wall in (walls[1], walls[3]):
            for middle in (3.2, 7.0, 10.8):
                add_arch(mesh, wall, middle, 4, 1.9, 6, palette.GLASS, palette.WHITE)
        add_gable_roof(mesh, 0, y, 13, 22, depth, 4.5, palette.TERRACOTTA, palette.LIMESTONE)
    # The transept: the dome stands on its crossing.
    mesh.part(0, 2)
    walls = add_box(mesh, 0, 2, 0, 34, 12, 13, palette.LIMESTONE, palette.TERRACOTTA)
    for wall, middles in ((walls[0], (2.8, 31.2)), (walls[1], (6,)), (walls[3], (6,))):
        for middle in middles:
            add_arch(mesh, wall, middle, 3.5, 2.4, 7, palette.GLASS, palette.WHITE)
    add_box(mesh, 0, 2, 13, 35, 13, 0.8, palette.WHITE, palette.TERRACOTTA, 0.5)


def _add_dome(mesh: MeshBuilder) -> None:
    """Stack tambour, drum with windows, ribbed dome and lantern on the crossing."""
    mesh.part(0, 2)
    add_box(mesh, 0, 2, 13.8, 20, 13, 4, palette.LIMESTONE)
    drum = [palette.LIMESTONE, palette.LIMESTONE, palette.GLASS]
    add_lathe(mesh, 0, 2, [(9.4, 17.0), (9.4, 18.5)], 24, [palette.WHITE])
    add_lathe(mesh, 0, 2, [(8.9, 18.5), (8.9, 19.6)], 24, [palette.LIMESTONE])
    add_lathe(mesh, 0, 2, [(8.9, 19.6), (8.9, 23.6)], 24, drum)
    add_lathe(mesh, 0, 2, [(8.9, 23.6), (8.9, 24.6)], 24, [palette.LIMESTONE])
    add_lathe(mesh, 0, 2, [(8.9, 24.5), (9.9, 24.7), (9.9, 25.5)], 24, [palette.WHITE])
    ribs = [palette.COPPER_DARK, palette.COPPER, palette.COPPER]
    add_lathe(mesh, 0, 2, dome_profile(9.4, 25.5, 11.0, 8, 0.2), 24, ribs)
    add_lathe(mesh, 0, 2, [(2.1, 36.2), (2.1, 36.9)], 12, [palette.WHITE])
    add_lathe(mesh, 0, 2, [(1.6, 36.9), (1.6, 39.9)], 8, [palette.WHITE, palette.SHADE])
    add_lathe(
        mesh,
        0,
        2,
        [(1.6, 39.8), (2.0, 40.0), *dome_profile(1.8, 40.2, 1.9, 4)],
        12,
        [palette.COPPER],
    )
    mesh.stroke((0, 2, 42.0), (0, 2, 45.0), 0.4, palette.GOLD)
    mesh.stroke((-0.9, 2, 44.0), (0.9, 2, 44.0), 0.4, palette.GOLD)


def _add_bell_tower(mesh: MeshBuilder, x: float, y: float) -> None:
    mesh.part(x, y)
    walls = add_box(mesh, x, y, 0, 6.4, 6.4, 15, palette.LIMESTONE)
    for wall in walls:
        add_arch(mesh, wall, 3.2, 4, 1.6, 5, palette.GLASS, palette.WHITE)
        add_disc(mesh, wall, 3.2, 12.4, 1.1, palette.SHADE)
    add_box(mesh, x, y, 15, 7.2, 7.2, 0.8, palette.WHITE, overhang=0.4)
    for wall in add_box(mesh, x, y, 15.8, 5.8, 5.8, 6.2, palette.LIMESTONE):
        add_arch(mesh, wall, 2.9, 0.8, 2.2, 4.6, palette.SHADE, palette.WHITE)
    add_box(mesh, x, y, 22, 6.8, 6.8, 0.7, palette.WHITE, overhang=0.5)
    add_lathe(mesh, x, y, dome_profile(3.1, 22.7, 3.8, 6), 12, [palette.COPPER])
    mesh.stroke((x, y, 26.3), (x, y, 28.4), 0.35, palette.GOLD)


def _add_portico(mesh: MeshBuilder) -> None:
    mesh.part(0, -17)
    for step in range(4):
        inset = 0.7 * step
        add_box(mesh, 0, -20 + inset / 2, 0.45 * step, 22 - inset, 9 - inset, 0.45, palette.GRANITE)
    walls = add_box(mesh, 0, -16.4, 1.8, 19, 1.2, 9.4, palette.LIMESTONE_DARK)
    add_arch(mesh, walls[0], 9.5, 0, 3.2, 6.6, palette.DOOR, palette.WHITE)
    for middle in (4.0, 15.0):
        add_arch(mesh, walls[0], middle, 0, 2.0, 4.6, palette.DOOR, palette.WHITE)
    soffit = [(-10.2, -22.2, 10.8), (10.2, -22.2, 10.8), (10.2, -17, 10.8), (-10.2, -17, 10.8)]
    mesh.polygon(soffit[::-1], palette.LIMESTONE_DARK)
    mesh.part(0, -22)
    for column in range(6):
        x = -9 + 3.6 * column
        shaft = [(0.95, 1.8), (0.85, 2.4), (0.72, 10.2), (1.0, 10.8)]
        add_lathe(mesh, x, -21.5, shaft, 10, [palette.WHITE], math.pi / 10)
    mesh.part(0, -22.1)
    add_box(mesh, 0, -19, 10.8, 20.4, 6.4, 1.5, palette.WHITE)
    add_gable_roof(mesh, 0, -19, 12.3, 21.4, 6.8, 4.2, palette.TERRACOTTA, palette.WHITE)
    mesh.polygon([(-7.6, -22.4, 12.8), (7.6, -22.4, 12.8), (0, -22.4, 15.7)], palette.OCHRE)
