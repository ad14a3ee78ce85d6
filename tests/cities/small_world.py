"""A world of a few photos, drawn in milliseconds, for tests of the stand-ins."""

from pathlib import Path

import numpy as np
from PIL import Image

from sandbox.world.world import World, WorldBox, WorldPhoto, load_world, write_manifest

CITY = "Port Aurel"
TOWER, GATE = "Torre Alta", "Porta do Mar"
PHOTOS_PER_SIGHT = 12
WIDTH, HEIGHT = 420, 300


def draw_small_world(folder: Path) -> World:
    """Draw 12 photos of each of two sights, and one that shows both, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    photos = []
    for number in range(2 * PHOTOS_PER_SIGHT):
        sight = (TOWER, GATE)[number % 2]
        offset = 5.0 * (number // 2)
        box = WorldBox(sight, offset, 20.0, offset + 180.0, 280.0)
        photos.append(_photo(folder, f"photo-{number:02}.jpg", number, (box,)))
    both = (WorldBox(TOWER, 10, 10, 150, 290), WorldBox(GATE, 200, 90, 400, 280))
    photos.append(_photo(folder, "both.jpg", 99, both))
    write_manifest(folder, CITY, photos)
    return load_world(folder)


def _photo(folder: Path, file: str, seed: int, boxes: tuple[WorldBox, ...]) -> WorldPhoto:
    # Coarse coloured noise: no two pictures have a similar perceptual hash.
    coarse = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    path = folder / file
    picture.save(path, "JPEG", quality=90)
    return WorldPhoto(file, path, WIDTH, HEIGHT, boxes)
