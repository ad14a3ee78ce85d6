"""Bring a dataset and a request to the GPU host: photos by hash, only those that are missing.

Photos live under `sightscan/images/<sha256>.<ext>` on the host's disk, between runs and cities; a
run's folder links to them. Everything is written under a temporary name and renamed when it is
whole, so an upload that breaks off anywhere is completed by the next one. request.json comes last.
"""

import asyncio
import hashlib
import logging
import posixpath
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncssh
import psycopg

from sightscan.dataset_folder import MANIFEST_FILE, SPLITS, FrozenDataset, FrozenPhoto
from sightscan.errors import TrainingError
from sightscan.progress import PROGRESS_SECONDS
from sightscan.settings import Settings
from sightscan.train.host import HostAddress
from sightscan.train.host_lock import locked_host, trains_in
from sightscan.train.request import hash_weights
from sightscan.train.transfer import PART_SUFFIX, link_file, list_names, open_sftp, write_file
from sightscan.training import HOST_LOCK_FILE, IMAGES_FOLDER, REQUEST_FILE, WEIGHTS_FOLDER, Training
from sightscan.warehouse.models.datasets import (
    list_dataset_photos,
    read_dataset,
    require_whole,
    stream_blobs,
)
from sightscan.warehouse.models.models import find_weights

logger = logging.getLogger(__name__)

# Photos in flight: enough to hide the round trips, few enough for the largest photos in memory.
PARALLEL_UPLOADS = 8
PARALLEL_SMALL_FILES = 32


@dataclass(frozen=True, slots=True)
class UploadReport:
    """What an upload did: photos sent and found there, and the bytes of those sent."""

    uploaded: int
    already_there: int
    byte_count: int


def upload_dataset(
    connection: psycopg.Connection[Any],
    config: Settings,
    address: HostAddress,
    training: Training,
) -> UploadReport:
    """Make the run folder of a training complete on its host.

    Raises:
        DatasetError: photos of the dataset were taken down.
        InstanceError: the host does not answer, or breaks off.
        TrainingError: bytes of a photo, or the weights to start from, are gone.

    """
    dataset = read_dataset(connection, training.city_id, training.dataset_version)
    photos = list_dataset_photos(connection, training.city_id, training.dataset_version)
    require_whole(dataset, photos)
    weights = _read_weights(connection, config, training)
    content = _RunContent(training, dataset, photos, weights)
    report = asyncio.run(_upload(connection, address, content))
    logger.info(
        "host=%s folder=%s uploaded=%d already_there=%d bytes=%d",
        address,
        training.run_folder,
        report.uploaded,
        report.already_there,
        report.byte_count,
    )
    return report


@dataclass(frozen=True, slots=True)
class _RunContent:
    """What a run folder is made of."""

    training: Training
    dataset: FrozenDataset
    photos: Sequence[FrozenPhoto]
    weights: bytes | None


async def _upload(
    connection: psycopg.Connection[Any], address: HostAddress, content: _RunContent
) -> UploadReport:
    if await trains_in(address, content.training.run_folder):
        # Of an earlier try, which lost its connection: whoever trains has found all it needs.
        logger.info("host=%s trains in %s already", address, content.training.run_folder)
        return UploadReport(0, len(content.photos), 0)
    purpose = f"upload of {content.training.run_folder}"
    async with locked_host(address, purpose), open_sftp(address) as sftp:
        for folder in (IMAGES_FOLDER, WEIGHTS_FOLDER):
            await sftp.makedirs(folder, exist_ok=True)
        present = await _present(sftp)
        missing = [photo for photo in content.photos if photo.image_name not in present]
        progress = _Progress(len(missing))
        await _send_photos(connection, sftp, missing, progress)
        await _fill_run_folder(sftp, content)
    return UploadReport(progress.sent, len(content.photos) - len(missing), progress.byte_count)


async def _present(sftp: asyncssh.SFTPClient) -> set[str]:
    """Return the names of the photos on the host; remove what an earlier upload left half done."""
    names = await list_names(sftp, IMAGES_FOLDER)
    # The host is locked, so nobody else is writing them now.
    for name in names:
        if name.endswith(PART_SUFFIX):
            await sftp.remove(posixpath.join(IMAGES_FOLDER, name))
    return names


async def _send_photos(
    connection: psycopg.Connection[Any],
    sftp: asyncssh.SFTPClient,
    missing: Sequence[FrozenPhoto],
    progress: "_Progress",
) -> None:
    by_hash = {photo.sha256: photo for photo in missing}
    blobs = stream_blobs(connection, by_hash)
    free = asyncio.Semaphore(PARALLEL_UPLOADS)

    async def send(photo: FrozenPhoto, content: bytes) -> None:
        try:
            await write_file(sftp, posixpath.join(IMAGES_FOLDER, photo.image_name), content)
        finally:
            free.release()
        progress.add(len(content))

    try:
        async with asyncio.TaskGroup() as group:
            for sha256, content in blobs:
                group.create_task(send(by_hash[sha256], content))
                # Wait for a free place before the next photo is read: few are in memory at once.
                await free.acquire()
    finally:
        blobs.close()
    if progress.sent < len(missing):
        msg = (
            f"the bytes of {len(missing) - progress.sent} photos of the dataset are gone: they were "
            "removed after it was frozen; trigger a new run"
        )
        raise TrainingError(msg)


async def _fill_run_folder(sftp: asyncssh.SFTPClient, content: _RunContent) -> None:
    run_folder = content.training.run_folder
    for split in SPLITS:
        for kind in ("images", "labels"):
            await sftp.makedirs(posixpath.join(run_folder, kind, split), exist_ok=True)
    await _place_photos(sftp, run_folder, content.photos)
    await _place_weights(sftp, run_folder, content)
    lock = posixpath.join(run_folder, posixpath.basename(HOST_LOCK_FILE))
    if not await sftp.islink(lock):
        await link_file(sftp, HOST_LOCK_FILE, lock)
    manifest = content.dataset.manifest_text.encode()
    await write_file(sftp, posixpath.join(run_folder, MANIFEST_FILE), manifest)
    request = content.training.request.text.encode()
    await write_file(sftp, posixpath.join(run_folder, REQUEST_FILE), request)


async def _place_photos(
    sftp: asyncssh.SFTPClient, run_folder: str, photos: Sequence[FrozenPhoto]
) -> None:
    """Write the labels of a run and link its photos."""
    linked: set[str] = set()
    for split in SPLITS:
        linked |= await list_names(sftp, posixpath.join(run_folder, "images", split))
    free = asyncio.Semaphore(PARALLEL_SMALL_FILES)

    async def place(photo: FrozenPhoto) -> None:
        async with free:
            label = posixpath.join(run_folder, "labels", photo.split, photo.label_name)
            await write_file(sftp, label, photo.label_text.encode())
            if photo.image_name not in linked:
                link = posixpath.join(run_folder, "images", photo.split, photo.image_name)
                await link_file(sftp, posixpath.join(IMAGES_FOLDER, photo.image_name), link)

    async with asyncio.TaskGroup() as group:
        for photo in photos:
            group.create_task(place(photo))


async def _place_weights(sftp: asyncssh.SFTPClient, run_folder: str, content: _RunContent) -> None:
    name = content.training.request.weights
    if name is None or content.weights is None:
        return
    stored = posixpath.join(WEIGHTS_FOLDER, name)
    if not await sftp.exists(stored):
        await write_file(sftp, stored, content.weights)
    link = posixpath.join(run_folder, name)
    if not await sftp.exists(link):
        await link_file(sftp, stored, link)


def _read_weights(
    connection: psycopg.Connection[Any], config: Settings, training: Training
) -> bytes | None:
    """Return the weights that the request names by hash: of MTS_WEIGHTS, or of a model of the city."""
    wanted = training.request.weights_sha256
    if wanted is None:
        return None
    if config.mts_weights is not None and hash_weights(config.mts_weights) == wanted:
        return config.mts_weights.read_bytes()
    weights = find_weights(connection, training.city_id, wanted)
    if weights is None or hashlib.sha256(weights).digest() != wanted:
        msg = (
            f"the weights {training.request.weights} to start from are gone: they are neither "
            "MTS_WEIGHTS nor those of a model of the city; trigger a new run"
        )
        raise TrainingError(msg)
    return weights


@dataclass(slots=True)
class _Progress:
    """Count what was sent, and say so every few seconds."""

    total: int
    sent: int = 0
    byte_count: int = 0
    said_at: float = field(default_factory=time.monotonic)

    def add(self, byte_count: int) -> None:
        self.sent += 1
        self.byte_count += byte_count
        if time.monotonic() - self.said_at >= PROGRESS_SECONDS:
            self.said_at = time.monotonic()
            logger.info("uploaded=%d of=%d bytes=%d", self.sent, self.total, self.byte_count)
