"""Load a published model and find the sights in a picture with it.

The model's contract: input `images` float32 (N, 3, H, W), RGB in 0..1, sides multiples of the
stride; output `predictions` (N, boxes, 5 + classes), see `decoding`. Its metadata carry
`class_names` (a JSON list), `image_size` and `stride`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np

from detector_app.decoding import BOX_FIELDS, Detection, decode
from detector_app.errors import DetectionFailed, ModelRefused
from detector_app.letterbox import Floats, Pixels, apply_letterbox, fit_letterbox
from detector_app.onnx_file import OnnxRefusedError, check_onnx
from detector_app.onnx_runtime import InferenceSession, runtime_state
from detector_app.onnx_trial import OnnxTrialError, try_onnx

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
    """A model that is loaded and has answered once; safe to share between threads.

    Of its `class_names`, it names those of `shown_names`: it was not shown to know the others.
    """

    session: InferenceSession
    class_names: tuple[str, ...]
    shown_names: tuple[str, ...]
    image_size: int
    stride: int

    def detect(self, pixels: Pixels, min_score: float) -> tuple[Detection, ...]:
        """Return the sights in an RGB picture (H, W, 3) uint8, surest first.

        Raises `DetectionFailed` if the model breaks on it.
        """
        letterbox = fit_letterbox(pixels.shape[1], pixels.shape[0], self.image_size, self.stride)
        predictions = _run(self.session, apply_letterbox(pixels, letterbox))[0]
        detections = decode(
            predictions,
            letterbox,
            picture_width=pixels.shape[1],
            picture_height=pixels.shape[0],
            class_names=self.class_names,
            min_score=min_score,
        )
        return tuple(one for one in detections if one.name in self.shown_names)


def load_detector(content: bytes, shown_names: Collection[str] | None = None) -> Detector:
    """Check ONNX bytes, try them once where it cannot hurt, and load them.

    Only `shown_names` are ever named; without them, all of its classes. Raises `ModelRefused` if they do not keep the contract.
    """
    options = runtime_state.SessionOptions()
    options.intra_op_num_threads = INFERENCE_THREADS
    options.inter_op_num_threads = 1
    # A spinning thread burns a core between two webcam frames; waiting costs microseconds.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        contract = check_onnx(content)
        try_onnx(
            content,
            image_size=contract.image_size,
            fields=BOX_FIELDS + len(contract.class_names),
        )
        session = InferenceSession(content, options, ["CPUExecutionProvider"])
    except (OnnxRefusedError, OnnxTrialError, *_RUNTIME_ERRORS) as error:
        msg = (
            f"The model is not run, because {_first_line(error)}; "
            "publish a model that the trainer of SightScan exported."
        )
        raise ModelRefused(msg) from error
    names = contract.class_names
    shown = tuple(name for name in names if shown_names is None or name in shown_names)
    return Detector(session, names, shown, contract.image_size, contract.stride)


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
