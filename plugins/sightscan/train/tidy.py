"""Clean the disk of a GPU host at each lease: what was taken down, what is old; see that room is left.

Checkpoints and models stay for their thirty days whatever was taken down: they hold no photo, and the
trainer keeps photos in memory only.
"""

import asyncio
import logging
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.train.host import HostAddress
from sightscan.train.host_store import HostStore, open_store, split_paths
from sightscan.training import HASH_DIGITS_IN_FOLDER, IMAGES_FOLDER, RUNS_FOLDER
from sightscan.warehouse.models.datasets import (
    find_dataset,
    list_dataset_photos,
    list_gone_photos,
)

logger = logging.getLogger(__name__)

MAX_UNUSED_DAYS = 30
# The photos of a city, its checkpoints, and the largest model's weights twice.
MIN_FREE_BYTES = 5_000_000_000

# $1 are minutes. Old is a folder in which nothing was written for so long, however deep but for the
# photos' links: a training writes its progress with each epoch.
_LIST_OLD_FOLDERS = r"""
for root in sightscan/runs/ .sightscan-jobs/; do
    depth=1
    if [ "$root" = sightscan/runs/ ]; then depth=2; fi
    [ -d "$root" ] || continue
    find "$root" -mindepth "$depth" -maxdepth "$depth" -print0
done | while IFS= read -r -d '' folder; do
    [ -n "$(find "$folder" -maxdepth 2 -mmin "-$1" -print -quit)" ] || printf '%s\0' "$folder"
done
"""
_LIST_OLD_FILES = r"""
find sightscan/images/ sightscan/weights/ -mindepth 1 -maxdepth 1 -mmin "+$1" -print0
"""
_LIST_LINKED = r"find sightscan/runs/ -type l -printf '%f\n' | sort -u | tr '\n' '\0'"
# Dead links, and what no upload of ours leaves there: it might be a copy of a photo.
_LIST_STRAY_PHOTOS = r"""
find sightscan/runs/ -mindepth 5 -maxdepth 5 -path '*/images/*' ! -type d \
    \( -xtype l -o ! -type l -o ! -lname '../../../../../images/*' \) -print0
"""

# Half a photo, too: <sha256>.jpg.part.
_PHOTO = re.compile(rf"{IMAGES_FOLDER}/([0-9a-f]{{64}})(?![0-9a-f])")
_LINK = re.compile(r"(.*/)images/([^/]+/[0-9a-f]{64})\.[^/]*")


@dataclass(frozen=True, slots=True)
class TidyReport:
    """What was removed from a host, and the room that is left there."""

    photos_taken_down: int
    unused_files: int
    old_folders: int
    free_bytes: int


def tidy_host(connection: psycopg.Connection[Any], address: HostAddress, city: City) -> TidyReport:
    """Clean a host that is leased for a city.

    Nothing of the city's newest dataset goes, which is the one that is to be trained on.

    Raises:
        HostDiskFull: there is too little room even so.
        InstanceError: the host does not answer, breaks off, or keeps a photo that was taken down.

    """
    report = asyncio.run(_tidy(connection, address, city))
    logger.info(
        "host=%s photos_taken_down=%d unused_files=%d old_folders=%d free_bytes=%d",
        address,
        report.photos_taken_down,
        report.unused_files,
        report.old_folders,
        report.free_bytes,
    )
    return report


async def _tidy(
    connection: psycopg.Connection[Any], address: HostAddress, city: City
) -> TidyReport:
    kept_run, kept_names = _find_kept(connection, city)
    minutes = str(MAX_UNUSED_DAYS * 24 * 60)
    async with open_store(address) as store:
        taken_down = await _remove_taken_down(connection, store)
        folders = split_paths(await store.run(_LIST_OLD_FOLDERS, minutes))
        folders = [folder for folder in folders if not folder.startswith(kept_run)]
        await _remove_old(store, folders)
        # After the folders that link to them.
        files = split_paths(await store.run(_LIST_OLD_FILES, minutes))
        if files:
            used = kept_names.union(split_paths(await store.run(_LIST_LINKED)))
            files = [path for path in files if path.rpartition("/")[2] not in used]
            await _remove_old(store, files)
        await _remove_strays(store)
        free = await store.require_room(MIN_FREE_BYTES, "for a training")
    return TidyReport(taken_down, len(files), len(folders), free)


def _find_kept(connection: psycopg.Connection[Any], city: City) -> tuple[str, set[str]]:
    """Return how the folders of the newest dataset's trainings begin, and the names of its photos."""
    dataset = find_dataset(connection, city.city_id)
    if dataset is None:
        return f"{RUNS_FOLDER}/{city.slug}/", set()
    photos = list_dataset_photos(connection, city.city_id, dataset.version)
    digits = dataset.sha256.hex()[:HASH_DIGITS_IN_FOLDER]
    return f"{RUNS_FOLDER}/{city.slug}/{digits}-", {photo.image_name for photo in photos}


async def _remove_taken_down(connection: psycopg.Connection[Any], store: HostStore) -> int:
    """Remove each photo that the warehouse does not have, or has a tombstone of."""
    by_hash: dict[bytes, list[str]] = {}
    for path in await store.list_files():
        if matched := _PHOTO.match(path):
            by_hash.setdefault(bytes.fromhex(matched[1]), []).append(path)
    gone = list_gone_photos(connection, by_hash)
    await store.remove_surely([path for sha256 in gone for path in by_hash[sha256]])
    return len(gone)


async def _remove_strays(store: HostStore) -> None:
    """Remove from the runs' folders what links to no photo, with the labels beside it."""
    links = split_paths(await store.run(_LIST_STRAY_PHOTOS))
    labels = [
        f"{matched[1]}labels/{matched[2]}.txt" for matched in map(_LINK.fullmatch, links) if matched
    ]
    await store.remove_surely([*links, *labels])


async def _remove_old(store: HostStore, paths: Collection[str]) -> None:
    """Remove what is old; a folder that root wrote is no reason to train no more."""
    complaint = await store.remove(paths)
    if complaint:
        logger.warning("host=%s old files stay: %s", store.address, complaint)
