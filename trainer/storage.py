"""Keep a model's weights in fewer bytes: what it computes stays float32, on every machine.

Each weight of a convolution is stored as a smaller number and turned back when the model is loaded,
by nodes that depend on nothing else: ONNX Runtime computes those once, then works as with the whole
weights, here and in a browser (docs/decisions/0043-a-live-variant.md).
"""

import copy

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

# The smallest first.
PRECISIONS = ("int8", "float16")
# Rows, columns, channels in and out: what is not of this form is small.
_WEIGHT_AXES = 4
_INT8_STEPS = 127


def store_weights(model: onnx.ModelProto, precision: str) -> onnx.ModelProto:
    """Return the model with its weights as `float16`, or as `int8` with a factor for each channel out.

    Raises:
        ValueError: the precision is another.

    """
    if precision not in PRECISIONS:
        msg = f"precision must be one of {', '.join(PRECISIONS)}, but is {precision!r}"
        raise ValueError(msg)
    stored = copy.deepcopy(model)
    tensors, nodes = list(stored.graph.initializer), list(stored.graph.node)
    del stored.graph.initializer[:], stored.graph.node[:]
    for tensor in tensors:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.ndim != _WEIGHT_AXES:
            stored.graph.initializer.append(tensor)
            continue
        store = _as_float16 if precision == "float16" else _as_int8
        kept, restoring = store(tensor.name, values)
        stored.graph.initializer.extend(kept)
        stored.graph.node.extend(restoring)
    stored.graph.node.extend(nodes)
    return stored


def _as_float16(
    name: str, values: NDArray[np.float32]
) -> tuple[list[TensorProto], list[NodeProto]]:
    stored = f"{name}.float16"
    return [numpy_helper.from_array(values.astype(np.float16), stored)], [
        helper.make_node("Cast", [stored], [name], name=f"{name}.restored", to=TensorProto.FLOAT)
    ]


def _as_int8(name: str, values: NDArray[np.float32]) -> tuple[list[TensorProto], list[NodeProto]]:
    largest = np.abs(values).max(axis=(1, 2, 3), keepdims=True)
    # A channel of zeros stays one, whatever it is divided by.
    steps = np.where(largest > 0, largest / _INT8_STEPS, 1).astype(np.float32)
    stored, factor, cast = f"{name}.int8", f"{name}.steps", f"{name}.float"
    return [
        numpy_helper.from_array(np.rint(values / steps).astype(np.int8), stored),
        numpy_helper.from_array(steps, factor),
    ], [
        helper.make_node("Cast", [stored], [cast], name=f"{name}.cast", to=TensorProto.FLOAT),
        helper.make_node("Mul", [cast, factor], [name], name=f"{name}.restored"),
    ]
