"""Stands in for the trainer on the GPU host: leaves a model that finds colours, in two seconds.

    python quick_trainer.py --selfcheck ...
    python quick_trainer.py [--fail] [--status STATUS] [--break-export] [--wait SECONDS]
        [--await FILE] [--die-after EPOCH] RUN_FOLDER MODEL_FOLDER

FILE is waited for and taken away: one file lets one training go.

It keeps the contract of the model folder and of the host's lock, so everything around the training
is the real thing; as the real one, it goes on after the last epoch in progress.jsonl.
It runs in the trainer's environment, which has `onnx`.
"""

import argparse
import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from trainer.dataset_folder import read_dataset
from trainer.model_folder import locked_host
from trainer.request import hash_request, read_request

COLOURS_ONNX = Path(__file__).parent / "fixtures" / "colours.onnx"
EPOCHS = 3
# A sample of a photo that is gone by the time it is compared.
GONE = {"sha256": "ab" * 32, "rows": [[0, 1, 2]]}


def main() -> int:
    """Write the model folder; return the exit status."""
    if "--selfcheck" in sys.argv:
        if "--no-cuda" in sys.argv:
            sys.stderr.write("SelfCheckFailed: the device failed: torch finds no CUDA\n")
            return 1
        sys.stdout.write("self-check passed\n")
        return 0
    parser = argparse.ArgumentParser()
    parser.add_argument("--fail", action="store_true")
    parser.add_argument("--status", type=int, default=0)
    parser.add_argument("--die-after", type=int, default=EPOCHS)
    parser.add_argument("--break-export", action="store_true")
    parser.add_argument("--wait", type=float, default=0.0)
    parser.add_argument("--await", dest="awaited", type=Path)
    parser.add_argument("run_folder", type=Path)
    parser.add_argument("model_folder", type=Path)
    asked = parser.parse_args()
    if asked.fail:
        sys.stderr.write("asked to fail\n")
        return 1
    if asked.status:
        sys.stderr.write(f"BadDataset: asked for status {asked.status}\n")
        return int(asked.status)
    with locked_host(asked.run_folder):
        time.sleep(asked.wait)
        _wait_for(asked.awaited, asked.model_folder / "result.json")
        _train(asked.model_folder, asked.die_after)
        _write_model_folder(asked.run_folder, asked.model_folder, breaks=asked.break_export)
    return 0


def _wait_for(awaited: Path | None, result: Path) -> None:
    """Wait for the file and take it away; a training that is over waits for nothing."""
    while awaited and not result.exists():
        if awaited.exists():
            awaited.unlink()
            return
        time.sleep(0.1)


def _train(folder: Path, die_after: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "progress.jsonl"
    done = path.read_text().count("\n") if path.exists() else 0
    sys.stdout.write(f"going on after epoch {done}\n")
    for epoch in range(done + 1, EPOCHS + 1):
        with path.open("a") as progress:
            line = {"epoch": epoch, "epochs": EPOCHS, "seconds": 0.5, "val_map50": epoch / EPOCHS}
            progress.write(json.dumps(line) + "\n")
        if done < die_after == epoch < EPOCHS:
            os.killpg(0, signal.SIGKILL)


def _write_model_folder(run_folder: Path, folder: Path, *, breaks: bool) -> None:
    dataset = read_dataset(run_folder)
    request = read_request(run_folder)
    names = list(dataset.class_names)
    files = {
        "model.onnx": _model(names).SerializeToString(),
        "weights.safetensors": b"weights of no network",
        "curves.png": b"\x89PNG curves",
        "confusion_matrix.png": b"\x89PNG matrix",
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    metrics = {
        "map50": 1.0,
        "map50_95": 1.0,
        "precision": 1.0,
        "recall": 1.0,
        "per_class": [{"name": name, "map50": 1.0, "map50_95": 1.0} for name in names],
    }
    # What no network answers: as if the file were of another one.
    broken = [
        {"sha256": photo.sha256, "rows": [[0] + [9.0] * (5 + len(names))]} for photo in dataset.test
    ]
    result = {
        "dataset_sha256": dataset.sha256,
        "request_sha256": hash_request(request, run_folder),
        "parameters": json.loads((run_folder / "request.json").read_text()),
        "class_names": names,
        "image_size": 160,
        "epochs_completed": EPOCHS,
        "stopped_by": "epochs",
        "seconds": 1.5,
        "library_versions": {"onnx": onnx.__version__},
        "files": {
            name: hashlib.sha256(files[name]).hexdigest()
            for name in ("model.onnx", "weights.safetensors")
        },
        "metrics": {"val": metrics, "test": metrics},
        "samples": broken if breaks else [GONE],
    }
    (folder / "result.json").write_text(json.dumps(result))


def _model(names: list[str]) -> onnx.ModelProto:
    """Return the model of colours with its classes in the dataset's order."""
    model = onnx.load(COLOURS_ONNX)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    known = json.loads(metadata["class_names"])
    metadata["class_names"] = json.dumps(names, ensure_ascii=False)
    helper.set_model_props(model, metadata)
    # Behind the scores of all colours: those of the dataset's classes, in its order. Sights of other
    # cities are called after these.
    columns = np.array(
        [next(n for n, colour in enumerate(known) if name.startswith(colour)) for name in names],
        dtype=np.int64,
    )
    model.graph.initializer.append(numpy_helper.from_array(columns, "columns"))
    add = next(node for node in model.graph.node if "class_scores" in node.output)
    add.output[0] = "colour_scores"
    place = list(model.graph.node).index(add) + 1
    model.graph.node.insert(
        place, helper.make_node("Gather", ["colour_scores", "columns"], ["class_scores"], axis=2)
    )
    del model.graph.output[0].type.tensor_type.shape.dim[2]
    model.graph.output[0].type.tensor_type.shape.dim.add().dim_value = 5 + len(names)
    return model


if __name__ == "__main__":
    sys.exit(main())
