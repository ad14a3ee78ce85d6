"""The sender asks again when that helps, keeps its limits, and raises nothing but its own errors."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tenacity import stop_after_attempt, wait_exponential

from sightscan.http import (
    Request,
    RetryPolicy,
    Sender,
    join_url,
    open_http,
    parse_url,
)
from sightscan.http_answers import (
    NeverError,
    NotNowError,
    NoURLError,
    TooLargeError,
    judge_success,
    take_any,
)
from tests.stopped_clock import Clock

URL = "https://a.example/x"
# Four times; pauses of 2, 4 and 8 s; never longer than two minutes.
POLICY = RetryPolicy(stop_after_attempt(4), wait_exponential(multiplier=2), 120)
BROKEN_URLS = [
    "http://a:b/",
    "http://xn--a.example/",
    "http://xn--/",
    "http://a/\ud800",
    "http://ü" + "x" * 70 + ".example/",
    "ftp://a.example/",
    "http:///a",
    "a",
    "",
]


@dataclass
class Server:
    """Answers as it is told, one answer after the other, and remembers what it was asked."""

    answers: list[Any]
    asked: list[httpx.Request] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        response: httpx.Response = answer() if callable(answer) else answer
        return response

    def sender(self, **parts: Any) -> Sender:
        client = httpx.Client(transport=httpx.MockTransport(self))
        return Sender(client, POLICY, sleep=self.slept.append, **parts)


class Pieces(httpx.SyncByteStream):
    """A body in pieces; an exception among them breaks it off."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece


def streamed(
    *pieces: bytes | Exception, status: int = 200, **headers: str
) -> Callable[[], httpx.Response]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: httpx.Response(status, headers=named, stream=Pieces(*pieces))


def test_answer_comes_with_its_body_and_what_was_said_of_it() -> None:
    server = Server([httpx.Response(200, content=b"photo", headers={"ETag": '"1"'})])
    answer = server.sender().send(Request(url=URL))
    assert (answer.status, answer.body, answer.headers["etag"]) == (200, b"photo", '"1"')
    assert answer.reason == "OK"


def test_request_is_sent_as_it_was_asked() -> None:
    server = Server([httpx.Response(200)])
    sender = server.sender()
    sender.send(Request(url=f"{URL}?old=1", parameters={"q": "é"}, headers={"Accept": "a/b"}))
    sender.send(Request(url=URL, method="POST", form={"query": "x y"}))
    sender.send(Request(url=URL, method="POST", document={"a": 1}))
    assert str(server.asked[0].url) == f"{URL}?q=%C3%A9"
    assert server.asked[0].headers["accept"] == "a/b"
    assert [request.content for request in server.asked[1:]] == [b"query=x+y", b'{"a":1}']


def test_pauses_grow_and_the_last_problem_is_told() -> None:
    server = Server([httpx.Response(503)])
    with pytest.raises(NotNowError, match="status 503"):
        server.sender().send(Request(url=URL))
    assert len(server.asked) == 4
    assert server.slept == [2.0, 4.0, 8.0]


@pytest.mark.parametrize(
    ("header", "pause"), [("7", 7.0), ("0", 2.0), ("1", 2.0), ("120", 120.0), ("soon", 2.0)]
)
def test_pause_is_the_longer_of_what_is_asked_and_our_own(header: str, pause: float) -> None:
    server = Server(
        [httpx.Response(429, headers={"Retry-After": header}), httpx.Response(200, content=b"x")]
    )
    assert server.sender().send(Request(url=URL)).body == b"x"
    assert server.slept == [pause]


@pytest.mark.parametrize("header", ["121", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_whoever_asks_for_too_long_a_pause_is_left_alone(header: str) -> None:
    server = Server([httpx.Response(429, headers={"Retry-After": header})])
    with pytest.raises(NotNowError, match="asks for a pause of") as caught:
        server.sender().send(Request(url=URL))
    assert len(server.asked) == 1
    assert server.slept == []
    assert (caught.value.wait_seconds or 0) > 120


def test_impossible_retry_after_is_as_good_as_none() -> None:
    hurried = httpx.Response(429, headers={"Retry-After": "Sun, 01 Mar 99999999999 12:00:00 GMT"})
    server = Server([hurried, httpx.Response(200, content=b"x")])
    assert server.sender().send(Request(url=URL)).body == b"x"


@pytest.mark.parametrize(
    ("answer", "judge", "error"),
    [
        (httpx.Response(403), take_any, None),
        (httpx.Response(403), judge_success, NotNowError),
        (httpx.Response(404), judge_success, NeverError),
        (httpx.Response(302, headers={"Location": "/y"}), judge_success, NeverError),
    ],
)
def test_final_answer_is_asked_for_once(
    answer: httpx.Response, judge: Any, error: type[Exception] | None
) -> None:
    server = Server([answer])
    if error is None:
        assert server.sender().send(Request(url=URL, judge=judge)).status == answer.status_code
    else:
        with pytest.raises(error, match=str(answer.status_code)):
            server.sender().send(Request(url=URL, judge=judge))
    assert len(server.asked) == 1


def test_judge_may_find_not_now_inside_a_success() -> None:
    def judge(answer: Any) -> NotNowError | None:
        return NotNowError("maxlag", answer, wait_seconds=5) if b"maxlag" in answer.body else None

    server = Server(
        [httpx.Response(200, content=b'{"error": "maxlag"}'), httpx.Response(200, content=b"{}")]
    )
    assert server.sender().send(Request(url=URL, judge=judge)).body == b"{}"
    assert server.slept == [5.0]


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("peer closed"),
        httpx.ReadError("reset"),
        httpx.PoolTimeout("full"),
    ],
)
def test_silence_is_asked_again(error: Exception) -> None:
    server = Server([error, httpx.Response(200, content=b"x")])
    assert server.sender().send(Request(url=URL)).body == b"x"


def test_silence_is_asked_once_where_it_says_enough() -> None:
    for error, times in ((httpx.ReadTimeout("slow"), 1), (httpx.ReadError("reset"), 4)):
        server = Server([error])
        with pytest.raises(NotNowError):
            server.sender().send(Request(url=URL, is_silence_final=True))
        assert len(server.asked) == times


def test_an_answer_says_how_long_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr("sightscan.http.time.monotonic", clock)

    def answer() -> httpx.Response:
        clock.sleep(61.5)
        return httpx.Response(504)

    sender = Server([answer]).sender()
    assert sender.send(Request(url=URL, judge=take_any)).seconds == 61.5


def test_what_was_never_sent_is_known() -> None:
    for error, was_sent in ((httpx.ConnectError("refused"), False), (httpx.ReadTimeout(""), True)):
        with pytest.raises(NotNowError) as caught:
            Server([error]).sender().send(Request(url=URL))
        assert caught.value.was_sent is was_sent


def test_name_that_no_dns_can_be_asked_for_is_no_url() -> None:
    server = Server([UnicodeError("encoding with 'idna' codec failed")])
    with pytest.raises(NoURLError, match="idna"):
        server.sender().send(Request(url="http://a..b/"))
    assert len(server.asked) == 1


def test_redirect_to_a_name_that_is_none_is_no_url() -> None:
    server = Server([httpx.Response(302, headers={"Location": "http://xn--a.example/"})])
    with pytest.raises((NoURLError, NotNowError)):
        server.sender().send(Request(url=URL))


@pytest.mark.parametrize("url", BROKEN_URLS)
def test_broken_url_is_never_sent(url: str) -> None:
    server = Server([httpx.Response(200)])
    with pytest.raises(NoURLError) as caught:
        server.sender().send(Request(url=url))
    assert server.asked == []
    assert not caught.value.was_sent


@given(url=st.one_of(st.text(), st.text().map("http://".__add__), st.text().map("//".__add__)))
@example(url="http://xn--a.example/")
def test_url_is_whole_or_refused(url: str) -> None:
    for read in (lambda: parse_url(url), lambda: join_url(httpx.URL(URL), url)):
        try:
            parsed = read()
        except NoURLError:
            continue
        assert parsed.scheme in ("http", "https")
        assert parsed.host


def test_size_that_is_stated_is_believed() -> None:
    server = Server([streamed(b"", content_length="11")])
    with pytest.raises(TooLargeError, match="11 bytes stated, 10 allowed"):
        server.sender().send(Request(url=URL, max_bytes=10))
    assert len(server.asked) == 1


@pytest.mark.parametrize("stated", ["²", "9" * 5_000, "-1", "many"])
def test_senseless_size_raises_nothing_of_its_own(stated: str) -> None:
    response = streamed(b"x")()
    response.headers = httpx.Headers([(b"Content-Length", stated.encode())])
    try:
        assert Server([response]).sender().send(Request(url=URL, max_bytes=10)).body == b"x"
    except TooLargeError:
        assert stated == "9" * 5_000


def test_answer_of_the_largest_size_is_taken_and_no_larger_one() -> None:
    exact, larger = streamed(b"12345", b"67890"), streamed(b"12345", b"678901")
    assert len(Server([exact]).sender().send(Request(url=URL, max_bytes=10)).body) == 10
    with pytest.raises(TooLargeError, match="more than the 10 bytes"):
        Server([larger]).sender().send(Request(url=URL, max_bytes=10))


def test_what_unpacks_to_more_than_the_limit_is_too_large() -> None:
    bomb = gzip.compress(bytes(1_000_000))
    answer = streamed(bomb, content_encoding="gzip")
    with pytest.raises(TooLargeError):
        Server([answer]).sender().send(Request(url=URL, max_bytes=10_000))


@pytest.mark.parametrize(("is_raw", "asked"), [(True, "identity"), (False, "gzip, deflate")])
def test_no_more_is_asked_for_than_can_be_unpacked(*, is_raw: bool, asked: str) -> None:
    server = Server([streamed(gzip.compress(b"photo"), content_encoding="gzip")])
    assert server.sender().send(Request(url=URL, is_raw=is_raw)).body == b"photo"
    assert server.asked[0].headers["accept-encoding"] == asked


def test_words_of_a_compressed_refusal_are_read() -> None:
    refusal = streamed(gzip.compress(b"not here " * 9), status=404, content_encoding="gzip")
    assert "not here" in Server([refusal]).sender().send(Request(url=URL)).words()


def test_answer_that_may_be_cut_is_cut() -> None:
    server = Server([streamed(b"12345", b"67890", content_length="10")])
    answer = server.sender().send(Request(url=URL, max_bytes=7, is_cut=True))
    assert answer.body == b"1234567"


def test_trickling_answer_ends_and_is_not_asked_for_again() -> None:
    server = Server([streamed(*[b"x"] * 100)])
    with pytest.raises(NotNowError, match="not there after 0 s"):
        server.sender().send(Request(url=URL, max_seconds=0.0))
    assert len(server.asked) == 1


def test_check_may_end_an_answer() -> None:
    class StoppedError(Exception):
        pass

    def check() -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        Server([streamed(b"x", b"y")]).sender(check=check).send(Request(url=URL))


def test_refusal_is_read_as_far_as_a_sentence_needs() -> None:
    refusal = streamed(*[b"x" * 1_000] * 10, status=404, content_length="10000")
    answer = Server([refusal]).sender().send(Request(url=URL, max_bytes=10))
    assert len(answer.body) == 4_000


def test_refusal_that_nobody_tells_is_not_waited_for() -> None:
    refusal = streamed(AssertionError("it was read"), status=404)
    answer = Server([refusal]).sender().send(Request(url=URL, unread=frozenset({404})))
    assert (answer.status, answer.body) == (404, b"")


def test_refusal_that_breaks_off_is_a_refusal() -> None:
    refusal = streamed(b"not fou", httpx.ReadError("reset"), status=404)
    answer = Server([refusal]).sender().send(Request(url=URL))
    assert (answer.status, answer.words()) == (404, "not fou")


class Gate:
    """Writes down what it is asked."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    @contextmanager
    def turn(self, host: str) -> Iterator[None]:
        self.events.append(("in", host))
        yield
        self.events.append(("out", host))

    def leave_alone(self, host: str, seconds: float) -> None:
        self.events.append(("alone", host, seconds))


def test_each_attempt_takes_its_turn_and_the_gate_learns_who_wants_a_pause() -> None:
    gate = Gate()
    hurried = httpx.Response(429, headers={"Retry-After": "3"})
    Server([hurried, httpx.Response(200)]).sender(gate=gate).send(Request(url=URL))
    host = "a.example"
    assert gate.events == [("in", host), ("alone", host, 3.0), ("in", host), ("out", host)]


def test_host_that_may_not_be_asked_now_is_not_waited_for() -> None:
    class ClosedGate(Gate):
        def turn(self, host: str) -> Any:
            msg = f"{host} asks to be left alone"
            raise NotNowError(msg, is_final=True)

    server = Server([httpx.Response(200)])
    with pytest.raises(NotNowError, match="left alone"):
        server.sender(gate=ClosedGate()).send(Request(url=URL))
    assert (server.asked, server.slept) == ([], [])


def test_client_says_who_we_are_and_follows_nobody() -> None:
    server = Server([httpx.Response(302, headers={"Location": "/y"})])
    transport = httpx.MockTransport(server)
    headers = {"X-Key": "k", "User-Agent": "somebody else"}
    with open_http("Us/1 (+contact)", silence_seconds=9, headers=headers, transport=transport) as c:
        c.get(URL)
        assert (c.timeout.read, c.timeout.connect) == (9, 10)
    assert len(server.asked) == 1
    assert server.asked[0].headers["user-agent"] == "Us/1 (+contact)"
    assert server.asked[0].headers["x-key"] == "k"
