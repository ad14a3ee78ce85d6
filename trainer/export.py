"""Publish a network without code in it: ONNX for whoever detects, safetensors for whoever trains on.

ONNX: input `images` float32 (n, 3, height, width), RGB 0..1, sides multiples of the stride, photos
padded with grey, never stretched; output `predictions` (n, boxes, 5 + classes): centre x, centre y,
width, height in input pixels, objectness, class scores, all through the sigmoid. What is made of
them is the reader's part, as `decoding` in the metadata says.
"""

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from trainer import network as yolo
from trainer.dataset_folder import Dataset
from trainer.decoding import Decoding
from trainer.errors import ExportMismatch
from trainer.request import STRIDE_PIXELS

OPSET = 17
DECODING_VERSION = 1
# Largest difference between ONNX Runtime and torch: of a score, and of a coordinate as a part of
# the image size.
MAX_DIFFERENCE = 1e-3


def export_onnx(network: nn.Module, dataset: Dataset, image_size: int, path: Path) -> None:
    """Write the ONNX file, any batch size and any sides, with what a reader must know in its metadata."""
    exported = copy.deepcopy(network).eval()
    exported.fuse()  # type: ignore[operator]
    head: Any = exported.model[-1]  # type: ignore[index]
    # The grid of cells must be computed from the input, not frozen at the size of the example.
    head.export, head.dynamic, head.inplace = True, True, False
    example = torch.zeros(2, 3, image_size, image_size)
    with torch.no_grad():
        torch.onnx.export(
            exported,
            (example,),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=["images"],
            output_names=["predictions"],
            dynamic_axes={
                "images": {0: "batch", 2: "height", 3: "width"},
                "predictions": {0: "batch", 1: "boxes"},
            },
        )
    metadata = {
        "class_names": json.dumps(list(dataset.class_names), ensure_ascii=False),
        "image_size": str(image_size),
        "stride": str(STRIDE_PIXELS),
        "dataset_sha256": dataset.sha256,
        "city": dataset.city,
        "version": str(dataset.version),
    }
    if dataset.sight_ids is not None:
        metadata["sight_ids"] = json.dumps(list(dataset.sight_ids))
    if dataset.sights:
        metadata["sights"] = json.dumps(dataset.sights, ensure_ascii=False)
    model = onnx.load(path)
    onnx.helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def add_decoding(path: Path, decoding: Decoding) -> None:
    """Write into the metadata of an ONNX file how it is read."""
    add_metadata(path, decoding=json.dumps({"version": DECODING_VERSION, **asdict(decoding)}))


def add_metadata(path: Path, **entries: str) -> None:
    """Write entries into the metadata of an ONNX file, in place of those of their names."""
    model = onnx.load(path)
    present = {entry.key: entry.value for entry in model.metadata_props}
    onnx.helper.set_model_props(model, present | entries)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def save_weights(network: nn.Module, dataset: Dataset, architecture: str, path: Path) -> None:
    """Write the tensors as safetensors, with what a later training needs to know of the classes."""
    metadata = {
        "class_names": json.dumps(list(dataset.class_names), ensure_ascii=False),
        "architecture": architecture,
        "dataset_sha256": dataset.sha256,
    }
    if dataset.sight_ids is not None:
        metadata["sight_ids"] = json.dumps(list(dataset.sight_ids))
    save_file(
        {name: tensor.detach().contiguous() for name, tensor in network.state_dict().items()},
        path,
        metadata=metadata,
    )


def open_onnx(path: Path, threads: int) -> Callable[[NDArray[np.float32]], Tensor]:
    """Open an ONNX file as a detector on the CPU."""
    options = onnxruntime.SessionOptions()  # type: ignore[attr-defined]
    options.intra_op_num_threads = threads
    # As OMP_WAIT_POLICY in isolation.py: on a busy machine, spinning threads rob each other.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # warnings about the hardware are no news
    session = onnxruntime.InferenceSession(  # type: ignore[attr-defined]
        str(path), options, providers=["CPUExecutionProvider"]
    )
    return lambda images: torch.from_numpy(session.run(["predictions"], {"images": images})[0])


def compare_with_torch(
    path: Path, network: nn.Module, images: Sequence[NDArray[np.float32]]
) -> float:
    """Return the largest difference between the ONNX file and the network; raises ExportMismatch beyond the bound.

    `images` are batches (n, 3, h, w) of different shapes, so that what must be dynamic is seen to
    be.
    """
    detector = open_onnx(path, threads=torch.get_num_threads())
    largest = 0.0
    for batch in images:
        expected, actual = yolo.detect(network, batch).cpu(), detector(batch)
        if expected.shape != actual.shape:
            msg = f"{path.name} answers {tuple(actual.shape)}, the network {tuple(expected.shape)}"
            raise ExportMismatch(msg)
        scale = torch.ones(expected.shape[2])
        scale[:4] = max(batch.shape[2:])
        largest = max(largest, float(((actual - expected).abs() / scale).max()))
    # Written this way round, so that nan is a mismatch.
    if not largest <= MAX_DIFFERENCE:
        msg = (
            f"{path.name} differs from the trained network by {largest:.2e} of the scale, "
            f"at most {MAX_DIFFERENCE:.0e} is allowed; check the versions of torch and onnxruntime"
        )
        raise ExportMismatch(msg)
    return largest
