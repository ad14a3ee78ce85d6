"""One training for `benchmarks.train`, in a process of its own so that its processor time can be told.

    python -m benchmarks.one_training DATASET_DIR RECIPE CPU_SECONDS [name=value ...]

RECIPE is `stock` (YOLOv5's own `train.run`), `landed`, or `ours`. Stock trains the epochs of the
request; the others as many as the processor time allows, if it is not 0. The last line printed is
JSON: what the network is worth on the test photos and on those of `DATASET_DIR/unknown`.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.world_dataset import UNKNOWN_FOLDER
from trainer.isolation import isolate_process
from trainer.recipe import FROM_WEIGHTS, Recipe

NAMED_SCORE = 0.6
STOCK_BATCH_SIZE = 16
# What FROM_WEIGHTS was before the levers of docs/training.md were tried.
LANDED = Recipe(
    learning_rate=0.0005,
    class_gain=0.1,
    scale=0.4,
    rotation_degrees=3.0,
    mosaic=0.3,
    plain_last_fraction=0.1,
    small_first_fraction=0.0,
    balance=0.0,
    val_noise=0.0,
)
RECIPES = {"landed": LANDED, "ours": FROM_WEIGHTS}


def change(recipe: Recipe, levers: Sequence[str]) -> Recipe:
    """Return a recipe with levers, `name=value` each, put to other values; raises SystemExit for an unknown one."""
    values: dict[str, Any] = {}
    known = {one.name: type(getattr(recipe, one.name)) for one in fields(recipe)}
    for lever in levers:
        name, _, value = lever.partition("=")
        if name not in known or not value:
            msg = f"lever {lever!r} must be name=value, with a name out of {', '.join(known)}"
            raise SystemExit(msg)
        values[name] = known[name](value)
    return replace(recipe, **values)


def main(arguments: Sequence[str]) -> None:
    """Train as told on the command line."""
    dataset_dir, kind, cpu_seconds = Path(arguments[0]), arguments[1], float(arguments[2])
    recipe = None if kind == "stock" else change(RECIPES[kind], arguments[3:])
    # One core, one thread: in processor time, work and waiting for other threads look the same.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.environ["OMP_NUM_THREADS"] = "1"
    with TemporaryDirectory() as scratch:
        isolate_process(Path(scratch))
        begun = time.monotonic()
        if recipe is None:
            network, told = _train_stock(dataset_dir, Path(scratch))
        else:
            network, told = _train_ours(dataset_dir, recipe, cpu_seconds)
        told["wall_minutes"] = (time.monotonic() - begun) / 60
        print(json.dumps({**told, **_judge(network, dataset_dir)}))


def _train_ours(
    dataset_dir: Path, recipe: Recipe, cpu_seconds: float
) -> tuple[Any, dict[str, float]]:
    from trainer import training  # noqa: PLC0415 - after the isolation
    from trainer.checkpoint import CheckpointFolder  # noqa: PLC0415
    from trainer.dataset_folder import read_dataset  # noqa: PLC0415
    from trainer.model_folder import RunIdentity  # noqa: PLC0415
    from trainer.photos import PhotoStore  # noqa: PLC0415
    from trainer.request import read_request  # noqa: PLC0415
    from trainer.weights import read_weights  # noqa: PLC0415

    request, dataset = read_request(dataset_dir), read_dataset(dataset_dir)
    stores = [
        PhotoStore(photos, request.image_size, 1 << 32) for photos in (dataset.train, dataset.val)
    ]
    weights = read_weights(dataset_dir / request.weights) if request.weights else None
    ends: list[float] = []

    def train_epochs(epochs: int) -> Any:
        with TemporaryDirectory() as folder:
            return training.train(
                replace(request, epochs=epochs),
                dataset.class_names,
                *stores,
                starting_weights=weights,
                recipe=recipe,
                checkpoints=CheckpointFolder(Path(folder), RunIdentity("", "", "")),
                on_start=lambda _: ends.append(time.process_time()),
                on_epoch=lambda *_: ends.append(time.process_time()),
            )

    begun, epochs = time.process_time(), request.epochs
    if cpu_seconds:
        train_epochs(3)
        # Of three, the first starts caches: the other two tell the pace of all.
        epochs = max(3, round((cpu_seconds - begun) / ((ends[-1] - ends[1]) / 2)))
    started = time.process_time()
    trained = train_epochs(epochs)
    # Without the three epochs that only told the pace.
    spent = begun + time.process_time() - started
    told = {"cpu_minutes": spent / 60, "epochs": len(trained.history), "best": trained.best_epoch}
    return trained.network, told


def _train_stock(dataset_dir: Path, scratch: Path) -> tuple[Any, dict[str, float]]:
    """Run YOLOv5's own training with its defaults; nothing of it leaves the process."""
    import torch  # noqa: PLC0415 - after the isolation
    import yaml  # noqa: PLC0415
    import yolov5.train  # noqa: PLC0415
    from yolov5.utils import general  # noqa: PLC0415

    from trainer import network as yolo  # noqa: PLC0415
    from trainer.dataset_folder import read_dataset  # noqa: PLC0415
    from trainer.request import read_request  # noqa: PLC0415
    from trainer.weights import read_weights, transfer_weights  # noqa: PLC0415

    request, names = read_request(dataset_dir), read_dataset(dataset_dir).class_names
    # It insists on a pickle: one of our making, of weights that were read without running any.
    weights = read_weights(dataset_dir / (request.weights or ""))
    start: Any = yolo.build_network(request.architecture, weights.class_names or names, 0)
    transfer_weights(weights, start)
    torch.save({"model": start}, scratch / "weights.pt")
    data = {"path": str(dataset_dir), "train": "images/train", "val": "images/val"}
    (scratch / "data.yaml").write_text(yaml.safe_dump({**data, "names": dict(enumerate(names))}))
    # It looks on the internet for a font for pictures that nobody asked for.
    general.check_font = lambda *_, **__: None
    real_load = torch.load
    torch.load = lambda *given, **named: real_load(*given, **{**named, "weights_only": False})
    torch.set_num_threads(1)
    yolov5.train.run(
        data=str(scratch / "data.yaml"),
        weights=str(scratch / "weights.pt"),
        imgsz=request.image_size,
        batch_size=STOCK_BATCH_SIZE,
        epochs=request.epochs,
        seed=request.seed,
        project=str(scratch / "runs"),
        name="stock",
        noplots=True,
        # With none, it prepares photos in the process that is measured.
        workers=0,
    )
    told = {"cpu_minutes": time.process_time() / 60, "epochs": request.epochs}
    network = yolo.build_network(request.architecture, names, 0)
    best = read_weights(scratch / "runs" / "stock" / "weights" / "best.pt")
    network.load_state_dict(best.tensors)
    return network, told


def _judge(network: Any, dataset_dir: Path) -> dict[str, float]:
    from trainer import network as yolo  # noqa: PLC0415 - after the isolation
    from trainer.dataset_folder import LabelledPhoto, read_dataset  # noqa: PLC0415
    from trainer.evaluation import detect_split  # noqa: PLC0415
    from trainer.metrics import measure  # noqa: PLC0415
    from trainer.photos import PhotoStore  # noqa: PLC0415
    from trainer.request import read_request  # noqa: PLC0415

    dataset, size = read_dataset(dataset_dir), read_request(dataset_dir).image_size
    unknown = [
        LabelledPhoto(path.stem, path, ()) for path in (dataset_dir / UNKNOWN_FOLDER).iterdir()
    ]
    own, strange = (
        detect_split(lambda images: yolo.detect(network, images), PhotoStore(photos, size, 0))
        for photos in (dataset.test, unknown)
    )
    named = [
        [
            best[0, 5] if len(best) and best[0, 4] >= NAMED_SCORE else None
            for best in (one.detections for one in photos)
        ]
        for photos in (own, strange)
    ]
    metrics = measure(own, dataset.class_names)
    return {
        "map50": metrics.map50,
        "map50_95": metrics.map50_95,
        "right": fmean(
            name in one.truths[:, 0].tolist() for name, one in zip(named[0], own, strict=True)
        ),
        "false_names": fmean(name is not None for name in named[1]),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
