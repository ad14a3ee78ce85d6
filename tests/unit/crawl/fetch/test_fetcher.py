"""Photos are fetched within limits, and each refusal has its reason."""

import gzip
import threading
import zlib
from collections.abc import Callable, Iterator
from functools import partial

import httpx
import pytest

from sightscan import http_answers
from sightscan.crawl.fetch import fetcher as fetching
from sightscan.crawl.fetch.fetcher import (
    CrawlStoppedError,
    Fetcher,
    PhotoRefusedError,
    PhotoUnavailableError,
    Validators,
    open_fetcher,
    read_visit,
    redirect_target,
)
from sightscan.errors import ServiceError
from sightscan.settings import read_settings
from tests.scripted_server import Answer, ScriptedServer, scripted_server

# Without the clock, which would stand in the names of tests: no two workers would agree on them.
pack_gzip = partial(gzip.compress, mtime=0)

MAX_BYTES = 2_000


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


class Stop(threading.Event):
    """Ends the waits of a fetcher at once, and notes them; may be set while somebody waits."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []
        self.comes_while_waiting = False

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        if timeout > 0:
            self.waits.append(timeout)
        if self.comes_while_waiting:
            self.set()
        return self.is_set()


@pytest.fixture
def stop() -> Stop:
    return Stop()


@pytest.fixture
def fetcher(server: ScriptedServer, stop: Stop) -> Iterator[Fetcher]:
    config = read_settings(
        crawl_trusted_origins=server.url, max_photo_bytes=MAX_BYTES, crawl_requests_per_second=0
    )
    with open_fetcher(config, stop) as opened:
        yield opened


def refusal(fetch: Callable[[], bytes]) -> str:
    with pytest.raises(PhotoRefusedError) as caught:
        fetch()
    return caught.value.reason


def test_photo_is_fetched_under_our_name(fetcher: Fetcher, server: ScriptedServer) -> None:
    url = server.tell("/a.jpg", Answer(b"bytes of a photo"))
    assert fetcher.visit(url).content == b"bytes of a photo"
    assert server.user_agents == {read_settings().user_agent}


def test_address_of_5000_characters_is_fetched(fetcher: Fetcher, server: ScriptedServer) -> None:
    url = server.tell("/a.jpg", Answer(b"x"))
    assert fetcher.visit(f"{url}?token={'a' * 5_000}").content == b"x"


@pytest.mark.parametrize(
    "url",
    [
        "data:image/png;base64,AAAA",
        "ftp://a.example/a.jpg",
        "file:///etc/passwd",
        "http:///a",
        "a",
        "http://xn--a.example/a.jpg",
        "http://a.example/\ud800.jpg",
    ],
)
def test_other_kinds_of_address_are_refused(fetcher: Fetcher, url: str) -> None:
    assert refusal(lambda: fetcher.visit(url)) == "refused_address"


def test_private_address_is_refused(fetcher: Fetcher, server: ScriptedServer) -> None:
    server.tell("/robots.txt", Answer(b""))
    port = server.url.rpartition(":")[2]
    assert refusal(lambda: fetcher.visit(f"http://localhost:{port}/a.jpg")) == "refused_address"
    assert not server.asked


def test_stated_size_over_the_limit_is_not_downloaded(
    fetcher: Fetcher, server: ScriptedServer
) -> None:
    url = server.tell("/a.jpg", Answer(b"", stated_length=MAX_BYTES + 1))
    assert refusal(lambda: fetcher.visit(url)) == "too_large"


def test_photo_of_the_largest_size_is_kept(fetcher: Fetcher, server: ScriptedServer) -> None:
    url = server.tell("/a.jpg", Answer(b"x" * MAX_BYTES))
    assert fetcher.visit(url).content == b"x" * MAX_BYTES


def test_photo_that_nobody_wanted_compressed_is_kept(
    fetcher: Fetcher, server: ScriptedServer
) -> None:
    photo = b"\xff\xd8photo" * 100
    gzipped = Answer(pack_gzip(photo), headers=(("Content-Encoding", "gzip"),))
    assert fetcher.visit(server.tell("/a.jpg", gzipped)).content == photo
    assert server.encodings["/a.jpg"] == "identity"


def test_photo_that_unpacks_to_more_than_the_limit_is_too_large(
    fetcher: Fetcher, server: ScriptedServer
) -> None:
    bomb = pack_gzip(bytes(1_000_000))
    url = server.tell("/a.jpg", Answer(bomb, headers=(("Content-Encoding", "gzip"),)))
    assert refusal(lambda: fetcher.visit(url)) == "too_large"


@pytest.mark.parametrize(
    ("coding", "body"), [("zstd", b"\x28\xb5\x2f\xfd"), ("gzip", pack_gzip(b"photo")[:-9])]
)
def test_photo_that_cannot_be_unpacked_is_asked_for_another_time(
    fetcher: Fetcher, server: ScriptedServer, coding: str, body: bytes
) -> None:
    url = server.tell("/a.jpg", Answer(body, headers=(("Content-Encoding", coding),)))
    with pytest.raises(PhotoUnavailableError, match="compressed"):
        fetcher.visit(url)


@pytest.mark.parametrize("status", [404, 410, 451])
def test_missing_photo_is_refused_for_good(
    fetcher: Fetcher, server: ScriptedServer, status: int
) -> None:
    url = server.tell("/a.jpg", Answer(status=status))
    assert refusal(lambda: fetcher.visit(url)) == f"http_{status}"
    assert server.asked["/a.jpg"] == 1


@pytest.mark.parametrize("status", [401, 403])
def test_forbidden_photo_is_asked_for_once_and_again_another_time(
    fetcher: Fetcher, server: ScriptedServer, status: int
) -> None:
    url = server.tell("/a.jpg", Answer(status=status))
    with pytest.raises(PhotoUnavailableError, match=str(status)):
        fetcher.visit(url)
    assert server.asked["/a.jpg"] == 1


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_failing_server_is_asked_again_and_then_left(
    fetcher: Fetcher, server: ScriptedServer, stop: Stop, status: int
) -> None:
    url = server.tell("/a.jpg", Answer(status=status))
    with pytest.raises(PhotoUnavailableError, match=str(status)):
        fetcher.visit(url)
    assert server.asked["/a.jpg"] == 3
    assert stop.waits == [0.5, 1.0]


def test_answer_cut_off_in_the_middle_is_unavailable(
    fetcher: Fetcher, server: ScriptedServer
) -> None:
    url = server.tell("/a.jpg", Answer(b"half of it", stated_length=1_000))
    with pytest.raises(PhotoUnavailableError):
        fetcher.visit(url)


def test_retry_after_is_obeyed_up_to_a_minute(
    fetcher: Fetcher, server: ScriptedServer, stop: Stop
) -> None:
    hurried = Answer(status=429, headers=(("Retry-After", "60"),))
    url = server.tell("/a.jpg", hurried, Answer(b"photo"))
    assert fetcher.visit(url).content == b"photo"
    # The gate of the host waits, too, less what passed since the answer came: on a busy machine, seconds.
    assert stop.waits
    assert all(30 < seconds <= 60 for seconds in stop.waits)
    assert max(stop.waits) > 55


def test_pause_of_more_than_a_minute_is_not_waited_for(
    fetcher: Fetcher, server: ScriptedServer, stop: Stop
) -> None:
    url = server.tell("/a.jpg", Answer(status=429, headers=(("Retry-After", "61"),)))
    with pytest.raises(PhotoUnavailableError, match="asks for a pause of 61 s"):
        fetcher.visit(url)
    assert (server.asked["/a.jpg"], stop.waits) == (1, [])


def test_impossible_retry_after_ends_no_crawl(fetcher: Fetcher, server: ScriptedServer) -> None:
    date = "Sun, 01 Mar 99999999999 12:00:00 GMT"
    hurried = Answer(status=429, headers=(("Retry-After", date),))
    url = server.tell("/a.jpg", hurried, Answer(b"photo"))
    assert fetcher.visit(url).content == b"photo"


def test_pause_of_hours_is_left_to_the_next_crawl(fetcher: Fetcher, server: ScriptedServer) -> None:
    url = server.tell("/a.jpg", Answer(status=503, headers=(("Retry-After", "7200"),)))
    other = server.tell("/b.jpg", Answer(b"photo"))
    for each in (url, url, other):
        with pytest.raises(PhotoUnavailableError):
            fetcher.visit(each)
    assert (server.asked["/a.jpg"], server.asked["/b.jpg"]) == (1, 0)


def test_trickling_answer_ends(
    fetcher: Fetcher, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.tell("/a.jpg", Answer(b"x" * 100, pause_seconds=0.02))
    # What robots.txt says is known by then, and needs none of so little time.
    assert fetcher.allows(url)
    monkeypatch.setattr(fetching, "MAX_DOWNLOAD_SECONDS", 0.1)
    with pytest.raises(PhotoUnavailableError, match="not there after"):
        fetcher.visit(url)


def test_redirect_on_the_same_host_is_followed(fetcher: Fetcher, server: ScriptedServer) -> None:
    server.tell("/b.jpg", Answer(b"photo"))
    url = server.tell("/a.jpg", Answer(status=302, headers=(("Location", "/b.jpg"),)))
    assert fetcher.visit(url).content == b"photo"


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://localhost:1/",
        "https://elsewhere.example/a.jpg",
        "https://upload.wikimedia.org.evil.example/a.jpg",
        "ftp://a.example/a.jpg",
        "",
    ],
)
def test_redirect_to_another_host_is_refused(
    fetcher: Fetcher, server: ScriptedServer, location: str
) -> None:
    url = server.tell("/a.jpg", Answer(status=301, headers=(("Location", location),)))
    assert refusal(lambda: fetcher.visit(url)) == "refused_redirect"


def test_redirect_in_a_circle_ends(fetcher: Fetcher, server: ScriptedServer) -> None:
    url = server.tell("/a.jpg", Answer(status=302, headers=(("Location", "/a.jpg"),)))
    assert refusal(lambda: fetcher.visit(url)) == "refused_redirect"
    assert server.asked["/a.jpg"] == 6


def test_robots_txt_is_honoured(fetcher: Fetcher, server: ScriptedServer) -> None:
    server.tell("/robots.txt", Answer(b"User-agent: *\nDisallow: /private/"))
    url = server.tell("/private/a.jpg", Answer(b"photo"))
    assert refusal(lambda: fetcher.visit(url)) == "opted_out"
    assert server.asked["/private/a.jpg"] == 0


def test_robots_txt_is_found_behind_redirects(fetcher: Fetcher, server: ScriptedServer) -> None:
    server.tell("/robots.txt", Answer(status=301, headers=(("Location", "/moved"),)))
    server.tell("/moved", Answer(b"User-agent: *\nDisallow: /private/"))
    url = server.tell("/private/a.jpg", Answer(b"photo"))
    assert refusal(lambda: fetcher.visit(url)) == "opted_out"


CLOSED = "User-agent: *\nDisallow: /private/\n"
SPELLINGS: dict[str, bytes] = {
    "mark of UTF-8": b"\xef\xbb\xbf" + CLOSED.encode(),
    "UTF-16": CLOSED.encode("utf-16"),
    "UTF-16 without its mark": CLOSED.encode("utf-16-be"),
    "gzip that nobody speaks of": pack_gzip(CLOSED.encode()),
    "gzip twice": pack_gzip(pack_gzip(CLOSED.encode())),
    "lines of old Macs": CLOSED.replace("\n", "\r").encode(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_robots_txt_is_obeyed_whatever_encodes_it(
    fetcher: Fetcher, server: ScriptedServer, spelling: str
) -> None:
    server.tell("/robots.txt", Answer(SPELLINGS[spelling]))
    closed = server.tell("/private/a.jpg", Answer(b"photo"))
    assert refusal(lambda: fetcher.visit(closed)) == "opted_out"
    assert fetcher.visit(server.tell("/a.jpg", Answer(b"photo"))).content == b"photo"


@pytest.mark.parametrize(
    ("coding", "body"),
    [("gzip", pack_gzip(CLOSED.encode())), ("deflate", zlib.compress(CLOSED.encode()))],
)
def test_robots_txt_is_obeyed_though_it_comes_compressed(
    fetcher: Fetcher, server: ScriptedServer, coding: str, body: bytes
) -> None:
    server.tell("/robots.txt", Answer(body, headers=(("Content-Encoding", coding),)))
    closed = server.tell("/private/a.jpg", Answer(b"photo"))
    assert refusal(lambda: fetcher.visit(closed)) == "opted_out"


def test_robots_txt_that_cannot_be_unpacked_is_one_that_cannot_be_had(
    fetcher: Fetcher, server: ScriptedServer
) -> None:
    server.tell("/robots.txt", Answer(b"\x28\xb5\x2f\xfd", headers=(("Content-Encoding", "zstd"),)))
    url = server.tell("/a.jpg", Answer(b"photo"))
    with pytest.raises(PhotoUnavailableError, match="does not answer"):
        fetcher.visit(url)


def test_rule_that_is_cut_off_is_none(fetcher: Fetcher, server: ScriptedServer) -> None:
    head = b"User-agent: *\nDisallow: /private/\n"
    rule = b"\nDisallow: /private"
    filling = b"#" * (512_000 - len(head) - len(rule) + len(b"private"))
    server.tell("/robots.txt", Answer(head + filling + rule))
    assert fetcher.visit(server.tell("/a.jpg", Answer(b"photo"))).content == b"photo"


def test_huge_robots_txt_is_read_as_far_as_one_must(
    fetcher: Fetcher, server: ScriptedServer
) -> None:
    # RFC 9309: at least 500 KiB.
    rules = b"User-agent: *\nDisallow: /private/\n"
    cut = b"User-agent: *\nDisallow: /\n"
    server.tell("/robots.txt", Answer(b"# more\n" * 73_000 + rules + b"# more\n" * 1_000 + cut))
    closed = server.tell("/private/a.jpg", Answer(b"photo"))
    opened = server.tell("/a.jpg", Answer(b"photo"))
    assert refusal(lambda: fetcher.visit(closed)) == "opted_out"
    assert fetcher.visit(opened).content == b"photo"


def test_forbidden_robots_txt_forbids_nothing(fetcher: Fetcher, server: ScriptedServer) -> None:
    server.tell("/robots.txt", Answer(status=403))
    url = server.tell("/a.jpg", Answer(b"photo"))
    assert fetcher.visit(url).content == b"photo"
    assert server.asked["/robots.txt"] == 1


def test_robots_txt_that_fails_is_not_asked_for_with_each_photo(
    fetcher: Fetcher, server: ScriptedServer
) -> None:
    server.tell("/robots.txt", Answer(status=503))
    urls = [server.tell(f"/{n}.jpg", Answer(b"photo")) for n in range(3)]
    for url in urls:
        with pytest.raises(PhotoUnavailableError, match=r"robots\.txt"):
            fetcher.visit(url)
    assert server.asked["/robots.txt"] == 3


def test_validators_that_no_header_can_carry_are_left_out() -> None:
    assert fetching.Validators("caf\u00e9", "Thu, 26 Nov 2026 10:00:00 GMT").as_headers() == {
        "If-Modified-Since": "Thu, 26 Nov 2026 10:00:00 GMT"
    }


def test_failing_robots_txt_means_not_now(fetcher: Fetcher, server: ScriptedServer) -> None:
    server.tell("/robots.txt", Answer(status=503))
    url = server.tell("/a.jpg", Answer(b"photo"))
    with pytest.raises(PhotoUnavailableError):
        fetcher.visit(url)


def test_opt_out_in_the_header_is_honoured(fetcher: Fetcher, server: ScriptedServer) -> None:
    url = server.tell("/a.jpg", Answer(b"photo", headers=(("X-Robots-Tag", "noimageai"),)))
    assert refusal(lambda: fetcher.visit(url)) == "opted_out"


def test_waiting_ends_when_the_crawl_is_stopped(
    fetcher: Fetcher, server: ScriptedServer, stop: Stop
) -> None:
    url = server.tell("/a.jpg", Answer(status=429, headers=(("Retry-After", "50"),)))
    stop.comes_while_waiting = True
    with pytest.raises(CrawlStoppedError):
        fetcher.visit(url)
    assert server.asked["/a.jpg"] == 1


def test_words_of_a_server_are_told_of_a_photo(fetcher: Fetcher, server: ScriptedServer) -> None:
    words = b"<p>Please set a user-agent and respect our\nrobot policy</p>"
    url = server.tell("/a.jpg", Answer(words, status=403))
    with pytest.raises(PhotoUnavailableError, match="403: 'Please set a user-agent and respect"):
        fetcher.visit(url)


def test_api_may_answer_compressed_and_a_photo_not(
    fetcher: Fetcher, server: ScriptedServer
) -> None:
    packed = Answer(pack_gzip(b'{"a": 1}'), headers=(("Content-Encoding", "gzip"),))
    assert fetcher.json(server.tell("/api", packed), {}) == {"a": 1}
    fetcher.visit(server.tell("/a.jpg", Answer(b"photo")))
    assert "gzip" in server.encodings["/api"]
    assert server.encodings["/a.jpg"] == "identity"


def test_json_that_breaks_off_is_asked_for_again(fetcher: Fetcher, server: ScriptedServer) -> None:
    url = server.tell("/api", Answer(b'{"query": {"pages": ['), Answer(b'{"query": {}}'))
    assert fetcher.json(url, {}) == {"query": {}}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer(b"<html>sorry</html>"), "answers no JSON"),
        (Answer(b"[1, 2]"), "expected a JSON object"),
        (Answer(b"[" * 200_000), "answers no JSON"),
        (Answer(status=404), "does not answer: status 404; check the address"),
        (Answer(status=500), "does not answer"),
    ],
)
def test_garbage_of_an_api_is_a_sentence(
    fetcher: Fetcher, server: ScriptedServer, answer: Answer, sentence: str
) -> None:
    url = server.tell("/api", answer)
    with pytest.raises(ServiceError, match=sentence):
        fetcher.json(url, {"action": "query"})


def test_search_page_at_no_address_is_a_sentence(fetcher: Fetcher) -> None:
    with pytest.raises(ServiceError, match="does not answer: no URL"):
        fetcher.page("https://xn--a.example/search?q=x", obey_robots=True)


def test_redirect_to_wikimedia_and_to_trusted_origins_is_followed() -> None:
    source = httpx.URL("https://commons.example/a.jpg")
    for location in ("https://upload.wikimedia.org/a.jpg", "https://mine.example/a.jpg"):
        answer = http_answers.Answer(302, httpx.Headers({"Location": location}), b"")
        target = redirect_target(source, answer, frozenset({"https://mine.example"}))
        assert str(target) == location


def test_opt_out_counts_also_where_there_is_no_photo() -> None:
    answer = http_answers.Answer(404, httpx.Headers({"X-Robots-Tag": "noai"}), b"")
    with pytest.raises(PhotoRefusedError) as caught:
        read_visit(answer, is_conditional=False)
    assert caught.value.reason == "opted_out"


def test_api_on_a_private_address_needs_trust(fetcher: Fetcher) -> None:
    with pytest.raises(ServiceError, match="CRAWL_TRUSTED_ORIGINS"):
        fetcher.json("http://localhost:9/w/api.php", {})


def test_changed_photo_is_fetched_at_a_second_visit(
    fetcher: Fetcher, server: ScriptedServer
) -> None:
    url = server.tell("/a.jpg", Answer(b"new", headers=(("ETag", '"2"'),)))
    visit = fetcher.visit(url, Validators(etag='"1"'))
    assert (visit.content, visit.validators.etag) == (b"new", '"2"')


def test_unchanged_photo_has_no_bytes_at_a_second_visit(
    fetcher: Fetcher, server: ScriptedServer
) -> None:
    url = server.tell("/a.jpg", Answer(status=304))
    assert fetcher.visit(url, Validators(last_modified="Mon, 01 Jan 2024")).content is None


def test_unchanged_to_who_did_not_ask_is_no_photo(fetcher: Fetcher, server: ScriptedServer) -> None:
    url = server.tell("/a.jpg", Answer(status=304))
    assert refusal(lambda: fetcher.visit(url)) == "http_304"


@pytest.mark.parametrize("answer", [Answer(b"nothing"), Answer(status=404), Answer(status=500)])
def test_key_in_an_address_is_not_told(
    fetcher: Fetcher, server: ScriptedServer, caplog: pytest.LogCaptureFixture, answer: Answer
) -> None:
    caplog.set_level("INFO")
    url = server.tell("/services/rest/", answer)
    with pytest.raises(ServiceError) as caught:
        fetcher.json(url, {"api_key": "a-secret"})
    assert "a-secret" not in caplog.text + str(caught.value)
