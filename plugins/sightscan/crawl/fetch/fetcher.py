"""Fetch pages and photos: politely, within limits, never from inside the network."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any

import httpx
from tenacity import stop_after_attempt, wait_exponential

from sightscan.crawl.fetch.guarded_transport import GuardedTransport, RefusedAddressError, origin_of
from sightscan.crawl.fetch.host_limits import crawl_throttle, day_rate, minute_rate
from sightscan.crawl.fetch.robots import (
    OriginRules,
    RobotsRules,
    fetch_robots,
    opts_out,
)
from sightscan.errors import ServiceError, SightScanError
from sightscan.host_gate import HostGate, HostThrottle, Rate, judge_at
from sightscan.http import (
    CONNECT_SECONDS,
    MAX_ANSWER_BYTES,
    Request,
    RetryPolicy,
    Sender,
    join_url,
    open_http,
    parse_url,
)
from sightscan.http_answers import (
    GONE,
    Answer,
    Judge,
    NotNowError,
    NoURLError,
    SendError,
    TooLargeError,
)
from sightscan.http_deadline import visit_limit
from sightscan.http_judges import judge_json, judge_page
from sightscan.settings import Settings

CRAWL_SILENCE_SECONDS = 15.0
# For a visit as a whole: its robots.txt, its redirects, and each time that it is tried. A server that
# sends a byte now and then never times out by itself.
MAX_DOWNLOAD_SECONDS = 60.0
# Three times, with pauses of 0.5 and 1 s; whoever asks for a longer pause than a minute gets it by
# the next run.
RETRY_POLICY = RetryPolicy(
    stop=stop_after_attempt(3), wait=wait_exponential(multiplier=0.5), max_pause_seconds=60.0
)
MAX_REDIRECTS = 5
# Where Commons keeps its files: photos may be redirected there.
WIKIMEDIA_HOSTS = (".wikimedia.org",)


class PhotoRefusedError(SightScanError):
    """A photo that is not to be had or not to be kept, for good: one word, and what was seen."""

    def __init__(self, reason: str, detail: str | None = None) -> None:
        """Keep the reason."""
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class PhotoUnavailableError(SightScanError):
    """A photo that could not be had now; it is tried again by the next crawl."""


class CrawlStoppedError(SightScanError):
    """The crawl was told to stop while this was waiting."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server said of a photo at the last visit, for the question whether it has changed."""

    etag: str | None = None
    last_modified: str | None = None

    def as_headers(self) -> dict[str, str]:
        """Return the headers of a conditional request (RFC 9110)."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        # A server may say what no header can carry back.
        return {
            name: value
            for name, value in headers.items()
            if value and value.isascii() and value.isprintable()
        }

    def __bool__(self) -> bool:
        """Say whether there is anything to ask with."""
        return bool(self.etag or self.last_modified)


@dataclass(frozen=True, slots=True)
class Visit:
    """What came of asking for a photo; no content: it is unchanged since the last visit."""

    content: bytes | None
    validators: Validators = Validators()


class Fetcher:
    """Fetch over one pool of connections; safe to share between threads."""

    def __init__(
        self,
        http: httpx.Client,
        config: Settings,
        stop: threading.Event,
        throttle: HostThrottle | None = None,
        known_robots: dict[str, OriginRules] | None = None,
    ) -> None:
        """Keep the client; `stop` ends every wait, `known_robots` may be those of other fetchers."""
        self._stop = stop
        self._throttle = throttle or crawl_throttle(config)
        gate = HostGate(
            self._throttle,
            self._sleep,
            max_pause_seconds=RETRY_POLICY.max_pause_seconds,
            lease_seconds=CONNECT_SECONDS + MAX_DOWNLOAD_SECONDS + CRAWL_SILENCE_SECONDS,
        )
        self._sender = Sender(
            http, RETRY_POLICY, gate=gate, sleep=self._sleep, check=self._check_stop
        )
        self._robots = RobotsRules(partial(fetch_robots, self._sender), origins=known_robots)
        self._trusted_origins = config.trusted_origins
        self._max_photo_bytes = config.max_photo_bytes

    def json(
        self, url: str, parameters: Mapping[str, str], judge: Judge = judge_json
    ) -> dict[str, Any]:
        """Return the JSON object that an API answers; its judge knows how it says "not now".

        Raises:
            ServiceError: it does not answer, or something else.

        """
        # Compressed, as the etiquette of APIs asks for; photos come as they are.
        request = Request(
            url=url, parameters=parameters, max_seconds=MAX_DOWNLOAD_SECONDS, judge=judge
        )
        with _as_service_error(url), visit_limit(MAX_DOWNLOAD_SECONDS):
            return self._sender.send(request).json_object()

    def wait_for_api(self, name: str, per_minute: float, per_day: float | None = None) -> None:
        """Wait for a turn at an API that has limits of its own, shared by all tasks.

        Raises:
            ServiceError: what it allows in a day is used up.

        """
        if per_day is not None:
            soon = RETRY_POLICY.max_pause_seconds
            if not self._take_turn(f"{name}_of_day", day_rate(per_day), soon):
                msg = (
                    f"{name}: the {per_day:g} of a day are used up for now, all workers together; "
                    "a later run goes on"
                )
                raise ServiceError(msg)
        self._take_turn(name, minute_rate(per_minute))

    def _take_turn(self, bucket: str, rate: Rate, max_wait_seconds: float = inf) -> bool:
        turn = self._throttle.shared.take_turn(bucket, rate, max_wait_seconds)
        if turn is not None and turn.wait_seconds > 0:
            self._sleep(turn.wait_seconds)
        return turn is not None

    def page(self, url: str, *, obey_robots: bool) -> bytes:
        """Return a page of results as it is, for a parser.

        Raises:
            ServiceError: it does not answer, or its robots.txt does not let us ask.

        """
        where = url.partition("?")[0]
        with _as_service_error(where), visit_limit(MAX_DOWNLOAD_SECONDS):
            target = parse_url(url)
            if obey_robots and not self._allows(target):
                msg = (
                    f"the robots.txt of {target.host} closes {target.path} to robots: take this "
                    "source out of PHOTO_SOURCES, or, if its owner lets you, set "
                    "CRAWL_OBEY_ROBOTS_OF_SEARCH_PAGES=false"
                )
                raise ServiceError(msg)
            answer = self._send(target, judge=judge_page)
        if answer.status != httpx.codes.OK:
            msg = f"{where} answers {answer.status}, expected 200; open it in a browser"
            raise ServiceError(msg)
        return answer.body

    def allows(self, url: str) -> bool:
        """Say whether the robots.txt of its host lets us fetch a photo.

        Raises:
            NotNowError: it cannot be had now.
            NoURLError: the address is none.

        """
        return self._allows(parse_url(url))

    def visit(self, url: str, validators: Validators | None = None) -> Visit:
        """Return a photo, or that it has not changed since the visit that gave `validators`.

        Raises:
            PhotoRefusedError: it is not to be had, too large, opted out, or at a refused address.
            PhotoUnavailableError: the server fails, hurries us away, or does not answer.

        """
        asked = validators.as_headers() if validators else {}
        with _as_photo_error(), visit_limit(MAX_DOWNLOAD_SECONDS):
            target = parse_url(url)
            for _ in range(MAX_REDIRECTS + 1):
                if not self._allows(target):
                    reason, detail = "opted_out", f"robots.txt of {target.host}"
                    raise PhotoRefusedError(reason, detail)
                answer = self._send(
                    target,
                    headers=asked,
                    max_bytes=self._max_photo_bytes,
                    judge=judge_at(target.host),
                )
                if not answer.is_redirect:
                    return read_visit(answer, is_conditional=bool(asked))
                target = redirect_target(target, answer, self._trusted_origins)
        reason, detail = "refused_redirect", f"more than {MAX_REDIRECTS} redirects"
        raise PhotoRefusedError(reason, detail)

    def _send(
        self,
        url: httpx.URL,
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_ANSWER_BYTES,
        judge: Judge,
    ) -> Answer:
        request = Request(
            url=url,
            headers=headers or {},
            max_bytes=max_bytes,
            max_seconds=MAX_DOWNLOAD_SECONDS,
            # Many a photo is gone, and nobody waits for a page that says so.
            unread=GONE,
            judge=judge,
            is_raw=True,
        )
        return self._sender.send(request)

    def _allows(self, url: httpx.URL) -> bool:
        return self._robots.allows(origin_of(url), str(url))

    def _sleep(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise CrawlStoppedError

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise CrawlStoppedError


@contextmanager
def open_fetcher(
    config: Settings,
    stop: threading.Event,
    throttle: HostThrottle | None = None,
    known_robots: dict[str, OriginRules] | None = None,
) -> Iterator[Fetcher]:
    """Open a fetcher that says who we are, and close its connections at the end."""
    transport = GuardedTransport(config.trusted_origins)
    with open_http(
        config.user_agent, silence_seconds=CRAWL_SILENCE_SECONDS, transport=transport
    ) as http:
        yield Fetcher(http, config, stop, throttle, known_robots)


def read_visit(answer: Answer, *, is_conditional: bool) -> Visit:
    """Return what an answer to the question for a photo brings.

    Raises:
        PhotoRefusedError: no photo, or one that its server keeps from us.

    """
    directive = opts_out(answer.headers.get_list("X-Robots-Tag"))
    if directive is not None:
        reason = "opted_out"
        raise PhotoRefusedError(reason, f"X-Robots-Tag: {directive}")
    if is_conditional and answer.status == httpx.codes.NOT_MODIFIED:
        return Visit(None)
    if answer.status != httpx.codes.OK:
        reason = f"http_{answer.status}"
        raise PhotoRefusedError(reason, answer.reason)
    headers = answer.headers
    return Visit(answer.body, Validators(headers.get("ETag"), headers.get("Last-Modified")))


def redirect_target(
    source: httpx.URL, answer: Answer, trusted_origins: frozenset[str]
) -> httpx.URL:
    """Return where a photo is sent on to: the same host, Wikimedia's, or a trusted one.

    Raises:
        PhotoRefusedError: it leads anywhere else, or nowhere.

    """
    location = answer.headers.get("Location", "")
    try:
        target = join_url(source, location)
    except NoURLError:
        target = None
    if (
        target is None
        or not location
        or not (
            target.host == source.host
            or target.host.endswith(WIKIMEDIA_HOSTS)
            or origin_of(target) in trusted_origins
        )
    ):
        reason = "refused_redirect"
        raise PhotoRefusedError(reason, f"{answer.status} to {location[:200]!r}")
    return target


@contextmanager
def _as_photo_error() -> Iterator[None]:
    """Say what became of a photo that was not had."""
    try:
        yield
    except NotNowError as error:
        raise PhotoUnavailableError(str(error)) from error
    except TooLargeError as error:
        reason = "too_large"
        raise PhotoRefusedError(reason, str(error)) from error
    except (NoURLError, RefusedAddressError) as error:
        reason = "refused_address"
        raise PhotoRefusedError(reason, str(error)) from error


@contextmanager
def _as_service_error(where: str) -> Iterator[None]:
    """Say what is wrong with a service that does not answer, without the parameters: keys and all."""
    try:
        yield
    except SendError as error:
        raise error.service_error(where) from error
    except RefusedAddressError as error:
        msg = (
            f"{where} is refused: {error}; if it is yours, add its origin to CRAWL_TRUSTED_ORIGINS"
        )
        raise ServiceError(msg) from error
