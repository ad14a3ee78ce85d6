"""Run the sandbox until Ctrl-C: `python -m sandbox --state FOLDER [--world FOLDER]`."""

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from sandbox.gpu.gpu_host import DEFAULT_TRAINER_BIN, TrainerEnvironmentMissing
from sandbox.ports import PortTaken
from sandbox.postgres.server import PostgresError
from sandbox.supervisor import Sandbox, SandboxOptions, StateInUse, print_line
from sandbox.world.world import WorldError

EXPLAINED = (WorldError, PostgresError, PortTaken, StateInUse, TrainerEnvironmentMissing, OSError)


def main() -> int:
    """Run until SIGINT, SIGTERM or SIGHUP."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end_once)
    return run(sys.argv[1:])


def run(arguments: Sequence[str]) -> int:
    """Start the sandbox and wait; 0 when it was asked to end, 1 when a part died, 2 on bad input."""
    options, follows_stdin = _parse_arguments(arguments)
    if follows_stdin:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    try:
        with Sandbox(options, say=print_line) as sandbox:
            print_line(f"ready             {options.state / 'sandbox.json'}")
            while (broken := sandbox.broken_part()) is None:
                time.sleep(1)
            sys.stderr.write(f"sandbox: {broken}\n")
            return 1
    except KeyboardInterrupt:
        print_line("sandbox ended")
        return 0
    except EXPLAINED as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 2


def _parse_arguments(arguments: Sequence[str]) -> tuple[SandboxOptions, bool]:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A whole small cloud on loopback: PostgreSQL, EC2, GPU hosts, Vision, Commons.",
    )
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps everything")
    parser.add_argument(
        "--world", type=Path, help="folder with manifest.csv (default: a drawn one)"
    )
    parser.add_argument(
        "--background", type=Path, help="another such folder, whose photos show none of its sights"
    )
    parser.add_argument("--instances", type=_at_least_one, default=1, help="EC2 instances")
    parser.add_argument("--transition-seconds", type=_seconds, default=2.0)
    parser.add_argument("--boot-seconds", type=_seconds, default=1.0)
    parser.add_argument("--trainer-bin", type=Path, default=DEFAULT_TRAINER_BIN)
    parser.add_argument("--control-port", type=int, default=0, help="0: any free one")
    parser.add_argument(
        "--vision-error",
        action="append",
        default=[],
        metavar="NAME=SHARE",
        help="how often Vision errs, e.g. nothing_found=0.3; may be given several times",
    )
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="end with the program that started it"
    )
    values = vars(parser.parse_args(arguments))
    follows_stdin: bool = values.pop("until_stdin_closes")
    if changes := values.pop("vision_error"):
        from sandbox.vision.landmark_answers import VisionErrors  # NumPy and SciPy come with it

        try:
            values["vision_errors"] = VisionErrors().changed(changes)
        except ValueError as error:
            parser.error(str(error))
    return SandboxOptions(**values), follows_stdin


def _end_once(_number: int, _frame: FrameType | None) -> None:
    # From now on nothing interrupts the ending: it takes seconds and leaves nothing behind.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _end_with_stdin() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        msg = f"must be 1 or more, but got {text}"
        raise argparse.ArgumentTypeError(msg)
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 3600:
        msg = f"must be between 0 and 3600 seconds, but got {text}"
        raise argparse.ArgumentTypeError(msg)
    return number


if __name__ == "__main__":
    sys.exit(main())
