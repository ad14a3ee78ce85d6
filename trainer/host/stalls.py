"""Which training hangs: one that finished no epoch for as long as five of its epochs take."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from trainer.host.machine import Job, read_small_file

MAX_PROGRESS_BYTES = 4_000_000
EPOCHS_OF_PATIENCE = 5
# Of the trainer, which is not installed beside this.
TRAINED_FILE = "trained"


@dataclass(frozen=True)
class StallLimits:
    """`least_seconds` is waited for in any case; `quiet_seconds` where no epoch can be expected.

    That is before the first of a job, when packages are loaded and photos are read, also where it
    goes on from a checkpoint; and after the last, when the model is exported and measured.
    """

    least_seconds: float = 600
    quiet_seconds: float = 1800


@dataclass(frozen=True)
class _Sign:
    """The last sign of life of a job, when it was seen, and how long the next may take.

    `begun_with` is how many epochs were done before any that the job was seen to finish.
    """

    mark: tuple[int, int, int]
    seen_at: float
    patience_seconds: float
    begun_with: int


class StallRule:
    """Watches the progress of jobs. Times are seconds that the watch itself was awake."""

    def __init__(self, limits: StallLimits) -> None:
        self._limits = limits
        self._signs: dict[str, _Sign] = {}

    def find_stalled(self, jobs: Iterable[Job], now: float) -> list[tuple[Job, str]]:
        """Return the jobs that hang, each with a sentence; a job that tells no progress never does."""
        signs, stalled = {}, []
        for job in jobs:
            if job.progress is None:
                continue
            sign = signs[job.job_id] = self._look(job.job_id, job.progress, now)
            waited = now - sign.seen_at
            if waited > sign.patience_seconds:
                why = (
                    f"it finished no epoch for {waited:.0f} s, with a limit of "
                    f"{sign.patience_seconds:.0f} s, so its host ended it"
                )
                stalled.append((job, why))
        self._signs = signs
        return stalled

    def _look(self, job_id: str, progress: Path, now: float) -> _Sign:
        text, changed_at = read_small_file(progress, MAX_PROGRESS_BYTES) or ("", 0)
        trained = read_small_file(progress.with_name(TRAINED_FILE), 1)
        mark = (len(text), changed_at, trained[1] if trained else 0)
        known = self._signs.get(job_id)
        if known is not None and known.mark == mark:
            return known
        epochs = [epoch for line in text.splitlines() if (epoch := _epoch(line)) is not None]
        # A job that goes on tells the epochs of its checkpoint first: those it finds, or fewer.
        begun_with = len(epochs) if known is None else min(known.begun_with, len(epochs))
        expects_epoch = len(epochs) > begun_with and trained is None
        return _Sign(
            mark, now, self._patience_seconds(epochs, expects_epoch=expects_epoch), begun_with
        )

    def _patience_seconds(
        self, epochs: list[tuple[float, float, float]], *, expects_epoch: bool
    ) -> float:
        if not expects_epoch or epochs[-1][0] >= epochs[-1][1]:
            return max(self._limits.quiet_seconds, self._limits.least_seconds)
        slowest = max(seconds for _, _, seconds in epochs)
        return max(self._limits.least_seconds, EPOCHS_OF_PATIENCE * slowest)


def _epoch(line: str) -> tuple[float, float, float] | None:
    """Return (number, of how many, seconds) of a line, None of half a line or of rubbish."""
    try:
        values = json.loads(line)
        epoch, epochs, seconds = (float(values[key]) for key in ("epoch", "epochs", "seconds"))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    return (epoch, epochs, seconds) if all(map(math.isfinite, (epoch, epochs, seconds))) else None
