import io
import pickle
import random
import zipfile

import pytest

from detector_app.errors import ModelRefused
from detector_app.onnx_file import check_onnx


def field(number: int, value: bytes | int) -> bytes:
    """Return a protobuf field of fewer than 128 bytes or an integer below 128."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    return bytes([number << 3 | 2, len(value)]) + value


def model_with(graph: bytes) -> bytes:
    return field(1, 9) + field(7, graph) + field(8, field(2, 18))


EXTERNAL_TENSOR = field(14, 1)


def test_model_of_the_trainer_is_accepted(onnx: bytes) -> None:
    check_onnx(onnx)


def zip_of_a_pickle() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"weights": [1.0]}))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 100,
        pickle.dumps({"model": "yolov5"}),
        zip_of_a_pickle(),
        b"<html>502 Bad Gateway</html>",
        b"\x08\x09",
        field(7, b""),
        b"\xff" * 50,
        b"ORTM" + b"\x08\x09" * 20,
    ],
    ids=["empty", "zeros", "pickle", "torch", "html", "no graph", "only graph", "ones", "ort"],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(ModelRefused, match="not an ONNX model"):
        check_onnx(content)


@pytest.mark.parametrize(
    "graph",
    [
        field(5, EXTERNAL_TENSOR),
        field(1, field(5, field(5, EXTERNAL_TENSOR))),
        field(1, field(5, field(6, field(5, EXTERNAL_TENSOR)))),
    ],
    ids=["weights", "constant", "constant in a branch"],
)
def test_weights_in_another_file_are_refused(graph: bytes) -> None:
    with pytest.raises(ModelRefused, match="another file"):
        check_onnx(model_with(graph))


def test_endless_nesting_is_refused() -> None:
    graph = b""
    for _ in range(12):
        graph = field(1, field(5, field(6, graph)))
    with pytest.raises(ModelRefused):
        check_onnx(model_with(graph))


def test_cut_model_is_refused(onnx: bytes) -> None:
    for length in range(1, len(onnx), 97):
        with pytest.raises(ModelRefused):
            check_onnx(onnx[:length])


def test_rubbish_never_breaks_the_check(onnx: bytes) -> None:
    chance = random.Random(3)  # noqa: S311 - repeatable rubbish
    for _ in range(300):
        spoilt = bytearray(onnx)
        for _ in range(5):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        try:
            check_onnx(bytes(spoilt))
        except ModelRefused:
            continue
