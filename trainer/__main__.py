"""`python -m trainer DATASET_DIR MODEL_DIR`: exit status as in `trainer.errors`, 0 done; or `--selfcheck ...`."""

import argparse
import io
import os
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType

from trainer import selfcheck
from trainer.errors import TrainerError
from trainer.isolation import isolate_process
from trainer.model_folder import scratch_folder
from trainer.run import run

_STATUS_FAILED = 1
_STATUS_TERMINATED = 128 + signal.SIGTERM


def main(arguments: list[str] | None = None) -> int:
    """Run the trainer; return its exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["--selfcheck"]:
        return selfcheck.main(words[1:])
    parser = argparse.ArgumentParser(
        prog="python -m trainer", description="Train a detector of sights."
    )
    parser.add_argument(
        "dataset_dir", type=Path, help="folder with dataset.json, request.json, images/ and labels/"
    )
    parser.add_argument(
        "model_dir", type=Path, help="folder for the model; a killed run goes on from what is in it"
    )
    given = parser.parse_args(words)
    signal.signal(signal.SIGTERM, _end_at_once)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Paths may have letters that the host's encoding lacks.
        sys.stdout.reconfigure(errors="backslashreplace")
    isolate_process(scratch_folder(given.model_dir.absolute()))
    try:
        run(given.dataset_dir.absolute(), given.model_dir.absolute())
    except TrainerError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return error.exit_status
    except Exception as error:  # noqa: BLE001 - the outermost place: the status and one sentence are for the pipeline
        traceback.print_exc()
        print(f"TrainingFailed: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return _STATUS_FAILED
    return 0


def _end_at_once(_signal_number: int, _frame: FrameType | None) -> None:
    # The last checkpoint is whole whenever we end: no clean-up is needed or wanted.
    os.write(
        sys.stderr.fileno(), b"ended by SIGTERM; run again to go on from the last checkpoint\n"
    )
    os._exit(_STATUS_TERMINATED)


if __name__ == "__main__":
    sys.exit(main())
