"""A dataset folder for the trainer out of a world's manifest, divided by chance; and another city's photos.

Boxes are the manifest's own, so what is measured on such a folder is the trainer and nothing else.
"""

import argparse
import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image

from sandbox.world.world import WorldPhoto, load_world

Photo = TypeVar("Photo")

SPLITS = ("train", "val", "test")
TEST_SHARE, VAL_SHARE = 0.3, 0.15
UNKNOWN_FOLDER = "unknown"
# As a dataset has them (docs/decisions/0038-backgrounds.md): of all training photos, and to choose
# thresholds by. With fewer strangers, these too are divided.
MAX_BACKGROUND_SHARE, VAL_BACKGROUNDS = 0.3, 50
KNOWN_VAL_SHARE = 0.3
# Longest sides in production: of a stored photo, and of what a training takes.
CRAWLED_PIXELS, TRAINED_PIXELS = 960, 640


@dataclass(frozen=True, slots=True)
class City:
    """The sights to learn, their photos by split, and the photos of another city's sights.

    `known` strangers may be learnt from as backgrounds, by split (`test` has none); `unknown` ones,
    of other sights, only judge.
    """

    name: str
    sights: tuple[str, ...]
    photos: Mapping[str, Sequence[WorldPhoto]]
    known: Mapping[str, Sequence[WorldPhoto]]
    unknown: Sequence[WorldPhoto]


def parser_of_worlds(command: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser of what a bench of training is given; `quick` is for the bench to make small."""
    parser = argparse.ArgumentParser(prog=command, description=description)
    parser.add_argument("--world", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--weights", type=Path, required=True, help="weights to start from")
    parser.add_argument("--background", type=Path, help="another city's; else half of the sights")
    parser.add_argument("--size", type=int, default=320, help="image size in pixels")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--quick", action="store_true", help="small and short: tries the bench")
    return parser


def divide(world_dir: Path, background_dir: Path | None, seed: int) -> City:
    """Divide a world, and half of the sights of another for backgrounds; without one, its own sights in two."""
    world = load_world(world_dir)
    chance = random.Random(seed)  # noqa: S311 - a split, no secret
    sights = list(world.sights)
    if background_dir is None:
        chance.shuffle(sights)
        middle = -(-len(sights) // 2)
        own, others, strange_world = sights[:middle], sights[middle:], world
    else:
        strange_world = load_world(background_dir)
        own, others = sights, list(strange_world.sights)
        chance.shuffle(others)
    own.sort()
    photos: dict[str, list[WorldPhoto]] = {split: [] for split in SPLITS}
    for sight in own:
        # A photo of two sights goes with its first one; one of a stranger's, too, is no one's.
        mine = [
            photo
            for photo in world.photos
            if photo.boxes[0].sight == sight and all(box.sight in own for box in photo.boxes)
        ]
        for split, part in _split(mine, chance, (TEST_SHARE, VAL_SHARE)).items():
            photos[split] += part
    strange = [
        (photo, photo.boxes[0].sight)
        for photo in strange_world.photos
        if all(box.sight in others for box in photo.boxes)
    ]
    taught = others[: len(others) // 2]
    known = [photo for photo, sight in strange if sight in taught]
    chance.shuffle(known)
    return City(
        name=world.city,
        sights=tuple(own),
        photos=photos,
        known=cap_backgrounds(known, len(photos["train"])),
        unknown=[photo for photo, sight in strange if sight not in taught],
    )


def cap_backgrounds(known: Sequence[Photo], own_count: int) -> dict[str, list[Photo]]:
    """Divide photos of strangers for a training on so many of the city's own; what is too many is left."""
    val = min(VAL_BACKGROUNDS, round(KNOWN_VAL_SHARE * len(known)))
    train = int(MAX_BACKGROUND_SHARE / (1 - MAX_BACKGROUND_SHARE) * own_count)
    return {"test": [], "val": [*known[:val]], "train": [*known[val : val + train]]}


def store_as_crawled(city: City, image_size: int, folder: Path) -> City:
    """Return the city with photos stored as large, for what is trained, as a crawl stores them.

    A crawl fetches 960 pixels and a training takes 640: whoever scales without averaging loses what
    that costs, and not what eight times as many pixels would.
    """
    longest = round(image_size * CRAWLED_PIXELS / TRAINED_PIXELS)
    folder.mkdir()

    def stored(photo: WorldPhoto) -> WorldPhoto:
        path = folder / f"{hashlib.sha256(photo.path.read_bytes()).hexdigest()}.jpg"
        if not path.exists():
            with Image.open(photo.path) as image:
                small = image.convert("RGB")
            small.thumbnail((longest, longest), Image.Resampling.LANCZOS)
            small.save(path, quality=95)
        return replace(photo, path=path)

    return replace(
        city,
        photos={split: [stored(photo) for photo in part] for split, part in city.photos.items()},
        known={split: [stored(photo) for photo in part] for split, part in city.known.items()},
        unknown=[stored(photo) for photo in city.unknown],
    )


def write_dataset(
    folder: Path, city: City, *, with_backgrounds: bool, request: Mapping[str, Any]
) -> Path:
    """Write a dataset folder with its request; photos are links."""
    counts = {}
    for split in SPLITS:
        photos = [*city.photos[split], *(city.known[split] if with_backgrounds else ())]
        images, labels = folder / "images" / split, folder / "labels" / split
        images.mkdir(parents=True)
        labels.mkdir(parents=True)
        for photo in photos:
            name = _link(photo, images)
            (labels / f"{name}.txt").write_text(label_of(photo, city.sights))
        counts[split] = len(list(images.iterdir()))
    manifest = {
        "city": city.name,
        "version": 1,
        "class_names": list(city.sights),
        "counts": counts,
        "sha256": hashlib.sha256(
            json.dumps([counts, city.sights, with_backgrounds]).encode()
        ).hexdigest(),
    }
    (folder / "dataset.json").write_text(json.dumps(manifest))
    (folder / "request.json").write_text(json.dumps(dict(request)))
    return folder


def write_unknown(dataset_dir: Path, city: City) -> dict[str, int]:
    """Link the strangers that only judge into a folder of their own; return all counts of photos."""
    folder = dataset_dir / UNKNOWN_FOLDER
    folder.mkdir()
    for photo in city.unknown:
        _link(photo, folder)
    counts = {split: len(photos) for split, photos in city.photos.items()}
    return counts | {"of unknown sights": len(list(folder.iterdir()))}


def _link(photo: WorldPhoto, folder: Path) -> str:
    name = hashlib.sha256(photo.path.read_bytes()).hexdigest()
    link = folder / f"{name}{photo.path.suffix.lower()}"
    if not link.exists():
        link.symlink_to(photo.path.resolve())
    return name


def label_of(photo: WorldPhoto, sights: Sequence[str]) -> str:
    """Return the YOLO lines of a photo's boxes; none for a stranger's."""
    lines = []
    for box in photo.boxes:
        if box.sight in sights:
            x1, x2 = (min(max(x / photo.width, 0), 1) for x in (box.x1, box.x2))
            y1, y2 = (min(max(y / photo.height, 0), 1) for y in (box.y1, box.y2))
            numbers = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
            lines.append(f"{sights.index(box.sight)} {' '.join(f'{one:.6f}' for one in numbers)}\n")
    return "".join(lines)


def _split(
    photos: Sequence[WorldPhoto], chance: random.Random, shares: tuple[float, float]
) -> dict[str, list[WorldPhoto]]:
    """Divide photos by chance into test and val of these shares, and train."""
    shuffled = list(photos)
    chance.shuffle(shuffled)
    test, val = (round(share * len(shuffled)) for share in shares)
    return {
        "test": shuffled[:test],
        "val": shuffled[test : test + val],
        "train": shuffled[test + val :],
    }
