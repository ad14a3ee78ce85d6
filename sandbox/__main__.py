"""Run the sandbox until Ctrl-C: `python -m sandbox --state FOLDER [--world FOLDER]`."""

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from types import FrameType

from sandbox.alone import StandInsAlone
from sandbox.gpu.gpu_host import DEFAULT_TRAINER_BIN, TrainerEnvironmentMissing
from sandbox.options import SandboxOptions
from sandbox.ports import LOOPBACK, Listening, PortTaken
from sandbox.postgres.server import PostgresError
from sandbox.state_lock import StateInUse
from sandbox.supervisor import Sandbox, print_line
from sandbox.world.world import WorldError

NAMED_PORTS = ("web", "vision", "ec2")
EXPLAINED = (WorldError, PostgresError, PortTaken, StateInUse, TrainerEnvironmentMissing, OSError)


def main() -> int:
    """Run until SIGINT, SIGTERM or SIGHUP."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end_once)
    return run(sys.argv[1:])


def run(arguments: Sequence[str]) -> int:
    """Start the sandbox and wait; 0 when it was asked to end, 1 when a part died, 2 on bad input."""
    options, files, follows_stdin = _parse_arguments(arguments)
    if follows_stdin:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    whole = StandInsAlone(options, files, print_line) if files else Sandbox(options, print_line)
    try:
        with whole as sandbox:
            print_line(f"ready             {files or options.state / 'sandbox.json'}")
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


def _parse_arguments(arguments: Sequence[str]) -> tuple[SandboxOptions, Path | None, bool]:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A whole small cloud: PostgreSQL, EC2, GPU hosts, Vision, Commons.",
    )
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps everything")
    parser.add_argument(
        "--world", type=Path, help="folder with manifest.csv (default: a drawn one)"
    )
    parser.add_argument(
        "--background", type=Path, help="another such folder, whose photos show none of its sights"
    )
    machines = parser.add_mutually_exclusive_group()
    machines.add_argument("--instances", type=_at_least_one, default=1, help="EC2 instances")
    machines.add_argument(
        "--instance-id",
        action="append",
        default=[],
        help="the id of one; may be given several times",
    )
    parser.add_argument("--transition-seconds", type=_seconds, default=2.0)
    parser.add_argument("--boot-seconds", type=_seconds, default=1.0)
    parser.add_argument("--trainer-bin", type=Path, default=DEFAULT_TRAINER_BIN)
    parser.add_argument("--control-port", type=int, default=0, help="0: any free one")
    _add_network_arguments(parser)
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
    files: Path | None = values.pop("files")
    address, host = values.pop("listen"), values.pop("host")
    values["listening"] = Listening(address, host or address)
    values["ports"] = dict(values.pop("port"))
    values["instance_ids"] = tuple(values.pop("instance_id"))
    if changes := values.pop("vision_error"):
        from sandbox.vision.landmark_answers import VisionErrors  # NumPy and SciPy come with it

        try:
            values["vision_errors"] = VisionErrors().changed(changes)
        except ValueError as error:
            parser.error(str(error))
    return SandboxOptions(**values), files, follows_stdin


def _add_network_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--listen",
        type=_address,
        default=LOOPBACK,
        metavar="ADDRESS",
        help="where stand-ins listen; PostgreSQL and the control endpoint stay on loopback",
    )
    parser.add_argument("--host", help="the host by which others know that address")
    parser.add_argument(
        "--port",
        action="append",
        type=_named_port,
        default=[],
        metavar="NAME=PORT",
        help=f"a port of {', '.join(NAMED_PORTS)}; may be given several times",
    )
    parser.add_argument("--aws-access-key-id", default="", help="the id of the key that EC2 takes")
    parser.add_argument(
        "--files",
        type=_folder,
        help="start the stand-ins without PostgreSQL, and leave keys for a pipeline in this folder",
    )


def _end_once(_number: int, _frame: FrameType | None) -> None:
    # From now on nothing interrupts the ending: it takes seconds and leaves nothing behind.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _end_with_stdin() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        msg = f"must be an address of this machine, such as {LOOPBACK}, but got {text!r}"
        raise argparse.ArgumentTypeError(msg) from None


def _named_port(text: str) -> tuple[str, int]:
    name, _, port = text.partition("=")
    if name not in NAMED_PORTS or not port.isdecimal() or not 0 < int(port) < 65_536:
        msg = f"must be one of {', '.join(NAMED_PORTS)}, = and a port, but got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return name, int(port)


def _folder(text: str) -> Path:
    if not text:
        msg = "is empty: with Docker Compose, name docker/sandbox.env as an --env-file, too"
        raise argparse.ArgumentTypeError(msg)
    return Path(text)


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
