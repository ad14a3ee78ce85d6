"""Write a frozen dataset to a folder of this machine: to look at it, or to train by hand."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import psycopg

from sightscan.dataset_folder import MANIFEST_FILE, SPLITS, FrozenDataset
from sightscan.errors import DatasetError
from sightscan.warehouse.datasets import (
    list_dataset_photos,
    read_dataset,
    require_whole,
    stream_blobs,
)

log = logging.getLogger(__name__)


def export_dataset(
    connection: psycopg.Connection[Any],
    city_id: str,
    version: int,
    folder: Path,
    *,
    images: bool = True,
) -> FrozenDataset:
    """Write dataset.json, labels and images into a folder; dataset.json comes last.

    Raises:
        DatasetError: no such dataset, or the bytes of one of its photos are gone.

    """
    dataset = read_dataset(connection, city_id, version)
    photos = {photo.sha256: photo for photo in list_dataset_photos(connection, city_id, version)}
    require_whole(dataset, photos.values())
    for split in SPLITS:
        (folder / "labels" / split).mkdir(parents=True, exist_ok=True)
        (folder / "images" / split).mkdir(parents=True, exist_ok=True)
    for photo in photos.values():
        (folder / "labels" / photo.split / photo.label_name).write_text(photo.label_text, "utf-8")
    if images:
        written = 0
        for sha256, content in stream_blobs(connection, photos):
            photo = photos[sha256]
            (folder / "images" / photo.split / photo.image_name).write_bytes(content)
            written += 1
        if written < len(photos):
            msg = (
                f"dataset {version} of {city_id} lacks the bytes of {len(photos) - written} of its "
                f"{len(photos)} photos: they were removed; freeze a new dataset"
            )
            raise DatasetError(msg)
    (folder / MANIFEST_FILE).write_text(dataset.manifest_text, encoding="utf-8")
    log.info(
        "city=%s dataset=%d photos=%d folder=%s", dataset.city_slug, version, len(photos), folder
    )
    return dataset
