"""The live variant: the same network for a phone, on smaller pictures and in a smaller file.

Which sides and which storage of weights are good enough is seen on the validation photos. From the
trained side downwards, sides are taken as long as each stays within `MAX_LIVE_LOSS` of the whole
model, since the time for a picture goes with its area; at the last of them, the smaller file if it
does, too. A smaller side behind one that fails is luck, of which few photos have much. Time itself
decides nothing: it is another at each try. The variant has its own calibration and thresholds:
scores move with the size.
"""

import json
import os
import platform
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import onnx
import torch

from trainer import export, model_folder, progress
from trainer.answers import SplitAnswers, read_split
from trainer.dataset_folder import Dataset
from trainer.decoding import Decoding
from trainer.evaluation import sample_answers
from trainer.live_budget import TIMED_PHOTOS, LiveBudget
from trainer.metrics import SplitMetrics, measure, measure_shown
from trainer.photos import PhotoStore
from trainer.request import STRIDE_PIXELS
from trainer.storage import store_weights

LIVE_VERSION = 1
# Of mAP50-95 on the validation photos.
MAX_LIVE_LOSS = 0.01
# Of the side that was trained at.
_SIDE_SHARES = (3 / 8, 1 / 2, 5 / 8, 3 / 4, 7 / 8, 1.0)
MIN_LIVE_SIDE = 160
# A phone has no more to give, and the best figure is one that it reaches.
_LIVE_THREADS = 1
# A training that is paid for must not end for the sake of a variant: it has half an hour for all
# that follows the epochs.
MAX_LIVE_SECONDS = 300.0
_PROCESSOR_LETTERS = 100

Learn = Callable[[SplitAnswers], tuple[Decoding, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A side and a storage that were tried, and what they are worth on the validation photos."""

    image_size: int
    precision: str
    bytes: int
    val_map50_95: float
    loss: float


@dataclass(frozen=True, slots=True)
class WholeModel:
    """What the variant is held against: the published file, its score on val, the seconds that took."""

    path: Path
    image_size: int
    val_map50_95: float
    val_seconds: float

    @property
    def live_path(self) -> Path:
        """Return where its live variant lies."""
        return self.path.with_name(model_folder.LIVE_FILE)


def make_live(
    whole: WholeModel, dataset: Dataset, learn: Learn, *, ends_at: float
) -> dict[str, Any]:
    """Write `live.onnx` beside the whole model if a candidate is good enough; say what came of it.

    Nothing is begun that would not be done by `ends_at`, on the clock of `time.monotonic`.

    The answer is `live` of result.json: `file` is the one for phones, the whole model's where there
    is no other, and `why` says why. `learn` learns a decoding from answers to val photos. Whatever
    goes wrong is said there, too: people paid for the whole model.
    """
    tried: list[Candidate] = []
    budget = LiveBudget(
        ends_at=ends_at,
        image_size=whole.image_size,
        photo_seconds=whole.val_seconds / len(dataset.val),
        threads=torch.get_num_threads(),
        val_photos=len(dataset.val),
        test_photos=len(dataset.test),
    )
    try:
        chosen = _choose(whole, dataset, tried, budget)
        if not isinstance(chosen, str) and budget.is_over:
            chosen = "there was no time to measure one"
        told = (
            _without(chosen, tried)
            if isinstance(chosen, str)
            else _finish(*chosen, whole.live_path, dataset, learn)
        )
    except Exception as error:  # noqa: BLE001 - see above; libraries raise what they like
        told = _without(f"no other could be made ({type(error).__name__}: {error})", tried)
    if told["file"] != model_folder.LIVE_FILE:
        with suppress(OSError):
            whole.live_path.unlink()
    progress.say(f"live variant: {told['why']}")
    return {**told, "tried": [asdict(one) for one in tried]}


def sides_of(image_size: int) -> list[int]:
    """Return the sides that are tried for a model of this one, the largest first."""
    sides = {round(image_size * share / STRIDE_PIXELS) * STRIDE_PIXELS for share in _SIDE_SHARES}
    least = min(MIN_LIVE_SIDE, image_size)
    return sorted((side for side in sides if side >= least), reverse=True)


def _choose(
    whole: WholeModel, dataset: Dataset, tried: list[Candidate], budget: LiveBudget
) -> tuple[Candidate, SplitAnswers] | str:
    """Leave the chosen file in its place; return what it is and what it said of val, or why there is none."""
    model = onnx.load(whole.path)
    best: tuple[Candidate, SplitAnswers] | None = None
    for side in sides_of(whole.image_size):
        # If this one is not good enough, the one before is measured.
        if not budget.allows(side, best[0].image_size if best else side):
            if best is None:
                return f"there was no time to try {side} px"
            break
        candidate, answers = _try(whole, model, "float16", side, dataset)
        tried.append(candidate)
        if candidate.loss > MAX_LIVE_LOSS:
            break
        best = candidate, answers
    if best is None:
        return f"no other is within {MAX_LIVE_LOSS} of it"
    larger, _ = best
    if budget.allows(larger.image_size, larger.image_size):
        smaller = _try(whole, model, "int8", larger.image_size, dataset)
        tried.append(smaller[0])
        if smaller[0].loss <= MAX_LIVE_LOSS:
            return smaller
    _write(whole, model, larger.precision, larger.image_size)
    return best


def _try(
    whole: WholeModel, model: onnx.ModelProto, precision: str, side: int, dataset: Dataset
) -> tuple[Candidate, SplitAnswers]:
    _write(whole, model, precision, side)
    detector = export.open_onnx(whole.live_path, threads=torch.get_num_threads())
    answers = read_split(detector, PhotoStore(dataset.val, side, 0))
    progress.mark_trained(whole.path.parent)
    worth = _measure(answers, dataset).map50_95
    candidate = Candidate(
        side,
        precision,
        whole.live_path.stat().st_size,
        worth,
        # A hundredth less is within a hundredth, whatever its last digits are.
        round(whole.val_map50_95 - worth, 6),
    )
    return candidate, answers


def _write(whole: WholeModel, model: onnx.ModelProto, precision: str, side: int) -> None:
    onnx.save(store_weights(model, precision), whole.live_path)
    export.add_metadata(whole.live_path, image_size=str(side))


def _finish(
    candidate: Candidate, val: SplitAnswers, path: Path, dataset: Dataset, learn: Learn
) -> dict[str, Any]:
    """Learn how the chosen file is read, write that and its worth into it, and tell of it."""
    side = candidate.image_size
    decoding, learnt = learn(val)
    test_photos = PhotoStore(dataset.test, side, 0)
    timed = export.open_onnx(path, threads=_LIVE_THREADS)
    # Some photos tell how long one takes with one thread; for all, a city may have no time.
    answers = read_split(
        export.open_onnx(path, threads=torch.get_num_threads()),
        test_photos,
        timed=(timed, TIMED_PHOTOS),
    )
    shown, milliseconds = answers.show(decoding), answers.milliseconds
    test = _measure(answers, dataset)
    told = {
        "precision": candidate.precision,
        "map50": round(test.map50, 6),
        "map50_95": round(test.map50_95, 6),
        "milliseconds": round(milliseconds, 3),
        "processor": processor_name(),
    }
    export.add_decoding(path, decoding)
    export.add_metadata(path, live=json.dumps({"version": LIVE_VERSION, **told}))
    return {
        "file": model_folder.LIVE_FILE,
        "why": (
            f"{side} px, weights as {candidate.precision}, {candidate.bytes / 1e6:.1f} MB, "
            f"{milliseconds:.0f} ms a photo with one thread: mAP50-95 {candidate.val_map50_95:.3f} "
            f"on val, {candidate.loss:.3f} below the whole model's"
        ),
        "image_size": side,
        **told,
        "metrics": {"test": asdict(test)},
        "shipped": {
            **measure_shown(shown, dataset.class_names, decoding.thresholds),
            "milliseconds": milliseconds,
            "learnt": learnt,
        },
        "samples": sample_answers(timed, test_photos),
    }


def _without(reason: str, tried: list[Candidate]) -> dict[str, Any]:
    losses = [f"{one.loss:.4f} below at {one.image_size} px as {one.precision}" for one in tried]
    return {
        "file": model_folder.ONNX_FILE,
        "why": f"the whole model, since {reason}: {', '.join(losses) or 'none was tried'}",
    }


def _measure(answers: SplitAnswers, dataset: Dataset) -> SplitMetrics:
    return measure(answers.count_everything(), dataset.class_names)


def processor_name() -> str:
    """Return what this machine's processor is called: milliseconds are those of it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name = line.partition(":")[2].strip()
            # Some virtual machines have a line without a name, which nobody would take for one.
            if line.startswith("model name") and name:
                return name[:_PROCESSOR_LETTERS]
    return (platform.processor() or platform.machine() or os.name)[:_PROCESSOR_LETTERS]
