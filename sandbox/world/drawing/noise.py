"""Cloudy noise that repeats without a seam, for clouds, ground and water."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
TILE = 512


@lru_cache(maxsize=4)
def noise_tile(seed: int, octaves: int = 6, roughness: float = 0.55) -> Image:
    """Give a tile (512, 512) in 0..1 whose values are spread evenly over that range."""
    rng = np.random.default_rng(seed)
    total = np.zeros((TILE, TILE), np.float32)
    for octave in range(octaves):
        cells = 4 * 2**octave
        coarse = rng.random((cells, cells)).astype(np.float32)
        # Three copies each way, of which the middle is kept: interpolation then has no seam.
        wide = cv2.resize(
            np.tile(coarse, (3, 3)), (3 * TILE, 3 * TILE), interpolation=cv2.INTER_CUBIC
        )
        total += wide[TILE : 2 * TILE, TILE : 2 * TILE] * roughness**octave
    ranks = np.empty(TILE * TILE, np.float32)
    ranks[np.argsort(total, axis=None, kind="stable")] = np.linspace(0, 1, TILE * TILE)
    return ranks.reshape(TILE, TILE)


def sample_noise(tile: Image, x: Image, y: Image) -> Image:
    """Read a tile at coordinates of any size; one tile is 512 units wide."""
    sampled = cv2.remap(
        tile, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )  # fmt: skip
    return np.asarray(sampled, dtype=np.float32)


def smoothstep(low: float, high: float, values: Image) -> Image:
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)
