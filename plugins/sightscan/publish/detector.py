"""Run a published ONNX model: the same file, and the same arithmetic, that people get.

Contract of the file: input `images` float32 (N, 3, H, W), RGB, 0 to 1; output `predictions`
(N, boxes, 5 + classes): centre x, centre y, width, height in input pixels, objectness, class scores.
Its metadata carry `class_names` (a JSON list), `image_size` and `stride`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sightscan.errors import LastingPublicationError, PublicationError
from sightscan.publish.onnx_file import OnnxContract, OnnxRefusedError, check_onnx
from sightscan.publish.onnx_runtime import InferenceSession, SessionOptions
from sightscan.publish.onnx_trial import try_onnx

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

THREADS = 2
BATCH_SIZE = 8
# The grey that YOLOv5 pads with in training.
PADDING_GREY = 114
BOX_FIELDS = 5
# As YOLOv5's validation: nearly everything counts, the curve over scores decides.
MIN_CONFIDENCE = 0.001
SUPPRESSION_OVERLAP = 0.6
MAX_DETECTIONS = 300
# Bounds the work for a model that believes in everything everywhere.
MAX_CANDIDATES = 4000
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


class OnnxDetector:
    """A model that is loaded; `class_names` in the order of its class numbers."""

    def __init__(self, onnx: bytes) -> None:
        """Check the file, try it once where it cannot hurt, and load it on the CPU.

        Raises:
            PublicationError: it is not one that the trainer exports, or does not answer as it must.

        """
        options = SessionOptions()
        options.intra_op_num_threads = THREADS
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            contract = check_onnx(onnx)
            _try_once(onnx, contract)
            self._session = InferenceSession(onnx, options, ["CPUExecutionProvider"])
        # ONNX Runtime's errors have no common base below Exception.
        except Exception as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            msg = (
                f"model.onnx is not run, because {reason}: check the version of the trainer on "
                "the GPU host, and train again"
            )
            # What is senseless stays so; a trial may have had too little time or memory.
            is_lasting = isinstance(error, OnnxRefusedError)
            kind = LastingPublicationError if is_lasting else PublicationError
            raise kind(msg) from error
        self.class_names, self.image_size = contract.class_names, contract.image_size

    def detect(
        self, images: Sequence[Pixels], confidence: float = MIN_CONFIDENCE
    ) -> list[Detections]:
        """Return what is found in each RGB photo (H, W, 3), from a confidence on."""
        found: list[Detections] = []
        for start in range(0, len(images), BATCH_SIZE):
            batch = images[start : start + BATCH_SIZE]
            squares = np.stack([_letterbox(image, self.image_size) for image in batch])
            inputs = np.ascontiguousarray(squares.transpose(0, 3, 1, 2), dtype=np.float32)
            answers = self._session.run(["predictions"], {"images": inputs / np.float32(255)})
            predictions = np.asarray(answers[0], dtype=np.float32)
            found += [
                _decode(rows, image.shape[1], image.shape[0], self.image_size, confidence)
                for rows, image in zip(predictions, batch, strict=True)
            ]
        return found


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


def _letterbox(image: Pixels, size: int) -> Pixels:
    """Return the photo scaled as a whole, centred on a grey square (size, size, 3)."""
    width, height, left, top = _inner(image.shape[1], image.shape[0], size)
    # Averaging over areas keeps fine patterns when shrinking; the trainer does the same.
    method = cv2.INTER_AREA if max(image.shape[:2]) > size else cv2.INTER_LINEAR
    square = np.full((size, size, 3), PADDING_GREY, dtype=np.uint8)
    square[top : top + height, left : left + width] = cv2.resize(
        image, (width, height), interpolation=method
    )
    return square


def _inner(width: int, height: int, size: int) -> tuple[int, int, int, int]:
    """Return width, height, left and top, in pixels, of the photo within its square."""
    scale = size / max(width, height)
    inner_width, inner_height = max(1, round(width * scale)), max(1, round(height * scale))
    return inner_width, inner_height, (size - inner_width) // 2, (size - inner_height) // 2


def _decode(rows: Floats, width: int, height: int, size: int, confidence: float) -> Detections:
    """Turn the model's rows for one photo into detections: each class suppressed by itself."""
    scores = rows[:, 4:5] * rows[:, BOX_FIELDS:]
    places, classes = np.nonzero(scores > confidence)
    surest = np.argsort(-scores[places, classes], kind="stable")[:MAX_CANDIDATES]
    places, classes = places[surest], classes[surest]
    kept_scores = scores[places, classes]
    corners = rows[places, :2] - rows[places, 2:4] / 2
    sizes = rows[places, 2:4]
    kept = np.asarray(
        cv2.dnn.NMSBoxesBatched(
            np.hstack((corners, sizes)).astype(float).tolist(),
            kept_scores.astype(float).tolist(),
            classes.tolist(),
            confidence,
            SUPPRESSION_OVERLAP,
        ),
        dtype=np.intp,
    ).reshape(-1)
    kept = kept[np.argsort(-kept_scores[kept], kind="stable")][:MAX_DETECTIONS]
    inner_width, inner_height, left, top = _inner(width, height, size)
    boxes = np.hstack((corners[kept], corners[kept] + sizes[kept])) - (left, top, left, top)
    boxes = boxes / (inner_width, inner_height, inner_width, inner_height)
    return Detections(
        boxes=np.clip(boxes, 0, 1).astype(np.float32),
        scores=kept_scores[kept],
        classes=classes[kept],
    )
