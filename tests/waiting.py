"""Wait for what another thread or process does; the limit only ends a hang, and measures nothing."""

import threading
import time
from collections.abc import Callable

LIMIT_SECONDS = 60


def wait_until(condition: Callable[[], bool]) -> None:
    """Look again and again until it is so."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def does_end(act: Callable[[], object]) -> bool:
    """Do something that might wait for ever; tell whether it came to an end."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(LIMIT_SECONDS)
    return not thread.is_alive()
