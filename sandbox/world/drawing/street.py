"""Ordinary buildings: houses, blocks, and distractors that share the sights' colours and sizes."""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from sandbox.world.drawing import palette
from sandbox.world.drawing.mesh import Mesh, MeshBuilder, Paint
from sandbox.world.drawing.solids import (
    Wall,
    add_arch,
    add_box,
    add_gable_roof,
    add_hip_roof,
    add_lathe,
    add_panel,
    add_window_grid,
    dome_profile,
)

Rng = np.random.Generator


@lru_cache(maxsize=1)
def houses() -> tuple[Mesh, ...]:
    """Give a stock of town houses, 8-15 m wide and 8-20 m high."""
    rng = np.random.default_rng(101)
    return tuple(_build_house(rng) for _ in range(28))


@lru_cache(maxsize=1)
def blocks() -> tuple[Mesh, ...]:
    """Give a stock of modern blocks, 14-22 m wide and 20-45 m high."""
    rng = np.random.default_rng(102)
    return tuple(_build_block(rng) for _ in range(10))


@lru_cache(maxsize=1)
def distractors() -> tuple[Mesh, ...]:
    """Give a stock of structures that are tall, domed, arched or slender, yet are no sights."""
    rng = np.random.default_rng(103)
    builders: tuple[Callable[[Rng], Mesh], ...] = (
        _build_plain_tower,
        _build_chapel,
        _build_gasometer,
        _build_chimney,
        _build_crane,
        _build_arcade,
        _build_mast,
        _build_water_tower,
    )
    return tuple(build(rng) for build in builders for _ in range(3))


def _pick(rng: Rng, choices: tuple[Paint, ...]) -> Paint:
    return choices[int(rng.integers(len(choices)))]


def _build_house(rng: Rng) -> Mesh:
    mesh = MeshBuilder().part()
    width, depth = float(rng.uniform(8, 15)), float(rng.uniform(9, 13))
    storeys = int(rng.integers(2, 6))
    height = 1.2 + 3.3 * storeys
    facade, roof = _pick(rng, palette.FACADES), _pick(rng, palette.ROOFS[:4])
    frame = palette.WHITE if rng.random() < 0.6 else None
    walls = add_box(mesh, 0, 0, 0, width, depth, height, facade)
    for wall, length in ((walls[0], width), (walls[1], depth), (walls[3], depth)):
        columns = max(2, int(length / 2.9))
        add_window_grid(
            mesh, wall, length, 3.6, height - 0.3, columns, storeys - 1, palette.GLASS, frame
        )
        _add_shopfront(mesh, wall, length, columns, rng)
    add_box(mesh, 0, 0, height, width + 0.7, depth + 0.7, 0.4, palette.WHITE, overhang=0.35)
    if rng.random() < 0.45:
        add_gable_roof(
            mesh, 0, 0, height + 0.4, width + 0.7, depth + 0.7, width * 0.33, roof, facade
        )
    else:
        add_hip_roof(mesh, 0, 0, height + 0.4, width + 0.7, min(depth, width) + 0.7, 2.9, roof)
    if rng.random() < 0.6:
        add_box(mesh, width * 0.25, 0, height + 1, 1.1, 1.1, 3.6, palette.BRICK)
    return mesh.build()


def _add_shopfront(mesh: MeshBuilder, wall: Wall, length: float, columns: int, rng: Rng) -> None:
    cell = length / columns
    awning = _pick(rng, (palette.BRICK, palette.COPPER, palette.OCHRE, palette.WHITE))
    for column in range(columns):
        opening = palette.DOOR if rng.random() < 0.3 else palette.GLASS
        add_panel(mesh, wall, cell * (column + 0.18), cell * 0.64, 0.1, 2.6, opening)
    if rng.random() < 0.5:
        corners = (
            (0.3, 3.3, 0.0),
            (0.3, 2.7, 1.3),
            (length - 0.3, 2.7, 1.3),
            (length - 0.3, 3.3, 0),
        )
        mesh.polygon([wall.at(*corner) for corner in corners], awning)


def _build_block(rng: Rng) -> Mesh:
    mesh = MeshBuilder().part()
    width, depth = float(rng.uniform(14, 22)), float(rng.uniform(14, 20))
    storeys = int(rng.integers(6, 13))
    height = 3.3 * storeys + 2
    walls = add_box(mesh, 0, 0, 0, width, depth, height, _pick(rng, palette.FACADES))
    ribbons = rng.random() < 0.5
    for wall, length in ((walls[0], width), (walls[1], depth), (walls[3], depth)):
        columns = 1 if ribbons else int(length / 3.2)
        fill = (0.93, 0.5) if ribbons else (0.6, 0.55)
        add_window_grid(
            mesh, wall, length, 3, height - 1, columns, storeys, palette.GLASS, None, fill
        )
    add_box(mesh, 0, 0, height, width * 0.4, depth * 0.4, 3.0, palette.CONCRETE)
    return mesh.build()


def _build_plain_tower(rng: Rng) -> Mesh:
    """A campanile with a pyramid roof: no stripes, no dial, no gallery, no lantern."""
    mesh = MeshBuilder().part()
    side, height = float(rng.uniform(6.5, 9.5)), float(rng.uniform(24, 36))
    wall_paint = _pick(rng, palette.FACADES[:6])
    walls = add_box(mesh, 0, 0, 0, side, side, height, wall_paint)
    for wall in walls:
        add_window_grid(mesh, wall, side, 3, height - 6, 1, 4, palette.SHADE, None, (0.14, 0.45))
        for share in (0.3, 0.7):
            add_arch(mesh, wall, side * share, height - 5.2, 1.5, 3.6, palette.SHADE)
    add_box(mesh, 0, 0, height, side + 0.8, side + 0.8, 0.6, palette.WHITE, overhang=0.4)
    add_hip_roof(mesh, 0, 0, height + 0.6, side + 0.8, side + 0.8, side, _pick(rng, palette.ROOFS))
    return mesh.build()


def _build_chapel(rng: Rng) -> Mesh:
    """A low dome on a plain cube."""
    mesh = MeshBuilder().part()
    side = float(rng.uniform(13, 18))
    walls = add_box(mesh, 0, 0, 0, side, side, side * 0.62, _pick(rng, palette.FACADES[:6]))
    for wall in walls:
        add_arch(mesh, wall, side / 2, 0.2, 2.6, 5.4, palette.DOOR, palette.WHITE)
    add_box(mesh, 0, 0, side * 0.62, side + 0.8, side + 0.8, 0.7, palette.WHITE, overhang=0.4)
    dome = dome_profile(side * 0.42, side * 0.62 + 0.7, side * 0.36, 6, 0.05)
    tiles = _pick(rng, (palette.COPPER, palette.TERRACOTTA, palette.WHITE, palette.SLATE))
    add_lathe(mesh, 0, 0, dome, 18, [tiles])
    return mesh.build()


def _build_gasometer(rng: Rng) -> Mesh:
    mesh = MeshBuilder().part()
    radius, height = float(rng.uniform(10, 14)), float(rng.uniform(18, 26))
    skins = [_pick(rng, palette.FACADES), palette.CONCRETE]
    add_lathe(mesh, 0, 0, [(radius, 0), (radius, height / 2), (radius, height)], 24, skins)
    add_lathe(mesh, 0, 0, dome_profile(radius, height, 4, 4, 0.05), 24, [palette.SLATE])
    return mesh.build()


def _build_chimney(rng: Rng) -> Mesh:
    mesh = MeshBuilder().part()
    height = float(rng.uniform(32, 48))
    bands = [
        (0.0, palette.BRICK),
        (0.72, palette.WHITE),
        (0.81, palette.BRICK),
        (0.9, palette.WHITE),
    ]
    edges = [share for share, _ in bands] + [1.0]
    for (low, material), high in zip(bands, edges[1:], strict=True):
        ring = [(2.6 - 1.1 * share, share * height) for share in (low, high)]
        add_lathe(mesh, 0, 0, ring, 12, [material])
    mesh.part(7, 4)
    add_box(mesh, 7, 4, 0, 18, 12, 8, palette.BRICK, palette.SLATE)
    return mesh.build()


def _build_crane(rng: Rng) -> Mesh:
    mesh = MeshBuilder().part()
    height, reach = float(rng.uniform(34, 50)), float(rng.uniform(22, 32))
    steel = _pick(rng, (palette.OCHRE, palette.BRICK, palette.WHITE, palette.GOLD))
    for x in (-0.9, 0.9):
        mesh.stroke((x, 0, 0), (x, 0, height), 0.35, steel)
    for step in range(int(height / 2)):
        lean = 0.9 if step % 2 else -0.9
        mesh.stroke((-lean, 0, step * 2.0), (lean, 0, step * 2.0 + 2), 0.2, steel)
    mesh.stroke((-9, 0, height), (reach, 0, height), 0.5, steel)
    mesh.stroke((-9, 0, height + 1.6), (reach, 0, height + 1.6), 0.3, steel)
    for step in range(int(reach / 2)):
        mesh.stroke((step * 2.0, 0, height), (step * 2.0 + 1, 0, height + 1.6), 0.2, steel)
    mesh.stroke((0, 0, height), (0, 0, height + 6), 0.5, steel)
    mesh.stroke((0, 0, height + 6), (reach * 0.8, 0, height + 1.6), 0.2, palette.IRON)
    mesh.stroke((0, 0, height + 6), (-8, 0, height + 1.6), 0.2, palette.IRON)
    mesh.stroke((reach * 0.7, 0, height), (reach * 0.7, 0, height * 0.6), 0.2, palette.IRON)
    add_box(mesh, -8, 0, height - 2.2, 2.4, 2, 2.2, palette.CONCRETE)
    return mesh.build()


def _build_arcade(rng: Rng) -> Mesh:
    """A long low market hall: many small arches, no towers."""
    mesh = MeshBuilder().part()
    bays = int(rng.integers(5, 8))
    length = bays * 4.6
    walls = add_box(mesh, 0, 0, 0, length, 10, 8, _pick(rng, palette.FACADES[:6]))
    for bay in range(bays):
        add_arch(mesh, walls[0], 4.6 * (bay + 0.5), 0, 3.2, 6, palette.SHADE, palette.WHITE)
    add_hip_roof(mesh, 0, 0, 8, length + 1, 11, 3.5, _pick(rng, palette.ROOFS))
    return mesh.build()


def _build_mast(rng: Rng) -> Mesh:
    """A guyed radio mast."""
    mesh = MeshBuilder().part()
    height = float(rng.uniform(40, 55))
    for band in range(8):
        material = palette.BRICK if band % 2 else palette.WHITE
        mesh.stroke((0, 0, band * height / 8), (0, 0, (band + 1) * height / 8), 0.8, material)
    for share in (0.5, 0.95):
        for side in (-1, 1):
            mesh.stroke((0, 0, height * share), (side * 12, 0, 0), 0.12, palette.IRON)
    return mesh.build()


def _build_water_tower(rng: Rng) -> Mesh:
    mesh = MeshBuilder().part()
    height = float(rng.uniform(20, 28))
    stem, tank = _pick(rng, palette.FACADES[:8]), _pick(rng, palette.FACADES[:8])
    add_lathe(mesh, 0, 0, [(3.4, 0), (2.4, height * 0.7)], 14, [stem], math.pi / 14)
    bowl = [(2.4, height * 0.7), (7, height), (7, height + 4), (0.3, height + 6.5)]
    add_lathe(mesh, 0, 0, bowl, 14, [tank], math.pi / 14)
    return mesh.build()
