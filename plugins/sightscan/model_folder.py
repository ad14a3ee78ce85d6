"""The model folder, the other contract with the trainer: its files, and what result.json says."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sightscan.errors import LastingTrainingError

RESULT_FILE = "result.json"
ONNX_FILE = "model.onnx"
WEIGHTS_FILE = "weights.safetensors"
# For people only: a model without them is one.
DRAWINGS = ("curves.png", "confusion_matrix.png")
PROGRESS_FILE = "progress.jsonl"
# The trainer states the hashes of these two; both must match.
HASHED_FILES = (ONNX_FILE, WEIGHTS_FILE)
NEEDED_FILES = (*HASHED_FILES, RESULT_FILE)
# Files of Python's pickle, by the names they go by: they execute code when they are opened.
PICKLE_SUFFIXES = (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib")
_HASH = re.compile(r"^[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class SplitMetrics:
    """The trainer's own measures on one split, 0 to 1; per_class is one object a class."""

    map50: float
    map50_95: float
    per_class: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """result.json, checked; `document` is all of it."""

    dataset_sha256: bytes
    request_sha256: bytes
    class_names: tuple[str, ...]
    image_size: int
    epochs_completed: int
    file_sha256: Mapping[str, bytes]
    test: SplitMetrics
    document: Mapping[str, Any]


def parse_result(text: str) -> TrainingResult:
    """Return what result.json says.

    Raises:
        LastingTrainingError: it is no JSON, lacks a key, or says something senseless; the key is named.

    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        msg = f"{RESULT_FILE} is not JSON ({text[:40]!r}...): the trainer writes it whole; train again"
        raise LastingTrainingError(msg) from None
    # One path through: whatever is missing or of another kind is reported by its key.
    key = RESULT_FILE
    try:
        result = {}
        for key, convert in _READERS.items():
            result[key] = convert(document[key])
        key = "metrics.test"
        test = _split_metrics(document["metrics"]["test"])
        key = "samples"
        for sample in _samples(document):
            _hash(sample["sha256"])
            _check_rows(sample["rows"])
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        msg = (
            f"{key} of {RESULT_FILE} is not what a trainer of SightScan writes ({error!r}); "
            "check the version of the trainer on the GPU host and train again"
        )
        raise LastingTrainingError(msg) from None
    return TrainingResult(
        dataset_sha256=result["dataset_sha256"],
        request_sha256=result["request_sha256"],
        class_names=result["class_names"],
        image_size=result["image_size"],
        epochs_completed=result["epochs_completed"],
        file_sha256=result["files"],
        test=test,
        document=document,
    )


def _samples(document: Mapping[str, Any]) -> Any:
    samples = document.get("samples")
    if not samples:
        # A trainer always has some: no dataset is without a test photo that shows a sight.
        msg = "none, so nothing would tell a broken export; an older trainer leaves none"
        raise ValueError(msg)
    return samples


def _hash(value: Any) -> bytes:
    if not isinstance(value, str) or not _HASH.match(value):
        msg = f"{value!r} is no SHA-256 in hex"
        raise ValueError(msg)
    return bytes.fromhex(value)


def _check_rows(value: Any) -> None:
    """Check raw answers: at least one row, all of one length, each a place and its numbers."""
    places = [row[0] for row in value]
    numbers = [number for row in value for number in row[1:]]
    if (
        len({len(row) for row in value}) != 1
        or not all(type(place) is int and place >= 0 for place in places)
        or not all(type(number) in (int, float) for number in numbers)
    ):
        msg = f"{value!r:.80} are no rows of one length: a place, then its numbers"
        raise ValueError(msg)


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(name, str) for name in value):
        msg = f"{value!r} is no list of names"
        raise ValueError(msg)
    return tuple(value)


def _file_hashes(value: Any) -> dict[str, bytes]:
    return {name: _hash(value[name]) for name in HASHED_FILES}


def _split_metrics(value: Any) -> SplitMetrics:
    per_class = tuple(dict(one) for one in value["per_class"])
    return SplitMetrics(_share(value["map50"]), _share(value["map50_95"]), per_class)


def _share(value: Any) -> float:
    share = float(value)
    # Written so that nan is refused too.
    if not 0 <= share <= 1:
        msg = f"{value!r} is not between 0 and 1"
        raise ValueError(msg)
    return share


_READERS: Mapping[str, Any] = {
    "dataset_sha256": _hash,
    "request_sha256": _hash,
    "class_names": _names,
    "image_size": int,
    "epochs_completed": int,
    "files": _file_hashes,
}
