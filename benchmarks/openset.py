"""What a model says to buildings that it does not know: with and without backgrounds in its training.

The real trainer is run on a city's photos and half of the sights of another; the other half, which
nobody has seen, judges. A name is given as the model's own metadata say (`decoding`): score to
confidence by their table, shown from the class's threshold on. A model without them gets the one
threshold that leaves at most 2 % of the known strangers of val with a name. Runs in the trainer's
environment.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.ending import end_as_by_ctrl_c
from benchmarks.intervals import say_interval
from benchmarks.report import Row, publish
from benchmarks.world_dataset import (
    UNKNOWN_FOLDER,
    divide,
    parser_of_worlds,
    write_dataset,
    write_unknown,
)
from trainer.calibration import calibration_error, error_by_chance
from trainer.isolation import SWITCHES

MAX_FALSE_NAMES = 0.02
MIN_RIGHT = 0.9
MAX_CALIBRATION_ERROR = 0.05
MAX_LOSS_OF_MAP50_95 = 0.01
# Less sure than this, nobody was told anything.
_MIN_TOLD_CONFIDENCE = 0.05
_FIXED_SCORE = 0.6
ROOT = Path(__file__).resolve().parents[1]

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Decoding:
    """How a model's scores become names: a table of (score, confidence), and a threshold for each class."""

    table: Floats
    thresholds: Floats

    def name(self, scores: Floats) -> tuple[int, float, bool]:
        """Return the surest class of a photo, (boxes, classes) scores, its confidence, and if it is shown."""
        confidences = np.interp(scores, self.table[:, 0], self.table[:, 1]).max(axis=0)
        # What is shown first is what is surest among that which may be shown.
        shown = confidences >= self.thresholds
        best = int(np.where(shown, 1 + confidences, confidences).argmax())
        return best, float(confidences[best]), bool(shown[best])


@dataclass(frozen=True, slots=True)
class Answer:
    """How sure a model is of what it would name on a photo, if it is right, and if a sight is there."""

    confidence: float
    is_right: bool
    is_own: bool


@dataclass(slots=True)
class Tally:
    """What was answered, pooled over seeds."""

    right: list[bool] = field(default_factory=list)
    false_names: list[bool] = field(default_factory=list)
    fixed_right: list[bool] = field(default_factory=list)
    fixed_false_names: list[bool] = field(default_factory=list)
    answers: list["Answer"] = field(default_factory=list)
    map50: list[float] = field(default_factory=list)
    map50_95: list[float] = field(default_factory=list)
    # Of each seed, whatever the thresholds: how often an own photo's surest score is above that of
    # an unknown one, and the own photos with their name where 2 % of the unknown have one.
    separation: list[float] = field(default_factory=list)
    right_at_bound: list[float] = field(default_factory=list)


def separate(own: Floats, right: NDArray[np.bool_], unknown: Floats) -> tuple[float, float]:
    """Return how often own photos score above unknown ones, and the share that is right above 98 % of these.

    The surest scores (photos,) of both, and whether the own ones name what is there.
    """
    allowed = int(len(unknown) * MAX_FALSE_NAMES)
    bound = np.sort(unknown)[::-1][allowed]
    above = (own[:, None] > unknown).mean() + (own[:, None] == unknown).mean() / 2
    return float(above), float((right & (own > bound)).mean())


def global_decoding(strangers: Sequence[Floats], class_count: int) -> Decoding:
    """Return the decoding of a model that has none: the least score that at most 2 % of strangers reach."""
    surest = np.sort([scores.max() for scores in strangers])[::-1]
    threshold = surest[int(len(surest) * MAX_FALSE_NAMES)] + 1e-6 if len(surest) else _FIXED_SCORE
    return Decoding(np.array([[0.0, 0.0], [1.0, 1.0]]), np.full(class_count, threshold))


def calibrate(answers: Sequence[Answer]) -> tuple[float, float]:
    """Return the expected calibration error, and what chance makes of it if every confidence is true.

    Photos of the city and of unknown sights count the same in all, as a confidence supposes
    (docs/decisions/0051-what-a-confidence-supposes.md).
    """
    if not answers:
        return 0.0, 0.0
    own = np.array([one.is_own for one in answers])
    weights = np.where(own, 0.5 / max(1, own.sum()), 0.5 / max(1, (~own).sum()))
    confidences = np.array([one.confidence for one in answers])
    right = np.array([one.is_right for one in answers])
    return (
        calibration_error(confidences, right, weights) or 0.0,
        error_by_chance(confidences, weights) or 0.0,
    )


def tally_model(model_dir: Path, dataset_dir: Path, tally: Tally) -> None:
    """Add what a finished model answers on the test photos and on those of unknown sights."""
    # What they import reads the switches of the isolation once.
    os.environ.update(SWITCHES)
    import onnx  # noqa: PLC0415

    from trainer.dataset_folder import LabelledPhoto, read_dataset  # noqa: PLC0415
    from trainer.export import open_onnx  # noqa: PLC0415
    from trainer.photos import PhotoStore  # noqa: PLC0415

    dataset = read_dataset(dataset_dir)
    detect = open_onnx(model_dir / "model.onnx", threads=1)
    properties = onnx.load(model_dir / "model.onnx").metadata_props
    metadata = {each.key: each.value for each in properties}

    def scores_of(photos: Sequence[LabelledPhoto]) -> list[Floats]:
        store, scores = PhotoStore(photos, int(metadata["image_size"]), 0), []
        for index in range(len(store)):
            pixels = store.letterboxed(index)[0].transpose(2, 0, 1)[None].astype(np.float32) / 255
            raw = detect(pixels)[0].numpy()
            scores.append(raw[:, 4:5] * raw[:, 5:])
        return scores

    if "decoding" in metadata:
        told = json.loads(metadata["decoding"])
        decoding = Decoding(np.array(told["calibration"]), np.array(told["thresholds"]))
    else:
        known = [photo for photo in dataset.val if not photo.boxes]
        decoding = global_decoding(scores_of(known), len(dataset.class_names))
    fixed = Decoding(
        np.array([[0.0, 0.0], [1.0, 1.0]]), np.full(len(dataset.class_names), _FIXED_SCORE)
    )
    own = [photo for photo in dataset.test if photo.boxes]
    surest, is_right = [], []
    for photo, scores in zip(own, scores_of(own), strict=True):
        truths = {box.class_index for box in photo.boxes}
        surest.append(scores.max())
        is_right.append(scores.max(axis=0).argmax() in truths)
        name, confidence, shown = decoding.name(scores)
        tally.right.append(shown and name in truths)
        if confidence >= _MIN_TOLD_CONFIDENCE:
            tally.answers.append(Answer(confidence, name in truths, is_own=True))
        name, _, shown = fixed.name(scores)
        tally.fixed_right.append(shown and name in truths)
    unknown = [
        LabelledPhoto(path.stem, path, ()) for path in (dataset_dir / UNKNOWN_FOLDER).iterdir()
    ]
    surest_unknown = []
    for scores in scores_of(unknown):
        surest_unknown.append(scores.max())
        _, confidence, shown = decoding.name(scores)
        tally.false_names.append(shown)
        if confidence >= _MIN_TOLD_CONFIDENCE:
            tally.answers.append(Answer(confidence, is_right=False, is_own=False))
        tally.fixed_false_names.append(fixed.name(scores)[2])
    above, right = separate(np.array(surest), np.array(is_right), np.array(surest_unknown))
    tally.separation.append(above)
    tally.right_at_bound.append(right)
    metrics = json.loads((model_dir / "result.json").read_text())["metrics"]["test"]
    tally.map50.append(metrics["map50"])
    tally.map50_95.append(metrics["map50_95"])


def rows_of(tallies: dict[str, Tally], counts: dict[str, int]) -> list[Row]:
    """Turn the tallies into rows; the bounds are on the model that has learnt backgrounds."""
    rows = [Row(f"photos of one seed: {what}", count) for what, count in counts.items()]
    with_backgrounds, without = tallies["with backgrounds"], tallies["without"]
    named, right = with_backgrounds.false_names, with_backgrounds.right
    error, by_chance = calibrate(with_backgrounds.answers)
    rows += [
        Row.at_most(
            "photos of unknown sights that get a name",
            float(np.mean(named)),
            say_interval(sum(named), len(named)),
            MAX_FALSE_NAMES,
        ),
        Row.at_least(
            "own test photos that get their name",
            float(np.mean(right)),
            say_interval(sum(right), len(right)),
            MIN_RIGHT,
        ),
        Row.at_most(
            "expected calibration error beyond what chance makes",
            error - by_chance,
            f"of {len(with_backgrounds.answers)}",
            MAX_CALIBRATION_ERROR,
        ),
        Row("expected calibration error", error),
        Row("the same of as many names, if every confidence were true", by_chance),
        Row.at_least(
            "mAP50-95 against that without backgrounds",
            float(np.mean(with_backgrounds.map50_95) - np.mean(without.map50_95)),
            "",
            -MAX_LOSS_OF_MAP50_95,
        ),
    ]
    for name, tally in tallies.items():
        rows += [
            Row(f"{name}: mAP50-95, each seed", " ".join(f"{one:.3f}" for one in tally.map50_95)),
            Row(f"{name}: mAP50, each seed", " ".join(f"{one:.3f}" for one in tally.map50)),
            Row(f"{name}: named unknown, as shipped", float(np.mean(tally.false_names))),
            Row(
                f"{name}: named unknown, at a score of 0.6", float(np.mean(tally.fixed_false_names))
            ),
            Row(f"{name}: own right, as shipped", float(np.mean(tally.right))),
            Row(f"{name}: own right, at a score of 0.6", float(np.mean(tally.fixed_right))),
            Row(
                f"{name}: own above unknown, whatever the threshold",
                np.mean(tally.separation).item(),
            ),
            Row(
                f"{name}: own right where 2 % of the unknown are named",
                np.mean(tally.right_at_bound).item(),
            ),
        ]
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return its exit code."""
    parser = parser_of_worlds("make bench-openset", __doc__)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument(
        "--keep", type=Path, help="folder for datasets and models, to be looked at afterwards"
    )
    given = parser.parse_args(arguments)
    end_as_by_ctrl_c()
    if given.quick:
        given.size, given.epochs, given.seeds = 96, 3, given.seeds[:1]

    tallies: dict[str, Tally] = defaultdict(Tally)
    counts: dict[str, int] = {}
    for seed in given.seeds:
        city = divide(given.world, given.background, seed)
        request: dict[str, Any] = {
            "epochs": given.epochs,
            "image_size": given.size,
            "batch_size": 16,
            "seed": seed,
            "time_limit_seconds": 7 * 24 * 3600,
            "weights": f"start{given.weights.suffix}",
        }
        for name, with_backgrounds in (("with backgrounds", True), ("without", False)):
            with TemporaryDirectory() as scratch:
                folder = given.keep / f"{seed} {name}" if given.keep else Path(scratch)
                dataset, model = folder / "dataset", folder / "model"
                write_dataset(dataset, city, with_backgrounds=with_backgrounds, request=request)
                shutil.copy(given.weights, dataset / request["weights"])
                counts = write_unknown(dataset, city) | {
                    f"backgrounds in {split}": len(city.known[split]) for split in ("train", "val")
                }
                command = [sys.executable, "-m", "trainer", str(dataset), str(model)]
                subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=True)
                tally_model(model, dataset, tallies[name])
    return publish("openset", rows_of(tallies, counts))


if __name__ == "__main__":
    sys.exit(main())
