"""Keep each published model on disk once, under the hash of its bytes.

The hash that the warehouse publishes decides: a file that does not match it is deleted and
fetched anew, and bytes that do not match it are never written. A hash of one's own is no
protection against whoever may write the warehouse; a signature by a key that never lay there is,
and so is the check that the bytes are an export of our trainer.
"""

import base64
import binascii
import hashlib
import logging
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from detector_app.atomic_file import write_atomically
from detector_app.catalogue import PublishedModel
from detector_app.errors import ModelRefused, ModelUnavailable, WarehouseAway
from detector_app.models.onnx_file import OnnxRefusedError, check_onnx
from detector_app.signature import SignatureRefusedError, check_signature

logger = logging.getLogger(__name__)

_SHA256 = re.compile(r"[0-9a-f]{64}")
# A draft is called as the file that it becomes, between dots.
_OUR_FILE = re.compile(r"\.?([0-9a-f]{64})\.onnx(?:\..+)?")
_FOLDER = "models"
_YOUNG_SECONDS = 24 * 3600


class ModelSource(Protocol):
    """Whatever holds the published model files; the warehouse, or a test."""

    def read_model_file(self, city_slug: str, onnx_sha256: str) -> bytes | None:
        """Return the model's bytes, or None if it is published no more."""


def obtain_model(
    model: PublishedModel,
    source: ModelSource,
    cache_folder: Path,
    public_keys: Sequence[bytes] = (),
) -> bytes:
    """Return the verified ONNX bytes of a published model, from disk if they are there.

    Where there are `public_keys`, one of them must have signed it. Raises `ModelUnavailable` if the
    bytes are nowhere to be had, `ModelRefused` if what came is not the model that was published.
    """
    path = path_of_model(model, cache_folder)
    kept = _read_kept(path, model)
    if kept is not None:
        _verify_signature(kept, model, public_keys)
        return kept
    content = _fetch(model, source)
    _verify_signature(content, model, public_keys)
    try:
        write_atomically(path, content)
    except OSError as error:
        # The model works from memory; only the next start has to fetch it again.
        logger.warning("model: %s was not kept: %s", path, error)
    return content


def is_kept(model: PublishedModel, cache_folder: Path) -> bool:
    """Tell whether the model is on disk; whether it is intact shows when it is used."""
    try:
        return path_of_model(model, cache_folder).is_file()
    except (ModelRefused, OSError):
        return False


def drop_models(cache_folder: Path, kept: frozenset[str]) -> int:
    """Delete the files of models whose hash is not `kept`, half-written ones too; return how many.

    One that was just written may not be known yet, so those of the last day stay.
    """
    before = time.time() - _YOUNG_SECONDS
    count = 0
    for path in _files(cache_folder):
        ours = _OUR_FILE.fullmatch(path.name)
        # What is called otherwise is somebody's own.
        if ours is None or ours[1] in kept:
            continue
        try:
            if path.stat().st_mtime < before:
                path.unlink()
                count += 1
        except FileNotFoundError:
            continue
        except OSError as error:
            logger.warning("models: %s was not deleted, delete it: %s", path, error)
    return count


def path_of_model(model: PublishedModel, cache_folder: Path) -> Path:
    """Return where the model is kept; raise `ModelRefused` if its hash is none."""
    # The hash becomes a file name: anything else could point out of the folder.
    if not _SHA256.fullmatch(model.onnx_sha256):
        msg = (
            f"The catalogue gives {model.onnx_sha256!r} as the hash of {_name_of(model)}, "
            "not 64 hexadecimal digits; publish the model again."
        )
        raise ModelRefused(msg)
    return cache_folder / _FOLDER / f"{model.onnx_sha256}.onnx"


def _files(cache_folder: Path) -> list[Path]:
    try:
        return list((cache_folder / _FOLDER).iterdir())
    except FileNotFoundError:
        return []


def _read_kept(path: Path, model: PublishedModel) -> bytes | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        logger.warning("model: %s cannot be read: %s", path, error)
        return None
    try:
        _verify(content, model)
    except ModelRefused as error:
        logger.warning("model: deleting the damaged file %s: %s", path, error)
        # On a read-only disk it is found damaged again each time, which costs no more.
        with suppress(OSError):
            path.unlink()
        return None
    return content


def _fetch(model: PublishedModel, source: ModelSource) -> bytes:
    try:
        content = source.read_model_file(model.city_slug, model.onnx_sha256)
    except WarehouseAway as error:
        raise ModelUnavailable(
            key="detector.away", city=model.city_name, version=model.model_version
        ) from error
    if content is None:
        raise ModelUnavailable(
            key="detector.gone", city=model.city_name, version=model.model_version
        )
    _verify(content, model)
    logger.info("model: fetched %s bytes=%d", _name_of(model), len(content))
    return content


def _verify(content: bytes, model: PublishedModel) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != model.onnx_sha256:
        msg = (
            f"{_name_of(model)} was refused: its hash is {found[:12]}..., "
            f"published was {model.onnx_sha256[:12]}...; publish the model again."
        )
        raise ModelRefused(msg)
    try:
        check_onnx(content)
    except OnnxRefusedError as error:
        msg = (
            f"{_name_of(model)} was refused, because {error}; "
            "publish a model that the trainer of SightScan exported."
        )
        raise ModelRefused(msg) from error


def _verify_signature(content: bytes, model: PublishedModel, public_keys: Sequence[bytes]) -> None:
    try:
        # What is no base64 is no signature.
        signature = (
            None
            if model.onnx_signature is None
            else base64.b64decode(model.onnx_signature, validate=True)
        )
    except (binascii.Error, ValueError):
        signature = b""
    try:
        check_signature(content, signature, public_keys)
    except SignatureRefusedError as error:
        msg = (
            f"{_name_of(model)} was refused, because {error}; whoever runs SightScan finds out first "
            "where its file comes from: docs/runbooks/signing-key.md"
        )
        raise ModelRefused(msg) from error


def _name_of(model: PublishedModel) -> str:
    return f"The detector of {model.city_name} (version {model.model_version})"
