"""Start processes that cannot outlive the sandbox, and stop them with all they started.

Each one runs under `subreaper.py`, which explains how a kill -9 of the sandbox still ends it.
"""

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SUBREAPER = Path(__file__).with_name("subreaper.py")


@dataclass(frozen=True)
class KeptProcess:
    """A running command and its subreaper."""

    name: str
    subreaper: subprocess.Popen[bytes]
    log_path: Path
    grace_seconds: float

    def is_running(self) -> bool:
        """Say whether the command still runs."""
        return self.subreaper.poll() is None

    def stop(self) -> None:
        """Close the control pipe and wait until the command and every descendant are gone."""
        if self.subreaper.stdin is not None:
            self.subreaper.stdin.close()
        try:
            self.subreaper.wait(timeout=self.grace_seconds + 10)
        except subprocess.TimeoutExpired:
            # Only a process in uninterruptible sleep lasts that long; the subreaper goes on trying.
            sys.stderr.write(f"{self.name}: still ending after {self.grace_seconds + 10:.0f} s\n")

    def last_lines(self, count: int = 5) -> str:
        """Return the end of the command's log, for an error message."""
        if not self.log_path.exists():
            return ""
        text = self.log_path.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-count:])


def start_kept(
    name: str,
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    folder: Path,
    log_path: Path,
    stop_signal: signal.Signals = signal.SIGKILL,
    grace_seconds: float = 0.0,
    user_id: int | None = None,
) -> KeptProcess:
    """Start a command under a subreaper.

    The command gets exactly `environment`, `folder` as its working directory, an empty standard
    input and `log_path` (appended to) for its output. It is ended with `stop_signal`; whatever of
    it is left after `grace_seconds` is killed. `user_id` (root only) is the user and group to
    run as.
    """
    subreaper_command = [sys.executable, "-I", "-S", str(SUBREAPER), str(grace_seconds)]
    subreaper_command += [stop_signal.name, "-" if user_id is None else str(user_id), "--"]
    with log_path.open("ab") as log:
        subreaper = subprocess.Popen(
            [*subreaper_command, *map(str, command)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
        )
    return KeptProcess(name, subreaper, log_path, grace_seconds)
