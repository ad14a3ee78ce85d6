"""Wait for what another thread or process does; the limit only ends a hang, and measures nothing."""

import threading
import time
from collections.abc import Callable

LIMIT_SECONDS = 60


def wait_until(
    condition: Callable[[], bool],
    limit_seconds: float = LIMIT_SECONDS,
    seen: Callable[[], object] = lambda: "",
) -> None:
    """Look again and again until it is so; `seen` tells what there is instead."""
    deadline = time.monotonic() + limit_seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {seen()}"
        time.sleep(0.005)


def does_end(act: Callable[[], object]) -> bool:
    """Do something that might wait for ever; tell whether it came to an end."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(LIMIT_SECONDS)
    return not thread.is_alive()
