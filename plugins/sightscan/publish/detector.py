"""Run a published ONNX model: the same file, and the same arithmetic, that people get.

Contract of the file: input `images` float32 (N, 3, H, W), RGB, 0 to 1; output `predictions`
(N, boxes, 5 + classes): centre x, centre y, width, height in input pixels, objectness, class scores.
Its metadata carry `class_names` (a JSON list), `image_size` and `stride`, and how it is read
(`decoding`).
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sightscan.errors import LastingPublicationError, PublicationError
from sightscan.model_folder import ONNX_FILE
from sightscan.publish.decoding import (
    BOX_FIELDS,
    Found,
    decode,
    decode_everything,
    read_as_older,
)
from sightscan.publish.onnx_file import ONNX_STRIDE, OnnxContract, OnnxRefusedError, check_onnx
from sightscan.publish.onnx_runtime import InferenceSession, SessionOptions
from sightscan.publish.onnx_trial import try_onnx

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

THREADS = 2
# The grey that YOLOv5 pads with in training.
PADDING_GREY = 114
# Hashes of models that were tried; the same is loaded for several measures.
_passed: set[bytes] = set()


@dataclass(frozen=True, slots=True)
class Detections:
    """What was found in one photo, surest first.

    `boxes` (n, 4): x1, y1, x2, y2 as shares of width and height; `scores` (n,); `classes` (n,).
    """

    boxes: Floats
    scores: Floats
    classes: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class PhotoAnswer:
    """One answer of a model about one photo, read in both ways, and the seconds that showing it took.

    `counted` is all that counts for average precision, its scores are scores; `shown` is what
    people get, its scores are confidences.
    """

    counted: Detections
    shown: Detections
    seconds: float


class OnnxDetector:
    """A model that is loaded; `class_names` in the order of its class numbers."""

    def __init__(self, onnx: bytes, file_name: str = ONNX_FILE) -> None:
        """Check the file, try it once where it cannot hurt, and load it on the CPU.

        `file_name` is what it is called if it is refused.

        Raises:
            PublicationError: it is not one that the trainer exports, or does not answer as it must.

        """
        options = SessionOptions()
        options.intra_op_num_threads = THREADS
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        contract = check_model(onnx, file_name)
        try:
            _try_once(onnx, contract)
            self._session = InferenceSession(onnx, options, ["CPUExecutionProvider"])
        # ONNX Runtime's errors have no common base below Exception. A trial may have had too little
        # time or memory.
        except Exception as error:
            raise PublicationError(_refusal(file_name, error)) from error
        self.class_names, self.image_size = contract.class_names, contract.image_size
        self.has_thresholds = contract.decoding is not None
        self.decoding = contract.decoding or read_as_older(len(contract.class_names))

    def read(self, image: Pixels) -> PhotoAnswer:
        """Answer an RGB photo (H, W, 3) once, and read the answer for judging and for people."""
        started = time.perf_counter()
        rows = self._answer_padded(image)
        shown = self._shown(rows, image)
        seconds = time.perf_counter() - started
        counted = _as_shares(decode_everything(rows), image, self.image_size)
        return PhotoAnswer(counted, shown, seconds)

    def show(self, image: Pixels) -> Detections:
        """Return what people are shown of an RGB photo (H, W, 3); its scores are confidences."""
        return self._shown(self._answer_padded(image), image)

    def answer_photo(self, image: Pixels) -> Floats:
        """Return the raw answer for an RGB photo (H, W, 3) on its square, (boxes, 5 + classes)."""
        answers = self.answer([_letterbox(image, self.image_size)])
        return answers.reshape(answers.shape[1:])

    def answer(self, padded: Sequence[Pixels]) -> Floats:
        """Return the raw answers, (n, boxes, 5 + classes), for pictures of one shape."""
        inputs = np.ascontiguousarray(np.stack(padded).transpose(0, 3, 1, 2), dtype=np.float32)
        answers = self._session.run(["predictions"], {"images": inputs / np.float32(255)})
        return np.asarray(answers[0], dtype=np.float32)

    def _answer_padded(self, image: Pixels) -> Floats:
        """Return the raw answer as the app gets it, padded no further than the stride asks."""
        answers = self.answer([_letterbox(image, self.image_size, ONNX_STRIDE)])
        return answers.reshape(answers.shape[1:])

    def _shown(self, rows: Floats, image: Pixels) -> Detections:
        return _as_shares(decode(rows, self.decoding), image, self.image_size)


def check_model(onnx: bytes, file_name: str) -> OnnxContract:
    """Check a model's file without running it; `file_name` is what it is called if it is refused.

    Raises:
        LastingPublicationError: it is not one that the trainer exports.

    """
    try:
        return check_onnx(onnx)
    except OnnxRefusedError as error:
        raise LastingPublicationError(_refusal(file_name, error)) from error


def _refusal(file_name: str, error: Exception) -> str:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return (
        f"{file_name} is not run, because {reason}: check the version of the trainer on the GPU "
        "host, and train again"
    )


def _try_once(onnx: bytes, contract: OnnxContract) -> None:
    """Try a model in a process of its own, unless it has passed in this one."""
    sha256 = hashlib.sha256(onnx).digest()
    if sha256 not in _passed:
        fields = BOX_FIELDS + len(contract.class_names)
        try_onnx(onnx, image_size=contract.image_size, fields=fields)
        _passed.add(sha256)


def decode_photo(content: bytes) -> Pixels:
    """Return a stored photo as RGB (H, W, 3), upright.

    Raises:
        PublicationError: the bytes are no image.

    """
    pixels = (
        cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB) if content else None
    )
    if pixels is None:
        msg = f"a test photo ({len(content)} bytes) is no image: restore core.photo_blob, publish again"
        raise LastingPublicationError(msg)
    return np.asarray(pixels, dtype=np.uint8)


def _letterbox(image: Pixels, size: int, multiple: int | None = None) -> Pixels:
    """Return the photo scaled as a whole, centred on grey whose sides are multiples: of `size`, a square."""
    multiple = multiple or size
    width, height, left, top = _inner(image, size, multiple)
    # Averaging over areas keeps fine patterns when shrinking; the trainer does the same.
    method = cv2.INTER_AREA if max(image.shape[:2]) > size else cv2.INTER_LINEAR
    full = [-(-side // multiple) * multiple for side in (height, width)]
    padded = np.full((*full, 3), PADDING_GREY, dtype=np.uint8)
    padded[top : top + height, left : left + width] = cv2.resize(
        image, (width, height), interpolation=method
    )
    return padded


def _inner(image: Pixels, size: int, multiple: int) -> tuple[int, int, int, int]:
    """Return width, height, left and top, in pixels, of the photo within its padding."""
    scale = size / max(image.shape[:2])
    height, width = (max(1, round(side * scale)) for side in image.shape[:2])
    left, top = ((-(-side // multiple) * multiple - side) // 2 for side in (width, height))
    return width, height, left, top


def _as_shares(found: Found, image: Pixels, size: int) -> Detections:
    """Turn pixels of the input, padded to the stride, into shares of the photo."""
    width, height, left, top = _inner(image, size, ONNX_STRIDE)
    boxes = (found.boxes - (left, top, left, top)) / (width, height, width, height)
    return Detections(
        boxes=np.clip(boxes, 0, 1).astype(np.float32),
        scores=found.confidences.astype(np.float32),
        classes=found.classes,
    )
