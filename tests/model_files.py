"""Model files that nobody may load, each the tests' good one with one thing changed in its bytes.

Made by hand, since `onnx` writes little of it: fields as https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
numbers them.
"""

import json
import struct
from collections.abc import Callable
from pathlib import Path

TINY_ONNX = Path(__file__).parent / "app" / "fixtures" / "tiny.onnx"

Edit = Callable[[bytes], bytes]


def field(number: int, value: bytes | int) -> bytes:
    """Return a field of protobuf: an integer, or bytes."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value % (1 << 64))
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def edit(content: bytes, path: tuple[int, ...], change: Edit) -> bytes:
    """Change the bytes of the first field that the numbers of fields lead to; no path is the whole."""
    if not path:
        return change(content)
    position = 0
    while position < len(content):
        start = position
        key, position = _read_varint(content, position)
        value, position = _read_varint(content, position)
        if key & 7 != 2:
            continue
        end = position + value
        if key >> 3 == path[0]:
            inner = edit(content[position:end], path[1:], change)
            return content[:start] + field(path[0], inner) + content[end:]
        position = end
    raise KeyError(path)


def with_more(path: tuple[int, ...], more: bytes) -> bytes:
    """Return the good model with further fields behind those of one of its messages."""
    return edit(TINY_ONNX.read_bytes(), path, lambda content: content + more)


def with_metadata(name: str, value: str) -> bytes:
    """Return the good model with another value of its metadata."""
    content = TINY_ONNX.read_bytes()
    before = {
        "class_names": json.dumps(
            ["Torre do Relógio", "Green Gate", "Blue Mosque", "Sunflower Hall", "Rosa Palast"],
            ensure_ascii=False,
        ),
        "image_size": "160",
        "stride": "32",
    }[name]
    entry = field(14, field(1, name.encode()) + field(2, before.encode()))
    assert entry in content
    return content.replace(entry, field(14, field(1, name.encode()) + field(2, value.encode())))


def metadata(name: str, value: str) -> bytes:
    """Return one more entry of the metadata, to go behind a model's bytes."""
    return field(14, field(1, name.encode()) + field(2, value.encode()))


def node(operator: str, more: bytes = b"") -> bytes:
    """Return a node, as a field of the graph."""
    return field(1, field(4, operator.encode()) + more)


def _varint(value: int) -> bytes:
    written = bytearray()
    while value >= 128:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])


def _read_varint(content: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 128:
            return value, position


GRAPH, NODE, INITIALIZER = (7,), (7, 1), (7, 5)
INPUT_SHAPE = (7, 11, 2, 1, 2)
# An external tensor names its file; protobuf keeps 32 bits of an enumeration.
IN_A_FILE = field(13, field(1, b"location") + field(2, b"/etc/passwd"))
FLOATS = field(1, 1) + field(2, 1) + field(9, struct.pack("<f", 1.0))
ENDLESS_LOOP = node("Loop", field(5, field(1, b"body") + field(6, b"") + field(20, 5)))


def tensor_of(data_type: int, dims: tuple[int, ...], raw: bytes) -> bytes:
    """Return a further initialiser."""
    return field(5, b"".join(field(1, one) for one in dims) + field(2, data_type) + field(9, raw))


def constant(attribute: bytes) -> bytes:
    """Return a node that has an attribute."""
    return node("Constant", field(5, attribute))


def _slow() -> bytes:
    """Return a small model that keeps to all rules, and takes days: the largest of 16 million, 16 million times."""
    sides = struct.pack("<4q", 1, 1, 4000, 4000)
    shape = field(1, 4) + field(2, 7) + field(8, b"sides") + field(9, sides)
    kernel = field(1, b"kernel_shape") + field(8, 4001) + field(8, 4001) + field(20, 7)
    pads = field(1, b"pads") + field(8, 2000) * 4 + field(20, 7)
    return with_more(
        GRAPH,
        field(5, shape)
        + node("Expand", field(1, b"one") + field(1, b"sides") + field(2, b"large"))
        + node(
            "MaxPool",
            field(1, b"large") + field(2, b"slow") + field(5, kernel) + field(5, pads),
        ),
    )


SLOW_MODEL = _slow()
STORED_INT8 = field(5, field(1, 2) + field(2, 3) + field(8, b"stored") + field(9, b"\x81\x7f"))
STORED_FLOAT16 = field(
    5, field(1, 1) + field(2, 10) + field(8, b"stored") + field(9, struct.pack("<e", 0.5))
)
DECODING = {
    "version": 1,
    "overlap": 0.45,
    "calibration": [[0, 0.1], [0.5, 0.1], [1, 0.9]],
    "thresholds": [0.3, 0.4, 0.5, 0.6, 1],
}
SIGHT = {
    "id": 7,
    "wikidata_id": "Q243",
    "names": {"en": "Green Gate", "de": "Grünes Tor"},
    "latitude": 36.72,
    "longitude": -4.42,
    "is_asymmetric": True,
}
LIVE = {
    "version": 1,
    "precision": "int8",
    "map50": 0.9,
    "map50_95": 0.7,
    "milliseconds": 21.5,
    "processor": "Some Processor",
}
_UNKNOWN_PLACE = {"wikidata_id": None, "names": {}, "latitude": None, "longitude": None}
GOOD_METADATA = {
    "decoding": json.dumps(DECODING),
    "sights": json.dumps([SIGHT] * 4 + [SIGHT | _UNKNOWN_PLACE]),
    "sight_ids": "[1, 2, 3, 4, 9007199254740991]",
    "live": json.dumps(LIVE),
}
# By the entry, and what is wrong with it.
_BAD_METADATA: dict[str, dict[str, object]] = {
    "decoding": {
        "of no JSON": "0.45",
        "of nothing": {},
        "of another version": DECODING | {"version": 2},
        "of a version that is true": DECODING | {"version": True},
        "that says more": DECODING | {"image_size": 320},
        "with an overlap above 1": DECODING | {"overlap": 1.5},
        "with an overlap that is no number": DECODING | {"overlap": float("nan")},
        "with a text for an overlap": DECODING | {"overlap": "0.45"},
        "with one point": DECODING | {"calibration": [[0, 0]]},
        "with too many points": DECODING | {"calibration": [[n / 64, 0] for n in range(65)]},
        "with a point of three": DECODING | {"calibration": [[0, 0], [1, 1, 1]]},
        "with scores that fall": DECODING | {"calibration": [[0, 0], [0.6, 0.1], [0.5, 0.2]]},
        "with a score twice": DECODING | {"calibration": [[0, 0], [0.5, 0.1], [0.5, 0.2]]},
        "with confidences that fall": DECODING | {"calibration": [[0, 0.2], [1, 0.1]]},
        "with a confidence above 1": DECODING | {"calibration": [[0, 0], [1, 1.1]]},
        "with an endless confidence": DECODING | {"calibration": [[0, 0], [1, float("inf")]]},
        "with a huge number": DECODING | {"calibration": [[0, 0], [10**400, 1]]},
        "with a threshold too few": DECODING | {"thresholds": [0.5] * 4},
        "with a threshold too many": DECODING | {"thresholds": [0.5] * 6},
        "with a threshold below 0": DECODING | {"thresholds": [-0.1] * 5},
        "with a threshold of null": DECODING | {"thresholds": [None] * 5},
    },
    "sights": {
        "of one too few": [SIGHT] * 4,
        "of an object": {"a": 1},
        "of numbers": [1, 2, 3, 4, 5],
        **{
            f"with {key} {value!r:.20}": [SIGHT] * 4 + [SIGHT | {key: value}]
            for key, value in (
                ("id", 0),
                ("id", "7"),
                ("id", 2**53),
                ("id", True),
                ("wikidata_id", 243),
                ("wikidata_id", "Q243; drop"),
                ("names", ["Green Gate"]),
                ("names", {"en": ""}),
                ("names", {"e" * 36: "Green Gate"}),
                ("names", {"en": "a" * 301}),
                ("names", {"en": "\ud800"}),
                ("latitude", 91),
                ("latitude", float("nan")),
                ("longitude", "4"),
                ("is_asymmetric", 1),
                ("more", 1),
            )
        },
    },
    "sight_ids": {"of one too few": [1, 2, 3, 4], "of texts": ["1"] * 5, "of null": None},
    "live": {
        "of nothing": {},
        "of a list": [1],
        "that says less": {"version": 1, "precision": "int8"},
        **{
            f"with {key} {value!r:.20}": LIVE | {key: value}
            for key, value in (
                ("version", 2),
                ("version", True),
                ("precision", "int4"),
                ("precision", ["int8"]),
                ("map50", 1.1),
                ("map50_95", "0.7"),
                ("milliseconds", -1),
                ("milliseconds", float("nan")),
                ("processor", ""),
                ("processor", "a" * 301),
                ("more", 1),
            )
        },
    },
}
# What is refused, and by which words.
BAD_MODELS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not an ONNX model"),
    "zeros": (b"\0" * 100, "not an ONNX model"),
    "page": (b"<html>502 Bad Gateway</html>", "not an ONNX model"),
    "ort format": (b"ORTM" + b"\x08\x09" * 20, "not an ONNX model"),
    "only a version": (b"\x08\x08", "versions"),
    "group": (b"\x08\x08\x0b\x0c", "not an ONNX model"),
    "integer of 70 bits": (b"\x08" + b"\xff" * 9 + b"\x7f", "not an ONNX model"),
    "endless integer": (b"\x08" + b"\xff" * 20, "not an ONNX model"),
    "too large": (b"\x08\x08" + bytes(400_000_000), "400000002 bytes"),
    # Weights elsewhere.
    "external": (with_more(INITIALIZER, IN_A_FILE + field(14, 1)), "field 13"),
    "external without a place": (with_more(INITIALIZER, field(14, 1)), "field 14"),
    "external in 33 bits": (with_more(INITIALIZER, field(14, 2**32 + 1)), "field 14"),
    "external stated as not": (with_more(INITIALIZER, field(14, 0)), "field 14"),
    "external as a message": (with_more(INITIALIZER, field(14, b"\x01")), "field 14"),
    "external constant": (
        with_more(
            GRAPH, constant(field(1, b"value") + field(5, FLOATS + IN_A_FILE) + field(20, 4))
        ),
        "field 13",
    ),
    "external in many tensors": (
        with_more(GRAPH, constant(field(10, FLOATS + IN_A_FILE) + field(20, 9))),
        "field 10",
    ),
    "external sparse constant": (
        with_more(GRAPH, constant(field(22, field(1, FLOATS + IN_A_FILE)) + field(20, 11))),
        "field 22",
    ),
    "sparse weights": (with_more(GRAPH, field(15, field(1, FLOATS))), "field 15"),
    "training info": (with_more((), field(20, field(1, b""))), "field 20"),
    # What is code, or nests.
    "loop": (with_more(GRAPH, ENDLESS_LOOP), "'Loop'"),
    "branch": (with_more(GRAPH, node("If")), "'If'"),
    "scan": (with_more(GRAPH, node("Scan")), "'Scan'"),
    "graph in a known operator": (
        with_more(GRAPH, constant(field(6, b"") + field(20, 5))),
        "field 6",
    ),
    "graphs": (with_more(GRAPH, constant(field(11, b"") + field(20, 10))), "field 11"),
    "function": (with_more((), field(25, field(1, b"Conv"))), "field 25"),
    "value of a function": (with_more(GRAPH, constant(field(21, b"x") + field(20, 1))), "field 21"),
    "operator of somebody": (with_more(GRAPH, node("Conv", field(7, b"com.x"))), "field 7"),
    "operators of somebody": (with_more((), field(8, field(1, b"x") + field(2, 1))), "field 8"),
    "node without an operator": (with_more(GRAPH, field(1, b"")), "''"),
    "operator of ours in other letters": (with_more(GRAPH, node("conv")), "'conv'"),
    "not UTF-8": (with_more(GRAPH, field(1, field(4, b"\xff"))), "not an ONNX model"),
    "second graph": (with_more((), field(7, b"")), "field 7"),
    "second operator": (with_more(NODE, field(4, b"Loop")), "field 4"),
    "another opset": (edit(TINY_ONNX.read_bytes(), (8,), lambda _: field(2, 18)), "18"),
    "opset in 33 bits": (edit(TINY_ONNX.read_bytes(), (8,), lambda _: field(2, 2**32 + 17)), "429"),
    "another domain": (
        edit(TINY_ONNX.read_bytes(), (8,), lambda _: field(1, b"ai.onnx.ml") + field(2, 17)),
        "ai.onnx.ml",
    ),
    "another format": (b"\x08\x0c" + TINY_ONNX.read_bytes()[2:], "versions"),
    # What is larger than it looks.
    "many nodes": (with_more(GRAPH, node("Identity") * 5_000), "nodes, 1 to 5000"),
    "many fields": (with_more(GRAPH, field(5, FLOATS) * 30_000), "100000 fields"),
    "huge shape": (with_more(GRAPH, tensor_of(1, (2**40,), b"")), "bytes of its own"),
    "negative shape": (with_more(GRAPH, tensor_of(1, (-1,), b"1234")), "bytes of its own"),
    "shape that wraps round": (
        with_more(GRAPH, tensor_of(1, (2**32, 2**32), b"")),
        "bytes of its own",
    ),
    "half a tensor": (with_more(GRAPH, tensor_of(1, (2,), b"1234")), "bytes of its own"),
    # Weights stored smaller, where they are not restored, or not whole.
    "stored weights for a convolution": (
        with_more(GRAPH, STORED_INT8 + node("Conv", field(1, b"stored"))),
        "node Conv reads weights as they are stored, which only Cast may",
    ),
    "stored weights as their second input": (
        with_more(GRAPH, STORED_INT8 + node("Mul", field(1, b"other") + field(1, b"stored"))),
        "node Mul reads weights as they are stored",
    ),
    "stored weights by another name": (
        with_more(GRAPH, STORED_FLOAT16 + node("Identity", field(1, b"stored"))),
        "node Identity reads",
    ),
    "stored weights before their node": (
        with_more(GRAPH, node("Conv", field(1, b"stored")) + STORED_FLOAT16),
        "node Conv reads",
    ),
    "halves in a constant": (
        with_more(
            GRAPH, constant(field(5, field(1, 1) + field(2, 10) + field(9, b"12")) + field(20, 4))
        ),
        "type 10",
    ),
    "half a half": (with_more(GRAPH, tensor_of(10, (1,), b"1")), "bytes of its own"),
    "bytes for more than there are": (with_more(GRAPH, tensor_of(3, (3,), b"12")), "of its own"),
    "unsigned bytes": (with_more(GRAPH, tensor_of(2, (1,), b"1")), "type 2"),
    "integers of 32 bits": (with_more(GRAPH, tensor_of(6, (1,), b"1234")), "type 6"),
    "doubles": (with_more(GRAPH, tensor_of(11, (1,), b"12345678")), "type 11"),
    "texts": (with_more(GRAPH, tensor_of(8, (1,), b"1234")), "bytes of its own"),
    "type in 33 bits": (with_more(GRAPH, tensor_of(2**32 + 1, (1,), b"1234")), "bytes of its own"),
    "huge number": (with_more(GRAPH, tensor_of(7, (1,), struct.pack("<q", 2**62))), str(2**62)),
    "deep negative": (with_more(GRAPH, tensor_of(7, (1,), struct.pack("<q", -(2**63)))), "-92233"),
    "huge kernel": (
        with_more(GRAPH, node("MaxPool", field(5, field(8, 2**40) + field(20, 7)))),
        "number 1099",
    ),
    "type of another value": (
        with_more(GRAPH, constant(field(5, FLOATS) + field(20, 2))),
        "another value",
    ),
    "type that wraps round": (with_more(GRAPH, constant(field(20, 2**32 + 5))), "another value"),
    # What fails at the first photo.
    "fixed sides": (
        edit(
            TINY_ONNX.read_bytes(),
            INPUT_SHAPE,
            lambda _: b"".join(field(1, field(1, each)) for each in (1, 3, 160, 160)),
        ),
        r"shape \[1, 3, 160, 160\]",
    ),
    "another axis": (with_more(INPUT_SHAPE, field(1, field(2, b"t"))), "'images'"),
    "no shape": (edit(TINY_ONNX.read_bytes(), (7, 11, 2, 1), lambda _: field(1, 1)), "'images'"),
    "halves": (
        edit(TINY_ONNX.read_bytes(), (7, 11, 2, 1), lambda now: field(1, 10) + now[2:]),
        "10",
    ),
    "second input": (
        with_more(GRAPH, field(11, field(1, b"more"))),
        "field 11",
    ),
    "other input": (
        edit(TINY_ONNX.read_bytes(), (7, 11), lambda now: now.replace(b"images", b"imagez")),
        "'imagez'",
    ),
    "other output": (
        edit(
            TINY_ONNX.read_bytes(), (7, 12), lambda now: now.replace(b"predictions", b"prediction5")
        ),
        "'prediction5'",
    ),
    "a sequence": (edit(TINY_ONNX.read_bytes(), (7, 11, 2), lambda _: field(4, b"")), "field 4"),
    # What its metadata say.
    **{
        f"image_size {value!r}": (with_metadata("image_size", value), "image_size")
        for value in (
            "0",
            "-32",
            "40000",
            "1568",
            "33",
            "",
            "1_60",
            " 160",
            "١٦٠",
            "160.0",
            "9" * 5000,
        )
    },
    **{
        f"stride {value!r}": (with_metadata("stride", value), "stride")
        for value in ("0", "-32", "16", "64", "")
    },
    **{
        f"class_names {what}": (with_metadata("class_names", value), "class_names")
        for what, value in {
            "of nothing": "[]",
            "of an object": '{"a": 1}',
            "of numbers": "[1, 2, 3, 4, 5]",
            "of no JSON": "Gate, Tower",
            "nested": "[" * 200_000,
            "empty": '["", "b", "c", "d", "e"]',
            "twice": '["a", "a", "c", "d", "e"]',
            "of half a character": r'["\ud800", "b", "c", "d", "e"]',
            "too long": json.dumps(["a" * 301]),
            "too many": json.dumps([str(number) for number in range(1001)]),
        }.items()
    },
    **{
        f"{name} {what}": (
            TINY_ONNX.read_bytes() + metadata(name, json.dumps(value)),
            f"its {name}",
        )
        for name, values in _BAD_METADATA.items()
        for what, value in values.items()
    },
    **{
        f"{name} nested": (TINY_ONNX.read_bytes() + metadata(name, "[" * 200_000), f"its {name}")
        for name in _BAD_METADATA
    },
    "decoding too long": (
        TINY_ONNX.read_bytes() + metadata("decoding", json.dumps(DECODING) + " " * 8_000_000),
        "its decoding",
    ),
    "one name too few": (with_metadata("class_names", '["a", "b", "c", "d"]'), "free or 9"),
    "no metadata": (TINY_ONNX.read_bytes().replace(b"class_names", b"city"), "not an ONNX model"),
    "image_size twice": (
        with_more((), field(14, field(1, b"image_size") + field(2, b"32"))),
        "'image_size' twice",
    ),
    "metadata of another": (with_more((), field(14, field(1, b"author"))), "'author'"),
}
