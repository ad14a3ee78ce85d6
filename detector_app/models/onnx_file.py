"""Tell a model that SightScan's trainer exported from anything else, without running any of it.

An ONNX file is a protobuf `ModelProto`; https://protobuf.dev/programming-guides/encoding/ and
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto say what the numbers below mean. The bytes
themselves are read, by tables of what our export writes: each other field, operator, type and value
is refused. So there is nothing to be known of all that ONNX may do besides (weights in other files,
loops, functions, libraries of operators), nor of how a library would read what is odd.

The app and the pipeline each have this file, byte by byte the same: they share no code
(docs/decisions/0027-models-are-checked-by-what-we-export.md).
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Any, Final

# By its place, since the name of the package is another in each copy.
from .decoding import Decoding

# The largest YOLOv5, yolov5x, has 87 million weights of four bytes.
MAX_ONNX_BYTES: Final = 400_000_000
# yolov5x has 900 nodes and 9,000 fields; a field is work for this reader, however small it is.
MAX_ONNX_NODES: Final = 5_000
MAX_ONNX_FIELDS: Final = 100_000
# Sizes, axes and shapes that a model names; beyond the number of its classes, ours are below 10.
MAX_ONNX_INTEGER: Final = 4_096
MIN_IMAGE_SIZE, MAX_IMAGE_SIZE = 32, 1_536
ONNX_STRIDE: Final = 32
MAX_CLASS_NAMES: Final = 1_000
MAX_CLASS_NAME_LENGTH: Final = 300
# Of each box: centre, size and objectness, before the scores of the classes.
FIELDS_BEFORE_SCORES: Final = 5

IR_VERSION: Final = 8
OPSET_VERSION: Final = 17
# fmt: off
OPERATORS: Final = frozenset({
    "Add", "ArgMax", "Cast", "Clip", "Concat", "Constant", "ConstantOfShape", "Conv",
    "Div", "Equal", "Expand", "Gather", "GatherElements", "Identity", "MatMul", "Max",
    "MaxPool", "Min", "Mul", "Pow", "Range", "ReduceMean", "ReduceMin", "ReduceSum",
    "Reshape", "Resize", "ScatterElements", "Shape", "Sigmoid", "Split", "Sqrt",
    "Squeeze", "Sub", "TopK", "Transpose", "Unsqueeze", "Where",
})
# fmt: on
METADATA_NEEDED: Final = frozenset({"class_names", "image_size", "stride"})
METADATA_KNOWN: Final = METADATA_NEEDED | {
    "dataset_sha256", "city", "version", "decoding", "sights", "sight_ids", "live",
}  # fmt: skip
# A thousand sights with names in some hundred languages.
MAX_METADATA_LENGTH: Final = 8_000_000
DECODING_VERSION: Final = 1
MIN_CALIBRATION_POINTS, MAX_CALIBRATION_POINTS = 2, 64
# JSON's numbers are whole up to here for every reader.
MAX_SIGHT_ID: Final = 1 << 53
MAX_SIGHT_NAMES: Final = 400
MAX_LANGUAGE_LENGTH: Final = 35
_DECODING_KEYS: Final = frozenset({"version", "overlap", "calibration", "thresholds"})
_SIGHT_KEYS: Final = frozenset(
    {"id", "wikidata_id", "names", "latitude", "longitude", "is_asymmetric"}
)
# Of a live variant: how its weights are stored, what it is worth, how long a photo takes it where.
LIVE_VERSION: Final = 1
LIVE_PRECISIONS: Final = frozenset({"float16", "int8"})
MAX_LIVE_MILLISECONDS: Final = 3_600_000
_LIVE_KEYS: Final = frozenset(
    {"version", "precision", "map50", "map50_95", "milliseconds", "processor"}
)
_WIKIDATA_ID: Final = re.compile(r"Q[1-9][0-9]{0,18}")

# Bytes of one element, by TensorProto.DataType: float, int64, bool.
_FLOAT: Final = 1
_INT64: Final = 7
_ELEMENT_BYTES: Final = {_FLOAT: 4, _INT64: 8, 9: 1}
# Weights that are stored smaller than they are computed with: int8, float16.
_STORED_BYTES: Final = {3: 1, 10: 2}
_RESTORING_OPERATOR: Final = "Cast"
# AttributeProto.AttributeType, and the field that has the value: float, int, string, tensor, ints.
_ATTRIBUTE_VALUES: Final = {1: "f", 2: "i", 3: "s", 4: "t", 7: "ints"}
_PLAIN_NUMBER: Final = re.compile(r"[1-9][0-9]{0,4}")


class OnnxRefusedError(Exception):
    """The file is not a model of the trainer; the text says in what, to go on after "because"."""


@dataclass(frozen=True, slots=True)
class OnnxContract:
    """What a reader must know of a model: its classes in their order, the side of its pictures.

    An older model does not say how it is read: `decoding` is None.
    """

    class_names: tuple[str, ...]
    image_size: int
    stride: int
    decoding: Decoding | None = None


class _Kind(Enum):
    """The wire types that occur; groups and doubles do not."""

    INTEGER = 0
    BYTES = 2
    FLOAT = 5


_Value = int | memoryview
_Record = Mapping[str, list[_Value]]
# Fields by number: their name, kind, and whether there may be several.
_Table = Mapping[int, tuple[str, _Kind, bool]]

_MODEL: Final[_Table] = {
    1: ("ir_version", _Kind.INTEGER, False),
    2: ("producer_name", _Kind.BYTES, False),
    3: ("producer_version", _Kind.BYTES, False),
    7: ("graph", _Kind.BYTES, False),
    8: ("opset_import", _Kind.BYTES, False),
    14: ("metadata_props", _Kind.BYTES, True),
}
_OPSET: Final[_Table] = {
    1: ("domain", _Kind.BYTES, False),
    2: ("version", _Kind.INTEGER, False),
}
_GRAPH: Final[_Table] = {
    1: ("node", _Kind.BYTES, True),
    2: ("name", _Kind.BYTES, False),
    5: ("initializer", _Kind.BYTES, True),
    11: ("input", _Kind.BYTES, False),
    12: ("output", _Kind.BYTES, False),
}
_NODE: Final[_Table] = {
    1: ("input", _Kind.BYTES, True),
    2: ("output", _Kind.BYTES, True),
    3: ("name", _Kind.BYTES, False),
    4: ("op_type", _Kind.BYTES, False),
    5: ("attribute", _Kind.BYTES, True),
}
_ATTRIBUTE: Final[_Table] = {
    1: ("name", _Kind.BYTES, False),
    2: ("f", _Kind.FLOAT, False),
    3: ("i", _Kind.INTEGER, False),
    4: ("s", _Kind.BYTES, False),
    5: ("t", _Kind.BYTES, False),
    8: ("ints", _Kind.INTEGER, True),
    20: ("type", _Kind.INTEGER, False),
}
_TENSOR: Final[_Table] = {
    1: ("dims", _Kind.INTEGER, True),
    2: ("data_type", _Kind.INTEGER, False),
    8: ("name", _Kind.BYTES, False),
    9: ("raw_data", _Kind.BYTES, False),
}
_VALUE_INFO: Final[_Table] = {1: ("name", _Kind.BYTES, False), 2: ("type", _Kind.BYTES, False)}
_TYPE: Final[_Table] = {1: ("tensor_type", _Kind.BYTES, False)}
_TENSOR_TYPE: Final[_Table] = {
    1: ("elem_type", _Kind.INTEGER, False),
    2: ("shape", _Kind.BYTES, False),
}
_SHAPE: Final[_Table] = {1: ("dim", _Kind.BYTES, True)}
_DIMENSION: Final[_Table] = {
    1: ("dim_value", _Kind.INTEGER, False),
    2: ("dim_param", _Kind.BYTES, False),
}
_ENTRY: Final[_Table] = {1: ("key", _Kind.BYTES, False), 2: ("value", _Kind.BYTES, False)}


def check_onnx(content: bytes) -> OnnxContract:
    """Return what the model's metadata state; raise `OnnxRefusedError` unless it is one of ours."""
    if len(content) > MAX_ONNX_BYTES:
        msg = f"it has {len(content)} bytes, at most {MAX_ONNX_BYTES} are possible"
        raise OnnxRefusedError(msg)
    try:
        return _Reader().read_model(memoryview(content))
    except _MalformedError as error:
        msg = "it is not an ONNX model, or not a whole one"
        raise OnnxRefusedError(msg) from error


class _MalformedError(Exception):
    """The bytes are no protobuf."""


class _Reader:
    """Reads one file; counts its fields, so that the work is bounded."""

    def __init__(self) -> None:
        self._fields = 0

    def read_model(self, content: memoryview) -> OnnxContract:
        # The version of the format comes first, which no pickle, archive or page begins with.
        if bytes(content[:1]) != b"\x08":
            raise _MalformedError
        model = self._read("ModelProto", _MODEL, content)
        opset = self._read("OperatorSetIdProto", _OPSET, _bytes(model, "opset_import"))
        found = (_integer(model, "ir_version"), _text(opset, "domain"), _integer(opset, "version"))
        if found != (IR_VERSION, "", OPSET_VERSION):
            msg = (
                f"its versions of IR, domain and operators are {found}, "
                f"not {(IR_VERSION, '', OPSET_VERSION)}"
            )
            raise OnnxRefusedError(msg)
        contract = _contract(self._read_metadata(model))
        self._check_graph(_bytes(model, "graph"), contract)
        return contract

    def _read_metadata(self, model: _Record) -> dict[str, str]:
        entries: dict[str, str] = {}
        for content in _all_bytes(model, "metadata_props"):
            entry = self._read("StringStringEntryProto", _ENTRY, content)
            key = _text(entry, "key")
            if key in entries or key not in METADATA_KNOWN:
                msg = f"its metadata have {key[:60]!r} twice, or the trainer does not write it"
                raise OnnxRefusedError(msg)
            entries[key] = _text(entry, "value")
        if missing := sorted(METADATA_NEEDED - entries.keys()):
            msg = f"its metadata lack {', '.join(missing)}"
            raise OnnxRefusedError(msg)
        return entries

    def _check_graph(self, content: memoryview, contract: OnnxContract) -> None:
        graph = self._read("GraphProto", _GRAPH, content)
        fields = FIELDS_BEFORE_SCORES + len(contract.class_names)
        self._check_value(_bytes(graph, "input"), "images", ((), (3,), (), ()))
        self._check_value(_bytes(graph, "output"), "predictions", ((), (), ("", fields)))
        nodes = _all_bytes(graph, "node")
        if not 0 < len(nodes) <= MAX_ONNX_NODES:
            msg = f"it has {len(nodes)} nodes, 1 to {MAX_ONNX_NODES} are possible"
            raise OnnxRefusedError(msg)
        stored = {
            name
            for tensor in _all_bytes(graph, "initializer")
            if (name := self._check_tensor(tensor, may_be_stored=True)) is not None
        }
        for node in nodes:
            self._check_node(node, stored)

    def _check_value(
        self, content: memoryview, name: str, wanted: tuple[tuple[int | str, ...], ...]
    ) -> None:
        """Refuse an input or output of another name, type or shape.

        For each axis, `wanted` has the lengths that may be stated; without any, the axis must be
        free. The empty text stands for an axis that may be free, too.
        """
        value = self._read("ValueInfoProto", _VALUE_INFO, content)
        kind = self._read("TypeProto", _TYPE, _bytes(value, "type"))
        tensor = self._read("TypeProto.Tensor", _TENSOR_TYPE, _bytes(kind, "tensor_type"))
        shape = self._read("TensorShapeProto", _SHAPE, _bytes(tensor, "shape"))
        axes: list[int | str] = []
        for dimension in _all_bytes(shape, "dim"):
            axis = self._read("Dimension", _DIMENSION, dimension)
            axes.append(_integer(axis, "dim_value") if axis.get("dim_value") else "")
        is_wanted = len(axes) == len(wanted) and all(
            axis in (lengths or ("",)) for axis, lengths in zip(axes, wanted, strict=True)
        )
        found = (_text(value, "name"), _integer(tensor, "elem_type"))
        if not is_wanted or found != (name, _FLOAT):
            stated = [axis if axis != "" else "free" for axis in axes]
            expected = [
                " or ".join(str(one or "free") for one in each) or "free" for each in wanted
            ]
            msg = (
                f"it has {found[0][:60]!r} of type {found[1]} and shape {stated}, expected "
                f"images -> predictions, {name!r} of type {_FLOAT} and shape [{', '.join(expected)}]"
            )
            raise OnnxRefusedError(msg)

    def _check_node(self, content: memoryview, stored: set[bytes]) -> None:
        """Refuse a node that the export does not write; `stored` weights are for casts only."""
        node = self._read("NodeProto", _NODE, content)
        operator = _text(node, "op_type")
        if operator not in OPERATORS:
            msg = f"its operator {operator[:60]!r} is none that the trainer exports"
            raise OnnxRefusedError(msg)
        if operator != _RESTORING_OPERATOR and stored:
            for name in _all_bytes(node, "input"):
                if bytes(name) in stored:
                    msg = (
                        f"a node {operator} reads weights as they are stored, "
                        f"which only {_RESTORING_OPERATOR} may"
                    )
                    raise OnnxRefusedError(msg)
        for content_of_one in _all_bytes(node, "attribute"):
            attribute = self._read("AttributeProto", _ATTRIBUTE, content_of_one)
            named = _ATTRIBUTE_VALUES.get(_integer(attribute, "type"))
            given = {name for name in _ATTRIBUTE_VALUES.values() if attribute.get(name)}
            # A value of zero and an empty list may be left out.
            if named is None or not given <= {named}:
                msg = f"an attribute of a node {operator} has another value than its type says"
                raise OnnxRefusedError(msg)
            for number in (*attribute.get("i", ()), *attribute.get("ints", ())):
                _check_number(number)
            for tensor in _all_bytes(attribute, "t"):
                self._check_tensor(tensor)

    def _check_tensor(self, content: memoryview, *, may_be_stored: bool = False) -> bytes | None:
        """Refuse a tensor of another type or length; return its name if it is stored smaller."""
        tensor = self._read("TensorProto", _TENSOR, content)
        data_type = _integer(tensor, "data_type")
        data = _bytes(tensor, "raw_data")
        dims = [one for one in tensor.get("dims", ()) if isinstance(one, int)]
        sizes = _ELEMENT_BYTES | _STORED_BYTES if may_be_stored else _ELEMENT_BYTES
        expected = math.prod(dims) * sizes.get(data_type, 0)
        if data_type not in sizes or len(data) != expected:
            msg = (
                f"a tensor of type {data_type} and shape {dims[:8]} has {len(data)} bytes of its own, "
                "not as many as that takes"
            )
            raise OnnxRefusedError(msg)
        if data_type == _INT64:
            for number in data.cast("q"):
                _check_number(number)
        return bytes(_bytes(tensor, "name")) if data_type in _STORED_BYTES else None

    def _read(self, what: str, table: _Table, message: memoryview) -> _Record:
        """Return the fields of a message by name; refuse each that the table does not have."""
        record: dict[str, list[_Value]] = {}
        for number, wire_type, value in _read_fields(message):
            self._fields += 1
            if self._fields > MAX_ONNX_FIELDS:
                msg = f"it has more than {MAX_ONNX_FIELDS} fields"
                raise OnnxRefusedError(msg)
            name, kind, is_many = table.get(number, ("", _Kind.BYTES, False))
            if not name or kind.value != wire_type or (name in record and not is_many):
                msg = (
                    f"field {number} of wire type {wire_type} is not one that the trainer's {what} "
                    "has, or there twice: weights in another file, loops, functions and whatever "
                    "else it does not export are refused"
                )
                raise OnnxRefusedError(msg)
            record.setdefault(name, []).append(value)
        return record


def _contract(metadata: Mapping[str, str]) -> OnnxContract:
    numbers = {
        key: int(metadata[key]) if _PLAIN_NUMBER.fullmatch(metadata[key]) else 0
        for key in ("image_size", "stride")
    }
    size, stride = numbers["image_size"], numbers["stride"]
    if stride != ONNX_STRIDE or size % ONNX_STRIDE or not MIN_IMAGE_SIZE <= size <= MAX_IMAGE_SIZE:
        msg = (
            f"its metadata state image_size {metadata['image_size'][:20]!r} and stride "
            f"{metadata['stride'][:20]!r}, expected a multiple of {ONNX_STRIDE} from "
            f"{MIN_IMAGE_SIZE} to {MAX_IMAGE_SIZE}, and {ONNX_STRIDE}"
        )
        raise OnnxRefusedError(msg)
    names = _from_json(metadata["class_names"])
    if not _are_class_names(names):
        msg = (
            f"its class_names are {metadata['class_names'][:60]!r}, expected a JSON list of 1 to "
            f"{MAX_CLASS_NAMES} different names of 1 to {MAX_CLASS_NAME_LENGTH} characters"
        )
        raise OnnxRefusedError(msg)
    _check_sights(metadata, len(names))
    _check_live(metadata)
    return OnnxContract(tuple(names), size, stride, _decoding(metadata, len(names)))


def _decoding(metadata: Mapping[str, str], class_count: int) -> Decoding | None:
    if "decoding" not in metadata:
        return None
    stated = _from_json(metadata["decoding"])
    if not _is_decoding(stated, class_count):
        msg = (
            f"its decoding is {metadata['decoding'][:60]!r}, expected version {DECODING_VERSION}, "
            "an overlap, a calibration of "
            f"{MIN_CALIBRATION_POINTS} to {MAX_CALIBRATION_POINTS} rising points, and {class_count} "
            "thresholds, all from 0 to 1"
        )
        raise OnnxRefusedError(msg)
    return Decoding(
        overlap=stated["overlap"],
        calibration=tuple((score, confidence) for score, confidence in stated["calibration"]),
        thresholds=tuple(stated["thresholds"]),
    )


def _is_decoding(stated: Any, class_count: int) -> bool:
    if not isinstance(stated, dict) or stated.keys() != _DECODING_KEYS:
        return False
    points, thresholds = stated["calibration"], stated["thresholds"]
    if not isinstance(points, list) or not isinstance(thresholds, list):
        return False
    if not MIN_CALIBRATION_POINTS <= len(points) <= MAX_CALIBRATION_POINTS:
        return False
    are_points = all(
        isinstance(point, list) and len(point) == len("xy") and all(map(_is_share, point))
        for point in points
    )
    return (
        type(stated["version"]) is int
        and stated["version"] == DECODING_VERSION
        and _is_share(stated["overlap"])
        and len(thresholds) == class_count
        and all(map(_is_share, thresholds))
        and are_points
        and all(
            before[0] < after[0] and before[1] <= after[1] for before, after in pairwise(points)
        )
    )


def _is_share(number: object) -> bool:
    return _is_between(number, 0, 1)


def _is_between(number: object, least: float, most: float) -> bool:
    # Written this way round, so that NaN is not; True is a number to Python.
    return type(number) in {int, float} and least <= number <= most  # type: ignore[operator]


def _check_sights(metadata: Mapping[str, str], class_count: int) -> None:
    """Refuse ids and facts of sights that are not one for each class, or not of their kind."""
    sights = _from_json(metadata.get("sights", "[]"))
    ids = _from_json(metadata.get("sight_ids", "[]"))
    are_sights = isinstance(sights, list) and all(map(_is_sight, sights))
    for key, found, is_right in (
        ("sights", sights, are_sights),
        ("sight_ids", ids, isinstance(ids, list) and all(map(_is_sight_id, ids))),
    ):
        if key in metadata and not (is_right and len(found) == class_count):
            msg = f"its {key} are {metadata[key][:60]!r}, expected a JSON list of {class_count}"
            raise OnnxRefusedError(msg)


def _is_sight(sight: object) -> bool:
    if not isinstance(sight, dict) or sight.keys() != _SIGHT_KEYS:
        return False
    wikidata_id, names = sight["wikidata_id"], sight["names"]
    return (
        _is_sight_id(sight["id"])
        and (
            wikidata_id is None
            or (isinstance(wikidata_id, str) and bool(_WIKIDATA_ID.fullmatch(wikidata_id)))
        )
        and isinstance(names, dict)
        and len(names) <= MAX_SIGHT_NAMES
        and all(0 < len(language) <= MAX_LANGUAGE_LENGTH for language in names)
        and all(map(_is_name, (*names, *names.values())))
        and all(
            place is None or _is_between(place, -most, most)
            for place, most in ((sight["latitude"], 90), (sight["longitude"], 180))
        )
        and isinstance(sight["is_asymmetric"], bool)
    )


def _is_sight_id(number: object) -> bool:
    return type(number) is int and 0 < number < MAX_SIGHT_ID


def _check_live(metadata: Mapping[str, str]) -> None:
    """Refuse what a live variant says of itself if the trainer does not write it so."""
    live = _from_json(metadata["live"]) if "live" in metadata else None
    if "live" in metadata and not (
        isinstance(live, dict)
        and live.keys() == _LIVE_KEYS
        and type(live["version"]) is int
        and live["version"] == LIVE_VERSION
        and isinstance(live["precision"], str)
        and live["precision"] in LIVE_PRECISIONS
        and _is_share(live["map50"])
        and _is_share(live["map50_95"])
        and _is_between(live["milliseconds"], 0, MAX_LIVE_MILLISECONDS)
        and _is_name(live["processor"])
    ):
        msg = (
            f"its live is {metadata['live'][:60]!r}, expected version {LIVE_VERSION}, a precision of "
            f"{', '.join(sorted(LIVE_PRECISIONS))}, two measures from 0 to 1, milliseconds, a processor"
        )
        raise OnnxRefusedError(msg)


def _are_class_names(names: object) -> bool:
    if not isinstance(names, list) or not 0 < len(names) <= MAX_CLASS_NAMES:
        return False
    return all(map(_is_name, names)) and max(Counter(names).values()) == 1


def _is_name(name: object) -> bool:
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_CLASS_NAME_LENGTH:
        return False
    # JSON can write half a character, which nothing can print.
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _from_json(text: str) -> Any:
    """Return what a text says, or None."""
    if len(text) > MAX_METADATA_LENGTH:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _check_number(number: _Value) -> None:
    # A negative number is written as its complement of 64 bits.
    if not isinstance(number, int):
        raise _MalformedError
    signed = number - (1 << 64) if number >= 1 << 63 else number
    if abs(signed) > MAX_ONNX_INTEGER:
        msg = f"it has the whole number {signed}, at most {MAX_ONNX_INTEGER} is possible"
        raise OnnxRefusedError(msg)


def _integer(record: _Record, name: str) -> int:
    """Return an integer, which protobuf leaves out where it is zero."""
    (value,) = record.get(name) or [0]
    if not isinstance(value, int):
        raise _MalformedError
    return value


def _bytes(record: _Record, name: str) -> memoryview:
    """Return a field of bytes; empty where it is left out."""
    return next(iter(_all_bytes(record, name)), memoryview(b""))


def _all_bytes(record: _Record, name: str) -> list[memoryview]:
    return [value for value in record.get(name, ()) if isinstance(value, memoryview)]


def _text(record: _Record, name: str) -> str:
    try:
        return str(_bytes(record, name), "utf-8")
    except UnicodeDecodeError as error:
        raise _MalformedError from error


def _read_fields(message: memoryview) -> Iterator[tuple[int, int, _Value]]:
    """Yield number, wire type and value of each field of a protobuf message."""
    position = 0
    while position < len(message):
        key, position = _read_varint(message, position)
        number, wire_type = key >> 3, key & 7
        if wire_type == _Kind.INTEGER.value:
            value, position = _read_varint(message, position)
            yield number, wire_type, value
            continue
        if wire_type == _Kind.BYTES.value:
            length, position = _read_varint(message, position)
        elif wire_type == _Kind.FLOAT.value:
            length = 4
        else:
            raise _MalformedError
        if position + length > len(message):
            raise _MalformedError
        yield number, wire_type, message[position : position + length]
        position += length


def _read_varint(message: memoryview, position: int) -> tuple[int, int]:
    """Return the integer at the position and the position after it."""
    value = 0
    # Ten groups of seven bits hold any 64-bit integer.
    for shift in range(0, 70, 7):
        if position == len(message):
            raise _MalformedError
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the highest bit says whether another byte follows
            if value >= 1 << 64:
                raise _MalformedError
            return value, position
    raise _MalformedError
