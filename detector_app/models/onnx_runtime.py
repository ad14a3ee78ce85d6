"""ONNX Runtime without its reports: it tells its maker of each model that it loads, unless told not to.

It reads the switch once, when it is first imported; so whoever needs it imports it from here.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from onnxruntime.capi import (
    onnxruntime_pybind11_state as runtime_state,
)
from onnxruntime.capi.onnxruntime_inference_collection import (
    InferenceSession,
)

__all__ = ["InferenceSession", "runtime_state"]
