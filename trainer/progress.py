"""What people see of a training: one line an epoch, for machines in progress.jsonl, for eyes on standard output.

No model needs any of it: where it cannot be written, the training goes on.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

PROGRESS_FILE = "progress.jsonl"
# Empty. It is there when no epoch follows: the last measure and the export have none.
TRAINED_FILE = "trained"


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """One finished epoch. `epoch` counts from 1; `seconds` are this epoch's; losses are means over its batches."""

    epoch: int
    epochs: int
    seconds: float
    box_loss: float
    obj_loss: float
    class_loss: float
    val_map50: float
    val_map50_95: float


def say(line: str) -> None:
    """Print a line; a log that cannot be written any more is left alone."""
    try:
        print(line, flush=True)
    except OSError:
        # What waits in the buffer would fail again at each line, and make an exit status of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def spared(what: str) -> Iterator[None]:
    """Do without something that no model needs if the disk does not take it."""
    try:
        yield
    except OSError as error:
        say(f"{what} could not be written ({error}); the training goes on without")


def write_progress(model_dir: Path, history: Sequence[EpochRecord]) -> None:
    """Write the lines of all finished epochs anew: after a kill, the file may lack one or hold half of one."""
    path = model_dir / PROGRESS_FILE
    temporary = path.with_suffix(".tmp")
    with spared(PROGRESS_FILE):
        (model_dir / TRAINED_FILE).unlink(missing_ok=True)
        temporary.write_text("".join(f"{_as_json(one)}\n" for one in history), encoding="utf-8")
        temporary.replace(path)


def append_progress(model_dir: Path, record: EpochRecord) -> None:
    """Add the line of one more epoch."""
    with spared(PROGRESS_FILE), (model_dir / PROGRESS_FILE).open("a", encoding="utf-8") as file:
        file.write(f"{_as_json(record)}\n")
        file.flush()
        os.fsync(file.fileno())


def mark_trained(model_dir: Path) -> None:
    """Tell whoever waits for the next epoch that none follows; later again, that the rest goes on."""
    with spared(TRAINED_FILE):
        (model_dir / TRAINED_FILE).touch()


def describe_epoch(record: EpochRecord, seconds_left: float) -> str:
    """Describe a finished epoch in one line, with the time left."""
    return (
        f"epoch {record.epoch:>{len(str(record.epochs))}}/{record.epochs}  "
        f"loss box {record.box_loss:.4f} object {record.obj_loss:.4f} class {record.class_loss:.4f}  "
        f"val mAP50 {record.val_map50:.3f} mAP50-95 {record.val_map50_95:.3f}  "
        f"{record.seconds:.1f} s, {describe_duration(seconds_left)} left"
    )


def describe_duration(seconds: float) -> str:
    """Write a duration as a person says it: `40 s`, `5 min 20 s`, `2 h 03 min`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _as_json(record: EpochRecord) -> str:
    return json.dumps({key: round(value, 6) for key, value in asdict(record).items()})
