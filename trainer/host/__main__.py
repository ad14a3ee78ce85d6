"""`python -m trainer.host`: look every few seconds, for ever, whether the machine is still needed."""

import argparse
import os
import shlex
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from trainer.host.machine import (
    JOBS_FOLDER,
    Job,
    find_jobs,
    is_in_use,
    read_processes,
    read_small_file,
)
from trainer.host.power import Moment, PowerLimits, PowerRule
from trainer.host.stalls import StallLimits, StallRule

LOOK_SECONDS = 15.0
# The second kills what keeps the first from its end.
POWER_OFF_COMMANDS = ("systemctl poweroff", "systemctl poweroff --force --force")
LOOKS_A_COMMAND = 8
COMMAND_TIMEOUT_SECONDS = 60
# A look that comes later was kept from coming: the watch slept, and knows nothing of that time.
MAX_AWAKE_LOOKS = 4
# Of the pipeline's, with which this program shares no code.
DEADLINE_FILE = "sightscan/deadline"
ENDED_FILE = "ended"
MAX_DEADLINE_BYTES = 100
# In the home: when the machine was powered off, a line each time. The pipeline asks for it at the next
# start, since EC2 does not say.
POWER_OFFS_FILE = ".sightscan-power-offs"
MAX_POWER_OFFS = 20
# A disk that does not answer keeps no machine on.
NOTE_SECONDS = 5
CONTAINER_LABEL = "sightscan.training"


@dataclass
class Watch:
    """One machine under watch."""

    home: Path
    root_pid: int
    booted_at: float
    look_seconds: float
    power_off_commands: tuple[str, ...]
    power: PowerRule
    stalls: StallRule
    awake_seconds: float = 0.0
    looked_at: float = field(default_factory=time.monotonic)
    power_offs: int = 0

    def look(self) -> None:
        """End trainings that hang; power off if nobody needs the machine."""
        now = self._moment()
        processes = read_processes(self.root_pid)
        jobs = find_jobs(processes)
        deadline = read_small_file(self.home / DEADLINE_FILE, MAX_DEADLINE_BYTES)
        in_use = bool(jobs) or is_in_use(processes)
        # First, since nothing that fails below may keep the machine on.
        reason = self.power.reason_to_end(now, deadline, in_use=in_use)
        if reason is not None:
            self._power_off(reason)
        for job, why in self.stalls.find_stalled(jobs, now.awake_seconds):
            _end_job(job, why)

    def _moment(self) -> Moment:
        looked_at = time.monotonic()
        self.awake_seconds += min(looked_at - self.looked_at, MAX_AWAKE_LOOKS * self.look_seconds)
        self.looked_at = looked_at
        uptime = time.clock_gettime(time.CLOCK_BOOTTIME) - self.booted_at
        return Moment(uptime, time.time(), self.awake_seconds)

    def _power_off(self, reason: str) -> None:
        say(f"powering off: {reason}")
        noting = threading.Thread(target=_note_power_off, args=(self.home,), daemon=True)
        noting.start()
        noting.join(NOTE_SECONDS)
        number = min(self.power_offs // LOOKS_A_COMMAND, len(self.power_off_commands) - 1)
        self.power_offs += 1
        _run(self.power_off_commands[number])


def main() -> None:
    """Watch until the machine is off."""
    watch, look_seconds = _parse()
    say("watching")
    while True:
        try:
            watch.look()
        except Exception as error:  # noqa: BLE001 - the bill goes on, so the watch does
            say(f"a look failed: {type(error).__name__}: {error}")
        _tell_systemd()
        time.sleep(look_seconds)


def say(line: str) -> None:
    """Print a line to the journal; a log that takes none is done without."""
    with suppress(OSError):
        print(line, flush=True)


def _parse() -> tuple[Watch, float]:
    parser = argparse.ArgumentParser(
        prog="python -m trainer.host", description="Power this machine off when nobody needs it."
    )
    power, stalls = PowerLimits(), StallLimits()
    parser.add_argument("--home", type=Path, default=Path("/home/ubuntu"))
    parser.add_argument("--idle-seconds", type=float, default=power.idle_seconds)
    parser.add_argument("--max-life-seconds", type=float, default=power.max_life_seconds)
    parser.add_argument("--stall-seconds", type=float, default=stalls.least_seconds)
    parser.add_argument("--quiet-seconds", type=float, default=stalls.quiet_seconds)
    parser.add_argument("--look-seconds", type=float, default=LOOK_SECONDS)
    for_tests = parser.add_argument_group("for a machine that is none")
    for_tests.add_argument("--root-pid", type=int, default=1, help="its first process")
    for_tests.add_argument("--booted-at", type=float, default=0.0, help="on the clock of boots")
    for_tests.add_argument("--power-off", action="append", help="command that powers it off")
    given = parser.parse_args()
    watch = Watch(
        home=given.home,
        root_pid=given.root_pid,
        booted_at=given.booted_at,
        look_seconds=given.look_seconds,
        power_off_commands=tuple(given.power_off or POWER_OFF_COMMANDS),
        power=PowerRule(PowerLimits(given.idle_seconds, given.max_life_seconds)),
        stalls=StallRule(StallLimits(given.stall_seconds, given.quiet_seconds)),
    )
    return watch, given.look_seconds


def _end_job(job: Job, why: str) -> None:
    say(f"ending {job.job_id}: {why}")
    if job.home is not None:
        _leave_reason(job.home / JOBS_FOLDER / job.job_id / ENDED_FILE, why)
    # All of them stand still before the first one dies: none may start another, or say how it ended.
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in job.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
    containers = _run(f"docker ps --quiet --filter label={CONTAINER_LABEL}").split()
    if containers:
        _run(f"docker kill {shlex.join(containers)}")


def _leave_reason(path: Path, why: str) -> None:
    """Write why a job was ended where the pipeline reads it; a disk that is full keeps none alive."""
    with suppress(OSError):
        # Nothing that lies there is followed or written over: the folder is another user's.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with os.fdopen(handle, "w") as file:
            file.write(f"{why}\n")


def _note_power_off(home: Path) -> None:
    """Add the time to those that the pipeline reads; a disk that is full keeps no machine on."""
    path = home / POWER_OFFS_FILE
    part = path.with_name(f"{path.name}.part")
    known, _ = read_small_file(path, MAX_POWER_OFFS * len("1700000000\n")) or ("", 0)
    # The folder is another user's: what they wrote there is not passed on, nor a link followed.
    lines = [line for line in known.splitlines() if line.isascii() and line.isdigit()]
    lines = [*lines, f"{time.time():.0f}"][-MAX_POWER_OFFS:]
    with suppress(OSError):
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with os.fdopen(handle, "w") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)


def _run(command: str) -> str:
    """Run a command and return its output, nothing if it fails: the next look tries again."""
    try:
        done = subprocess.run(
            shlex.split(command),
            capture_output=True,
            text=True,
            check=True,
            timeout=COMMAND_TIMEOUT_SECONDS,
        )
    except FileNotFoundError:
        return ""
    except (OSError, subprocess.SubprocessError) as error:
        say(f"{command}: {error}")
        return ""
    return done.stdout


def _tell_systemd() -> None:
    """Tell systemd that the watch is awake; it starts one anew that says nothing for too long."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.connect(address.replace("@", "\0", 1) if address.startswith("@") else address)
            notify.send(b"WATCHDOG=1")


if __name__ == "__main__":
    main()
