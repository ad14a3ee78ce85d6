"""The model folder and the host: locked while a run works there; a model only with result.json.

`result.json` is written last and atomically: whoever finds it finds everything that it names, with
these hashes.
"""

import fcntl
import hashlib
import json
import math
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from trainer.errors import HostBusy, ModelFolderUnusable
from trainer.progress import say

RESULT_FILE = "result.json"
ONNX_FILE = "model.onnx"
WEIGHTS_FILE = "weights.safetensors"
# For phones; not every model has one of its own.
LIVE_FILE = "live.onnx"
CURVES_FILE = "curves.png"
CONFUSION_FILE = "confusion_matrix.png"
# In the dataset folder: a link to the one lock of the host, which uploads and fetches take, too.
HOST_LOCK_FILE = "host.lock"
_LOCK_FILE = ".lock"
_SCRATCH_FOLDER = ".scratch"
_LOCK_POLL_SECONDS = 0.5
_LOCK_REMINDER_SECONDS = 30.0
# Whoever may be waited for hands the host over in a minute; a training that is not ours does not.
_MAX_HOST_WAIT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What makes two runs the same training: the hashes of the dataset, of the request and of the trainer."""

    dataset_sha256: str
    request_sha256: str
    trainer_sha256: str


@contextmanager
def locked_model_folder(model_dir: Path) -> Iterator[None]:
    """Create the folder if needed and hold its lock; a second run waits for the first.

    Waiting, not failing: when the connection to the host is lost, the pipeline starts the job again
    while the first still trains; the second then finds its result. The kernel drops the lock when
    its holder dies, however it dies.
    """
    try:
        model_dir.mkdir(parents=True, exist_ok=True)
        lock = os.open(model_dir / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        msg = f"MODEL_DIR {model_dir} cannot be written ({error.strerror}); give a folder that can"
        raise ModelFolderUnusable(msg) from error
    try:
        _wait_for_lock(lock, f"another run is training in {model_dir}")
        yield
    finally:
        os.close(lock)


@contextmanager
def locked_host(
    dataset_dir: Path, max_wait_seconds: float = _MAX_HOST_WAIT_SECONDS
) -> Iterator[None]:
    """Hold the lock of the host, if the dataset folder has a link to it: one works there at a time.

    The file says who holds it. Raises HostBusy if that is somebody else for too long.
    """
    path = dataset_dir / HOST_LOCK_FILE
    try:
        lock = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        yield
        return
    try:
        _wait_for_lock(lock, "somebody else works on this host", path, max_wait_seconds)
        os.truncate(lock, 0)
        os.pwrite(lock, f"training {dataset_dir.name}\n".encode(), 0)
        yield
    finally:
        os.close(lock)


def scratch_folder(model_dir: Path) -> Path:
    """Return the place for files that packages insist on writing; removed with the checkpoint at the end."""
    return model_dir / _SCRATCH_FOLDER


def read_result(model_dir: Path, identity: RunIdentity) -> dict[str, Any] | None:
    """Return the finished result of the same training if all its files are whole, or None."""
    try:
        result: dict[str, Any] = json.loads((model_dir / RESULT_FILE).read_text(encoding="utf-8"))
        found = RunIdentity(**{one.name: result[one.name] for one in fields(RunIdentity)})
        hashes = {name: hash_file(model_dir / name) for name in result["files"]}
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None
    return result if found == identity and hashes == result["files"] else None


def begin_model(model_dir: Path) -> None:
    """Remove another training's result: from now on, and until the end, there is no model here."""
    (model_dir / RESULT_FILE).unlink(missing_ok=True)


def write_result(model_dir: Path, result: Mapping[str, Any]) -> None:
    """Write result.json; the folder becomes a model."""
    path = model_dir / RESULT_FILE
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(result, file, indent=2, ensure_ascii=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def remove_scratch(model_dir: Path) -> None:
    """Remove what packages have written."""
    shutil.rmtree(scratch_folder(model_dir), ignore_errors=True)


def hash_file(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _wait_for_lock(
    lock: int,
    why: str,
    holder: Path | None = None,
    max_wait_seconds: float = math.inf,
) -> None:
    begun = time.monotonic()
    reminded_at = -_LOCK_REMINDER_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            who = f" ({holder.read_text().strip()})" if holder else ""
            if time.monotonic() - begun >= max_wait_seconds:
                msg = (
                    f"gave up after {max_wait_seconds:g} s: {why}{who}; run again when it has ended"
                )
                raise HostBusy(msg) from error
            if time.monotonic() - reminded_at >= _LOCK_REMINDER_SECONDS:
                say(f"waiting: {why}{who}")
                reminded_at = time.monotonic()
            time.sleep(_LOCK_POLL_SECONDS)
        else:
            return
