"""What runs on the machine: trainings, as the pipeline starts them, and SSH sessions.

Nothing that a program writes about itself is believed, no pid file and no lock: only processes are.
"""

import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# As the pipeline has them, with which this program shares no code.
JOBS_FOLDER = ".sightscan-jobs"
PROGRESS_VARIABLE = "SIGHTSCAN_PROGRESS"
_JOB_LOG = re.compile(rf"^{re.escape(JOBS_FOLDER)}/([^/]+)/stdout\.log$")
# The shell that will write the exit code; it was started before its job had an environment.
_JOB_SHELL = re.compile(rf"{re.escape(JOBS_FOLDER)}/([^/\s]+)/exit_code\.tmp")
# Titles of OpenSSH's processes for people who are in; one that still asks for a key has a `[net]`.
_SSH_SESSION = re.compile(r"^sshd(?:-session)?: [\w.-]+(?:@\S+)?$")
_TRAINER = ("-m", "trainer")


@dataclass(frozen=True)
class Process:
    """A process, with its command and environment as far as they may be read."""

    pid: int
    parent: int
    words: Sequence[str]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Job:
    """A training that runs: its processes, the home of its user, and its progress.jsonl."""

    job_id: str
    pids: tuple[int, ...]
    home: Path | None
    progress: Path | None


def read_processes(root_pid: int = 1) -> tuple[Process, ...]:
    """Return the processes below one, by default all of the machine."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            # It may have ended meanwhile.
            with suppress(OSError, ValueError, IndexError):
                process = _read_process(folder)
                found[process.pid] = process
    if root_pid == 1:
        return tuple(found.values())
    return tuple(process for process in found.values() if _is_below(found, process, root_pid))


def find_jobs(processes: Iterable[Process]) -> tuple[Job, ...]:
    """Return the trainings that run, by what their processes carry."""
    members: dict[str, list[Process]] = {}
    for process in processes:
        job_id = _job_of(process)
        if job_id is not None:
            members.setdefault(job_id, []).append(process)
    return tuple(_job(job_id, own) for job_id, own in members.items())


def is_in_use(processes: Iterable[Process]) -> bool:
    """Tell whether somebody is in by SSH, or trains without the pipeline."""
    return any(
        (process.words and _SSH_SESSION.match(process.words[0].strip()))
        or _TRAINER in zip(process.words, process.words[1:], strict=False)
        for process in processes
    )


def read_small_file(path: Path, max_bytes: int) -> tuple[str, int] | None:
    """Return a file's text and the time of its last change in nanoseconds, or None without one.

    Whatever lies there instead, a pipe, a folder or a disk, is no file, and keeps nobody waiting.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        known = os.fstat(handle)
        if not stat.S_ISREG(known.st_mode):
            return None
        return os.read(handle, max_bytes).decode("utf-8", "replace"), known.st_mtime_ns
    except OSError:
        return None
    finally:
        os.close(handle)


def _read_process(folder: Path) -> Process:
    # The name in brackets may hold anything; what follows the last bracket does not.
    status = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
    if status[0] == "Z":
        raise ProcessLookupError
    words = (folder / "cmdline").read_bytes().decode("utf-8", "replace").rstrip("\0").split("\0")
    environment = {}
    with suppress(OSError):
        pairs = (folder / "environ").read_bytes().decode("utf-8", "replace").split("\0")
        environment = {key: value for key, _, value in (pair.partition("=") for pair in pairs)}
    return Process(int(folder.name), int(status[1]), words, environment)


def _is_below(found: Mapping[int, Process], process: Process, root_pid: int) -> bool:
    seen = set()
    while process.parent != root_pid:
        seen.add(process.pid)
        if process.parent in seen or process.parent not in found:
            return False
        process = found[process.parent]
    return True


def _job_of(process: Process) -> str | None:
    by_log = _JOB_LOG.match(process.environment.get("LOG_FILE", ""))
    if by_log:
        return by_log[1]
    is_shell = len(process.words) == 3 and process.words[1] == "-c"
    by_script = _JOB_SHELL.search(process.words[2]) if is_shell else None
    return by_script[1] if by_script else None


def _job(job_id: str, own: Sequence[Process]) -> Job:
    homes = [one.environment["HOME"] for one in own if "HOME" in one.environment]
    told = [
        one.environment[PROGRESS_VARIABLE] for one in own if PROGRESS_VARIABLE in one.environment
    ]
    home = Path(homes[0]) if homes else None
    progress = home / told[0] if home and told else None
    return Job(job_id, tuple(one.pid for one in own), home, progress)
