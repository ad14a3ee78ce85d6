"""Teatro das Conchas: an opera house under a row of leaning shells on a stepped podium."""

import math
from dataclasses import dataclass, replace

import numpy as np

from sandbox.world.drawing import palette
from sandbox.world.drawing.camera import Floats
from sandbox.world.drawing.mesh import Kind, Mesh, MeshBuilder, Paint, paint
from sandbox.world.drawing.solids import add_box, add_panel

TILES = (replace(palette.IVORY, two_sided=True), replace(palette.WHITE, two_sided=True))
FOYER = paint("#8a6a3c", Kind.GLASS, two_sided=True)
PODIUM_Z = 5.0


@dataclass(frozen=True, slots=True)
class _Shell:
    """A shell opens towards `facing` (+1 right, -1 left) along x; sizes in metres."""

    x: float
    y: float
    height: float
    facing: int


# The great row in front, a small pavilion behind it, as sails on a quay.
SHELLS = (
    _Shell(13, 9, 12, 1),
    _Shell(3, 9, 15, 1),
    _Shell(-21, -2, 14, -1),
    _Shell(20, -4, 15, 1),
    _Shell(9, -4, 20, 1),
    _Shell(-4, -4, 25, 1),
)


def build_theatre() -> Mesh:
    """Build the theatre, 66 m long and 30 m high, seen from its long side."""
    mesh = MeshBuilder()
    _add_podium(mesh)
    for shell in SHELLS:
        _add_shell(mesh, shell)
    return mesh.build()


def _add_podium(mesh: MeshBuilder) -> None:
    mesh.part(0, 40)  # behind all shells: they stand on it
    for step in range(5):
        inset = 1.1 * (4 - step)
        add_box(
            mesh, 0, 0, step * 0.55, 60 + inset, 31 + inset, 0.55, palette.GRANITE,
            palette.LIMESTONE_DARK,
        )  # fmt: skip
    walls = add_box(mesh, 0, 0, 2.75, 58, 28, PODIUM_Z - 2.75, palette.LIMESTONE, palette.CONCRETE)
    for wall, length in ((walls[0], 58), (walls[1], 28), (walls[3], 28)):
        add_panel(mesh, wall, 1.5, length - 3, 0.35, 1.3, palette.GLASS)


def _add_shell(mesh: MeshBuilder, shell: _Shell) -> None:
    """Two curved halves meet in a ridge that rises from the back and leans over a glass front."""
    ridge_steps, side_steps = 7, 6
    for side in (-1, 1):
        grid = [
            [
                _shell_point(shell, i / ridge_steps, side * j / side_steps)
                for j in range(side_steps + 1)
            ]
            for i in range(ridge_steps + 1)
        ]
        for i in range(ridge_steps):
            for j in range(side_steps):
                corners = (grid[i][j], grid[i + 1][j], grid[i + 1][j + 1], grid[i][j + 1])
                _add_tile(mesh, corners, TILES[(i + j) % 2], shell)
    _add_glass_front(mesh, shell)


def _shell_point(shell: _Shell, rise: float, side: float) -> Floats:
    """Give a point of the shell: `rise` 0 at the back to 1 at the mouth, `side` 0 at the ridge."""
    height = shell.height
    angle = rise * math.radians(82)
    ridge_x = -0.62 * height + 1.05 * height * rise
    ridge_z = height * math.sin(angle) ** 0.9
    foot_x = -0.62 * height + 0.72 * height * rise
    foot_y = 0.40 * height * math.sin(min(1.0, 0.25 + rise) * math.pi / 2)
    share = abs(side)
    # An arc rather than a straight slope between ridge and foot: the shell bulges outwards.
    across, down = math.sin(share * math.pi / 2), 1 - math.cos(share * math.pi / 2)
    x = ridge_x + (foot_x - ridge_x) * share
    y = math.copysign(foot_y * across, side)
    z = ridge_z * (1 - down)
    return np.array([shell.x + shell.facing * x, shell.y + y, PODIUM_Z + z])


def _add_tile(
    mesh: MeshBuilder, corners: tuple[Floats, ...], material: Paint, shell: _Shell
) -> None:
    middle = np.mean(corners, axis=0)
    mesh.part(float(middle[0]), float(middle[1]))
    inside = np.array([shell.x, shell.y, PODIUM_Z + 0.3 * shell.height])
    points = [(float(c[0]), float(c[1]), float(c[2])) for c in corners]
    outward = np.cross(corners[1] - corners[0], corners[3] - corners[0])
    if float(np.dot(outward, middle - inside)) < 0:
        points.reverse()
    mesh.polygon(points, material)


def _add_glass_front(mesh: MeshBuilder, shell: _Shell) -> None:
    """Close the mouth with glass, set back from the edge of the shell."""
    steps = 6
    edge = [_shell_point(shell, 0.86, j / steps) for j in range(-steps, steps + 1)]
    middle = np.mean(edge, axis=0)
    mesh.part(float(middle[0]), float(middle[1]))
    mesh.polygon([(float(p[0]), float(p[1]), float(p[2])) for p in edge], FOYER)
    for point in edge[2:-2:2]:
        foot = (float(point[0]) - shell.facing * 0.1, float(point[1]), PODIUM_Z)
        mesh.stroke((float(point[0]), float(point[1]), float(point[2])), foot, 0.22, palette.BRONZE)
