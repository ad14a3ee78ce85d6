"""How often one client may ask, and how long and how large what it sends may be.

A client is an address, of IPv6 a network of addresses: the peer's, or what a trusted proxy says of it. Which proxies are trusted is
uvicorn's setting FORWARDED_ALLOW_IPS; it puts the client that they name into the request.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Final

import anyio
from starlette.requests import ClientDisconnect, HTTPConnection, Request

# Whoever asks for nothing longest is forgotten; a newcomer has its whole burst.
MAX_KNOWN_CLIENTS: Final = 10_000
IPV6_PREFIX_BITS: Final = 64


class BodyRefusedError(Exception):
    """What a client sends is too large, or comes too slowly; `status` is the answer's."""

    def __init__(self, status: int, message: str) -> None:
        """Keep both."""
        super().__init__(message)
        self.status = status


@dataclass
class _Account:
    left: float
    at: float


class RateLimit:
    """So many requests a second for each client, and a burst of so many at once.

    For one thread, as the server's loop is.
    """

    def __init__(
        self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start with nobody known."""
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._accounts: OrderedDict[str, _Account] = OrderedDict()

    def take(self, client: str) -> float:
        """Count one request; return 0, or in how many seconds the client may ask again."""
        now = self._clock()
        account = self._accounts.pop(client, None) or _Account(self._burst, now)
        account.left = min(self._burst, account.left + (now - account.at) * self._per_second)
        account.at = now
        self._accounts[client] = account
        while len(self._accounts) > MAX_KNOWN_CLIENTS:
            self._accounts.popitem(last=False)
        if account.left < 1:
            return (1 - account.left) / self._per_second
        account.left -= 1
        return 0


class BodyRoom:
    """So many bytes for what all clients send at the same time, until it was looked at.

    Counted as they come: who states a size and sends nothing takes no room from others. For one
    thread, as the server's loop is.
    """

    def __init__(self, total_bytes: int) -> None:
        """Start with all bytes free."""
        self._free = total_bytes

    @contextmanager
    def share(self) -> Iterator[Callable[[int], None]]:
        """Yield what takes bytes, or raises `BodyRefusedError`; all that was taken is free afterwards."""
        taken = 0

        def take(wanted: int) -> None:
            nonlocal taken
            if wanted > self._free:
                msg = "Photos of other people take all of this server's room just now; try again in a few seconds."
                raise BodyRefusedError(503, msg)
            self._free -= wanted
            taken += wanted

        try:
            yield take
        finally:
            self._free += taken


def client_of(request: HTTPConnection) -> str:
    """Return what a client counts by."""
    return counted_as(request.client.host) if request.client else "unknown"


def counted_as(address: str) -> str:
    """Return what an address counts by: whoever has one of IPv6 has the 2**64 of its network as well."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), IPV6_PREFIX_BITS), strict=False))


async def read_body(
    request: Request, *, max_bytes: int, max_seconds: float, take: Callable[[int], None]
) -> bytes:
    """Return what a client sends; of each part, `take` is told the bytes.

    Raises:
        BodyRefusedError: it is more, or slower, than it may be, or there is no room for it.
        ClientDisconnect: the client is gone.

    """
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > max_bytes:
        raise _too_large(max_bytes)
    parts = bytearray()
    try:
        with anyio.fail_after(max_seconds):
            async for part in request.stream():
                if len(parts) + len(part) > max_bytes:
                    raise _too_large(max_bytes)
                take(len(part))
                parts += part
    except TimeoutError as error:
        msg = f"The photo did not come within {max_seconds:.0f} seconds; try again, or send a smaller one."
        raise BodyRefusedError(408, msg) from error
    return bytes(parts)


def _too_large(max_bytes: int) -> BodyRefusedError:
    msg = f"The photo has more than the {max_bytes / 1_000_000:.0f} MB that are possible; send a smaller one."
    return BodyRefusedError(413, msg)


__all__ = [
    "BodyRefusedError",
    "BodyRoom",
    "ClientDisconnect",
    "RateLimit",
    "client_of",
    "counted_as",
    "read_body",
]
