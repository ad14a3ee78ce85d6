"""Load a published model and find the sights in a picture with it.

The model's contract: input `images` float32 (N, 3, H, W), RGB in 0..1, sides multiples of the
stride; output `predictions` (N, boxes, 5 + classes), see `decoding`. Its metadata carry
`class_names` (a JSON list), `image_size` and `stride`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from detector_app.decoding import BOX_FIELDS, Detection, decode
from detector_app.errors import DetectionFailed, ModelRefused
from detector_app.letterbox import (
    PADDING_GREY,
    Floats,
    Pixels,
    apply_letterbox,
    fit_letterbox,
)
from detector_app.onnx_runtime import InferenceSession, runtime_state

INFERENCE_THREADS: Final = 2

# ONNX Runtime raises one class per status code and gives them no common base.
_RUNTIME_ERRORS: Final = (
    runtime_state.EPFail,
    runtime_state.Fail,
    runtime_state.InvalidArgument,
    runtime_state.InvalidGraph,
    runtime_state.InvalidProtobuf,
    runtime_state.NoModel,
    runtime_state.NoSuchFile,
    runtime_state.NotImplemented,
    runtime_state.RuntimeException,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True)
class Detector:
    """A model that is loaded and has answered once; safe to share between threads."""

    session: InferenceSession
    class_names: tuple[str, ...]
    image_size: int
    stride: int

    def detect(self, pixels: Pixels, min_score: float) -> tuple[Detection, ...]:
        """Return the sights in an RGB picture (H, W, 3) uint8, surest first.

        Raises `DetectionFailed` if the model breaks on it.
        """
        letterbox = fit_letterbox(pixels.shape[1], pixels.shape[0], self.image_size, self.stride)
        predictions = _run(self.session, apply_letterbox(pixels, letterbox))[0]
        return decode(
            predictions,
            letterbox,
            picture_width=pixels.shape[1],
            picture_height=pixels.shape[0],
            class_names=self.class_names,
            min_score=min_score,
        )


def load_detector(content: bytes) -> Detector:
    """Load verified ONNX bytes and try them once.

    Raises `ModelRefused` if they do not keep the contract.
    """
    options = runtime_state.SessionOptions()
    options.intra_op_num_threads = INFERENCE_THREADS
    options.inter_op_num_threads = 1
    # A spinning thread burns a core between two webcam frames; waiting costs microseconds.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        session = InferenceSession(content, options, ["CPUExecutionProvider"])
    except _RUNTIME_ERRORS as error:
        msg = f"The model cannot be loaded ({_first_line(error)}); publish the city's model again."
        raise ModelRefused(msg) from error
    detector = _read_contract(session)
    _try_once(detector)
    return detector


def _read_contract(session: InferenceSession) -> Detector:
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if [node.name for node in inputs] != ["images"] or outputs[0].name != "predictions":
        found = f"{[node.name for node in inputs]} -> {[node.name for node in outputs]}"
        msg = (
            f"The model takes and gives {found}, expected images -> predictions; "
            "publish a model that the trainer of SightScan exported."
        )
        raise ModelRefused(msg)
    metadata: Mapping[str, Any] = session.get_modelmeta().custom_metadata_map
    try:
        class_names = json.loads(metadata["class_names"])
        image_size, stride = int(metadata["image_size"]), int(metadata["stride"])
    except (KeyError, ValueError) as error:
        msg = (
            f"The model's metadata lack class_names, image_size or stride ({error}); "
            "publish a model that the trainer of SightScan exported."
        )
        raise ModelRefused(msg) from error
    are_names = isinstance(class_names, list) and all(isinstance(one, str) for one in class_names)
    if not class_names or not are_names or stride < 1 or image_size % stride:
        msg = (
            f"The model's metadata make no sense: class_names {class_names!r}, image_size "
            f"{image_size}, stride {stride}; publish the city's model again."
        )
        raise ModelRefused(msg)
    return Detector(session, tuple(class_names), image_size, stride)


def _try_once(detector: Detector) -> None:
    """Run the model on grey, so that a broken one is refused before a visitor waits for it."""
    size = detector.image_size
    grey = np.full((1, 3, size, size), PADDING_GREY / 255, dtype=np.float32)
    try:
        predictions = _run(detector.session, grey)
    except DetectionFailed as error:
        raise ModelRefused(str(error)) from error
    fields = BOX_FIELDS + len(detector.class_names)
    if predictions.ndim != 3 or predictions.shape[0] != 1 or predictions.shape[2] != fields:  # noqa: PLR2004 - the three axes named below
        msg = (
            f"The model answers in the shape {predictions.shape}, expected (1, boxes, {fields}) "
            f"for {len(detector.class_names)} sights; publish the city's model again."
        )
        raise ModelRefused(msg)


def _run(session: InferenceSession, images: Floats) -> Floats:
    try:
        answer = session.run(["predictions"], {"images": images})[0]
    except _RUNTIME_ERRORS as error:
        msg = (
            f"The model failed on a picture of {images.shape[3]} x {images.shape[2]} pixels "
            f"({_first_line(error)}); try another picture."
        )
        raise DetectionFailed(msg) from error
    return np.asarray(answer, dtype=np.float32)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
