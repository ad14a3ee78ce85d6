"""What stands or passes before a sight: people, street lamps, buses and trams, boats, bunting."""

import math
from functools import lru_cache

import numpy as np

from sandbox.world.drawing import palette
from sandbox.world.drawing.mesh import Mesh, MeshBuilder, Paint
from sandbox.world.drawing.solids import add_box, add_panel, add_window_grid

Rng = np.random.Generator


@lru_cache(maxsize=1)
def people() -> tuple[Mesh, ...]:
    """Give a stock of passers-by, about 1.7 m tall, some under umbrellas."""
    rng = np.random.default_rng(106)
    return tuple(_build_person(rng, umbrella=index >= 14) for index in range(18))


@lru_cache(maxsize=1)
def lamp_posts() -> tuple[Mesh, ...]:
    """Give street lamps with one arm and with two, 6-8 m high."""
    return tuple(_build_lamp_post(height, arms) for height in (6.0, 8.0) for arms in (1, 2))


@lru_cache(maxsize=1)
def vehicles() -> tuple[Mesh, ...]:
    """Give buses and trams, 9-12 m long, seen from the side."""
    rng = np.random.default_rng(107)
    return tuple(_build_vehicle(rng) for _ in range(6))


@lru_cache(maxsize=1)
def boats() -> tuple[Mesh, ...]:
    """Give small boats, some under sail."""
    rng = np.random.default_rng(108)
    return tuple(_build_boat(rng, sail=index % 2 == 0) for index in range(6))


def _cloth(rng: Rng) -> Paint:
    return palette.CLOTHES[int(rng.integers(len(palette.CLOTHES)))]


def _build_person(rng: Rng, *, umbrella: bool) -> Mesh:
    mesh = MeshBuilder().part()
    tall = float(rng.uniform(1.58, 1.86))
    skin = palette.SKIN[int(rng.integers(len(palette.SKIN)))]
    trousers, jacket = _cloth(rng), _cloth(rng)
    stride = float(rng.uniform(0.05, 0.3))
    hip = tall * 0.5
    for side in (-1, 1):
        mesh.stroke((side * 0.08, 0, hip), (side * stride, 0, 0.02), 0.17, trousers)
        mesh.stroke((side * 0.2, 0, tall * 0.8), (side * 0.3, 0, tall * 0.5), 0.12, jacket)
    body = [(-0.19, hip - 0.1), (0.19, hip - 0.1), (0.25, tall * 0.82), (-0.25, tall * 0.82)]
    front = Paint(jacket.colour, jacket.kind, two_sided=True)
    mesh.polygon([(x, 0.0, z) for x, z in body], front)
    mesh.blob((0, 0, tall * 0.92), 0.25, (0, -0.7, 0.7), skin)
    mesh.blob((0.02, 0, tall * 0.95), 0.22, (0, -0.3, 0.9), _cloth(rng))
    if umbrella:
        mesh.stroke((0.2, 0, tall * 0.6), (0.2, 0, tall + 0.45), 0.05, palette.IRON)
        canopy = [(0.2 + 0.75 * math.cos(a), tall + 0.25 + 0.42 * math.sin(a))
                  for a in np.linspace(0, math.pi, 9).tolist()]  # fmt: skip
        cover = Paint(_cloth(rng).colour, two_sided=True)
        mesh.polygon([(x, 0.0, z) for x, z in canopy], cover)
    return mesh.build()


def _build_lamp_post(height: float, arms: int) -> Mesh:
    mesh = MeshBuilder().part()
    mesh.stroke((0, 0, 0), (0, 0, 0.9), 0.34, palette.IRON)
    mesh.stroke((0, 0, 0), (0, 0, height), 0.16, palette.IRON)
    for side in (-1, 1)[:arms] if arms == 2 else (0,):
        if side:
            mesh.stroke((0, 0, height - 0.4), (side * 0.9, 0, height), 0.1, palette.IRON)
        mesh.blob((side * 0.9, 0, height + 0.1), 0.62, (0, -1, 0), palette.LAMP)
        mesh.stroke(
            (side * 0.9 - 0.3, 0, height + 0.42), (side * 0.9 + 0.3, 0, height + 0.42), 0.12,
            palette.IRON,
        )  # fmt: skip
    return mesh.build()


def _build_vehicle(rng: Rng) -> Mesh:
    mesh = MeshBuilder().part()
    length = float(rng.uniform(9, 12))
    body = palette.VEHICLES[int(rng.integers(len(palette.VEHICLES)))]
    for x in (-length * 0.3, length * 0.3):
        mesh.blob((x, -1.2, 0.5), 1.0, (0, -1, 0), palette.IRON)
    walls = add_box(mesh, 0, 0, 0.45, length, 2.5, 2.7, body, palette.WHITE)
    for wall, size in ((walls[0], length), (walls[1], 2.5), (walls[3], 2.5)):
        add_panel(mesh, wall, 0, size, 1.0, 1.35, palette.WHITE)
        columns = max(1, int(size / 1.5))
        add_window_grid(mesh, wall, size, 1.0, 2.35, columns, 1, palette.GLASS, None, (0.86, 0.85))
    for x in (-length * 0.3, length * 0.3):
        mesh.blob((x, -1.26, 0.48), 0.95, (0, -1, 0.2), palette.IRON)
        mesh.blob((x, -1.26, 0.48), 0.4, (0, -1, 0.2), palette.CONCRETE)
    return mesh.build()


def _build_boat(rng: Rng, *, sail: bool) -> Mesh:
    mesh = MeshBuilder().part()
    length = float(rng.uniform(4, 8))
    hull = Paint(_cloth(rng).colour, two_sided=True)
    half = length / 2
    outline = [(-half * 0.8, 0.0), (half * 0.75, 0.0), (half, 0.9), (-half, 0.8)]
    mesh.polygon([(x, 0.0, z) for x, z in outline], hull)
    mesh.stroke((-half, 0, 0.8), (half, 0, 0.9), 0.14, palette.WHITE)
    if sail:
        tall = length * 1.35
        cloth = Paint(palette.WHITE.colour, two_sided=True)
        mesh.stroke((0, 0, 0.8), (0, 0, tall), 0.14, palette.BARK)
        mesh.polygon([(-0.2, 0, 1.4), (-half * 0.9, 0, 1.5), (-0.2, 0, tall)], cloth)
        mesh.polygon([(0.2, 0, 1.3), (half * 0.85, 0, 1.3), (0.2, 0, tall * 0.88)], cloth)
    else:
        add_box(mesh, -half * 0.2, 0, 0.8, length * 0.35, 1.4, 1.2, palette.WHITE)
    return mesh.build()
