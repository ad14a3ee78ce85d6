"""ONNX Runtime without its reports: it tells its maker of each model that it loads, unless told not to.

It reads the switch once, when it is first imported; so whoever needs it imports it from here.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from onnxruntime import (  # type: ignore[attr-defined]
    InferenceSession,
    SessionOptions,
)

__all__ = ["InferenceSession", "SessionOptions"]
