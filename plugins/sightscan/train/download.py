"""Fetch a finished model from the GPU host, and believe none of it before its hashes match."""

import asyncio
import hashlib
import logging
import posixpath
from pathlib import Path

import asyncssh

from sightscan.errors import LastingTrainingError, TrainingError
from sightscan.model_folder import (
    DRAWINGS,
    RESULT_FILE,
    TrainingResult,
    parse_result,
)
from sightscan.train.host import HostAddress
from sightscan.train.host_lock import locked_host
from sightscan.train.transfer import open_sftp, read_file
from sightscan.training import Training

logger = logging.getLogger(__name__)

# The largest YOLOv5 has 350 MB of weights; more is something else.
MAX_FILE_BYTES = 1_000_000_000
# A picture, or a result.json of hundreds of classes.
MAX_SMALL_FILE_BYTES = 32_000_000


def download_model(address: HostAddress, training: Training, folder: Path) -> Path:
    """Copy a training's model folder into `folder`, result.json last; return the folder.

    Only the files of the contract are fetched: checkpoints, which are pickles, stay on the host.

    Raises:
        InstanceError: the host does not answer, or breaks off.
        LastingTrainingError: there is no result.json, or a file but a drawing is missing, larger than any of
            its kind, or not what result.json says.

    """
    for name, content in asyncio.run(_fetch(address, training)).items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    logger.info("host=%s model_folder=%s to=%s", address, training.model_folder, folder)
    return folder


async def _fetch(address: HostAddress, training: Training) -> dict[str, bytes]:
    """Return the files by name, checked; result.json is the last of them."""
    purpose = f"fetching of {training.run_folder}"
    async with locked_host(address, purpose), open_sftp(address) as sftp:
        document = await _read(sftp, training, RESULT_FILE)
        result = parse_result(document.decode("utf-8", "replace"))
        _check_identity(result, training)
        files = {name: await _read(sftp, training, name) for name in result.file_sha256}
        for name in DRAWINGS:
            path = posixpath.join(training.model_folder, name)
            try:
                files[name] = await read_file(sftp, path, max_bytes=MAX_SMALL_FILE_BYTES)
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPPermissionDenied, TrainingError) as error:
                logger.warning("the model comes without %s: %s", path, error)
    for name, content in files.items():
        _check_hash(name, content, result)
    return files | {RESULT_FILE: document}


async def _read(sftp: asyncssh.SFTPClient, training: Training, name: str) -> bytes:
    path = posixpath.join(training.model_folder, name)
    try:
        most = MAX_SMALL_FILE_BYTES if name == RESULT_FILE else MAX_FILE_BYTES
        return await read_file(sftp, path, max_bytes=most)
    except asyncssh.SFTPNoSuchFile:
        what = "there is no model" if name == RESULT_FILE else "the model is not whole"
        msg = f"{path} is missing on the GPU host, so {what}: read the log of train_model, train again"
        raise LastingTrainingError(msg) from None


def _check_identity(result: TrainingResult, training: Training) -> None:
    if result.dataset_sha256 != training.dataset_sha256:
        msg = "was trained on another dataset"
    elif result.request_sha256 != training.request.sha256:
        msg = "answers another request"
    else:
        return
    msg = f"the model in {training.model_folder} {msg} than this run asked for; train again"
    raise LastingTrainingError(msg)


def _check_hash(name: str, content: bytes, result: TrainingResult) -> None:
    expected = result.file_sha256.get(name)
    if expected is not None and hashlib.sha256(content).digest() != expected:
        msg = (
            f"{name} does not have the SHA-256 that {RESULT_FILE} states; run register_model again"
        )
        raise TrainingError(msg)
