"""A server that drips takes a visit its time and no more, and keeps nobody from ending the crawl."""

import ipaddress
import itertools
import re
import signal
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from protego import Protego
from tenacity import stop_after_attempt, wait_fixed

from sightscan import http, http_deadline
from sightscan.crawl import pipeline
from sightscan.crawl.fetch import fetcher as fetching
from sightscan.crawl.fetch import guarded_transport, robots
from sightscan.crawl.fetch.fetcher import (
    CrawlStoppedError,
    PhotoRefusedError,
    PhotoUnavailableError,
    Visit,
    open_fetcher,
)
from sightscan.crawl.fetch.guarded_transport import GuardedTransport, origin_of
from sightscan.crawl.fetch.robots import OriginRules
from sightscan.crawl.pipeline import SourceCrawler
from sightscan.http import Request, RetryPolicy, Sender, open_http, parse_url
from sightscan.http_answers import NotNowError
from sightscan.settings import Settings, read_settings
from tests.dripping_server import DRIPS, OK, dripping_server
from tests.one_host import OneHost, job_of
from tests.waiting import does_end, wait_until

THREADS = 16
ONCE = RetryPolicy(stop_after_attempt(1), wait_fixed(0.01), 1.0)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make all limits of visits short."""
    monkeypatch.setattr(fetching, "MAX_DOWNLOAD_SECONDS", 0.6)
    monkeypatch.setattr(robots, "MAX_ROBOTS_SECONDS", 0.4)
    monkeypatch.setattr(http, "MAX_REFUSAL_SECONDS", 0.2)
    monkeypatch.setattr(http_deadline, "NETWORK_POLL_SECONDS", 0.05)


def config_for(*origins: str) -> Settings:
    return read_settings(
        crawl_trusted_origins=",".join(origins),
        crawl_threads=THREADS,
        crawl_requests_at_once=THREADS,
        crawl_requests_per_second=0,
        licence_policy="any",
    )


def visit_from_all_threads(
    config: Settings, url: str, *, is_robots_known: bool = False
) -> list[str]:
    """Return what became of sixteen visits at once.

    A robots.txt has to come within the visit's time, which a busy machine may need for it alone:
    where it is known, only the photo's own drips can use the time up.
    """

    def visit(number: int) -> str:
        try:
            fetcher.visit(f"{url}/{number}.jpg")
        except (PhotoUnavailableError, PhotoRefusedError) as error:
            return str(error)
        return "fetched"

    allowed = OriginRules(rules=Protego.parse(""), expires_at=inf)
    known = {origin_of(parse_url(url)): allowed} if is_robots_known else {}
    with open_fetcher(config, threading.Event(), known_robots=known) as fetcher:
        pool = ThreadPoolExecutor(THREADS)
        found: list[str] = []
        assert does_end(lambda: found.extend(pool.map(visit, range(THREADS))))
        pool.shutdown()
    return found


@pytest.mark.parametrize("drip", DRIPS)
@pytest.mark.usefixtures("short")
def test_any_visit_ends_whatever_its_server_drips(
    drip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_tls = drip.startswith("TLS")
    if drip.startswith("refusal"):
        # Its first line has to come in time; what drips after it has its own limit.
        monkeypatch.setattr(fetching, "MAX_DOWNLOAD_SECONDS", 3_600.0)
    with dripping_server(*DRIPS[drip]) as server:
        url = server.url("https" if is_tls else "http")
        problems = visit_from_all_threads(config_for(url), url, is_robots_known=not is_tls)
    expected = {"refusal": "http_451", "refusal for now": "status 503"}.get(drip, "not there after")
    if is_tls:
        # Nothing is known of it, not even its robots.txt.
        expected = "it does not answer"
    assert len(problems) == THREADS
    assert all(expected in problem for problem in problems)
    assert "fetched" not in problems


@pytest.mark.parametrize("drip", ["nothing", "headers", "body"])
@pytest.mark.usefixtures("short")
def test_robots_txt_that_drips_is_one_that_cannot_be_had(drip: str) -> None:
    with dripping_server(*DRIPS[drip], is_robots_dripping=True) as server:
        problems = visit_from_all_threads(config_for(server.url()), server.url())
    assert all("robots.txt of 127.0.0.1: it does not answer" in each for each in problems)


def tls_contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a server on 127.0.0.1 shows, and what a client trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        certificate.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=str(file))


@pytest.mark.usefixtures("short")
def test_slow_answer_within_its_time_is_waited_for_with_tls_and_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each pause is longer than a slice of waiting."""
    monkeypatch.setattr(fetching, "MAX_DOWNLOAD_SECONDS", 60.0)
    monkeypatch.setattr(robots, "MAX_ROBOTS_SECONDS", 60.0)
    for_server, for_client = tls_contexts(tmp_path)
    monkeypatch.setattr(guarded_transport, "_tls", lambda: for_client)
    drips = [b"x"] * 3
    start = OK + b"Content-Length: 3\r\n\r\n"
    for tls in (None, for_server):
        with dripping_server(start, drips, tls=tls) as server:
            server.pause_seconds = 0.2
            url = server.url("https" if tls else "http")
            assert visit_from_all_threads(config_for(url), url) == ["fetched"] * THREADS


@pytest.mark.parametrize("drip", ["headers", "extension of a chunk"])
@pytest.mark.usefixtures("short")
def test_drips_within_tls_end_too(
    drip: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for_server, for_client = tls_contexts(tmp_path)
    monkeypatch.setattr(guarded_transport, "_tls", lambda: for_client)
    monkeypatch.setattr(fetching, "MAX_DOWNLOAD_SECONDS", 3.0)
    with dripping_server(*DRIPS[drip], tls=for_server) as server:
        url = server.url("https")
        problems = visit_from_all_threads(config_for(url), url, is_robots_known=True)
    assert all("not there after" in problem for problem in problems)


@pytest.mark.usefixtures("short")
def test_repetitions_share_the_time_of_one_visit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MAX_DOWNLOAD_SECONDS", 0.3)
    patient = replace(fetching.RETRY_POLICY, stop=stop_after_attempt(9_999), wait=wait_fixed(0.01))
    monkeypatch.setattr(fetching, "RETRY_POLICY", patient)
    with dripping_server(*DRIPS["refusal for now"]) as server:
        url = server.url()
        problems = visit_from_all_threads(config_for(url), url, is_robots_known=True)
    assert all("not there after" in problem for problem in problems)


@pytest.mark.usefixtures("short")
def test_name_that_dns_never_tells_is_not_waited_for() -> None:
    told = threading.Event()

    def resolve(_host: str, _port: int) -> Sequence[str]:
        told.wait(60)
        return ["127.0.0.1"]

    transport = GuardedTransport((), resolve=resolve)
    with open_http("Us", silence_seconds=9, transport=transport) as client:
        with pytest.raises(NotNowError, match="not there after") as caught:
            Sender(client, ONCE).send(Request(url="http://a.example/", max_seconds=0.3))
        told.set()
    assert (caught.value.is_final, caught.value.was_sent) == (True, False)


@pytest.mark.usefixtures("short")
def test_addresses_that_do_not_answer_are_not_all_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[str] = []

    def connect(_self: object, address: str, *_: object, **__: object) -> None:
        tried.append(address)
        threading.Event().wait(0.1)
        raise httpcore.ConnectTimeout

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    addresses = [f"208.80.154.{n}" for n in range(100)]
    transport = GuardedTransport((), resolve=lambda _host, _port: addresses)
    with (
        open_http("Us", silence_seconds=9, transport=transport) as client,
        pytest.raises(NotNowError, match="not there after"),
    ):
        Sender(client, ONCE).send(Request(url="http://a.example/", max_seconds=0.3))
    wait_until(lambda: all(thread.name != "connect" for thread in threading.enumerate()))
    assert 1 <= len(tried) < 100


@pytest.mark.parametrize("drip", ["headers", "early hints", "trailers"])
@pytest.mark.usefixtures("short")
def test_clients_of_services_keep_the_same_time(drip: str) -> None:
    with (
        dripping_server(*DRIPS[drip]) as server,
        open_http("Us", silence_seconds=9) as client,
        pytest.raises(NotNowError, match="not there after 0 s") as caught,
    ):
        Sender(client, ONCE).send(Request(url=server.url(), max_seconds=0.3))
    assert caught.value.is_final


class TimeoutOfTask(BaseException):
    """What Airflow raises in the main thread, and what Ctrl-C does."""


def threads_of_crawls() -> list[str]:
    names = ("feeder", "parser", "downloader", "inspector")
    return [t.name for t in threading.enumerate() if t.name.startswith(names)]


@pytest.fixture
def interrupt() -> Iterator[Callable[[], None]]:
    """Raise in the main thread, as a time-out of Airflow does."""

    def handle(*_: object) -> None:
        raise TimeoutOfTask

    before = signal.signal(signal.SIGALRM, handle)
    yield lambda: signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("drip", ["nothing", "headers", "early hints", "trailers", "TLS handshake"])
def test_timeout_of_the_task_ends_a_crawl_of_dripping_servers(
    drip: str, interrupt: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The visits might go on for a minute, and threads are waited for: they see it themselves."""
    monkeypatch.setattr(pipeline, "MAX_ENDING_SECONDS", 30)
    with dripping_server(*DRIPS[drip]) as server:
        is_tls = drip.startswith("TLS")
        # Those with TLS wait for the first one, which asks for robots.txt.
        visitors = 1 if is_tls else THREADS
        server.on_visitor = lambda count: interrupt() if count == visitors else None
        url = server.url("https" if is_tls else "http")
        config, stop = config_for(url), threading.Event()
        with open_fetcher(config, stop) as fetcher, pytest.raises(TimeoutOfTask):
            list(SourceCrawler(job_of(config, OneHost(url, fetcher.visit), stop)).outcomes())
        # Before the server has had enough of it.
        assert threads_of_crawls() == []


def test_thread_that_sees_no_stop_is_left_behind(
    interrupt: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(pipeline, "MAX_ENDING_SECONDS", 0.2)
    is_over, visits = threading.Event(), itertools.count()

    def visit(_url: str, _validators: object) -> Visit:
        if next(visits) == 0:
            interrupt()
        is_over.wait(60)
        raise CrawlStoppedError

    config, stop = config_for("http://a.example"), threading.Event()
    with pytest.raises(TimeoutOfTask):
        list(SourceCrawler(job_of(config, OneHost("http://a.example", visit), stop)).outcomes())
    # On a busy machine, others may not have seen it yet.
    assert re.search("threads behind: .*downloader", caplog.text)
    is_over.set()
    wait_until(lambda: threads_of_crawls() == [])
