"""Bring a dataset and a request to the GPU host: photos by hash, only those that are not whole there.

Photos and weights stay on the host's disk between runs and cities (`host_store`); a run's folder
links to them. Each is written under a temporary name and renamed when it is whole, the run's folder
is made anew beside the old one, so an upload that breaks off anywhere is completed by the next one,
whatever lies there. request.json comes last.
"""

import asyncio
import hashlib
import io
import logging
import posixpath
import tarfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from sightscan.dataset_folder import MANIFEST_FILE, SPLITS, FrozenDataset, FrozenPhoto
from sightscan.errors import InstanceError, LastingTrainingError
from sightscan.progress import PROGRESS_SECONDS
from sightscan.settings import Settings
from sightscan.train.host import HostAddress
from sightscan.train.host_lock import locked_host, trains_in
from sightscan.train.host_store import HostStore, open_store
from sightscan.train.starting_weights import find_weights_file
from sightscan.train.transfer import PART_SUFFIX, write_file
from sightscan.training import HOST_LOCK_FILE, IMAGES_FOLDER, REQUEST_FILE, WEIGHTS_FOLDER, Training
from sightscan.warehouse.models.datasets import (
    list_dataset_photos,
    list_photo_sizes,
    read_dataset,
    require_whole,
    stream_blobs,
)
from sightscan.warehouse.models.models import find_weights

logger = logging.getLogger(__name__)

# Photos in flight: enough to hide the round trips, few enough for the largest photos in memory.
PARALLEL_UPLOADS = 8
# Labels, links and checkpoints, besides what is sent.
MIN_LEFT_BYTES = 1_000_000_000

# $1 is the model's folder in the run's. No link may lead to another run's.
_MAKE_RUN_FOLDER = """
set -e
folder=sightscan/runs
IFS=/
for name in ${1#"$folder"/}; do
    folder=$folder/$name
    if [ -L "$folder" ] || [ ! -d "$folder" ]; then rm -f -- "$folder"; mkdir -- "$folder"; fi
    if [ ! -r "$folder" ] || [ ! -w "$folder" ] || [ ! -x "$folder" ]; then
        chmod u+rwx -- "$folder"
    fi
done
"""
# $1 is the run's folder; what is in it comes as a tar. A training that still runs there keeps what it
# has opened, and finds the same files under the same names.
_FILL_RUN_FOLDER = """
set -e
cd -- "$1"
mkdir .new .old
tar --extract --gzip --touch --no-same-owner --directory=.new
for path in .new/*; do
    name=${path#.new/}
    # A folder can be moved only by who may write it.
    if [ -d "$name" ] && [ ! -L "$name" ]; then chmod u+rwx -- "$name"; fi
    if [ -e "$name" ] || [ -L "$name" ]; then mv -T -- "$name" ".old/$name"; fi
    mv -T -- "$path" "$name"
done
"""


@dataclass(frozen=True, slots=True)
class UploadReport:
    """What an upload did: photos sent and found there, and the bytes of those sent.

    Of what was there, `hashed` files had to be read to know that they are whole, and `damaged` were
    not (those of them that are photos are among `uploaded`).
    """

    uploaded: int
    already_there: int
    byte_count: int
    hashed: int
    damaged: int


def upload_dataset(
    connection: psycopg.Connection[Any],
    config: Settings,
    address: HostAddress,
    training: Training,
) -> UploadReport:
    """Make the run folder of a training complete on its host.

    Raises:
        DatasetError: photos of the dataset were taken down.
        HostDiskFull: there is no room for it on the host.
        InstanceError: the host does not answer, breaks off, or does not keep what it is sent.
        TrainingError: bytes of a photo, or the weights to start from, are gone.

    """
    dataset = read_dataset(connection, training.city_id, training.dataset_version)
    photos = list_dataset_photos(connection, training.city_id, training.dataset_version)
    require_whole(dataset, photos)
    weights = _read_weights(connection, config, training)
    content = _RunContent(training, dataset, photos, weights)
    report = asyncio.run(_upload(connection, address, content))
    logger.info(
        "host=%s folder=%s uploaded=%d already_there=%d bytes=%d hashed=%d damaged=%d",
        address,
        training.run_folder,
        report.uploaded,
        report.already_there,
        report.byte_count,
        report.hashed,
        report.damaged,
    )
    return report


@dataclass(frozen=True, slots=True)
class _RunContent:
    """What a run folder is made of."""

    training: Training
    dataset: FrozenDataset
    photos: Sequence[FrozenPhoto]
    weights: bytes | None

    @property
    def weights_path(self) -> str | None:
        """Return where the weights to start from lie on the host, if any are asked for."""
        name = self.training.request.weights
        return None if name is None else posixpath.join(WEIGHTS_FOLDER, name)


async def _upload(
    connection: psycopg.Connection[Any], address: HostAddress, content: _RunContent
) -> UploadReport:
    run_folder = content.training.run_folder
    if await trains_in(address, run_folder):
        # Of an earlier try, which lost its connection: whoever trains has found all it needs.
        logger.info("host=%s trains in %s already", address, run_folder)
        return UploadReport(0, len(content.photos), 0, hashed=0, damaged=0)
    photos = {_image_path(photo): photo for photo in content.photos}
    wanted = {path: photo.sha256 for path, photo in photos.items()}
    weights_path = content.weights_path
    if weights_path is not None and content.weights is not None:
        wanted[weights_path] = hashlib.sha256(content.weights).digest()
    # In this order: the store mends the lock's file, if it is none.
    async with open_store(address) as store, locked_host(address, f"upload of {run_folder}"):
        # The host is locked, so nobody else is writing them now.
        left = [path for path in await store.list_files() if path.endswith(PART_SUFFIX)]
        await store.remove_surely(left)
        found = await store.verify(wanted)
        for path in sorted(found.damaged):
            logger.warning("host=%s damaged, sent again: %s", address, path)
        await store.remove_surely(found.damaged)
        missing = [photo for path, photo in photos.items() if path not in found.whole]
        progress = _Progress(len(missing))
        sizes = list_photo_sizes(connection, [photo.sha256 for photo in missing])
        await store.require_room(sum(sizes.values()) + MIN_LEFT_BYTES, "for this training")
        await _send_photos(connection, store, missing, progress)
        if weights_path in wanted.keys() - found.whole and content.weights is not None:
            await write_file(store.sftp, str(weights_path), content.weights)
        sent = wanted.keys() - found.whole
        if sent:
            kept = await store.verify({path: wanted[path] for path in sent})
            _require_kept(address, sent - kept.whole)
        await _fill_run_folder(store, content)
    return UploadReport(
        uploaded=progress.sent,
        already_there=len(photos) - len(missing),
        byte_count=progress.byte_count,
        hashed=found.hashed,
        damaged=len(found.damaged),
    )


def _require_kept(address: HostAddress, lost: set[str]) -> None:
    if lost:
        msg = (
            f"{address} does not keep what it is sent: {len(lost)} files, {min(lost)} among them, "
            "are not what was written a moment ago; look at its disk, or use another instance"
        )
        raise InstanceError(msg)


async def _send_photos(
    connection: psycopg.Connection[Any],
    store: HostStore,
    missing: Sequence[FrozenPhoto],
    progress: "_Progress",
) -> None:
    by_hash = {photo.sha256: photo for photo in missing}
    blobs = stream_blobs(connection, by_hash)
    free = asyncio.Semaphore(PARALLEL_UPLOADS)

    async def send(photo: FrozenPhoto, content: bytes) -> None:
        try:
            await write_file(store.sftp, _image_path(photo), content)
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
        raise LastingTrainingError(msg)


async def _fill_run_folder(store: HostStore, content: _RunContent) -> None:
    training = content.training
    run_folder = training.run_folder
    request_path = posixpath.join(run_folder, REQUEST_FILE)
    halves = [posixpath.join(run_folder, name) for name in (".new", ".old")]
    await store.run(_MAKE_RUN_FOLDER, training.model_folder)
    await store.remove_surely([request_path, f"{request_path}{PART_SUFFIX}", *halves])
    packed = await asyncio.to_thread(_pack_run_folder, content)
    await store.run(_FILL_RUN_FOLDER, run_folder, stdin=packed)
    await store.remove_surely(halves)
    await write_file(store.sftp, request_path, training.request.text.encode())


def _pack_run_folder(content: _RunContent) -> bytes:
    """Return all of a run's folder but request.json, as a tar: labels, and links to what is large."""
    packed = io.BytesIO()
    run_folder = content.training.run_folder
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as tar:

        def add(name: str, kind: bytes, *, link: str = "", text: str = "") -> None:
            member = tarfile.TarInfo(name)
            member.type = kind
            member.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
            member.linkname = link
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))

        def add_link(name: str, target: str) -> None:
            # Relative, so that the home folder may be moved or mounted elsewhere.
            folder = posixpath.dirname(posixpath.join(run_folder, name))
            add(name, tarfile.SYMTYPE, link=posixpath.relpath(target, folder))

        for kind in ("images", "labels"):
            for split in SPLITS:
                add(f"{kind}/{split}", tarfile.DIRTYPE)
        for photo in content.photos:
            add_link(f"images/{photo.split}/{photo.image_name}", _image_path(photo))
            label = f"labels/{photo.split}/{photo.label_name}"
            add(label, tarfile.REGTYPE, text=photo.label_text)
        if content.weights_path is not None:
            add_link(posixpath.basename(content.weights_path), content.weights_path)
        add_link(posixpath.basename(HOST_LOCK_FILE), HOST_LOCK_FILE)
        add(MANIFEST_FILE, tarfile.REGTYPE, text=content.dataset.manifest_of(content.photos))
    return packed.getvalue()


def _image_path(photo: FrozenPhoto) -> str:
    return posixpath.join(IMAGES_FOLDER, photo.image_name)


def _read_weights(
    connection: psycopg.Connection[Any], config: Settings, training: Training
) -> bytes | None:
    """Return the weights that the request names by hash: a file of this machine, or of a model of the city."""
    wanted = training.request.weights_sha256
    if wanted is None:
        return None
    file = find_weights_file(config, training.request.architecture, wanted)
    if file is not None:
        return file.read_bytes()
    weights = find_weights(connection, training.city_id, wanted)
    if weights is None or hashlib.sha256(weights).digest() != wanted:
        msg = (
            f"the weights {training.request.weights} to start from are gone: they are neither "
            "MTS_WEIGHTS, nor in MTS_WEIGHTS_FOLDER, nor those of a model of the city; trigger a "
            "new run"
        )
        raise LastingTrainingError(msg)
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
