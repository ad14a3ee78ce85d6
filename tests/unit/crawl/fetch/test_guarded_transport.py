"""A crawl never reaches the inside of the network, however the address is written."""

import ipaddress
from collections.abc import Iterator

import httpx
import pytest

from sightscan.crawl.fetch.guarded_transport import (
    GuardedTransport,
    RefusedAddressError,
    is_public,
    origin_of,
)
from tests.scripted_server import Answer, ScriptedServer, scripted_server


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.5.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - an address like any other
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "192.88.99.1",
        "fec0::1",
        "::7f00:1",
        "::ffff:0:7f00:1",
        "64:ff9b:1::7f00:1",
        "5f00::1",
        "::ffff:192.88.99.1",
        "2001:db8::1",
        "2002:c0a8:101::1",
        "2002:d050:9ae0::1",
        "192.0.0.192",
        "192.0.0.9",
        "168.63.129.16",
        "100.100.100.200",
        "64:ff9b::a83f:8110",
        "::ffff:168.63.129.16",
        "192.31.196.1",
        "192.52.193.1",
        "192.175.48.1",
        "3fff::1",
        "3fff:fff:ffff::1",
        "2001::1",
        "2001:1ff::1",
        "2001:20::1",
        "2620:4f:8000::1",
        "100:0:0:1::1",
        "fd00:ec2::254",
    ],
)
def test_inner_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "208.80.154.224",
        "2620:0:861:ed1a::1",
        "2a02:ec80:300:ed1a::1",
        "2001:200::1",
        "3ffe::1",
        "192.0.1.1",
        "168.63.129.17",
        "198.20.0.1",
        "223.255.255.254",
        "2001:4860:4860::8888",
        "::ffff:208.80.154.224",
        "64:ff9b::d050:9ae0",
    ],
)
def test_outer_address_is_public(address: str) -> None:
    assert is_public(address)


def test_all_that_the_standard_library_calls_special_is_refused() -> None:
    """The table is ours to keep: what Python learns of is missed here at its next version."""
    constants = [*vars(ipaddress._IPv4Constants).values(), *vars(ipaddress._IPv6Constants).values()]  # type: ignore[attr-defined]
    private = [each for each in constants if isinstance(each, list)]
    networks = [network for group in private for network in group]
    unwrapped = {"::ffff:0:0/96"}
    assert len(networks) > 20
    assert [
        str(each) for each in networks if str(each) not in unwrapped and is_public(str(each[-1]))
    ] == []


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://upload.wikimedia.org/a.jpg", "https://upload.wikimedia.org"),
        ("https://upload.wikimedia.org:443/a.jpg", "https://upload.wikimedia.org"),
        ("http://127.0.0.1:8080/a?b", "http://127.0.0.1:8080"),
        ("http://user:secret@[::1]:80/", "http://[::1]"),
    ],
)
def test_origin_has_no_default_port(url: str, origin: str) -> None:
    assert origin_of(httpx.URL(url)) == origin


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1"])
def test_loopback_is_refused_in_every_spelling(server: ScriptedServer, host: str) -> None:
    port = server.url.rpartition(":")[2]
    with (
        httpx.Client(transport=GuardedTransport(())) as client,
        pytest.raises(RefusedAddressError, match="not a public address"),
    ):
        client.get(f"http://{host}:{port}/")
    assert not server.asked


def test_trusted_origin_is_let_through(server: ScriptedServer) -> None:
    url = server.tell("/photo", Answer(b"photo"))
    with httpx.Client(transport=GuardedTransport([server.url])) as client:
        assert client.get(url).content == b"photo"


def test_trust_is_for_the_exact_origin_only(server: ScriptedServer) -> None:
    with (
        httpx.Client(transport=GuardedTransport(["http://127.0.0.1:1"])) as client,
        pytest.raises(RefusedAddressError),
    ):
        client.get(server.url)


def test_name_that_changes_its_mind_is_looked_up_once(server: ScriptedServer) -> None:
    """The address that was checked is the one that is connected to."""
    lookups: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        lookups.append(host)
        return ["192.0.2.1"] if len(lookups) > 1 else ["127.0.0.1"]

    transport = GuardedTransport((), resolve=resolve)
    with httpx.Client(transport=transport) as client, pytest.raises(RefusedAddressError):
        client.get("http://photos.example/")
    assert lookups == ["photos.example"]


def test_one_inner_address_among_several_is_refused() -> None:
    transport = GuardedTransport((), resolve=lambda _host, _port: ["208.80.154.224", "10.0.0.1"])
    with (
        httpx.Client(transport=transport) as client,
        pytest.raises(RefusedAddressError, match=r"10\.0\.0\.1"),
    ):
        client.get("http://photos.example/")


def test_name_without_an_address_is_a_failed_connection() -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        msg = "Name or service not known"
        raise OSError(msg)

    transport = GuardedTransport((), resolve=resolve)
    with httpx.Client(transport=transport) as client, pytest.raises(httpx.ConnectError):
        client.get("http://nowhere.example/")
