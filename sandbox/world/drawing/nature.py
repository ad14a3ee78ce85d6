"""Trees: round crowns, umbrella pines, cypresses and palms, made of many lit blobs of leaves."""

import itertools
import math
from functools import lru_cache

import numpy as np

from sandbox.world.drawing import palette
from sandbox.world.drawing.mesh import Mesh, MeshBuilder, Paint, dimmed

Rng = np.random.Generator


@lru_cache(maxsize=1)
def trees() -> tuple[Mesh, ...]:
    """Give a stock of trees, 6-13 m high."""
    rng = np.random.default_rng(104)
    stock = [_build_crowned(rng, tall=7.5, crown=(3.0, 2.9), stem=2.6) for _ in range(5)]
    stock += [_build_crowned(rng, tall=10.5, crown=(4.4, 1.7), stem=7.0) for _ in range(3)]
    stock += [_build_crowned(rng, tall=11.0, crown=(1.2, 5.0), stem=1.0) for _ in range(3)]
    stock += [_build_palm(rng) for _ in range(4)]
    return tuple(stock)


@lru_cache(maxsize=1)
def bushes() -> tuple[Mesh, ...]:
    """Give a stock of bushes, about 1.5 m high."""
    rng = np.random.default_rng(105)
    return tuple(_build_crowned(rng, tall=1.7, crown=(1.3, 0.8), stem=0.2) for _ in range(5))


def _build_crowned(rng: Rng, tall: float, crown: tuple[float, float], stem: float) -> Mesh:
    """A stem below an ellipsoid of leaves; `crown` is its half width and half height."""
    mesh = MeshBuilder().part()
    leaf = _draw_leaf(rng)
    half_width, half_height = crown
    middle = tall - half_height
    mesh.stroke((0, 0, 0), (0, 0, middle), 0.12 * half_width + 0.12, palette.BARK)
    for side in (-1, 1):
        mesh.stroke(
            (0, 0, stem),
            (side * half_width * 0.5, 0, middle + 0.2),
            0.08 * half_width,
            palette.BARK,
        )
    for direction in _far_to_near(rng, 170):
        bump = float(rng.uniform(0.72, 1.08))
        x, y, z = (float(value) * bump for value in direction)
        at = (x * half_width, y * half_width, middle + z * half_height)
        normal = (float(direction[0]), float(direction[1]), float(direction[2]) * 0.8 + 0.2)
        # Leaves inside and below are darker than the sky's light alone would make them.
        dim = 0.62 + 0.38 * (z + 1) / 2 + float(rng.normal(0, 0.10))
        size = math.sqrt(half_width * half_height) * float(rng.uniform(0.20, 0.44))
        mesh.blob(at, size, normal, dimmed(leaf, dim))
    return mesh.build()


def _far_to_near(rng: Rng, count: int) -> list[np.ndarray]:
    """Draw directions on a sphere, those away from the viewer first."""
    points = rng.normal(size=(count, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return sorted(points, key=lambda point: -float(point[1]))


def _build_palm(rng: Rng) -> Mesh:
    mesh = MeshBuilder().part()
    tall, lean = float(rng.uniform(7, 11)), float(rng.uniform(-1.2, 1.2))
    leaf = palette.FOLIAGE[int(rng.integers(3))]
    knots = [(lean * share**2, 0.0, tall * share) for share in np.linspace(0, 1, 6).tolist()]
    for low, high in itertools.pairwise(knots):
        mesh.stroke(low, high, 0.42, palette.BARK)
    top = knots[-1]
    for frond in range(15):
        angle = 2 * math.pi * frond / 15 + float(rng.uniform(-0.2, 0.2))
        reach, rise = float(rng.uniform(2.4, 3.4)), float(rng.uniform(-0.4, 1.1))
        shade = dimmed(leaf, 0.75 + 0.2 * math.sin(angle) + float(rng.uniform(-0.1, 0.2)))
        last = top
        for step in (0.35, 0.7, 1.0):
            drop = rise * step - 2.2 * step**2
            point = (
                top[0] + reach * step * math.cos(angle),
                top[1] + 0.4 * reach * step * math.sin(angle),
                top[2] + 0.5 + drop,
            )
            mesh.stroke(last, point, 0.62 - 0.4 * step, shade)
            last = point
    return mesh.build()


def _draw_leaf(rng: Rng) -> Paint:
    season = rng.random()
    if season < 0.72:
        choices: tuple[Paint, ...] = palette.FOLIAGE
    elif season < 0.9:
        choices = palette.AUTUMN
    else:
        choices = palette.BLOSSOM
    return choices[int(rng.integers(len(choices)))]
