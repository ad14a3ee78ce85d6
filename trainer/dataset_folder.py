"""The dataset folder: which photos, which boxes, which split. Read and checked whole before training starts.

A mistake found here costs a second; found in epoch 30 it costs a GPU hour. Pixels are checked where
they are decoded (photos.py), because reading each photo once is enough.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trainer.errors import BadDataset

SPLITS = ("train", "val", "test")
PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
# Labels are rounded decimals: a box that touches an edge may stick out by the rounding.
EDGE_TOLERANCE = 1e-3
# What readers of a model take of a sight (onnx_file.py of the app and of the pipeline).
MAX_SIGHT_ID = 1 << 53
MAX_SIGHT_NAMES = 400
MAX_LANGUAGE_LENGTH = 35
MAX_CLASS_NAME_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a photo: centre and size relative to the photo (0..1, y down)."""

    center_x: float
    center_y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Box:
    """One sight in a photo: class index, and centre and size relative to the photo (0..1, y down)."""

    class_index: int
    center_x: float
    center_y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A photo of the dataset, named by the sha256 of its bytes. No boxes: nothing to be found in it.

    `ignored` regions show a sight that is no class: neither to be found nor background.
    """

    sha256: str
    path: Path
    boxes: tuple[Box, ...]
    ignored: tuple[Region, ...] = ()
    # Near-duplicates and what was taken in one burst have the same; none where it is alone.
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A frozen dataset: its identity and its photos by split, in the order of their hashes."""

    city: str
    version: int
    class_names: tuple[str, ...]
    sha256: str
    train: tuple[LabelledPhoto, ...]
    val: tuple[LabelledPhoto, ...]
    test: tuple[LabelledPhoto, ...]
    # Of the classes, in their order; None from a pipeline that does not say.
    sight_ids: tuple[int, ...] | None = None
    # Classes that look different in a mirror.
    asymmetric: frozenset[int] = frozenset()
    # What the pipeline says of each class, for the model's metadata; none from an older pipeline.
    sights: tuple[Mapping[str, Any], ...] = ()

    def split(self, name: str) -> tuple[LabelledPhoto, ...]:
        """Return the photos of `train`, `val` or `test`."""
        return {"train": self.train, "val": self.val, "test": self.test}[name]


def read_dataset(dataset_dir: Path) -> Dataset:
    """Read a dataset folder and check that it can be learnt from; raises BadDataset."""
    manifest = _read_manifest(dataset_dir / "dataset.json")
    class_names: tuple[str, ...] = tuple(manifest["class_names"])
    ignored = _read_ignored_regions(manifest)
    units = _read_units(manifest)
    splits = {
        name: tuple(
            replace(photo, unit=units.get(photo.sha256, ""))
            for photo in _read_split(dataset_dir, name, len(class_names), ignored)
        )
        for name in SPLITS
    }
    for name, photos in splits.items():
        expected = manifest["counts"].get(name)
        if expected != len(photos):
            msg = f"{name} has {len(photos)} photos, but dataset.json counts {expected}; upload the dataset again"
            raise BadDataset(msg)
    _check_learnable(splits, class_names)
    return Dataset(
        city=manifest["city"],
        version=manifest["version"],
        class_names=class_names,
        sha256=manifest["sha256"],
        train=splits["train"],
        val=splits["val"],
        test=splits["test"],
        sight_ids=_read_sight_ids(manifest),
        asymmetric=_read_asymmetric(manifest),
        sights=_read_sights(manifest),
    )


def parse_label(text: str, class_count: int, where: str) -> tuple[Box, ...]:
    """Parse a YOLO label file: one `class cx cy w h` a line; raises BadDataset naming the line."""
    return tuple(
        _parse_box(line, class_count, f"{where}, line {number}")
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip()
    )


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        msg = f"{path} is missing; give the folder that the pipeline froze"
        raise BadDataset(msg) from error
    except (OSError, ValueError) as error:
        msg = f"{path} cannot be read as JSON ({error}); upload the dataset again"
        raise BadDataset(msg) from error
    expected = {"city": str, "version": int, "class_names": list, "counts": dict, "sha256": str}
    for key, kind in expected.items():
        value = manifest.get(key) if isinstance(manifest, dict) else None
        if not isinstance(value, kind) or isinstance(value, bool) or value in ("", []):
            msg = (
                f"{key} of {path} must be a {kind.__name__} with something in it, but is {value!r}"
            )
            raise BadDataset(msg)
    names = manifest["class_names"]
    if not all(isinstance(name, str) and name for name in names) or len(set(names)) != len(names):
        msg = f"class_names of {path} must be different, non-empty names, but are {names!r}"
        raise BadDataset(msg)
    return dict(manifest)


def _read_sight_ids(manifest: dict[str, Any]) -> tuple[int, ...] | None:
    """Read the ids of the sights that the classes are, by which a later training knows them again."""
    ids: Any = manifest.get("sights", manifest.get("sight_ids"))
    if ids is None:
        return None
    if "sights" in manifest and isinstance(ids, list):
        ids = [sight.get("id") if isinstance(sight, dict) else None for sight in ids]
    if (
        not isinstance(ids, list)
        or not all(type(each) is int for each in ids)
        or len(set(ids)) != len(manifest["class_names"])
        or len(ids) != len(set(ids))
    ):
        msg = f"the ids of the sights in dataset.json must be one number for each class, but are {ids!r:.80}"
        raise BadDataset(msg)
    return tuple(ids)


def _read_asymmetric(manifest: dict[str, Any]) -> frozenset[int]:
    """Read which sights must not be flipped; a folder that says nothing about its sights has none."""
    sights = manifest.get("sights", [])
    if not isinstance(sights, list) or len(sights) not in (0, len(manifest["class_names"])):
        msg = f"sights of dataset.json must be a list in the order of class_names, but is {sights!r:.80}"
        raise BadDataset(msg)
    flags = [isinstance(sight, dict) and sight.get("is_asymmetric", False) for sight in sights]
    return frozenset(index for index, flag in enumerate(flags) if flag is True)


def _read_sights(manifest: dict[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Read what is known of each sight, as it goes into the model; what a model may not say is refused now."""
    sights = tuple(
        {
            "id": sight.get("id"),
            "wikidata_id": sight.get("wikidata_id"),
            "names": sight.get("names", {}),
            "latitude": sight.get("latitude"),
            "longitude": sight.get("longitude"),
            "is_asymmetric": sight.get("is_asymmetric", False),
        }
        for sight in manifest.get("sights", [])
        if isinstance(sight, dict)
    )
    for sight in sights:
        if not _is_sight(sight):
            msg = f"sights of dataset.json must say id, names and place of each, but have {sight!r:.200}"
            raise BadDataset(msg)
    return sights


def _is_sight(sight: Mapping[str, Any]) -> bool:
    wikidata_id, names = sight["wikidata_id"], sight["names"]
    places = ((sight["latitude"], 90), (sight["longitude"], 180))
    return (
        isinstance(sight["id"], int)
        and 0 < sight["id"] < MAX_SIGHT_ID
        and (wikidata_id is None or bool(re.fullmatch(r"Q[1-9][0-9]{0,18}", str(wikidata_id))))
        and isinstance(names, dict)
        and len(names) <= MAX_SIGHT_NAMES
        and all(
            len(language) <= MAX_LANGUAGE_LENGTH
            and isinstance(name, str)
            and 0 < len(name) <= MAX_CLASS_NAME_LENGTH
            for language, name in names.items()
        )
        and all(
            place is None or (isinstance(place, int | float) and abs(place) <= most)
            for place, most in places
        )
        and isinstance(sight["is_asymmetric"], bool)
    )


def _read_ignored_regions(manifest: dict[str, Any]) -> dict[str, tuple[Region, ...]]:
    """Read the regions by the sha256 of their photo, a list of [cx, cy, w, h] each."""
    regions = manifest.get("ignored_regions", {})
    try:
        return {
            sha256: tuple(Region(*map(_share, numbers)) for numbers in of_photo)
            for sha256, of_photo in regions.items()
        }
    except (AttributeError, TypeError, ValueError) as error:
        msg = (
            "ignored_regions of dataset.json must be lists of [cx, cy, w, h] by sha256, "
            f"but are {regions!r:.80} ({error})"
        )
        raise BadDataset(msg) from error


def _read_units(manifest: dict[str, Any]) -> dict[str, str]:
    """Read by the sha256 of a photo which unit it is of, a list of its photos each; an older pipeline names none."""
    units: Any = manifest.get("units", [])
    if not isinstance(units, list) or not all(
        isinstance(unit, list) and unit and all(isinstance(one, str) for one in unit)
        for unit in units
    ):
        msg = f"units of dataset.json must be lists of sha256, but are {units!r:.80}"
        raise BadDataset(msg)
    return {sha256: unit[0] for unit in units for sha256 in unit}


def _share(number: float) -> float:
    """Return a share of a photo as it is; NaN and infinity are none.

    Raises:
        ValueError: it is not from 0 to 1.

    """
    if not -EDGE_TOLERANCE <= float(number) <= 1 + EDGE_TOLERANCE:
        msg = f"{number} is not from 0 to 1"
        raise ValueError(msg)
    return float(number)


def _read_split(
    dataset_dir: Path, split: str, class_count: int, ignored: dict[str, tuple[Region, ...]]
) -> tuple[LabelledPhoto, ...]:
    images, labels = dataset_dir / "images" / split, dataset_dir / "labels" / split
    if not images.is_dir():
        msg = f"split {split!r} is missing: {images} is not a folder"
        raise BadDataset(msg)
    photo_paths = sorted(path for path in images.iterdir() if path.suffix.lower() in PHOTO_SUFFIXES)
    if not photo_paths:
        msg = f"split {split!r} is empty: {images} has no {', '.join(PHOTO_SUFFIXES)} file"
        raise BadDataset(msg)
    photos = []
    for photo_path in photo_paths:
        label_path = labels / f"{photo_path.stem}.txt"
        try:
            text = label_path.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            msg = f"{label_path} is missing; a photo with nothing in it needs an empty one"
            raise BadDataset(msg) from error
        except (OSError, UnicodeDecodeError) as error:
            msg = f"{label_path} cannot be read as text ({error}); upload the dataset again"
            raise BadDataset(msg) from error
        boxes = parse_label(text, class_count, str(label_path))
        photos.append(
            LabelledPhoto(photo_path.stem, photo_path, boxes, ignored.get(photo_path.stem, ()))
        )
    return tuple(photos)


def _parse_box(line: str, class_count: int, where: str) -> Box:
    columns = line.split()
    try:
        class_index, (cx, cy, width, height) = int(columns[0]), map(float, columns[1:])
    except ValueError as error:
        msg = f"{where}: {line[:80]!r} must be five numbers, `class cx cy w h`"
        raise BadDataset(msg) from error
    if not 0 <= class_index < class_count:
        msg = f"{where}: class {class_index} must be from 0 to {class_count - 1} (class_names of dataset.json)"
        raise BadDataset(msg)
    edges = (cx - width / 2, cy - height / 2, 1 - cx - width / 2, 1 - cy - height / 2)
    inside = all(math.isfinite(edge) and edge >= -EDGE_TOLERANCE for edge in edges)
    if not inside or width <= 0 or height <= 0:
        msg = (
            f"{where}: the box {line[:80]!r} must lie in the photo and have a size (relative, 0..1)"
        )
        raise BadDataset(msg)
    return Box(class_index, cx, cy, width, height)


def _check_learnable(
    splits: dict[str, tuple[LabelledPhoto, ...]], class_names: tuple[str, ...]
) -> None:
    seen: dict[str, str] = {}
    for split, photos in splits.items():
        for photo in photos:
            if photo.sha256 in seen:
                msg = f"photo {photo.sha256} is in {seen[photo.sha256]} and in {split}; each has one place"
                raise BadDataset(msg)
            seen[photo.sha256] = split
        if not any(photo.boxes for photo in photos):
            msg = f"split {split!r} has no box in any of its {len(photos)} photos; label some first"
            raise BadDataset(msg)
    boxes = Counter(box.class_index for photo in splits["train"] for box in photo.boxes)
    if unseen := [name for index, name in enumerate(class_names) if not boxes[index]]:
        msg = f"no box of {', '.join(unseen)} in the training photos; label some or drop the class"
        raise BadDataset(msg)
