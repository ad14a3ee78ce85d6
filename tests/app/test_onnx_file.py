import io
import pickle
import random
import zipfile

import pytest

from detector_app.errors import ModelRefused
from detector_app.models.inference import load_detector
from detector_app.models.onnx_file import OnnxContract, OnnxRefusedError, check_onnx
from tests.model_files import (
    BAD_MODELS,
    DECODING,
    GOOD_METADATA,
    GRAPH,
    STORED_FLOAT16,
    STORED_INT8,
    field,
    metadata,
    node,
    tensor_of,
    with_metadata,
    with_more,
)


def test_good_model_is_accepted(onnx: bytes) -> None:
    names = ("Torre do Relógio", "Green Gate", "Blue Mosque", "Sunflower Hall", "Rosa Palast")
    assert check_onnx(onnx) == OnnxContract(names, 160, 32)


def test_model_says_how_it_is_read_and_what_its_sights_are(onnx: bytes) -> None:
    more = b"".join(metadata(name, value) for name, value in GOOD_METADATA.items())
    read = check_onnx(onnx + more).decoding
    assert read is not None
    assert (read.overlap, list(read.thresholds)) == (0.45, DECODING["thresholds"])
    assert read.calibration == ((0, 0.1), (0.5, 0.1), (1, 0.9))


@pytest.mark.parametrize("size", [32, 1536])
def test_smallest_and_largest_picture_are_possible(size: int) -> None:
    assert check_onnx(with_metadata("image_size", str(size))).image_size == size


def test_numbers_of_classes_and_axes_are_possible() -> None:
    # 1,000 classes and their five fields; the last axis.
    numbers = (1005).to_bytes(8, "little") + (-1).to_bytes(8, "little", signed=True)
    check_onnx(with_more(GRAPH, tensor_of(7, (2,), numbers)))


@pytest.mark.parametrize("stored", [STORED_INT8, STORED_FLOAT16])
def test_weights_may_be_stored_smaller_for_a_cast(stored: bytes) -> None:
    to_float = field(5, field(1, b"to") + field(3, 1) + field(20, 2))
    check_onnx(
        with_more(
            GRAPH, stored + node("Cast", field(1, b"stored") + field(2, b"weights") + to_float)
        )
    )


@pytest.mark.parametrize("case", BAD_MODELS)
def test_any_other_model_is_refused_with_the_reason(case: str) -> None:
    content, words = BAD_MODELS[case]
    with pytest.raises(OnnxRefusedError, match=words):
        check_onnx(content)


@pytest.mark.parametrize("case", ["external in 33 bits", "loop", "fixed sides", "image_size '0'"])
def test_bad_model_is_refused_before_it_is_loaded(case: str) -> None:
    with pytest.raises(
        ModelRefused, match="publish a model that the trainer of SightScan exported"
    ):
        load_detector(BAD_MODELS[case][0])


def zip_of_a_pickle() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"weights": [1.0]}))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content", [pickle.dumps({"model": "yolov5"}), zip_of_a_pickle()], ids=["pickle", "torch"]
)
def test_pickle_is_refused(content: bytes) -> None:
    with pytest.raises(OnnxRefusedError, match="not an ONNX model"):
        check_onnx(content)


def test_deep_nesting_is_refused() -> None:
    graph = b""
    for _ in range(10_000):
        graph = field(1, field(4, b"Constant") + field(5, field(6, graph)))
    with pytest.raises(OnnxRefusedError, match="field 6"):
        check_onnx(with_more(GRAPH, graph))


def test_cut_model_is_refused(onnx: bytes) -> None:
    for length in range(1, len(onnx), 97):
        with pytest.raises(OnnxRefusedError):
            check_onnx(onnx[:length])


def test_rubbish_never_breaks_the_check(onnx: bytes) -> None:
    chance = random.Random(3)  # noqa: S311 - repeatable rubbish
    for _ in range(1000):
        spoilt = bytearray(onnx)
        for _ in range(5):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        try:
            check_onnx(bytes(spoilt))
        except OnnxRefusedError:
            continue
