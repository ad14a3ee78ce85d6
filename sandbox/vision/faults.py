"""Failures of Google Vision that a test or a person asks for: what, how often, and when.

The worst moment is after the work was done and counted: the client sees an error, Google has
charged for the images.
"""

import threading
from collections import deque
from dataclasses import dataclass

KINDS = ("none", "unavailable", "deadline", "quota", "internal", "bad_image", "odd")
MOMENTS = ("before", "after")
DEADLINE_SECONDS = 90.0


@dataclass(frozen=True)
class VisionFault:
    """One failing request: its kind, whether it was processed before it failed, a delay."""

    kind: str
    after_processing: bool
    delay_seconds: float


class VisionFaults:
    """The faults that the next requests meet, in order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: deque[VisionFault] = deque()

    def set(
        self,
        kind: str,
        next_requests: int | str = 1,
        when: str = "before",
        delay_seconds: float | str | None = None,
    ) -> None:
        """Let the next requests fail; `kind="none"` forgets all faults that are still to come.

        `unavailable`, `quota` and `internal` are the gRPC errors, at once or after
        `delay_seconds`; `deadline` only answers so late that the client has given up;
        `bad_image` fails the first image of a request; `odd` lets its answer lack what a landmark
        usually has. `when` is `before` or `after` the
        images are processed and counted. Numbers may come as text, as from a query string.
        """
        if kind not in KINDS:
            msg = f"unknown fault {kind!r}; choose one of {', '.join(KINDS)}"
            raise ValueError(msg)
        if when not in MOMENTS:
            msg = f"when is {when!r}; it must be 'before' or 'after' (the processing)"
            raise ValueError(msg)
        default = DEADLINE_SECONDS if kind == "deadline" else 0.0
        delay = default if delay_seconds is None else float(delay_seconds)
        with self._lock:
            if kind == "none":
                self._next.clear()
                return
            fault = VisionFault(kind, when == "after", delay)
            self._next.extend([fault] * int(next_requests))

    def take(self) -> VisionFault | None:
        """Return the fault of the request that just came in, None if it is to succeed."""
        with self._lock:
            return self._next.popleft() if self._next else None
