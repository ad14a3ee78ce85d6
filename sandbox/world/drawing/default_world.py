"""Write the drawn city as a world folder: the same seed gives the same bytes.

Every photo has a random stream of its own, so a smaller world is a part of a larger one. The
folder appears under its name only when it is complete.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import track

from sandbox.world.drawing.city import VALMORIA, CitySight
from sandbox.world.drawing.finish import Photo, finish_photo
from sandbox.world.drawing.framing import Extent
from sandbox.world.drawing.scene import compose_scene, compose_street
from sandbox.world.world import World, WorldBox, WorldError, WorldPhoto, load_world, write_manifest

DEFAULT_SEED = 1755
PHOTOS_PER_SIGHT = 100
# Photos without a sight: enough for a tenth of training, and some sixty that judge.
BACKGROUND_SHARE_OF_SIGHT = 1.2
RECIPE = "recipe.json"
# Raise it when the drawing changes, so that an older folder is not taken for today's world.
RECIPE_VERSION = 2
# A sight that is cut further by the frame is not a fair photo of it: it is taken again.
MIN_SHARE_INSIDE = 0.7
ATTEMPTS = 20


def draw_world(
    folder: Path, seed: int = DEFAULT_SEED, photos_per_sight: int = PHOTOS_PER_SIGHT
) -> World:
    """Draw the default world into a folder, or load it if it is already there.

    Raises `WorldError` if the folder holds anything else.
    """
    folder = folder.absolute()
    recipe = {"version": RECIPE_VERSION, "seed": seed, "photos_per_sight": photos_per_sight}
    if _is_drawn(folder, recipe):
        return load_world(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # A sibling: renaming is atomic within one file system only.
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _draw_into(draft, seed, photos_per_sight)
        (draft / RECIPE).write_text(json.dumps(recipe) + "\n", encoding="utf-8")
        draft.chmod(0o755)
        _move(draft, folder, recipe)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return load_world(folder)


def _is_drawn(folder: Path, recipe: dict[str, int]) -> bool:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    try:
        found = json.loads((folder / RECIPE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if found != recipe:
        content = f"a world drawn by {found}" if found else "something that is no drawn world"
        msg = (
            f"{folder} holds {content}, expected it to be empty or drawn by {recipe}; "
            "name another folder or remove this one"
        )
        raise WorldError(msg)
    return True


def _draw_into(folder: Path, seed: int, photos_per_sight: int) -> None:
    (folder / "images").mkdir()
    tasks = [
        (number, sight, index)
        for number, sight in enumerate(VALMORIA.sights)
        for index in range(photos_per_sight)
    ]
    console = Console(stderr=True)
    photos = [
        _draw_photo(folder, sight, index, [seed, number, index])
        for number, sight, index in track(
            tasks,
            description=f"drawing {VALMORIA.name}",
            console=console,
            disable=not console.is_terminal,
        )
    ]
    backgrounds = range(round(BACKGROUND_SHARE_OF_SIGHT * photos_per_sight))
    photos += [_draw_background(folder, index, seed) for index in backgrounds]
    write_manifest(folder, VALMORIA.name, photos)


def _draw_photo(folder: Path, sight: CitySight, index: int, seed: list[int]) -> WorldPhoto:
    photo, quality = _take_photo(sight.name, seed)
    height, width = photo.pixels.shape[:2]
    file = f"images/{sight.slug}-{index + 1:03d}.jpg"
    path = folder / file
    Image.fromarray(photo.pixels).save(path, quality=quality)
    return WorldPhoto(file, path, width, height, tuple(_clip_boxes(photo, width, height)))


def _draw_background(folder: Path, index: int, seed: int) -> WorldPhoto:
    """Take a photo of a street; its random stream is that of no sight."""
    rng = np.random.default_rng([seed, len(VALMORIA.sights), index])
    pixels = finish_photo(compose_street(rng), rng).pixels
    height, width = pixels.shape[:2]
    file = f"images/street-{index + 1:03d}.jpg"
    Image.fromarray(pixels).save(folder / file, quality=int(rng.integers(72, 95)))
    return WorldPhoto(file, folder / file, width, height, ())


def _take_photo(sight: str, seed: list[int]) -> tuple[Photo, int]:
    """Take the photo, again if the tilt cut off too much; give it and its JPEG quality."""
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng([*seed, attempt])
        photo = finish_photo(compose_scene(sight, rng), rng)
        height, width = photo.pixels.shape[:2]
        frame = Extent(0, 0, width, height)
        shares = [extent.overlap(frame) / extent.area for _, extent in photo.extents]
        if min(shares) >= MIN_SHARE_INSIDE:
            return photo, int(rng.integers(72, 95))
    msg = f"no fair photo of {sight} in {ATTEMPTS} attempts with seed {seed}; use another seed"
    raise WorldError(msg)


def _clip_boxes(photo: Photo, width: int, height: int) -> Iterator[WorldBox]:
    for name, extent in photo.extents:
        yield WorldBox(
            name,
            round(max(0.0, extent.x1), 1),
            round(max(0.0, extent.y1), 1),
            round(min(float(width), extent.x2), 1),
            round(min(float(height), extent.y2), 1),
        )


def _move(draft: Path, folder: Path, recipe: dict[str, int]) -> None:
    try:
        draft.rename(folder)
    except OSError:
        # Another process may have drawn the same world in the meantime; its copy is as good.
        if not _is_drawn(folder, recipe):
            raise
