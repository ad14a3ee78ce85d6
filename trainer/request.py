"""`request.json`: what a training run is asked for, checked before anything expensive starts."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trainer.errors import BadRequest

REQUEST_FILE = "request.json"
ARCHITECTURES = ("yolov5n", "yolov5s", "yolov5m", "yolov5l", "yolov5x")
WEIGHT_SUFFIXES = (".safetensors", ".pt")
STRIDE_PIXELS = 32
_REQUIRED = ("epochs", "image_size", "batch_size", "seed", "time_limit_seconds")
_OPTIONAL = ("weights", "architecture", "patience")
_BOUNDS = {
    "epochs": (1, 2000),
    "image_size": (64, 1536),
    "batch_size": (0, 512),
    "patience": (0, 2000),
    "seed": (0, 2**31 - 1),
    "time_limit_seconds": (1, 7 * 24 * 3600),
}


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """How to train: `image_size` in pixels (the long side of a photo), the time limit over all epochs together.

    A `batch_size` of 0 is as many photos as fit into memory. After `patience` epochs without a
    better one no more are trained; 0 trains all of them.
    """

    epochs: int
    image_size: int
    batch_size: int
    seed: int
    time_limit_seconds: int
    weights: str | None = None
    architecture: str = "yolov5n"
    patience: int = 0


def read_request(dataset_dir: Path) -> TrainingRequest:
    """Read and check `request.json` of a dataset folder; raises BadRequest."""
    path = dataset_dir / REQUEST_FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        msg = f"{path} is missing; write the request beside dataset.json"
        raise BadRequest(msg) from error
    except (OSError, ValueError) as error:
        msg = f"{path} cannot be read as JSON ({error}); write it again"
        raise BadRequest(msg) from error
    request = parse_request(values)
    if request.weights is not None and not (dataset_dir / request.weights).is_file():
        msg = (
            f"weights {request.weights!r} is not a file in {dataset_dir}; upload it or ask for null"
        )
        raise BadRequest(msg)
    return request


def parse_request(values: Any) -> TrainingRequest:
    """Turn decoded JSON into a request; raises BadRequest naming the key, its value and what was expected."""
    if not isinstance(values, dict):
        msg = f"{REQUEST_FILE} must be a JSON object, but is {type(values).__name__}"
        raise BadRequest(msg)
    known = (*_REQUIRED, *_OPTIONAL)
    if missing := [key for key in _REQUIRED if key not in values]:
        msg = f"{REQUEST_FILE} lacks {', '.join(missing)}; it must have {', '.join(_REQUIRED)}"
        raise BadRequest(msg)
    if unknown := sorted(set(values) - set(known)):
        msg = f"{REQUEST_FILE} has unknown keys {', '.join(unknown)}; known are {', '.join(known)}"
        raise BadRequest(msg)
    whole_numbers = {key: _whole_number(key, values[key]) for key in _REQUIRED}
    if whole_numbers["image_size"] % STRIDE_PIXELS:
        msg = f"image_size must be a multiple of {STRIDE_PIXELS} pixels, but is {values['image_size']}"
        raise BadRequest(msg)
    architecture = values.get("architecture", "yolov5n")
    if architecture not in ARCHITECTURES:
        msg = f"architecture must be one of {', '.join(ARCHITECTURES)}, but is {architecture!r}"
        raise BadRequest(msg)
    return TrainingRequest(
        **whole_numbers,
        weights=_weights_name(values.get("weights")),
        architecture=architecture,
        patience=_whole_number("patience", values.get("patience", 0)),
    )


def hash_request(request: TrainingRequest, dataset_dir: Path) -> str:
    """Hash the request and the bytes of the weights it starts from: the same hash means the same training."""
    content = asdict(request)
    if request.weights is not None:
        with (dataset_dir / request.weights).open("rb") as file:
            content["weights_sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _whole_number(key: str, value: Any) -> int:
    low, high = _BOUNDS[key]
    # bool is an int to Python; nobody means `true` epochs.
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        msg = f"{key} must be a whole number from {low} to {high}, but is {value!r}"
        raise BadRequest(msg)
    return value


def _weights_name(value: Any) -> str | None:
    if value is None:
        return None
    if (
        not isinstance(value, str)
        or Path(value).name != value
        or Path(value).suffix not in WEIGHT_SUFFIXES
    ):
        msg = (
            f"weights must be null or the name of a {' or '.join(WEIGHT_SUFFIXES)} file beside {REQUEST_FILE}, "
            f"but is {value!r}"
        )
        raise BadRequest(msg)
    return value
