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
# For phones; not every model has one of its own.
LIVE_FILE = "live.onnx"
# For people only: a model without them is one.
DRAWINGS = ("curves.png", "confusion_matrix.png")
PROGRESS_FILE = "progress.jsonl"
# The trainer states the hashes of these two, and of LIVE_FILE where there is one; all must match.
HASHED_FILES = (ONNX_FILE, WEIGHTS_FILE)
NEEDED_FILES = (*HASHED_FILES, RESULT_FILE)
# Files of Python's pickle, by the names they go by: they execute code when they are opened.
PICKLE_SUFFIXES = (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib")
LIVE_PRECISIONS = ("float16", "int8")
_MAX_PROCESSOR_LETTERS = 100
_HASH = re.compile(r"^[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class SplitMetrics:
    """The trainer's own measures on one split, 0 to 1; per_class is one object a class."""

    map50: float
    map50_95: float
    per_class: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class LiveResult:
    """The live variant as the trainer measured it on test photos, one thread of `processor` a photo."""

    image_size: int
    precision: str
    map50: float
    map50_95: float
    milliseconds: float
    processor: str


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """result.json, checked; `document` is all of it. `live` is None where there is no such file."""

    dataset_sha256: bytes
    request_sha256: bytes
    class_names: tuple[str, ...]
    image_size: int
    epochs_completed: int
    file_sha256: Mapping[str, bytes]
    test: SplitMetrics
    live: LiveResult | None
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
        # An older trainer left none.
        key = "samples"
        _check_samples(_samples(document))
        key = "live"
        live = _live(document.get("live"), result["files"])
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
        live=live,
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


def _check_samples(value: Any) -> None:
    for sample in value:
        _hash(sample["sha256"])
        _check_rows(sample["rows"])


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
    stated = (*HASHED_FILES, *([LIVE_FILE] if LIVE_FILE in value else []))
    return {name: _hash(value[name]) for name in stated}


def _live(value: Any, files: Mapping[str, bytes]) -> LiveResult | None:
    """Return what is said of the live variant; the hash and what is said come together."""
    if value is None or value["file"] != LIVE_FILE:
        if LIVE_FILE in files:
            msg = f"{LIVE_FILE} has a hash and nothing that says what it is"
            raise ValueError(msg)
        return None
    if LIVE_FILE not in files:
        msg = f"{LIVE_FILE} is named without its hash"
        raise ValueError(msg)
    _check_samples(value["samples"])
    live = LiveResult(
        image_size=value["image_size"],
        precision=value["precision"],
        map50=_share(value["map50"]),
        map50_95=_share(value["map50_95"]),
        milliseconds=float(value["milliseconds"]),
        processor=value["processor"],
    )
    if (
        type(live.image_size) is not int
        or live.precision not in LIVE_PRECISIONS
        or not 0 <= live.milliseconds < float("inf")
        or not isinstance(live.processor, str)
        or not 0 < len(live.processor) <= _MAX_PROCESSOR_LETTERS
    ):
        msg = f"{live} is no live variant"
        raise ValueError(msg)
    return live


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
