"""Fetch pages and photos: politely, within limits, never from inside the network."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from sightscan.crawl.fetch.guarded_transport import GuardedTransport, RefusedAddressError, origin_of
from sightscan.crawl.fetch.host_limits import HostPace
from sightscan.crawl.fetch.robots import OriginRules, RobotsRules, RobotsUnknownError, opts_out
from sightscan.errors import ServiceError, SightScanError
from sightscan.retry_after import seconds_to_wait
from sightscan.settings import Settings

TIMEOUT = httpx.Timeout(15.0, connect=10.0)
# A server that sends a byte now and then never times out by itself.
LONGEST_DOWNLOAD_SECONDS = 60.0
ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.5
# Whoever asks for a longer pause gets it by the next run.
LONGEST_PAUSE_SECONDS = 60.0
MOST_REDIRECTS = 5
LARGEST_ANSWER_BYTES = 32_000_000
# RFC 9309: what is behind that may be left unread.
LARGEST_ROBOTS_BYTES = 512_000

REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Here a refusal is about us or about now, not about the photo: it is asked for again another time.
TRANSIENT = frozenset({408, 425, 429})
# So is this, but nobody changes their mind within a second.
FORBIDDEN = frozenset({401, 403})
FIRST_SERVER_ERROR = 500
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
    """What came of asking for a photo; no data: it is unchanged since the last visit."""

    data: bytes | None
    validators: Validators = Validators()


class Fetcher:
    """Fetch over one pool of connections; safe to share between threads."""

    def __init__(
        self,
        http: httpx.Client,
        config: Settings,
        stop: threading.Event,
        pace: HostPace | None = None,
        known_robots: dict[str, OriginRules] | None = None,
    ) -> None:
        """Keep the client; `stop` ends every wait, `known_robots` may be those of other fetchers."""
        self._http = http
        self._pace = pace or HostPace(config)
        self._trusted_origins = config.trusted_origins
        self._most_photo_bytes = config.max_photo_bytes
        self._stop = stop
        self._robots = RobotsRules(self._robots_text, origins=known_robots)
        self._paused_until: dict[str, float] = {}

    def json(self, url: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Return the JSON object that an API answers.

        Raises:
            ServiceError: it does not answer, or something else.

        """
        try:
            response, body = self._patiently(
                httpx.URL(url, params=parameters), LARGEST_ANSWER_BYTES
            )
            if response.status_code != httpx.codes.OK:
                # Not httpx's own error: that one names the URL with its parameters, keys and all.
                msg = f"{url} answers no JSON but {response.status_code}; check the address"
                raise ServiceError(msg)
            answer = httpx.Response(200, content=body).json()
        except (PhotoUnavailableError, PhotoRefusedError) as error:
            msg = f"{url} does not answer: {error}; check the address and the network, or try later"
            raise ServiceError(msg) from error
        except RefusedAddressError as error:
            msg = f"{url} is refused: {error}; if it is yours, add its origin to CRAWL_TRUSTED_ORIGINS"
            raise ServiceError(msg) from error
        except ValueError as error:
            msg = f"{url} answers no JSON: {error}; check the address"
            raise ServiceError(msg) from error
        if not isinstance(answer, dict):
            msg = f"{url} answers a {type(answer).__name__}, expected a JSON object; check the address"
            raise ServiceError(msg)
        return answer

    def wait_for_api(self, name: str, per_minute: float) -> None:
        """Wait for a turn at an API that has a limit of its own, shared by all tasks."""
        wait = self._pace.seconds_to_wait(name, per_minute)
        if wait > 0:
            self._sleep(wait)

    def page(self, url: str, *, obey_robots: bool) -> bytes:
        """Return a page of results as it is, for a parser.

        Raises:
            ServiceError: it does not answer, or its robots.txt does not let us ask.

        """
        target = _checked(url)
        where = f"{origin_of(target)}{target.path}"
        try:
            if obey_robots and not self._allows(target):
                msg = (
                    f"the robots.txt of {target.host} closes {target.path} to robots: take this "
                    "source out of PHOTO_SOURCES, or, if its owner lets you, set "
                    "CRAWL_OBEY_ROBOTS_OF_SEARCH_PAGES=false"
                )
                raise ServiceError(msg)
            response, body = self._patiently(target, LARGEST_ANSWER_BYTES)
        except (PhotoUnavailableError, PhotoRefusedError) as error:
            msg = (
                f"{where} does not answer: {error}; check the address and the network, or try later"
            )
            raise ServiceError(msg) from error
        except RefusedAddressError as error:
            msg = f"{where} is refused: {error}; if it is yours, add its origin to CRAWL_TRUSTED_ORIGINS"
            raise ServiceError(msg) from error
        if response.status_code != httpx.codes.OK:
            msg = f"{where} answers {response.status_code}, expected 200; open it in a browser"
            raise ServiceError(msg)
        return body

    def photo(self, url: str) -> bytes:
        """Return the bytes of a photo; see `visit`."""
        return self.visit(url).data or b""

    def visit(self, url: str, validators: Validators | None = None) -> Visit:
        """Return a photo, or that it has not changed since the visit that gave `validators`.

        Raises:
            PhotoRefusedError: it is not to be had, too large, opted out, or at a refused address.
            PhotoUnavailableError: the server fails, hurries us away, or does not answer.

        """
        target = _checked(url)
        asked = validators.as_headers() if validators else {}
        try:
            for _ in range(MOST_REDIRECTS + 1):
                if not self._allows(target):
                    reason, detail = "opted_out", f"robots.txt of {target.host}"
                    raise PhotoRefusedError(reason, detail)
                response, body = self._patiently(target, self._most_photo_bytes, asked)
                if response.status_code not in REDIRECTS:
                    return _visited(response, body, is_conditional=bool(asked))
                target = self._redirected(target, response)
        except RefusedAddressError as error:
            reason = "refused_address"
            raise PhotoRefusedError(reason, str(error)) from error
        reason, detail = "refused_redirect", f"more than {MOST_REDIRECTS} redirects"
        raise PhotoRefusedError(reason, detail)

    def _redirected(self, source: httpx.URL, response: httpx.Response) -> httpx.URL:
        location = response.headers.get("Location", "")
        try:
            target = _checked(str(source.join(location)))
        except httpx.InvalidURL:
            target = None
        allowed = (
            target is not None
            and bool(location)
            and (
                target.host == source.host
                or target.host.endswith(WIKIMEDIA_HOSTS)
                or origin_of(target) in self._trusted_origins
            )
        )
        if target is None or not allowed:
            reason = "refused_redirect"
            raise PhotoRefusedError(reason, f"{response.status_code} to {location[:200]!r}")
        return target

    def _allows(self, url: httpx.URL) -> bool:
        try:
            return self._robots.allows(origin_of(url), str(url))
        except RobotsUnknownError as error:
            msg = f"robots.txt of {url.host}: {error}"
            raise PhotoUnavailableError(msg) from error

    def _robots_text(self, url: str) -> str | None:
        """Return a robots.txt, empty if there is none; None: it cannot be known now.

        RFC 9309: at least five redirects are followed, to whatever host; an answer that says that
        there is none (4xx) allows all; an error of the server, or none, allows nothing yet.
        """
        target = httpx.URL(url)
        try:
            for _ in range(MOST_REDIRECTS + 1):
                response, body = self._patiently(
                    target, LARGEST_ROBOTS_BYTES, is_cut=True, is_answer=FORBIDDEN
                )
                if response.status_code not in REDIRECTS:
                    break
                target = _checked(str(target.join(response.headers.get("Location", ""))))
        except (PhotoUnavailableError, httpx.InvalidURL):
            return None
        except (RefusedAddressError, PhotoRefusedError):
            # Led to where nobody may ask: there is none.
            return ""
        return body.decode("utf-8", "replace") if response.status_code == httpx.codes.OK else ""

    def _patiently(
        self,
        url: httpx.URL,
        most_bytes: int,
        headers: Mapping[str, str] | None = None,
        *,
        is_cut: bool = False,
        is_answer: frozenset[int] = frozenset(),
    ) -> tuple[httpx.Response, bytes]:
        """Ask until it is answered, a few times; wait when and as long as the host asks."""
        problem = ""
        for attempt in range(1, ATTEMPTS + 1):
            self._wait_for(url.host)
            pause = FIRST_PAUSE_SECONDS * 2 ** (attempt - 1)
            try:
                with self._pace.turn(url.host, self._sleep):
                    response, body = self._once(url, most_bytes, headers or {}, is_cut=is_cut)
            except httpx.HTTPError as error:
                problem = f"{type(error).__name__} {error}".strip()
            else:
                status = response.status_code
                is_final = status not in TRANSIENT | FORBIDDEN and status < FIRST_SERVER_ERROR
                if is_final or status in is_answer:
                    return response, body
                problem = f"status {status}"
                if status in FORBIDDEN:
                    break
                asked = seconds_to_wait(response.headers.get("Retry-After"))
                if asked is not None:
                    # All threads wait: the host asks us, not one connection, to slow down.
                    self._paused_until[url.host] = time.monotonic() + asked
                    if asked > LONGEST_PAUSE_SECONDS:
                        problem += f", and asks for a pause of {asked:.0f} s"
                        break
                    pause = 0.0
            if attempt < ATTEMPTS:
                self._sleep(pause)
        raise PhotoUnavailableError(problem)

    def _once(
        self, url: httpx.URL, most_bytes: int, headers: Mapping[str, str], *, is_cut: bool
    ) -> tuple[httpx.Response, bytes]:
        until = time.monotonic() + LONGEST_DOWNLOAD_SECONDS
        # Raw bytes, not decompressed ones: a small answer must not unpack to a huge one.
        plain = {"Accept-Encoding": "identity", **headers}
        with self._http.stream("GET", url, headers=plain) as response:
            if response.status_code != httpx.codes.OK:
                return response, b""
            stated = response.headers.get("Content-Length", "")
            if not is_cut and stated.isdigit() and int(stated) > most_bytes:
                reason = "too_large"
                raise PhotoRefusedError(reason, f"{stated} bytes stated, {most_bytes} allowed")
            body = bytearray()
            # As it comes: pieces of a size would be waited for, and nobody would look at the clock.
            for chunk in response.iter_raw():
                body += chunk
                if is_cut and len(body) >= most_bytes:
                    return response, bytes(body[:most_bytes])
                if len(body) > most_bytes:
                    reason = "too_large"
                    raise PhotoRefusedError(reason, f"more than the {most_bytes} bytes allowed")
                if self._stop.is_set():
                    raise CrawlStoppedError
                if time.monotonic() > until:
                    msg = f"not there after {LONGEST_DOWNLOAD_SECONDS:.0f} s"
                    raise PhotoUnavailableError(msg)
            return response, bytes(body)

    def _wait_for(self, host: str) -> None:
        pause = self._paused_until.get(host, 0.0) - time.monotonic()
        if pause > LONGEST_PAUSE_SECONDS:
            msg = f"{host} asks to be left alone for {pause:.0f} s more"
            raise PhotoUnavailableError(msg)
        if pause > 0:
            self._sleep(pause)

    def _sleep(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise CrawlStoppedError


@contextmanager
def open_fetcher(
    config: Settings,
    stop: threading.Event,
    pace: HostPace | None = None,
    known_robots: dict[str, OriginRules] | None = None,
) -> Iterator[Fetcher]:
    """Open a fetcher that says who we are, and close its connections at the end."""
    # It logs each request with its URL, and the key of Flickr's API is a part of those.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    transport = GuardedTransport(config.trusted_origins, connections=config.crawl_threads + 2)
    with httpx.Client(
        transport=transport,
        headers={"User-Agent": config.user_agent},
        timeout=TIMEOUT,
        trust_env=False,
        follow_redirects=False,
    ) as http:
        yield Fetcher(http, config, stop, pace, known_robots)


def _checked(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        reason = "refused_address"
        raise PhotoRefusedError(reason, f"no URL: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        reason = "refused_address"
        raise PhotoRefusedError(reason, f"scheme {parsed.scheme!r}, expected http or https")
    return parsed


def _visited(response: httpx.Response, body: bytes, *, is_conditional: bool) -> Visit:
    directive = opts_out(response.headers.get_list("X-Robots-Tag"))
    if directive is not None:
        reason = "opted_out"
        raise PhotoRefusedError(reason, f"X-Robots-Tag: {directive}")
    if is_conditional and response.status_code == httpx.codes.NOT_MODIFIED:
        return Visit(None)
    if response.status_code != httpx.codes.OK:
        reason = f"http_{response.status_code}"
        raise PhotoRefusedError(reason, response.reason_phrase)
    headers = response.headers
    return Visit(body, Validators(headers.get("ETag"), headers.get("Last-Modified")))
