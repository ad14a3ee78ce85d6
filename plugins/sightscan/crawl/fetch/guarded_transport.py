"""Keep the crawl outside of the network it runs in.

URLs come from the internet, so a host may be a private address: by number, by name, or by a DNS
that changes its mind between a check and the connection. Here names are resolved once, every
address is checked, and the checked address is the one that is connected to.
"""

import csv
import ipaddress
import ssl
import threading
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import httpx

from sightscan.errors import SightScanError
from sightscan.http_deadline import Resolver, TimedBackend, addresses_of, set_backend

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# A thread asks one host at a time: it comes back to an API and to where that keeps its photos.
CONNECTIONS_OF_THREAD = 2
DEFAULT_PORTS = {"http": 80, "https": 443}
NAT64 = ipaddress.ip_network("64:ff9b::/96")
# All of IPv6 that is given to the public internet; whatever else there is, is for special uses.
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
# IANA's registries of special-purpose addresses, whole, and what clouds answer within a machine:
# `ipaddress` knows what its Python knew, and calls some of them global. No photo is at any of them.
SPECIAL_NETWORKS = Path(__file__).with_name("special_networks.csv")


class RefusedAddressError(SightScanError):
    """A host stands for an address that may not be crawled."""


class _Ways(threading.local):
    """The two ways out of a thread; none until it asks for something."""

    open: httpx.HTTPTransport | None = None
    guarded: httpx.HTTPTransport | None = None


class GuardedTransport(httpx.BaseTransport):
    """An httpx transport that connects to public addresses and to trusted origins only.

    Each thread has connections of its own: in a pool that threads share, each request looks at all
    connections for each of them.
    """

    def __init__(self, trusted_origins: Iterable[str], *, resolve: Resolver = addresses_of) -> None:
        """Prepare both ways out."""
        self._trusted_origins = frozenset(trusted_origins)
        self._resolve = resolve
        self._ways = _Ways()
        self._opened: list[httpx.HTTPTransport] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; raise RefusedAddressError before anything reaches a refused address."""
        ways = self._ways
        if origin_of(request.url) in self._trusted_origins:
            ways.open = ways.open or self._way(TimedBackend())
            return ways.open.handle_request(request)
        ways.guarded = ways.guarded or self._way(GuardedBackend(self._resolve))
        return ways.guarded.handle_request(request)

    def close(self) -> None:
        """Close all connections."""
        for way in self._opened:
            way.close()

    def _way(self, backend: TimedBackend) -> httpx.HTTPTransport:
        limits = httpx.Limits(
            max_connections=CONNECTIONS_OF_THREAD,
            max_keepalive_connections=CONNECTIONS_OF_THREAD,
            keepalive_expiry=None,
        )
        # No proxy and no netrc from the environment: a proxy would connect in our place.
        way = httpx.HTTPTransport(limits=limits, verify=_tls(), trust_env=False)
        set_backend(way, backend)
        self._opened.append(way)
        return way


class GuardedBackend(TimedBackend):
    """A network backend that checks each address and connects to the one that it checked."""

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of `host`, all of them public."""
        addresses = super().addresses(host, port)
        refused = [address for address in addresses if not is_public(address)]
        if refused:
            msg = f"{host} is {refused[0]}, which is not a public address"
            raise RefusedAddressError(msg)
        return addresses


def is_public(address: str) -> bool:
    """Say whether an IP address belongs to the public internet."""
    ip = _unwrapped(ipaddress.ip_address(address))
    if isinstance(ip, ipaddress.IPv6Address) and ip not in GLOBAL_UNICAST:
        return False
    return not any(ip in network for network in special_networks())


def origin_of(url: httpx.URL) -> str:
    """Return scheme, host and port of a URL as CRAWL_TRUSTED_ORIGINS writes them."""
    host = f"[{url.host}]" if ":" in url.host else url.host
    port = url.port
    if port is None or port == DEFAULT_PORTS.get(url.scheme):
        return f"{url.scheme}://{host}"
    return f"{url.scheme}://{host}:{port}"


@cache
def _tls() -> ssl.SSLContext:
    """Return what all connections share; reading the certificates takes a quarter of a second."""
    return httpx.create_ssl_context(trust_env=False)


@cache
def special_networks() -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Return the networks that are for special uses."""
    with SPECIAL_NETWORKS.open(encoding="utf-8", newline="") as file:
        return tuple(ipaddress.ip_network(row["network"]) for row in csv.DictReader(file))


def _unwrapped(ip: IPAddress) -> IPAddress:
    """Return the IPv4 address that an address is a mere wrapping of, else itself."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return ip.ipv4_mapped
        if ip in NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip
