"""Our training beside stock YOLOv5's and beside the recipe before, on the same photos for the same processor time.

Of each seed, stock trains first, with its defaults and at least 1,000 batches; the others get the
processor time that it took. All are measured on the same test photos by one reading, COCO's, and by
how many photos of another city's sights they give a name to at a score of 0.6. Runs in the
trainer's environment; how the recipe came about: docs/training.md.
"""

import json
import math
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from benchmarks.ending import end_as_by_ctrl_c
from benchmarks.one_training import STOCK_BATCH_SIZE
from benchmarks.report import Row, publish
from benchmarks.world_dataset import (
    divide,
    parser_of_worlds,
    store_as_crawled,
    write_dataset,
    write_unknown,
)

MIN_STOCK_BATCHES = 1_000
MIN_GAIN_ON_LANDED = 0.02
ROOT = Path(__file__).resolve().parents[1]
MEASURES = {
    "map50_95": ("mAP50-95 on test", ""),
    "map50": ("mAP50 on test", ""),
    "right": ("own test photos with their name, at 0.6", ""),
    "false_names": ("photos of unknown sights with a name, at 0.6", ""),
    "cpu_minutes": ("processor time", "min"),
    "wall_minutes": ("time", "min"),
    "epochs": ("epochs", ""),
}


def train(
    dataset_dir: Path, kind: str, cpu_seconds: float, levers: Sequence[str]
) -> dict[str, float]:
    """Train and judge in a process of its own; raises CalledProcessError after showing its log."""
    command = [sys.executable, "-m", "benchmarks.one_training", str(dataset_dir), kind]
    done = subprocess.run(
        [*command, str(cpu_seconds), *levers],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout[-4000:], file=sys.stderr)
    done.check_returncode()
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def rows_of(results: dict[str, list[dict[str, float]]], photos: dict[str, int]) -> list[Row]:
    """Turn what was measured, by variant and seed, into rows; the bound needs all three regimes."""
    rows = [Row(f"photos: {what}", count) for what, count in photos.items()]
    means = {name: fmean(one["map50_95"] for one in tries) for name, tries in results.items()}
    if {"stock", "landed", "ours"} <= means.keys():
        bound = max(means["stock"], means["landed"] + MIN_GAIN_ON_LANDED)
        rows.append(
            Row.at_least(
                "ours: mAP50-95, by the better of stock and landed + 0.02",
                means["ours"] / bound,
                "times",
                1.0,
            )
        )
    for name, tries in results.items():
        for key, (what, unit) in MEASURES.items():
            values = [one[key] for one in tries]
            rows.append(Row(f"{name}: {what}, mean of {len(values)}", fmean(values), unit))
            if key in ("map50_95", "false_names") and len(values) > 1:
                rows.append(Row(f"{name}: {what}, each seed", " ".join(f"{v:.3f}" for v in values)))
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return its exit code."""
    parser = parser_of_worlds("make bench-train", __doc__)
    parser.add_argument("--stock-epochs", type=int, help="default: what makes 1,000 batches")
    parser.add_argument(
        "--cpu-minutes", type=float, help="instead of what stock takes, which is then not trained"
    )
    parser.add_argument(
        "--lever",
        action="append",
        default=[],
        metavar="NAME=VALUE,...",
        help="ours once more, with other values of the recipe",
    )
    parser.add_argument(
        "--only", nargs="+", default=["stock", "landed", "ours"], help="regimes to train"
    )
    given = parser.parse_args(arguments)
    end_as_by_ctrl_c()
    if given.quick:
        given.size, given.seeds, given.stock_epochs = 96, given.seeds[:1], 5

    results: dict[str, list[dict[str, float]]] = defaultdict(list)
    counts: dict[str, int] = {}
    for seed in given.seeds:
        city = divide(given.world, given.background, seed)
        batches = math.ceil(len(city.photos["train"]) / STOCK_BATCH_SIZE)
        request = {
            "epochs": given.stock_epochs or math.ceil(MIN_STOCK_BATCHES / batches),
            "image_size": given.size,
            "batch_size": STOCK_BATCH_SIZE,
            "seed": seed,
            "time_limit_seconds": 7 * 24 * 3600,
            "weights": f"start{given.weights.suffix}",
        }
        with TemporaryDirectory() as folder:
            city = store_as_crawled(city, given.size, Path(folder) / "stored")
            dataset = write_dataset(
                Path(folder) / "dataset", city, with_backgrounds=False, request=request
            )
            shutil.copy(given.weights, dataset / request["weights"])
            counts = write_unknown(dataset, city)
            cpu_seconds = 60 * (given.cpu_minutes or 0)
            variants = [(kind, kind, ()) for kind in ("stock", "landed", "ours")]
            variants = [one for one in variants if one[0] in given.only]
            variants += [(f"ours, {one}", "ours", one.split(",")) for one in given.lever]
            for name, kind, levers in variants:
                if kind == "stock" and given.cpu_minutes:
                    continue
                told = train(dataset, kind, cpu_seconds, levers)
                cpu_seconds = cpu_seconds or 60 * told["cpu_minutes"]
                results[name].append(told)
                print(f"seed {seed}, {name}: {json.dumps(told)}", flush=True)
    return publish("train", rows_of(results, counts))


if __name__ == "__main__":
    sys.exit(main())
