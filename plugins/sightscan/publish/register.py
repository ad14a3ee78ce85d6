"""Store a trained model: only the files of the contract, only with the hashes that it states."""

import hashlib
import logging
from pathlib import Path
from typing import Any

import psycopg

from sightscan.errors import LastingPublicationError, LastingTrainingError
from sightscan.model_folder import (
    DRAWINGS,
    LIVE_FILE,
    NEEDED_FILES,
    ONNX_FILE,
    PICKLE_SUFFIXES,
    RESULT_FILE,
    TrainingResult,
    parse_result,
)
from sightscan.publish.detector import OnnxDetector
from sightscan.signature import write_key
from sightscan.signing import SigningKey
from sightscan.training import Training
from sightscan.warehouse.models.datasets import read_dataset
from sightscan.warehouse.models.models import find_model_of_training, insert_model, lock_models
from sightscan.warehouse.models.trainings import finish_training
from sightscan.warehouse.models.variants import insert_live_variant

logger = logging.getLogger(__name__)


def register_model(
    connection: psycopg.Connection[Any],
    training: Training,
    folder: Path,
    *,
    signing_key: SigningKey | None = None,
) -> int:
    """Store the model of a training and return its version; again gives the same version.

    It is signed here or by a person: what comes to lie in the warehouse is signed by nobody unasked.
    Of its live variant only the hash is looked at, since a machine is paid for meanwhile: one that
    cannot be run is refused as the model is judged, and costs no model.

    Raises:
        LastingTrainingError: the folder is no finished model folder.
        PublicationError: a file is not what result.json says, the model is of another dataset or
            request, it carries a pickle, or its ONNX cannot be run.

    """
    registered = find_model_of_training(connection, training)
    if registered is not None:
        return registered.version
    files = _read_files(folder)
    result = parse_result(files[RESULT_FILE].decode("utf-8", "replace"))
    if result.live is not None:
        files[LIVE_FILE] = _read_live(folder)
    dataset = read_dataset(connection, training.city_id, training.dataset_version)
    _check(result, files, training, dataset.class_names)
    signature = signing_key.sign(files[ONNX_FILE]) if signing_key else None
    with connection.transaction():
        lock_models(connection, training.city_id)
        version = insert_model(connection, training, result, files, signature)
        if version is not None and result.live is not None:
            insert_live_variant(
                connection,
                training.city_id,
                version,
                result.live,
                sha256=result.file_sha256[LIVE_FILE],
                signature=signing_key.sign(files[LIVE_FILE]) if signing_key else None,
            )
        finish_training(connection, training.training_id)
    if version is None:
        # Somebody else registered it between the look and the lock.
        return register_model(connection, training, folder, signing_key=signing_key)
    logger.info(
        "city=%s model=%d dataset=%d test_map50=%.3f bytes=%d signed_by=%s %s",
        training.city_slug,
        version,
        training.dataset_version,
        result.test.map50,
        sum(len(content) for content in files.values()),
        write_key(signature.public_key) if signature else None,
        # By these, a person knows the files again whose signature is lost.
        " ".join(
            f"{name}={sha256.hex()}"
            for name, sha256 in result.file_sha256.items()
            if name in (ONNX_FILE, LIVE_FILE)
        ),
    )
    used, asked = result.document.get("batch_size"), training.request.batch_size
    if used not in (None, asked):
        logger.warning("batches of %d did not fit into memory: trained with %s", asked, used)
    return version


def _read_files(folder: Path) -> dict[str, bytes]:
    pickles = sorted(
        path.name for path in folder.rglob("*") if path.suffix.lower() in PICKLE_SUFFIXES
    )
    if pickles:
        msg = (
            f"the model folder holds {', '.join(pickles)}: pickles execute code when they are opened "
            "and never leave the trainer's host; fetch the folder with download_model"
        )
        raise LastingPublicationError(msg)
    missing = [name for name in NEEDED_FILES if not (folder / name).is_file()]
    if missing:
        msg = f"{folder} lacks {', '.join(missing)}: it is no finished model; train again"
        raise LastingTrainingError(msg)
    drawn = [name for name in DRAWINGS if (folder / name).is_file()]
    return {name: (folder / name).read_bytes() for name in (*NEEDED_FILES, *drawn)}


def _read_live(folder: Path) -> bytes:
    try:
        return (folder / LIVE_FILE).read_bytes()
    except FileNotFoundError as error:
        msg = f"{folder} lacks {LIVE_FILE}, which {RESULT_FILE} names; fetch it with download_model"
        raise LastingTrainingError(msg) from error


def _check(
    result: TrainingResult,
    files: dict[str, bytes],
    training: Training,
    class_names: tuple[str, ...],
) -> None:
    detector = OnnxDetector(files[ONNX_FILE])
    differences = [
        *(
            f"{name} has another SHA-256 than {RESULT_FILE} states"
            for name in result.file_sha256
            if hashlib.sha256(files[name]).digest() != result.file_sha256[name]
        ),
        *_unlike("dataset", result.dataset_sha256.hex(), training.dataset_sha256.hex()),
        *_unlike("request", result.request_sha256.hex(), training.request.sha256.hex()),
        *_unlike("class names", result.class_names, class_names),
        *_unlike("class names in model.onnx", detector.class_names, class_names),
        *_unlike("image size in model.onnx", detector.image_size, result.image_size),
    ]
    if differences:
        msg = f"the model is not the one that was asked for: {'; '.join(differences)}; train again"
        raise LastingPublicationError(msg)


def _unlike(what: str, found: object, expected: object) -> list[str]:
    return [] if found == expected else [f"{what}: expected {expected}, but got {found}"]
