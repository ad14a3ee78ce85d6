"""How often one visitor, and all of them together, may write into the warehouse from the pages."""

import threading
from typing import Final

from detector_app.web.limits import RateLimit, counted_as

_EVERYBODY: Final = "everybody"


class WritingLimit:
    """So many writes of each client and of all, safe to share between the threads of pages."""

    def __init__(self, own: RateLimit, shared: RateLimit) -> None:
        """Take both limits."""
        self._own, self._shared = own, shared
        self._lock = threading.Lock()

    def take(self, client: str | None) -> float:
        """Count one write; return 0, or in how many seconds the client may write again.

        `client` is an address; browsers on this machine have none, and count as one.
        """
        counted = counted_as(client) if client else "this machine"
        with self._lock:
            return self._own.take(counted) or self._shared.take(_EVERYBODY)


# People look a name up, misspell it, choose among namesakes: some requests at once, then one in a while.
ASKING: Final = WritingLimit(RateLimit(0.1, 8), RateLimit(2, 100))
# A photo is a megabyte or two: at most some gigabytes a day, whoever sends them.
SHARING: Final = WritingLimit(RateLimit(1 / 30, 8), RateLimit(0.03, 40))
# Who shared much takes much back: neither sharing nor looking may keep anybody from it.
TAKING_BACK: Final = WritingLimit(RateLimit(0.1, 20), RateLimit(2, 200))
# A code is too long to be guessed; what is bounded is what the warehouse is asked.
LOOKING_BACK: Final = WritingLimit(RateLimit(0.5, 30), RateLimit(5, 200))
