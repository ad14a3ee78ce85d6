"""Run a sandbox as a process of its own that ends with the program that started it."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from sandbox.addresses import SandboxAddresses, SandboxNotRunning, running_sandbox
from sandbox.processes.startable import Startable

REPOSITORY = Path(__file__).resolve().parent.parent
# Drawing the default world takes a minute or two, once, and longer on a busy machine.
START_TIMEOUT_SECONDS = 600
STOP_TIMEOUT_SECONDS = 30


class SandboxFailed(RuntimeError):
    """The sandbox ended before it was ready; the message holds what it said."""


class SandboxProcess(Startable):
    """`python -m sandbox` with `arguments`; its output goes to `<state>/sandbox.log`."""

    def __init__(self, state: Path, arguments: Sequence[str] = ()) -> None:
        self._state = state.resolve()
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def addresses(self) -> SandboxAddresses:
        """Where everything answers."""
        return running_sandbox(self._state)

    @property
    def process_id(self) -> int | None:
        """The supervisor's process, None before the start."""
        return None if self._process is None else self._process.pid

    def start(self) -> SandboxAddresses:
        """Start it and wait until it is ready."""
        self._state.mkdir(parents=True, exist_ok=True)
        log_path = self._state / "sandbox.log"
        command = [sys.executable, "-m", "sandbox", "--until-stdin-closes"]
        with log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--state", str(self._state), *self._arguments],
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                # A Ctrl-C in the terminal is the caller's; it ends the sandbox in its own time.
                start_new_session=True,
            )
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                addresses = running_sandbox(self._state)
            except SandboxNotRunning:
                time.sleep(0.1)
                continue
            if addresses.process_id == self._process.pid:
                return addresses
            time.sleep(0.1)
        self.stop()
        raise SandboxFailed(log_path.read_text(encoding="utf-8", errors="replace").strip())

    def stop(self) -> None:
        """End it and wait until nothing of it is left."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
            process.wait(timeout=STOP_TIMEOUT_SECONDS)
