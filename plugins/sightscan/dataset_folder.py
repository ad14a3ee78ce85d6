"""The dataset folder, one of the two contracts with the trainer: what is in it, byte by byte.

    dataset.json
    images/{train,val,test}/<sha256>.<jpg|png|webp>
    labels/{train,val,test}/<sha256>.txt      YOLO: one `class cx cy w h` a line

Values only: `dataset.export` writes such a folder to a disk, `train.upload` to a GPU host.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sightscan.box import Box

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

    @property
    def counts(self) -> Mapping[Split, int]:
        """Return the number of photos by split."""
        return {"train": self.train_count, "val": self.val_count, "test": self.test_count}

    @property
    def manifest_text(self) -> str:
        """Return the contents of dataset.json."""
        manifest = {
            "city": self.city_slug,
            "version": self.version,
            "class_names": list(self.class_names),
            "sight_ids": list(self.sight_ids),
            "counts": dict(self.counts),
            "sha256": self.sha256.hex(),
        }
        return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def hash_dataset(city_id: str, class_names: Sequence[str], photos: Sequence[FrozenPhoto]) -> bytes:
    """Return the SHA-256 over classes, photos, splits and boxes, whatever the order of the photos."""
    content = {
        "city_id": city_id,
        "class_names": list(class_names),
        "photos": [
            [photo.sha256.hex(), photo.split, photo.label_text]
            for photo in sorted(photos, key=lambda photo: photo.sha256)
        ],
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).digest()


def _label_line(frozen: FrozenBox) -> str:
    # Six decimals are a hundredth of a pixel on the largest photo, and hide float32's noise.
    numbers = " ".join(f"{number:.6f}" for number in frozen.box.to_yolo())
    return f"{frozen.class_number} {numbers}"
