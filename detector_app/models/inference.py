"""Load a published model and find the sights in a picture with it.

The model's contract: input `images` float32 (N, 3, H, W), RGB in 0..1, sides multiples of the
stride; output `predictions` (N, boxes, 5 + classes), see `decoding`. Its metadata carry
`class_names` (a JSON list), `image_size` and `stride`, and how the answer is read (`decoding`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from detector_app.errors import DetectionFailed, ModelRefused
from detector_app.models.decoding import BOX_FIELDS, Decoding, decode, read_as_older
from detector_app.models.detection import Detection, place_in_picture
from detector_app.models.letterbox import Floats, Pixels, apply_letterbox, fit_letterbox
from detector_app.models.onnx_file import OnnxRefusedError, check_onnx
from detector_app.models.onnx_runtime import InferenceSession, runtime_state
from detector_app.models.onnx_trial import OnnxTrialError, try_onnx
from detector_app.models.sight_facts import read_sights

INFERENCE_THREADS: Final = 2
# Of memory while a picture is looked at, for each pixel of the input: yolov5s at 640 takes 120 MB.
_BYTES_PER_PIXEL: Final = 300

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
    `has_thresholds` tells whether its metadata say from which confidence on each sight is shown; an
    older one's do not. `names` are what its file says that sights are called, by language.
    """

    session: InferenceSession
    class_names: tuple[str, ...]
    shown_names: tuple[str, ...]
    image_size: int
    stride: int
    decoding: Decoding
    has_thresholds: bool
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def names_in(self, language: str) -> dict[str, str]:
        """Return what each sight is called in a language, by its class name; it is that one if nothing else is known."""
        return {name: self.names.get(name, {}).get(language, name) for name in self.class_names}

    @property
    def memory_bytes(self) -> int:
        """How much memory a look at one picture takes at most, about."""
        return _BYTES_PER_PIXEL * self.image_size**2

    def detect(self, pixels: Pixels, min_confidence: float | None = None) -> tuple[Detection, ...]:
        """Return the sights in an RGB picture (H, W, 3) uint8, surest first.

        Each is shown from its own threshold on, or all from `min_confidence` on.
        Raises `DetectionFailed` if the model breaks on it.
        """
        letterbox = fit_letterbox(pixels.shape[1], pixels.shape[0], self.image_size, self.stride)
        rows = _run(self.session, apply_letterbox(pixels, letterbox))[0]
        decoding = self.decoding
        if min_confidence is not None:
            decoding = replace(decoding, thresholds=(min_confidence,) * len(self.class_names))
        detections = place_in_picture(
            decode(rows, decoding),
            letterbox,
            picture_width=pixels.shape[1],
            picture_height=pixels.shape[0],
            class_names=self.class_names,
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
    return Detector(
        session,
        names,
        tuple(name for name in names if shown_names is None or name in shown_names),
        contract.image_size,
        contract.stride,
        decoding=contract.decoding or read_as_older(len(names)),
        has_thresholds=contract.decoding is not None,
        names={sight.name: sight.names for sight in read_sights(content)},
    )


def _run(session: InferenceSession, images: Floats) -> Floats:
    try:
        answer = session.run(["predictions"], {"images": images})[0]
    except _RUNTIME_ERRORS as error:
        height, width = images.shape[2:]
        raise DetectionFailed(
            key="failed.model", width=width, height=height, cause=_first_line(error)
        ) from error
    return np.asarray(answer, dtype=np.float32)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
