"""One deadline for whatever a server may do slowly, looked at below httpx.

The time-outs of httpx hold for each wait alone, so that a server which sends a byte now and then
never reaches one: in headers, in answers before the answer, between chunks, in trailers. Here is
where all waiting is done, so here the time is kept that a thread still has, and who waits is told
to stop.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from math import inf
from typing import Any, TypeVar

import httpcore
import httpx

from sightscan.http_answers import NotNowError

Result = TypeVar("Result")
# (host, port) -> addresses; a name can have several.
Resolver = Callable[[str, int], Sequence[str]]

# How long a thread that waits for a server takes to see that it is to stop.
NETWORK_POLL_SECONDS = 0.5


class OutOfTimeError(NotNowError):
    """A server took all the time that it was given."""


class _Time(threading.local):
    """The time that servers may still take of a thread, on the monotonic clock."""

    until = inf
    given_seconds = inf
    visit_seconds = inf
    check: Callable[[], None] = staticmethod(lambda: None)


_time = _Time()


@contextmanager
def visit_limit(seconds: float) -> Iterator[None]:
    """Give all requests within, repeated ones and those of redirects, so much time together.

    It is only spent while a server is asked: who waits for a turn, or as long as a server asks, has
    the rest of it then. Limits may be nested; none gives more than is left of those around it.
    """
    before = _time.visit_seconds
    given = _time.visit_seconds = min(before, seconds)
    try:
        yield
    finally:
        _time.visit_seconds = before if before == inf else before - given + _time.visit_seconds


@contextmanager
def answer_limit(seconds: float, check: Callable[[], None]) -> Iterator[None]:
    """Give what is asked within so much time; `check` is called meanwhile, and may raise to end it.

    Raises:
        OutOfTimeError: it took longer, or the visit as a whole did.

    """
    before = (_time.until, _time.given_seconds, _time.check)
    begun = time.monotonic()
    given = min(seconds, _time.visit_seconds)
    if begun + given < _time.until:
        _time.until, _time.given_seconds = begun + given, seconds
    _time.check = check
    try:
        yield
    finally:
        _time.until, _time.given_seconds, _time.check = before
        if _time.until == inf:
            # The outermost: what is nested is a part of it.
            _time.visit_seconds -= time.monotonic() - begun


def keep_limits(*, was_sent: bool = True) -> None:
    """Raise what ends the request that is under way, if there is anything."""
    _time.check()
    if time.monotonic() >= _time.until:
        msg = f"not there after {_time.given_seconds:.0f} s"
        raise OutOfTimeError(msg, is_final=True, was_sent=was_sent)


class TimedBackend(httpcore.SyncBackend):
    """A network backend whose every wait ends with the time of the thread that waits."""

    def __init__(self, resolve: Resolver | None = None) -> None:
        """Keep how names are looked up."""
        super().__init__()
        self._resolve = resolve or addresses_of

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **kwargs: Any
    ) -> httpcore.NetworkStream:
        """Connect to one of the addresses of `host`; each may take `timeout`."""
        until = _time.until

        def connect() -> httpcore.NetworkStream:
            problem: Exception = httpcore.ConnectError(f"{host} has no address")
            for address in self.addresses(host, port):
                if time.monotonic() >= until:
                    break
                try:
                    return super(TimedBackend, self).connect_tcp(
                        address, port, timeout, *args, **kwargs
                    )
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                    problem = error
            raise problem

        return TimedStream(_by_another_thread(connect))

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses to try.

        Raises:
            httpcore.ConnectError: there is none.

        """
        try:
            return self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            msg = f"{host} has no address: {error}"
            raise httpcore.ConnectError(msg) from error


class TimedStream(httpcore.NetworkStream):
    """A connection whose every wait ends with the time of the thread that waits."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        """Take a connection over."""
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come, nothing at the end."""
        return _in_slices(
            timeout,
            httpcore.ReadTimeout,
            lambda seconds: self._stream.read(max_bytes, timeout=seconds),
        )

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send it all."""
        sent_by: socket.socket = self._stream.get_extra_info("socket")
        tls = self._stream.get_extra_info("ssl_object")
        if tls is not None and not isinstance(sent_by, ssl.SSLSocket):
            # TLS within TLS: a proxy of one's own, which does not say how much it has sent.
            keep_limits()
            self._stream.write(buffer, timeout)
            return

        def send(seconds: float) -> int:
            sent_by.settimeout(seconds)
            try:
                return sent_by.send(rest)
            except TimeoutError as error:
                raise httpcore.WriteTimeout(str(error)) from error
            except OSError as error:
                raise httpcore.WriteError(str(error)) from error

        rest = memoryview(buffer)
        while rest:
            rest = rest[_in_slices(timeout, httpcore.WriteTimeout, send) :]

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Shake hands, within `timeout` as a whole."""
        shake = partial(self._stream.start_tls, ssl_context, server_hostname, timeout)
        return TimedStream(_by_another_thread(shake))

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection says of itself."""
        return self._stream.get_extra_info(info)


def set_backend(transport: httpx.BaseTransport | None, backend: TimedBackend) -> None:
    """Have a transport of httpx do its waiting here; others have no network of their own."""
    if isinstance(transport, httpx.HTTPTransport):
        # httpx has no public way to set the network backend of its connection pool.
        transport._pool._network_backend = backend  # noqa: SLF001 - see above


def addresses_of(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host, each once, in the order of the system."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # An IPv6 address can carry the name of a network interface: fe80::1%eth0.
    return tuple(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))


def _by_another_thread(open_stream: Callable[[], httpcore.NetworkStream]) -> httpcore.NetworkStream:
    """Wait in slices for what knows none: DNS has no time-out, a handshake cannot be taken up again."""
    opened: Future[httpcore.NetworkStream] = Future()

    def run() -> None:
        try:
            opened.set_result(open_stream())
        except BaseException as error:  # noqa: BLE001 - raised by the thread that waits
            opened.set_exception(error)

    threading.Thread(target=run, name="connect", daemon=True).start()
    try:
        return _in_slices(None, TimeoutError, opened.result, was_sent=False)
    except BaseException:
        # Nobody waits any more: whatever comes of it is closed when it comes.
        opened.add_done_callback(_close_result)
        raise


def _close_result(opened: Future[httpcore.NetworkStream]) -> None:
    if opened.exception() is None:
        opened.result().close()


def _in_slices(
    timeout: float | None,
    expired: type[Exception],
    act: Callable[[float], Result],
    *,
    was_sent: bool = True,
) -> Result:
    """Return what comes of waiting, which may be `expired` after `timeout` seconds."""
    until = inf if timeout is None else time.monotonic() + timeout
    while True:
        keep_limits(was_sent=was_sent)
        left = min(until, _time.until) - time.monotonic()
        try:
            # A socket that may wait for 0 seconds does not know how to wait.
            return act(max(min(left, NETWORK_POLL_SECONDS), 0.001))
        except expired:
            if time.monotonic() >= until:
                raise
