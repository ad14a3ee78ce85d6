"""Honour what sites say about being crawled: robots.txt, and X-Robots-Tag: noai, noimageai."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from protego import Protego

# Our name in robots.txt and in X-Robots-Tag.
AGENT = "SightScan"
OPT_OUT_DIRECTIVES = frozenset({"noai", "noimageai"})


class RobotsRules:
    """The robots.txt of each origin, fetched once, by whoever needs it first."""

    def __init__(self, fetch: Callable[[str], str]) -> None:
        """Keep how to fetch: the URL of a robots.txt -> its text, empty where there is none."""
        self._fetch = fetch
        self._rules: dict[str, Protego] = {}
        self._lock = threading.Lock()

    def allows(self, origin: str, url: str) -> bool:
        """Say whether the robots.txt of its origin lets us fetch a URL."""
        # One lock for all: the others wait for the same file, and it is fetched once.
        with self._lock:
            if origin not in self._rules:
                self._rules[origin] = Protego.parse(self._fetch(f"{origin}/robots.txt"))
            rules = self._rules[origin]
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
