"""Load a model and run it once, in a process of its own that may be killed.

What a checked model computes can still ask for any time and memory: a few whole numbers multiplied
are a shape of terabytes. ONNX Runtime cannot be stopped within an operation, nor while it loads, a
process can. It gets the model's bytes, limits of memory and time, and no environment with passwords.

The app and the pipeline each have this file, byte by byte the same: they share no code
(docs/decisions/0027-models-are-checked-by-what-we-export.md).
"""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

# Read once, when ONNX Runtime is first imported: it tells its maker of each model otherwise.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# yolov5x at the largest side takes half a minute on two busy cores.
MAX_TRIAL_SECONDS: Final = 180
# It takes 1.6 GB of memory then; threads and arenas take addresses besides.
MAX_TRIAL_BYTES: Final = 8 * 1024**3
# What Python needs to find its libraries.
_KEPT_VARIABLES: Final = ("PATH", "PYTHONPATH", "PYTHONHOME", "HOME", "LD_LIBRARY_PATH")


class OnnxTrialError(Exception):
    """The model did not answer as it must; the text says how, to go on after "because"."""


def try_onnx(
    content: bytes, *, image_size: int, fields: int, max_seconds: float = MAX_TRIAL_SECONDS
) -> None:
    """Raise `OnnxTrialError` unless the model answers a grey picture with (1, boxes, fields) in time."""
    try:
        # -P: the folder of this file has modules that must not stand in for a library's.
        done = subprocess.run(
            [sys.executable, "-P", str(Path(__file__)), str(image_size)],
            input=content,
            capture_output=True,
            check=False,
            timeout=max_seconds,
            env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
        )
    except subprocess.TimeoutExpired as error:
        msg = f"it did not answer a picture within {max_seconds} seconds"
        raise OnnxTrialError(msg) from error
    except BrokenPipeError:
        msg = "the process that tried it ended before it had read it"
        raise OnnxTrialError(msg) from None
    if done.returncode:
        msg = f"the process that tried it ended with status {done.returncode}: {_last_line(done.stderr)}"
        raise OnnxTrialError(msg)
    answer = json.loads(done.stdout)
    if "error" in answer:
        msg = f"it cannot be loaded and run: {answer['error']}"
        raise OnnxTrialError(msg)
    shape = answer["shape"]
    if len(shape) != 3 or shape[0] != 1 or shape[2] != fields:  # noqa: PLR2004 - the axes named below
        msg = f"it answers in the shape {shape}, expected [1, boxes, {fields}]"
        raise OnnxTrialError(msg)


def _last_line(output: bytes) -> str:
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else "it said nothing"


def _run_trial(content: bytes, image_size: int) -> dict[str, object]:
    # The parent needs neither.
    import numpy as np  # noqa: PLC0415
    import onnxruntime  # noqa: PLC0415

    # A lazy module, of which types know little.
    runtime: Any = onnxruntime

    resource.setrlimit(resource.RLIMIT_AS, (MAX_TRIAL_BYTES, MAX_TRIAL_BYTES))
    # It writes no file, nor its memory into one if it crashes.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    runtime.disable_telemetry_events()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 2
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # The grey that photos are padded with.
    images = np.full((1, 3, image_size, image_size), 114 / 255, dtype=np.float32)
    try:
        session = runtime.InferenceSession(content, options, ["CPUExecutionProvider"])
        (predictions,) = session.run(["predictions"], {"images": images})
    # ONNX Runtime's errors have no common base below Exception, and a MemoryError is one of them.
    except Exception as error:  # noqa: BLE001
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return {"error": lines[0][:300]}
    return {"shape": list(np.shape(predictions))}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_run_trial(sys.stdin.buffer.read(), int(sys.argv[1]))))
