"""Honour what sites say about being crawled: robots.txt, and X-Robots-Tag: noai, noimageai."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from protego import Protego

# Our name in robots.txt and in X-Robots-Tag.
AGENT = "SightScan"
OPT_OUT_DIRECTIVES = frozenset({"noai", "noimageai"})
# RFC 9309: a robots.txt should not be used for longer than a day.
ROBOTS_HOLD_SECONDS = 24 * 3600


@dataclass
class _Origin:
    lock: threading.Lock = field(default_factory=threading.Lock)
    rules: Protego | None = None
    expires_at: float = 0.0


class RobotsRules:
    """The robots.txt of each origin, fetched once a day, by whoever needs it first."""

    def __init__(
        self, fetch: Callable[[str], str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Keep how to fetch: the URL of a robots.txt -> its text, empty where there is none."""
        self._fetch = fetch
        self._clock = clock
        self._origins: dict[str, _Origin] = {}
        self._lock = threading.Lock()

    def allows(self, origin: str, url: str) -> bool:
        """Say whether the robots.txt of its origin lets us fetch a URL."""
        with self._lock:
            known = self._origins.setdefault(origin, _Origin())
        # One lock for each: threads that need the same file wait for it, the others do not.
        with known.lock:
            if known.rules is None or self._clock() >= known.expires_at:
                known.rules = Protego.parse(self._fetch(f"{origin}/robots.txt"))
                known.expires_at = self._clock() + ROBOTS_HOLD_SECONDS
            rules = known.rules
        return bool(rules.can_fetch(url, AGENT))


def opts_out(headers: Iterable[str]) -> str | None:
    """Return the directive in X-Robots-Tag headers that forbids our use, None if there is none.

    A header may name whom it is for (`googlebot: noai`); only those for all, or for us, count.
    """
    for header in headers:
        addressee = ""
        for part in header.lower().split(","):
            before, colon, after = part.partition(":")
            if colon:
                # It holds for the directives after it, too, until another name comes.
                addressee = before.strip()
            directive = (after if colon else before).strip()
            if directive in OPT_OUT_DIRECTIVES and addressee in ("", "*", AGENT.lower()):
                return directive
    return None
