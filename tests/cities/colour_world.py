"""A world of coloured patches, whose sights the models of `tests/fixtures` find without training."""

import random
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from sandbox.world.world import World, WorldBox, WorldPhoto, load_world, write_manifest
from tests.cities.colour_city import COLOURS

CITY = "Port Aurel"
SLUG = "port-aurel"
WIDTH, HEIGHT = 320, 240


def draw_colour_world(folder: Path, photos_a_sight: int = 18) -> World:
    """Draw photos with one patch each on a cloudy grey, all different."""
    folder.mkdir(parents=True, exist_ok=True)
    photos = [
        _photo(folder, sight, f"{rank}-{number:02}.png")
        for rank, sight in enumerate(COLOURS)
        for number in range(photos_a_sight)
    ]
    write_manifest(folder, CITY, photos)
    return load_world(folder)


def draw_colour_city(folder: Path, city: str, sight_count: int, photos_a_sight: int) -> World:
    """Draw another city, whose sights are called after those of the first and have their colours."""
    folder.mkdir(parents=True, exist_ok=True)
    photos = [
        _photo(folder, sight, f"{rank}-{number:02}.png", f"{sight} of {city}")
        for rank, sight in enumerate(list(COLOURS)[:sight_count])
        for number in range(photos_a_sight)
    ]
    write_manifest(folder, city, photos)
    return load_world(folder)


def _photo(folder: Path, sight: str, name: str, called: str = "") -> WorldPhoto:
    dice = random.Random(f"{called}{name}")  # noqa: S311 - no secret
    # Clouds make each photo different to a perceptual hash, of which half sees no colour.
    clouds = np.random.default_rng(dice.randrange(2**32)).integers(70, 220, (9, 12), dtype=np.uint8)
    grey = Image.fromarray(clouds).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    image = Image.merge("RGB", (grey, grey, grey))
    x1, y1 = dice.randrange(0, 140), dice.randrange(0, 100)
    x2, y2 = x1 + dice.randrange(90, 170), y1 + dice.randrange(70, 130)
    ImageDraw.Draw(image).rectangle((x1, y1, x2 - 1, y2 - 1), fill=COLOURS[sight])
    image.save(folder / name)
    return WorldPhoto(
        name, folder / name, WIDTH, HEIGHT, (WorldBox(called or sight, x1, y1, x2, y2),)
    )
