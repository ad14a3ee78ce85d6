"""Write a frozen dataset to a folder of this machine: to look at it, or to train by hand.

dataset.json comes last, so that without it nobody takes the folder for complete. An export that
broke off anywhere is completed by the next one, which writes only photos that are missing or, cut
short, have another size than in the warehouse. (Renaming each file when it is whole would tell no
more, and creating and renaming files is most of the time.)
"""

import json
import logging
from collections import deque
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from sightscan.dataset_folder import MANIFEST_FILE, SPLITS, FrozenDataset, FrozenPhoto
from sightscan.errors import DatasetError
from sightscan.warehouse.models.datasets import (
    list_dataset_photos,
    list_photo_sizes,
    read_dataset,
    require_whole,
    stream_blobs,
)

logger = logging.getLogger(__name__)

# dataset.json while the folder is being filled: whose it is, and that it is not complete.
UNFINISHED_FILE = f".{MANIFEST_FILE}.unfinished"
# Of dataset.json: which dataset it is of.
SAME_DATASET = ("city", "version", "sha256")
PARALLEL_WRITES = 2
# Photos that wait to be written: more would only fill the memory.
MAX_WAITING = 8

Tell = Callable[[int, int], None]


def export_dataset(
    connection: psycopg.Connection[Any],
    city_id: str,
    version: int,
    folder: Path,
    *,
    images: bool = True,
    tell: Tell = lambda _written, _total: None,
) -> FrozenDataset:
    """Write labels, images and, last, dataset.json into a folder; what is there whole is kept.

    `tell` gets the number of photos written, after each, and of all to write.

    Raises:
        DatasetError: no such dataset, the folder holds another, it cannot be written to, or the
            bytes of one of the photos are gone.

    """
    dataset = read_dataset(connection, city_id, version)
    photos = list_dataset_photos(connection, city_id, version)
    require_whole(dataset, photos)
    try:
        _claim(folder, dataset, dataset.manifest_of(photos))
        with ThreadPoolExecutor(PARALLEL_WRITES) as pool:
            list(pool.map(lambda photo: _write_label(folder, photo), photos))
        if images:
            _write_images(connection, dataset, photos, folder, tell)
        (folder / UNFINISHED_FILE).replace(folder / MANIFEST_FILE)
    except OSError as error:
        msg = (
            f"dataset {version} of {dataset.city_slug} cannot be written to {folder}: {error}; "
            "make room or choose another folder, and export again: what is there is kept"
        )
        raise DatasetError(msg) from error
    logger.info(
        "city=%s dataset=%d photos=%d folder=%s", dataset.city_slug, version, len(photos), folder
    )
    return dataset


def _claim(folder: Path, dataset: FrozenDataset, text: str) -> None:
    """Make the folders; refuse one that another dataset is in: its photos would mix with ours."""
    for kind in ("images", "labels"):
        for split in SPLITS:
            (folder / kind / split).mkdir(parents=True, exist_ok=True)
    finished, unfinished = folder / MANIFEST_FILE, folder / UNFINISHED_FILE
    for manifest in (finished, unfinished):
        if manifest.exists() and not _is_of(manifest.read_text("utf-8"), text):
            msg = (
                f"{folder} holds another dataset than version {dataset.version} of "
                f"{dataset.city_slug}; choose another folder, or delete that one"
            )
            raise DatasetError(msg)
    finished.unlink(missing_ok=True)
    unfinished.write_text(text, encoding="utf-8")


def _is_of(held: str, text: str) -> bool:
    """Tell whether a dataset.json, which may have broken off, is of the dataset that has this one.

    One of an earlier version of SightScan may say less of the same photos, boxes and sides.
    """
    if text.startswith(held):
        return True
    try:
        earlier, ours = json.loads(held), json.loads(text)
    except ValueError:
        return False
    return isinstance(earlier, dict) and all(earlier.get(key) == ours[key] for key in SAME_DATASET)


def _write_label(folder: Path, photo: FrozenPhoto) -> None:
    (folder / "labels" / photo.split / photo.label_name).write_text(photo.label_text, "utf-8")


def _write_images(
    connection: psycopg.Connection[Any],
    dataset: FrozenDataset,
    photos: Collection[FrozenPhoto],
    folder: Path,
    tell: Tell,
) -> None:
    places = {photo.sha256: folder / "images" / photo.split / photo.image_name for photo in photos}
    missing = _find_missing(connection, places)
    written = 0
    waiting: deque[Future[int]] = deque()
    with (
        ThreadPoolExecutor(PARALLEL_WRITES) as pool,
        closing(stream_blobs(connection, missing)) as blobs,
    ):
        for sha256, content in blobs:
            waiting.append(pool.submit(places[sha256].write_bytes, content))
            if len(waiting) > MAX_WAITING:
                waiting.popleft().result()
            written += 1
            tell(written, len(missing))
        for future in waiting:
            future.result()
    if written < len(missing):
        msg = (
            f"dataset {dataset.version} of {dataset.city_id} lacks the bytes of "
            f"{len(missing) - written} of its {len(photos)} photos: they were removed; freeze a "
            "new dataset"
        )
        raise DatasetError(msg)


def _find_missing(
    connection: psycopg.Connection[Any], places: Mapping[bytes, Path]
) -> tuple[bytes, ...]:
    """Return the photos that are not there whole."""
    sizes = list_photo_sizes(connection, places)
    present = {
        file.name: file.stat().st_size
        for folder in {place.parent for place in places.values()}
        for file in folder.iterdir()
    }
    return tuple(
        sha256 for sha256, place in places.items() if present.get(place.name) != sizes.get(sha256)
    )
