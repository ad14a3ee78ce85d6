"""The dataset folder, one of the two contracts with the trainer: what is in it, byte by byte.

    dataset.json      counts, classes, what is known of the sights, regions that are to be ignored,
                      which photos are linked
    images/{train,val,test}/<sha256>.<jpg|png|webp>
    labels/{train,val,test}/<sha256>.txt      YOLO: one `class cx cy w h` a line;
                                              none on a photo without sights (a background)

Values only: `dataset.export` writes such a folder to a disk, `train.upload` to a GPU host.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from sightscan.box import Box
from sightscan.chains import Chains

Split = Literal["train", "val", "test"]

SPLITS: tuple[Split, ...] = ("train", "val", "test")
MANIFEST_FILE = "dataset.json"
SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}


@dataclass(frozen=True, slots=True)
class FrozenBox:
    """A box as it was when its dataset was frozen; the class number is a position in class_names."""

    class_number: int
    box: Box


@dataclass(frozen=True, slots=True)
class FrozenPhoto:
    """A photo of a dataset, in its split for ever."""

    sha256: bytes
    media_type: str
    split: Split
    boxes: tuple[FrozenBox, ...]
    # Where it shows a sight that is no class: neither to be found nor background.
    ignored: tuple[Box, ...] = ()
    # Its near-duplicate cluster and its bursts; none of a dataset that did not store them.
    links: frozenset[bytes] = frozenset()

    @property
    def is_background(self) -> bool:
        """Tell whether it shows no sight at all."""
        return not self.boxes

    @property
    def image_name(self) -> str:
        """Return the name of its file, which is its hash."""
        return f"{self.sha256.hex()}{SUFFIXES[self.media_type]}"

    @property
    def label_name(self) -> str:
        """Return the name of its label file."""
        return f"{self.sha256.hex()}.txt"

    @property
    def label_text(self) -> str:
        """Return its boxes in YOLO's form, one line each."""
        return "".join(f"{_label_line(frozen)}\n" for frozen in self.boxes)


@dataclass(frozen=True, slots=True)
class FrozenSight:
    """What was known of a sight when its dataset was frozen; a record of dataset.json."""

    id: int
    wikidata_id: str | None
    names: Mapping[str, str]
    latitude: float | None
    longitude: float | None
    is_asymmetric: bool = False


@dataclass(frozen=True, slots=True)
class FrozenDataset:
    """The row of a frozen dataset: everything but its photos."""

    city_id: str
    city_slug: str
    version: int
    sha256: bytes
    class_names: tuple[str, ...]
    sight_ids: tuple[int, ...]
    train_count: int
    val_count: int
    test_count: int
    # None: frozen by a version that did not store them.
    sights: tuple[FrozenSight, ...] | None = None
    train_background_count: int = 0
    val_background_count: int = 0
    test_background_count: int = 0
    ignored_regions: Mapping[bytes, tuple[Box, ...]] = field(default_factory=dict)

    @property
    def counts(self) -> Mapping[Split, int]:
        """Return the number of photos by split."""
        return {"train": self.train_count, "val": self.val_count, "test": self.test_count}

    @property
    def background_counts(self) -> Mapping[Split, int]:
        """Return how many of these show no sight."""
        return {
            "train": self.train_background_count,
            "val": self.val_background_count,
            "test": self.test_background_count,
        }

    def manifest_of(self, photos: Iterable[FrozenPhoto]) -> str:
        """Return the contents of dataset.json, which says of its photos which are linked."""
        manifest = {
            "city": self.city_slug,
            "version": self.version,
            "class_names": list(self.class_names),
            "sight_ids": list(self.sight_ids),
            "counts": dict(self.counts),
            "backgrounds": dict(self.background_counts),
            "ignored_regions": _regions_by_name(self.ignored_regions),
            "units": _list_units(photos),
            "sha256": self.sha256.hex(),
        }
        if self.sights is not None:
            manifest["sights"] = [asdict(sight) for sight in self.sights]
        return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def hash_dataset(
    city_id: str,
    class_names: Sequence[str],
    photos: Sequence[FrozenPhoto],
    *,
    asymmetric: Collection[int] = (),
) -> bytes:
    """Return the SHA-256 over classes, photos, splits and boxes, whatever the order of the photos.

    Ignored regions and the ids of asymmetric sights are in it where there are any.
    """
    content: dict[str, object] = {
        "city_id": city_id,
        "class_names": list(class_names),
        "photos": [
            [photo.sha256.hex(), photo.split, photo.label_text]
            for photo in sorted(photos, key=lambda photo: photo.sha256)
        ],
    }
    if regions := _regions_by_name({photo.sha256: photo.ignored for photo in photos}):
        content["ignored_regions"] = regions
    if asymmetric:
        content["asymmetric"] = sorted(asymmetric)
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).digest()


def _regions_by_name(regions: Mapping[bytes, Sequence[Box]]) -> dict[str, list[list[float]]]:
    """Return regions as the trainer reads them: centre x, centre y, width, height, by photo."""
    return {
        sha256.hex(): [[round(number, 6) for number in box.to_yolo()] for box in boxes]
        for sha256, boxes in sorted(regions.items())
        if boxes
    }


def _list_units(photos: Iterable[FrozenPhoto]) -> list[list[str]]:
    """Return the photos that are linked with others, by whatever chain of links, unit by unit."""
    chains = Chains()
    photos = list(photos)
    for photo in photos:
        for link in photo.links:
            chains.link(photo.sha256, link)
    units: dict[bytes, list[str]] = {}
    for photo in photos:
        units.setdefault(chains.root(photo.sha256), []).append(photo.sha256.hex())
    return sorted(sorted(unit) for unit in units.values() if len(unit) > 1)


def _label_line(frozen: FrozenBox) -> str:
    # Six decimals are a hundredth of a pixel on the largest photo, and hide float32's noise.
    numbers = " ".join(f"{number:.6f}" for number in frozen.box.to_yolo())
    return f"{frozen.class_number} {numbers}"
