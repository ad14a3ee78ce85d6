"""Weights stored in fewer bytes: what is computed with them, and what a reader sees of them."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from trainer.storage import store_weights


def model_of(weights: np.ndarray) -> onnx.ModelProto:
    """Return a model that is one convolution, with a factor that is no weight of one."""
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["images", "weights"], ["sums"]),
            helper.make_node("Mul", ["sums", "factor"], ["predictions"]),
        ],
        "graph",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, weights.shape[1], 8, 8])],
        [helper.make_tensor_value_info("predictions", TensorProto.FLOAT, None)],
        [
            numpy_helper.from_array(weights.astype(np.float32), "weights"),
            numpy_helper.from_array(np.array([1 / 3], np.float32), "factor"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def answer(model: onnx.ModelProto, images: np.ndarray) -> np.ndarray:
    import onnxruntime  # noqa: PLC0415 - takes a second; few tests need it

    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return np.asarray(session.run(["predictions"], {"images": images})[0])


def weights_like_a_layer(seed: int = 0) -> np.ndarray:
    """Return weights of 16 channels, of which each has a size of its own."""
    chance = np.random.default_rng(seed)
    return chance.normal(0, 1, (16, 4, 3, 3)) * np.logspace(-3, 1, 16)[:, None, None, None]


@pytest.mark.parametrize(("precision", "bound"), [("float16", 1e-3), ("int8", 2e-2)])
def test_each_channel_answers_nearly_as_before(precision: str, bound: float) -> None:
    model = model_of(weights_like_a_layer())
    images = np.random.default_rng(1).uniform(0, 1, (1, 4, 8, 8)).astype(np.float32)
    expected, found = answer(model, images), answer(store_weights(model, precision), images)
    scale = np.abs(expected).max(axis=(0, 2, 3))
    assert (np.abs(found - expected).max(axis=(0, 2, 3)) <= bound * scale).all()
    assert not np.array_equal(found, expected)


@pytest.mark.parametrize(("precision", "share"), [("float16", 0.55), ("int8", 0.32)])
def test_file_becomes_smaller(precision: str, share: float) -> None:
    model = model_of(np.random.default_rng(0).normal(0, 1, (64, 32, 3, 3)))
    stored = store_weights(model, precision)
    assert stored.ByteSize() <= share * model.ByteSize()
    # What it was made of is left as it was.
    assert model.graph.initializer[0].data_type == TensorProto.FLOAT


@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_channel_of_zeros_stays_one(precision: str) -> None:
    weights = weights_like_a_layer()
    weights[3] = 0
    found = answer(store_weights(model_of(weights), precision), np.ones((1, 4, 8, 8), np.float32))
    assert (found[0, 3] == 0).all()
    assert np.isfinite(found).all()


def test_what_is_no_weight_of_a_convolution_is_kept_whole() -> None:
    stored = store_weights(model_of(weights_like_a_layer()), "int8")
    (factor,) = (one for one in stored.graph.initializer if one.name == "factor")
    assert numpy_helper.to_array(factor).tolist() == [np.float32(1 / 3)]


def test_another_precision_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="must be one of int8, float16, but is 'int4'"):
        store_weights(model_of(weights_like_a_layer()), "int4")


@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_weights_are_whole_again_before_the_first_picture(precision: str, tmp_path: Path) -> None:
    """The runtime restores them once, when it loads: nothing of it is left to do for a picture."""
    import onnxruntime  # noqa: PLC0415 - see above

    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    model = store_weights(model_of(weights_like_a_layer()), precision)
    onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    optimised = onnx.load(tmp_path / "optimised.onnx")
    assert "Cast" not in {node.op_type for node in optimised.graph.node}
