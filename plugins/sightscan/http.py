"""One polite HTTP sender: it says who we are, waits as long as it is asked to, and keeps limits.

What comes of a request is an answer or an error: not now, or never. How fast a host may be asked is
a gate's to say. All that httpx raises, and what lies below it, becomes one of our errors here, and
nowhere else.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception
from tenacity.stop import stop_base
from tenacity.wait import wait_base

from sightscan.content_coding import ACCEPTED_CODINGS, unpack_body
from sightscan.http_answers import (
    FIRST_REFUSAL,
    MAX_REFUSAL_BYTES,
    Answer,
    Judge,
    NotNowError,
    NoURLError,
    TooLargeError,
    judge_status,
)
from sightscan.http_deadline import (
    OutOfTimeError,
    TimedBackend,
    answer_limit,
    keep_limits,
    set_backend,
)

# A host lets us in soon or not at all; how long it may be silent then is for its client to say.
CONNECT_SECONDS = 10.0
# A server that sends a byte now and then never times out by itself.
MAX_ANSWER_SECONDS = 180.0
MAX_ANSWER_BYTES = 32_000_000
# The words of a refusal are not worth a longer wait.
MAX_REFUSAL_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to ask, how much of an answer is wanted, and what makes it one.

    `is_cut` means that what is behind `max_bytes` may be left unread. `is_raw` asks for the body as
    it is, without compression; one that comes with it is unpacked all the same. Of a refusal, as
    much is read as a sentence needs; nothing, where nobody tells its words: those of `unread`.
    Where `is_silence_final`, who says nothing for too long is not asked again.
    """

    url: str | httpx.URL
    method: str = "GET"
    parameters: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    document: Any = None
    max_bytes: int = MAX_ANSWER_BYTES
    max_seconds: float = MAX_ANSWER_SECONDS
    max_refusal_bytes: int = MAX_REFUSAL_BYTES
    unread: frozenset[int] = frozenset()
    is_cut: bool = False
    is_raw: bool = False
    is_silence_final: bool = False
    judge: Judge = judge_status


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often to ask, and how long to wait in between, in tenacity's values.

    A service may ask for longer; whoever asks for more than `max_pause_seconds` is left alone.
    """

    stop: stop_base
    wait: wait_base
    max_pause_seconds: float


class Gate(Protocol):
    """Says when a host may be asked."""

    def turn(self, host: str) -> AbstractContextManager[None]:
        """Wait for a turn at a host, and hold it; raise NotNowError if there is none soon."""

    def leave_alone(self, host: str, seconds: float) -> None:
        """Note that a host asks not to be asked for so long."""


class Sender:
    """Send over one pool of connections until there is an answer; threads may share it."""

    def __init__(
        self,
        client: httpx.Client,
        policy: RetryPolicy,
        *,
        gate: Gate | None = None,
        sleep: Callable[[float], None] = time.sleep,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Keep the client; `check` is called while an answer comes, and may raise to end it."""
        self._client = client
        self._gate = gate
        self._check = check
        self._retrying = Retrying(
            stop=lambda state: (
                policy.stop(state) or state.upcoming_sleep > policy.max_pause_seconds
            ),
            wait=lambda state: max(policy.wait(state), _seconds_asked_for(state)),
            retry=retry_if_exception(_is_worth_repeating),
            sleep=sleep,
            reraise=True,
        )

    def send(self, request: Request) -> Answer:
        """Return the answer to a request, which is sent again as the policy says.

        Raises:
            NotNowError: there is no answer now.
            NeverError: there will be none, or the address is none.

        """
        return self._retrying(self._ask_once, self._build(request), request)

    def _build(self, request: Request) -> httpx.Request:
        url = parse_url(request.url)
        encoding = {"Accept-Encoding": "identity" if request.is_raw else ACCEPTED_CODINGS}
        with _our_errors():
            return self._client.build_request(
                request.method,
                url,
                params=request.parameters,
                headers={**encoding, **request.headers},
                data=request.form,
                json=request.document,
            )

    def _ask_once(self, built: httpx.Request, request: Request) -> Answer:
        host = built.url.host
        with self._gate.turn(host) if self._gate else nullcontext():
            with _our_errors(is_silence_final=request.is_silence_final):
                answer = self._receive(built, request)
            problem = request.judge(answer)
            if problem is None:
                return answer
            asked = problem.wait_seconds if isinstance(problem, NotNowError) else None
            if self._gate and asked is not None:
                self._gate.leave_alone(host, asked)
            raise problem

    def _receive(self, built: httpx.Request, request: Request) -> Answer:
        begun = time.monotonic()
        with answer_limit(request.max_seconds, self._check):
            response = self._client.send(built, stream=True)
            try:
                if response.status_code in request.unread:
                    body = b""
                elif response.status_code >= FIRST_REFUSAL:
                    body = self._read_refusal(response, request)
                elif httpx.codes.is_success(response.status_code):
                    body = _read_body(response, request)
                else:
                    body = b""
            finally:
                response.close()
        seconds = time.monotonic() - begun
        return Answer(response.status_code, response.headers, body, response.reason_phrase, seconds)

    def _read_refusal(self, response: httpx.Response, request: Request) -> bytes:
        """Return what comes soon of the body: the status is known, whatever breaks off now."""
        most = request.max_refusal_bytes
        body = bytearray()
        with (
            suppress(httpx.HTTPError, OutOfTimeError),
            answer_limit(MAX_REFUSAL_SECONDS, self._check),
        ):
            for piece in _pieces(response):
                body += piece
                keep_limits()
                if len(body) >= most:
                    break
        try:
            return unpack_body(bytes(body[:most]), _coding_of(response), most, is_part=True)
        except NotNowError:
            return b""


@contextmanager
def open_http(
    user_agent: str,
    *,
    silence_seconds: float,
    headers: Mapping[str, str] | None = None,
    transport: httpx.BaseTransport | None = None,
) -> Iterator[httpx.Client]:
    """Open a client that says who we are, and close it at the end.

    A server may be silent for `silence_seconds`. A transport of one's own is the only way out:
    proxies of the environment are for clients without one.
    """
    # It logs each request with its URL, and keys can be a part of those.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with httpx.Client(
        headers={**(headers or {}), "User-Agent": user_agent},
        timeout=httpx.Timeout(silence_seconds, connect=CONNECT_SECONDS),
        transport=transport,
        trust_env=transport is None,
        follow_redirects=False,
    ) as client:
        # httpx has no public way to reach the transports that it made.
        for own in (client._transport, *client._mounts.values()) if transport is None else ():  # noqa: SLF001
            set_backend(own, TimedBackend())
        yield client


def parse_url(url: str | httpx.URL) -> httpx.URL:
    """Return a URL of the web, whose parts can all be read.

    Raises:
        NoURLError: it is none.

    """
    with _our_errors():
        parsed = httpx.URL(url)
        # A name that begins with xn-- is decoded only here, and need not be one.
        host = parsed.host
    if parsed.scheme not in ("http", "https") or not host:
        msg = f"scheme {parsed.scheme!r}, expected http or https"
        raise NoURLError(msg, was_sent=False)
    return parsed


def join_url(source: httpx.URL, location: str) -> httpx.URL:
    """Return where a redirect leads.

    Raises:
        NoURLError: nowhere.

    """
    with _our_errors():
        joined = source.join(location)
    return parse_url(joined)


@contextmanager
def _our_errors(*, is_silence_final: bool = False) -> Iterator[None]:
    """Turn what httpx and what lies below it raise into our errors."""
    try:
        yield
    except (httpx.InvalidURL, UnicodeError) as error:
        # Not of httpx's base class: a URL that is none, a name that no DNS can be asked for.
        msg = f"no URL: {error}"
        raise NoURLError(msg, was_sent=False) from error
    except httpx.HTTPError as error:
        msg = f"{type(error).__name__}: {error}".removesuffix(": ")
        was_sent = not isinstance(error, httpx.ConnectError)
        is_final = is_silence_final and isinstance(error, httpx.ReadTimeout)
        raise NotNowError(msg, was_sent=was_sent, is_final=is_final) from error


def _read_body(response: httpx.Response, request: Request) -> bytes:
    most = request.max_bytes
    stated = response.headers.get("Content-Length", "")
    if not request.is_cut and _is_over(stated, most):
        msg = f"{stated} bytes stated, {most} allowed"
        raise TooLargeError(msg)
    body = bytearray()
    # As they come: pieces of a size would be waited for, and nobody would look at the clock.
    for piece in _pieces(response):
        body += piece
        if request.is_cut and len(body) >= most:
            break
        if len(body) > most:
            msg = f"more than the {most} bytes allowed"
            raise TooLargeError(msg)
        keep_limits()
    return unpack_body(bytes(body[:most]), _coding_of(response), most, is_part=request.is_cut)


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    # A transport may have read it already.
    return response.iter_bytes() if response.is_stream_consumed else response.iter_raw()


def _coding_of(response: httpx.Response) -> str:
    return ",".join(response.headers.get_list("Content-Encoding"))


def _is_over(stated: str, most: int) -> bool:
    return stated.isascii() and stated.isdigit() and float(stated) > most


def _is_worth_repeating(error: BaseException) -> bool:
    return isinstance(error, NotNowError) and not error.is_final


def _seconds_asked_for(state: RetryCallState) -> float:
    """Return the pause that the service asks for: nobody asks sooner, whatever the policy says."""
    error = state.outcome.exception() if state.outcome else None
    return (error.wait_seconds or 0.0) if isinstance(error, NotNowError) else 0.0
