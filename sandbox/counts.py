"""Count what the stand-ins were asked, so that tests can compare it with the warehouse."""

import threading
from collections import defaultdict


class Counts:
    """Counters by service and key, shared by the threads of all stand-ins."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def add(self, service: str, key: str, n: int = 1) -> None:
        """Add `n` to one counter."""
        with self._lock:
            self._values[service][key] += n

    def snapshot(self) -> dict[str, dict[str, int]]:
        """Return a copy of all counters: {service: {key: count}}, sorted."""
        with self._lock:
            return {
                service: dict(sorted(keys.items()))
                for service, keys in sorted(self._values.items())
            }
