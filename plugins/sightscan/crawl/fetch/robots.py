"""Honour what sites say about being crawled: robots.txt, and X-Robots-Tag: noai, noimageai."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import httpx
from protego import Protego

from sightscan.crawl.fetch.guarded_transport import RefusedAddressError
from sightscan.crawl.fetch.robots_text import decode_robots, groups_for
from sightscan.host_gate import judge_at
from sightscan.http import Request, Sender, join_url, parse_url
from sightscan.http_answers import FORBIDDEN, GONE, NotNowError, NoURLError
from sightscan.http_deadline import visit_limit

# Our name in robots.txt and in X-Robots-Tag.
AGENT = "SightScan"
OPT_OUT_DIRECTIVES = frozenset({"noai", "noimageai"})
# Directives that have a value after a colon, as the name of a robot has its directives.
VALUED_DIRECTIVES = frozenset(
    {"max-image-preview", "max-snippet", "max-video-preview", "unavailable_after"}
)
# RFC 9309: a robots.txt should not be used for longer than a day.
ROBOTS_HOLD_SECONDS = 24 * 3600
# RFC 9309: at least so many redirects are followed, to whatever host.
MAX_ROBOTS_REDIRECTS = 5
# RFC 9309: what is behind that may be left unread.
MAX_ROBOTS_BYTES = 512_000
MAX_ROBOTS_SECONDS = 60.0
# A robots.txt that cannot be had now is not asked for with each photo.
UNKNOWN_HOLD_SECONDS = 5 * 60


@dataclass
class OriginRules:
    """What the robots.txt of one origin says, until when; None: it could not be had."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    rules: Protego | None = None
    expires_at: float | None = None


class RobotsRules:
    """The robots.txt of each origin, held for a day at most, fetched by whoever needs it first."""

    def __init__(
        self,
        fetch: Callable[[str], str | None],
        clock: Callable[[], float] = time.monotonic,
        origins: dict[str, OriginRules] | None = None,
    ) -> None:
        """Keep how to fetch: the URL of a robots.txt -> its text, empty where there is none.

        None: it cannot be had now. `origins` is what is known already, and is added to.
        """
        self._fetch = fetch
        self._clock = clock
        self._origins = {} if origins is None else origins
        self._lock = threading.Lock()

    def allows(self, origin: str, url: str) -> bool:
        """Say whether the robots.txt of its origin lets us fetch a URL.

        Raises:
            NotNowError: it cannot be had now, so nothing may be fetched from there yet.

        """
        with self._lock:
            known = self._origins.setdefault(origin, OriginRules())
        # One lock for each: threads that need the same file wait for it, the others do not.
        with known.lock:
            if known.expires_at is None or self._clock() >= known.expires_at:
                text = self._fetch(f"{origin}/robots.txt")
                known.rules = None if text is None else Protego.parse(groups_for(text, AGENT))
                hold = UNKNOWN_HOLD_SECONDS if text is None else ROBOTS_HOLD_SECONDS
                known.expires_at = self._clock() + hold
            rules = known.rules
        if rules is None:
            host = httpx.URL(origin).host
            msg = f"robots.txt of {host}: it does not answer, and what it forbids is not known"
            raise NotNowError(msg, is_final=True, was_sent=False)
        return bool(rules.can_fetch(url, AGENT))


def fetch_robots(sender: Sender, url: str) -> str | None:
    """Return a robots.txt, empty if there is none; None: it cannot be known now.

    RFC 9309: an answer that says that there is none (4xx) allows all; an error of the server, or
    no answer, allows nothing yet.
    """
    request = Request(
        url=url,
        max_bytes=MAX_ROBOTS_BYTES,
        max_seconds=MAX_ROBOTS_SECONDS,
        unread=GONE,
        is_cut=True,
        is_raw=True,
        judge=judge_at(httpx.URL(url).host),
    )
    try:
        with visit_limit(MAX_ROBOTS_SECONDS):
            for _ in range(MAX_ROBOTS_REDIRECTS + 1):
                answer = sender.send(request)
                if not answer.is_redirect:
                    break
                location = answer.headers.get("Location", "")
                request = replace(request, url=join_url(parse_url(request.url), location))
    except NotNowError as error:
        is_refused = error.answer is not None and error.answer.status in FORBIDDEN
        return "" if is_refused else None
    except (NoURLError, RefusedAddressError):
        # Led to where nobody may ask: there is none.
        return ""
    if answer.status != httpx.codes.OK:
        return ""
    text = decode_robots(answer.body)
    if len(answer.body) < MAX_ROBOTS_BYTES:
        return text
    # A rule that is cut off says something else: the first half of "Allow: /a" allows all.
    return text[: max(text.rfind("\n"), text.rfind("\r")) + 1]


def opts_out(headers: Iterable[str]) -> str | None:
    """Return the directive in X-Robots-Tag headers that forbids our use, None if there is none.

    A header may name whom it is for (`googlebot: noai`); only those for all, or for us, count.
    """
    for header in headers:
        addressee = ""
        for part in header.lower().split(","):
            before, colon, after = (word.strip() for word in part.partition(":"))
            if colon and before in VALUED_DIRECTIVES:
                continue
            # Names have no spaces: "25 Jun 2030 15:00:00 GMT" is the second half of a date.
            if colon and " " not in before:
                # It holds for the directives after it, too, until another name comes.
                addressee = before
            directive = after if colon else before
            if directive in OPT_OUT_DIRECTIVES and addressee in ("", "*", AGENT.lower()):
                return directive
    return None
