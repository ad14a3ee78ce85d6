"""Ponte das Velas: a cable-stayed bridge on one pylon, its cables spread like sails."""

from sandbox.world.drawing import palette
from sandbox.world.drawing.mesh import Mesh, MeshBuilder, Point
from sandbox.world.drawing.solids import add_box, add_panel

HALF_SPAN = 52.0
DECK_Z = 11.0
DECK_WIDTH = 11.0
PYLON_TOP = 62.0
CABLES = 11


def build_bridge() -> Mesh:
    """Build the bridge, 104 m long and 62 m high, its deck along x."""
    mesh = MeshBuilder()
    _add_cables(mesh, 1)
    _add_leg(mesh, 1)
    _add_abutments(mesh)
    _add_deck(mesh)
    _add_leg(mesh, -1)
    _add_cables(mesh, -1)
    return mesh.build()


def _add_deck(mesh: MeshBuilder) -> None:
    # In pieces, each sorted by its own place: one long deck would hide or be hidden as a whole.
    pieces = 8
    length = 2 * HALF_SPAN / pieces
    for piece in range(pieces):
        x = -HALF_SPAN + (piece + 0.5) * length
        mesh.part(x, 0)
        walls = add_box(mesh, x, 0, DECK_Z, length, DECK_WIDTH, 1.7, palette.CONCRETE, palette.IRON)
        left, right, half = x - length / 2, x + length / 2, DECK_WIDTH / 2
        underside = [(left, half), (right, half), (right, -half), (left, -half)]
        mesh.polygon([(a, b, DECK_Z) for a, b in underside], palette.CONCRETE)
        for wall in (walls[0], walls[2]):
            add_panel(mesh, wall, 0, length, 1.1, 0.6, palette.WHITE)
        for side in (-1, 1):
            y = side * DECK_WIDTH / 2
            mesh.stroke(
                (x - length / 2, y, DECK_Z + 2.9), (x + length / 2, y, DECK_Z + 2.9), 0.22,
                palette.IRON,
            )  # fmt: skip
        mesh.stroke((x, -5, DECK_Z + 1.7), (x, -5, DECK_Z + 7), 0.25, palette.IRON)
        mesh.blob((x, -5, DECK_Z + 7.2), 0.9, (0, -1, 0), palette.LAMP)


def _add_leg(mesh: MeshBuilder, side: int) -> None:
    """One leg of the A: from a pier beside the deck to the top, where both meet."""
    mesh.part(0, side * 9.0)
    add_box(mesh, 0, side * 9.0, 0, 9, 6, 5, palette.GRANITE)
    foot, knee, top = (side * 9.0, 5.0), (side * 7.4, DECK_Z + 3), (side * 0.9, PYLON_TOP)
    for (y0, z0), (y1, z1) in ((foot, knee), (knee, top)):
        thin0 = 3.4 - 1.4 * (z0 - 5) / (PYLON_TOP - 5)
        thin1 = 3.4 - 1.4 * (z1 - 5) / (PYLON_TOP - 5)
        _add_beam(mesh, (y0, z0, thin0), (y1, z1, thin1))


def _add_beam(
    mesh: MeshBuilder, lower: tuple[float, float, float], upper: tuple[float, float, float]
) -> None:
    """Add a beam in the plane across the deck; each end is (y, z, thickness)."""
    rings: list[list[Point]] = []
    for y, z, thickness in (lower, upper):
        half = thickness / 2
        rings.append(
            [(-half, y - half, z), (half, y - half, z), (half, y + half, z), (-half, y + half, z)]
        )
    for i in range(4):
        j = (i + 1) % 4
        mesh.polygon([rings[0][i], rings[0][j], rings[1][j], rings[1][i]], palette.WHITE)
    mesh.polygon(rings[1], palette.WHITE)


def _add_cables(mesh: MeshBuilder, side: int) -> None:
    """Spread cables from the upper pylon to one edge of the deck, left and right."""
    for direction in (-1, 1):
        mesh.part(direction * 5.0, side * 8.0)
        for cable in range(CABLES):
            share = (cable + 1) / CABLES
            z = PYLON_TOP - 3 - 20 * (1 - share)
            y_top = side * (0.9 + 6.5 * (PYLON_TOP - z) / (PYLON_TOP - DECK_Z))
            deck = (direction * (4 + (HALF_SPAN - 6) * share), side * 5.2, DECK_Z + 1.6)
            mesh.stroke((0.0, y_top, z), deck, 0.55, palette.WHITE)


def _add_abutments(mesh: MeshBuilder) -> None:
    for side in (-1, 1):
        mesh.part(side * (HALF_SPAN - 2.5), 1)
        add_box(mesh, side * (HALF_SPAN - 2.5), 0, 0, 7, DECK_WIDTH + 1.5, DECK_Z, palette.GRANITE)
