"""What a live variant costs and saves: sides and storages of one trained model, beside the whole one.

A model is trained on a world as `benchmarks.openset` trains it, without backgrounds; then each side
that a live variant could have is measured, stored whole, as float16 and as int8: size of the file,
mAP50-95 on val (what the trainer chooses by) and on test (what publication judges by), and the
processor time of a photo with one thread and with two. What the trainer chose is the last row. Runs
in the trainer's environment.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.ending import end_as_by_ctrl_c
from benchmarks.report import Row, publish
from benchmarks.world_dataset import divide, parser_of_worlds, write_dataset
from trainer.isolation import SWITCHES

ROOT = Path(__file__).resolve().parents[1]
# The trainer's own bound, on the photos that it chooses by.
MAX_LOSS_ON_VAL = 0.01
TIMED_PHOTOS = 20


def measure_candidates(dataset_dir: Path, model_dir: Path) -> list[Row]:
    """Return the rows of every side and storage, and of what the trainer chose."""
    # What they import reads the switches of the isolation once.
    os.environ.update(SWITCHES)
    import onnx  # noqa: PLC0415

    from trainer.dataset_folder import read_dataset  # noqa: PLC0415
    from trainer.evaluation import detect_split  # noqa: PLC0415
    from trainer.export import open_onnx  # noqa: PLC0415
    from trainer.live import sides_of  # noqa: PLC0415
    from trainer.metrics import measure  # noqa: PLC0415
    from trainer.photos import PhotoStore  # noqa: PLC0415
    from trainer.storage import PRECISIONS, store_weights  # noqa: PLC0415

    dataset = read_dataset(dataset_dir)
    result = json.loads((model_dir / "result.json").read_text())
    model, path = onnx.load(model_dir / "model.onnx"), model_dir / "candidate.onnx"
    rows = []
    for side in sides_of(result["image_size"]):
        stores = [PhotoStore(photos, side, 1 << 30) for photos in (dataset.val, dataset.test)]
        for precision in ("float32", *PRECISIONS):
            stored = model if precision == "float32" else store_weights(model, precision)
            onnx.save(stored, path)
            detector = open_onnx(path, threads=1)
            scores = [measure(detect_split(detector, one), dataset.class_names) for one in stores]
            what = f"{side} px, {precision}"
            rows += [
                Row(f"{what}: bytes", path.stat().st_size),
                Row(f"{what}: mAP50-95 on val", scores[0].map50_95),
                Row(f"{what}: mAP50-95 on test", scores[1].map50_95),
            ]
        image = np.zeros((1, 3, side, side), np.float32)
        rows += [
            Row(
                f"{side} px: processor time of a square photo, {threads} thread(s)",
                time_of(open_onnx(path, threads=threads), image),
                "ms",
            )
            for threads in (1, 2)
        ]
    live = result["live"]
    return [*rows, Row("chosen", live["why"]), *rows_of_choice(live)]


def rows_of_choice(live: dict[str, Any]) -> list[Row]:
    """Return what is bound of the trainer's choice; nothing where phones get the whole model."""
    chosen = [
        one
        for one in live["tried"]
        if (one["image_size"], one["precision"]) == (live.get("image_size"), live.get("precision"))
    ]
    return [
        Row.at_most("chosen: loss of mAP50-95 on val", one["loss"], "", MAX_LOSS_ON_VAL)
        for one in chosen
    ]


def time_of(detector: Callable[[Any], Any], image: Any) -> float:
    """Return the processor time of one picture in milliseconds, the median of many.

    That of all threads together: on a busy machine, seconds on the wall are others' too.
    """
    spent = []
    for _ in range(TIMED_PHOTOS):
        begun = _processor_seconds()
        detector(image)
        spent.append(_processor_seconds() - begun)
    return 1000 * median(spent)


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return its exit code."""
    parser = parser_of_worlds("make bench-live", __doc__)
    parser.add_argument("--epochs", type=int, default=20)
    given = parser.parse_args(arguments)
    end_as_by_ctrl_c()
    if given.quick:
        given.size, given.epochs = 160, 2
    seed = given.seeds[0]
    request = {
        "epochs": given.epochs,
        "image_size": given.size,
        "batch_size": 16,
        "seed": seed,
        "time_limit_seconds": 7 * 24 * 3600,
        "weights": f"start{given.weights.suffix}",
    }
    with TemporaryDirectory() as folder:
        dataset, model = Path(folder) / "dataset", Path(folder) / "model"
        # With another world for strangers, all sights of this one are the city's.
        city = divide(given.world, given.background or given.world, seed)
        write_dataset(dataset, city, with_backgrounds=False, request=request)
        shutil.copy(given.weights, dataset / request["weights"])
        command = [sys.executable, "-m", "trainer", str(dataset), str(model)]
        subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=True)
        return publish("live", measure_candidates(dataset, model))


if __name__ == "__main__":
    sys.exit(main())
