"""Tell an ONNX model from anything else, without executing or trusting any of it.

Only the outline is read: an ONNX file is a protobuf `ModelProto`, a series of fields that each
begin with a key (number and wire type). https://protobuf.dev/programming-guides/encoding/ and
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto say what the numbers below mean. Tensors
that live in other files are refused: such a model could name any file of this machine.
"""

from collections.abc import Iterator
from typing import Final

from detector_app.errors import ModelRefused

_VARINT: Final = 0
_FIXED64: Final = 1
_BYTES: Final = 2
_FIXED32: Final = 5

# Field numbers of onnx.proto.
_MODEL_IR_VERSION: Final = 1
_MODEL_GRAPH: Final = 7
_MODEL_OPSET_IMPORT: Final = 8
_GRAPH_NODE: Final = 1
_GRAPH_INITIALIZER: Final = 5
_NODE_ATTRIBUTE: Final = 5
_ATTRIBUTE_TENSOR: Final = 5
_ATTRIBUTE_GRAPH: Final = 6
_ATTRIBUTE_TENSORS: Final = 10
_ATTRIBUTE_GRAPHS: Final = 11
_TENSOR_DATA_LOCATION: Final = 14
_DATA_LOCATION_EXTERNAL: Final = 1

# Real graphs nest once or twice (loops, branches); a hostile one could exhaust the stack.
_MAX_GRAPH_DEPTH: Final = 8


def check_onnx(content: bytes) -> None:
    """Raise `ModelRefused` unless the bytes are a self-contained ONNX model."""
    try:
        _check_model(memoryview(content))
    except (_MalformedError, IndexError) as error:
        msg = (
            "The file is not an ONNX model, and the app runs nothing else; "
            "publish the city's model again."
        )
        raise ModelRefused(msg) from error


class _MalformedError(Exception):
    """The bytes are no protobuf, or not that of a model."""


def _check_model(content: memoryview) -> None:
    graphs: list[memoryview] = []
    seen: set[int] = set()
    for number, value in _read_fields(content):
        seen.add(number)
        if number == _MODEL_GRAPH:
            graphs.append(_as_message(value))
        elif number == _MODEL_IR_VERSION and not isinstance(value, int):
            raise _MalformedError
    if len(graphs) != 1 or not {_MODEL_IR_VERSION, _MODEL_OPSET_IMPORT} <= seen:
        raise _MalformedError
    _check_graph(graphs[0], depth=0)


def _check_graph(graph: memoryview, depth: int) -> None:
    if depth > _MAX_GRAPH_DEPTH:
        raise _MalformedError
    for number, value in _read_fields(graph):
        if number == _GRAPH_INITIALIZER:
            _check_tensor(_as_message(value))
        elif number == _GRAPH_NODE:
            for node_number, attribute in _read_fields(_as_message(value)):
                if node_number == _NODE_ATTRIBUTE:
                    _check_attribute(_as_message(attribute), depth)


def _check_attribute(attribute: memoryview, depth: int) -> None:
    for number, value in _read_fields(attribute):
        if number in (_ATTRIBUTE_TENSOR, _ATTRIBUTE_TENSORS):
            _check_tensor(_as_message(value))
        elif number in (_ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS):
            _check_graph(_as_message(value), depth + 1)


def _check_tensor(tensor: memoryview) -> None:
    for number, value in _read_fields(tensor):
        if number == _TENSOR_DATA_LOCATION and value == _DATA_LOCATION_EXTERNAL:
            msg = (
                "The model keeps its weights in another file, which the app never opens; "
                "publish the model again as one self-contained ONNX file."
            )
            raise ModelRefused(msg)


def _as_message(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise _MalformedError
    return value


def _read_fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield (field number, integer or bytes) of a protobuf message; skip floats."""
    position = 0
    while position < len(message):
        key, position = _read_varint(message, position)
        number, wire_type = key >> 3, key & 7
        if number == 0:
            raise _MalformedError
        if wire_type == _VARINT:
            value, position = _read_varint(message, position)
            yield number, value
        elif wire_type == _BYTES:
            length, position = _read_varint(message, position)
            if position + length > len(message):
                raise _MalformedError
            yield number, message[position : position + length]
            position += length
        elif wire_type in (_FIXED64, _FIXED32):
            position += 8 if wire_type == _FIXED64 else 4
            if position > len(message):
                raise _MalformedError
        else:
            raise _MalformedError


def _read_varint(message: memoryview, position: int) -> tuple[int, int]:
    """Return the integer at the position and the position after it."""
    value = 0
    # Ten groups of seven bits hold any 64-bit integer.
    for shift in range(0, 70, 7):
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the highest bit says whether another byte follows
            return value, position
    raise _MalformedError
