"""One sandbox on a state folder at a time."""

import fcntl
import os
import time
from pathlib import Path
from typing import TextIO

from sandbox.addresses import LOCK

LOCK_ATTEMPTS = 10
LOCK_PAUSE_SECONDS = 0.05


class StateInUse(RuntimeError):
    """Another sandbox runs on the state folder."""


def lock_state(state: Path) -> TextIO:
    """Return the locked lock file; the kernel frees it however this process ends."""
    lock = (state / LOCK).open("a+", encoding="utf-8")
    for attempt in range(LOCK_ATTEMPTS):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError as error:
            # `running_sandbox` holds it for a moment when it asks whether a sandbox runs.
            if attempt < LOCK_ATTEMPTS - 1:
                time.sleep(LOCK_PAUSE_SECONDS)
                continue
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            lock.close()
            msg = (
                f"another sandbox (process {owner}) runs on {state}; end it, or choose another "
                "folder with --state"
            )
            raise StateInUse(msg) from error
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock
