"""Porta das Andorinhas: three open arches between two round towers with pointed roofs."""

import itertools
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
    arch_outline,
)

WIDTH, DEPTH, HEIGHT = 25.0, 7.0, 14.0
# (middle along the front, width, height) of the openings, left to right.
OPENINGS = ((4.9, 4.0, 7.4), (12.5, 6.0, 10.4), (20.1, 4.0, 7.4))


def build_gate() -> Mesh:
    """Build the gate, 33 m wide and 26 m high; the street is seen through its arches."""
    mesh = MeshBuilder().part(0, -0.4)
    front = Wall(-WIDTH / 2, -DEPTH / 2, 0, 1, 0)
    back = Wall(-WIDTH / 2, DEPTH / 2, 0, 1, 0)
    for opening in OPENINGS:
        _add_reveal(mesh, front, back, opening)
    _add_front(mesh, front)
    _add_attic(mesh)
    for side in (-1, 1):
        _add_round_tower(mesh, side * (WIDTH / 2 + 1.2))
    return mesh.build()


def _add_reveal(
    mesh: MeshBuilder, front: Wall, back: Wall, opening: tuple[float, float, float]
) -> None:
    """Line the passage. Drawn before the front, which hides what of it is not seen."""
    outline = arch_outline(opening[0], 0, opening[1], opening[2])
    for (a0, u0), (a1, u1) in itertools.pairwise(outline):
        quad = [front.at(a0, u0), back.at(a0, u0), back.at(a1, u1), front.at(a1, u1)]
        mesh.polygon(quad[::-1], palette.LIMESTONE_DARK)


def _add_front(mesh: MeshBuilder, front: Wall) -> None:
    """One wall with three notches, so that the world behind shows through them."""
    outline = [(0.0, 0.0)]
    for opening in OPENINGS:
        outline += arch_outline(opening[0], 0, opening[1], opening[2])
    outline += [(WIDTH, 0.0), (WIDTH, HEIGHT), (0.0, HEIGHT)]
    mesh.polygon([front.at(a, u) for a, u in outline], palette.OCHRE)
    for middle, width, height in OPENINGS:
        _add_archivolt(mesh, front, middle, width, height)
    for along in (0.9, 7.9, 15.6, 22.6):
        add_panel(mesh, front, along, 1.5, 0, HEIGHT - 1.2, palette.LIMESTONE)
        add_panel(mesh, front, along - 0.25, 2.0, 0, 1.6, palette.GRANITE)
        add_panel(mesh, front, along - 0.25, 2.0, HEIGHT - 2.2, 1.0, palette.WHITE)
    for middle in (4.9, 20.1):
        add_disc(mesh, front, middle, 10.2, 1.3, palette.WHITE)
        add_disc(mesh, front, middle, 10.2, 0.9, palette.SHADE)
    top = [
        (-WIDTH / 2, -DEPTH / 2), (WIDTH / 2, -DEPTH / 2),
        (WIDTH / 2, DEPTH / 2), (-WIDTH / 2, DEPTH / 2),
    ]  # fmt: skip
    mesh.polygon([(x, y, HEIGHT) for x, y in top], palette.LIMESTONE)


def _add_archivolt(
    mesh: MeshBuilder, front: Wall, middle: float, width: float, height: float
) -> None:
    """Frame an arch by a ring of voussoirs, which leaves the opening open."""
    inner = arch_outline(middle, 0, width, height, 12)
    outer = arch_outline(middle, 0, width + 1.3, height + 0.65, 12)
    for i in range(len(inner) - 1):
        quad = [inner[i], inner[i + 1], outer[i + 1], outer[i]]
        mesh.polygon(
            [front.at(a, u) for a, u in quad], palette.WHITE if i % 2 else palette.LIMESTONE
        )


def _add_attic(mesh: MeshBuilder) -> None:
    mesh.part(0, -0.4)
    add_box(mesh, 0, 0, HEIGHT, WIDTH + 1, DEPTH + 1.2, 1.0, palette.WHITE, overhang=0.5)
    walls = add_box(mesh, 0, 0, HEIGHT + 1, 15, DEPTH - 1, 4.6, palette.OCHRE)
    add_panel(mesh, walls[0], 1.5, 12, 0.9, 2.8, palette.LIMESTONE)
    for line in (1.5, 2.3, 3.1):
        add_panel(mesh, walls[0], 2.6, 9.8, line - 0.15, 0.35, palette.BRONZE)
    add_box(mesh, 0, 0, HEIGHT + 5.6, 16, DEPTH, 0.8, palette.WHITE, overhang=0.5)
    # Battlements on the low roof to both sides of the attic.
    for x in (-11.2, -8.9, 8.9, 11.2):
        add_box(mesh, x, -DEPTH / 2 + 0.4, HEIGHT + 1, 1.3, 0.8, 1.5, palette.LIMESTONE)


def _add_round_tower(mesh: MeshBuilder, x: float) -> None:
    mesh.part(x, -1.2)
    sides = 16
    add_lathe(mesh, x, -1, [(4.6, 0), (4.2, 2.2)], sides, [palette.GRANITE])
    stones = [palette.LIMESTONE, palette.LIMESTONE_DARK]
    add_lathe(mesh, x, -1, [(4.2, 2.2), (4.0, 7), (4.0, 11.8), (4.0, 16.2)], sides, stones)
    for turn in (-60, 0, 60):
        angle = math.radians(turn)
        # A tangent wall to carry a loophole.
        dx, dy = math.cos(angle), math.sin(angle)
        wall = Wall(x + 4.02 * dy - 0.5 * dx, -1 - 4.02 * dx - 0.5 * dy, 8, dx, dy)
        add_arch(mesh, wall, 0.5, 0, 0.9, 3.2, palette.SHADE)
    add_lathe(mesh, x, -1, [(4.0, 15.8), (5.0, 17.2), (5.0, 18.6)], sides, [palette.LIMESTONE])
    roof = [palette.SLATE, palette.SLATE, palette.GRANITE]
    add_lathe(mesh, x, -1, [(5.0, 18.5), (5.4, 18.7), (2.9, 22.4), (0.15, 27.0)], sides, roof)
    mesh.stroke((x, -1, 26.8), (x, -1, 28.8), 0.3, palette.GOLD)
    pennant = [(x, -1, 28.8), (x, -1, 27.6), (x + 1.9, -1, 28.2)]
    mesh.polygon([(a, b, c) for a, b, c in pennant], palette.BRICK)
