"""Wikidata is asked politely, and whatever it answers ends in rows or in a sentence."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from sightscan.city import Place
from sightscan.discover.wikidata import SearchHit, WikidataClient, place_of
from sightscan.errors import LastingServiceError, ServiceError
from sightscan.settings import read_settings

Handler = Callable[[httpx.Request], httpx.Response]


def client_of(handler: Handler, slept: list[float] | None = None) -> WikidataClient:
    http = httpx.Client(transport=httpx.MockTransport(handler))
    return WikidataClient(http, read_settings(), sleep=(slept if slept is not None else []).append)


def test_hit_tells_what_matched() -> None:
    found = {
        "id": "Q365",
        "label": "Cologne",
        "description": "city in Germany",
        "match": {"type": "alias", "language": "en", "text": "Köln"},
    }
    client = client_of(lambda _: httpx.Response(200, json={"search": [found]}))
    assert client.search("Köln") == (SearchHit("Q365", "Cologne", "city in Germany", "Köln"),)


def test_hit_without_label_and_description_is_read() -> None:
    client = client_of(lambda _: httpx.Response(200, json={"search": [{"id": "Q1"}]}))
    assert client.search("x") == (SearchHit("Q1", "Q1", "", ""),)


ODD_HITS: list[Any] = [
    None,
    "Q1",
    {},
    {"label": "no id"},
    {"id": None},
    {"id": "P31", "label": "a property"},
    {"id": "Q1 } . ?city ?p ?o"},
    {"id": "Q2", "match": "no object"},
]


@pytest.mark.parametrize("odd", ODD_HITS)
def test_odd_hit_costs_itself_and_is_said(odd: Any, caplog: pytest.LogCaptureFixture) -> None:
    hits = [odd, {"id": "Q365", "label": "Cologne", "description": None}]
    client = client_of(lambda _: httpx.Response(200, json={"search": hits}))
    assert client.search("Köln") == (SearchHit("Q365", "Cologne", "", "Cologne"),)
    assert "odd hits of the search left out: 1" in caplog.text


def test_words_of_a_hit_are_plain() -> None:
    found = {"id": "Q1", "label": "K\u200boln\u202e", "match": {"text": "K\0oln"}}
    client = client_of(lambda _: httpx.Response(200, json={"search": [found]}))
    assert client.search("x") == (SearchHit("Q1", "Koln", "", "Koln"),)


@pytest.mark.parametrize("odd", [None, 7, {}, {"title": "Talk:Q1"}, {"title": None}])
def test_odd_title_of_the_full_text_search_costs_itself(odd: Any) -> None:
    answer = {"query": {"search": [odd, {"title": "Q64"}]}}
    assert client_of(lambda _: httpx.Response(200, json=answer)).search_text("x") == ("Q64",)


def test_query_is_sent_with_its_values_and_read_as_rows(tmp_path: Path) -> None:
    file = tmp_path / "query.rq"
    file.write_text("SELECT ?city WHERE { VALUES ?city { $items } }")
    sent: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        entity = {"type": "uri", "value": "http://www.wikidata.org/entity/Q64"}
        label = {"type": "literal", "value": "Berlin", "xml:lang": "de"}
        bindings = [{"city": entity, "label": label}]
        return httpx.Response(200, json={"results": {"bindings": bindings}})

    rows = client_of(handler).query(file, items="wd:Q64")
    assert rows == ({"city": "Q64", "label": "Berlin", "label_language": "de"},)
    assert (sent[0].method, "wd:Q64" in sent[0].url.params["query"]) == ("GET", True)


def test_query_that_is_too_long_for_an_address_is_posted(tmp_path: Path) -> None:
    file = tmp_path / "query.rq"
    file.write_text("SELECT ?city WHERE { VALUES ?city { $items } }")
    sent: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"results": {"bindings": []}})

    for count in (200, 500):
        client_of(handler).query(file, items=" ".join(["wd:Q64"] * count))
    assert [request.method for request in sent] == ["GET", "POST"]
    assert b"wd%3AQ64" in sent[1].content
    assert not sent[1].url.params


def test_values_that_nobody_knows_are_left_out_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "query.rq"
    file.write_text("SELECT * {}")
    binding = {
        "item": {"type": "uri", "value": "http://www.wikidata.org/entity/Q64"},
        "population": {
            "type": "uri",
            "value": "http://www.wikidata.org/.well-known/genid/3c0d6b3a6d9c2f2c",
        },
        "area": {"type": "bnode", "value": "t1514691780"},
        "name": {"type": "literal", "value": "a/.well-known/genid/b", "xml:lang": "en"},
    }
    answer = httpx.Response(200, json={"results": {"bindings": [binding]}})
    with caplog.at_level("INFO"):
        rows = client_of(lambda _: answer).query(file)
    assert rows == ({"item": "Q64", "name": "a/.well-known/genid/b", "name_language": "en"},)
    assert "query=query unknown_values=2" in caplog.text


def test_retry_after_is_obeyed() -> None:
    answers = [
        httpx.Response(429, headers={"Retry-After": "7"}),
        httpx.Response(503),
        httpx.Response(200, json={"search": []}),
    ]
    slept: list[float] = []
    assert client_of(lambda _: answers.pop(0), slept).search("x") == ()
    assert slept == [7.0, 4.0]


@pytest.mark.parametrize(("seconds", "pauses"), [("120", [120.0] * 3), ("121", [])])
def test_pause_of_more_than_two_minutes_is_an_error_at_once(
    seconds: str, pauses: list[float]
) -> None:
    slept: list[float] = []
    client = client_of(lambda _: httpx.Response(429, headers={"Retry-After": seconds}), slept)
    with pytest.raises(ServiceError, match="429"):
        client.search("x")
    assert slept == pauses


def test_no_pause_asked_for_is_no_leave_to_hurry() -> None:
    slept: list[float] = []
    client = client_of(lambda _: httpx.Response(429, headers={"Retry-After": "0"}), slept)
    with pytest.raises(ServiceError, match="429"):
        client.search("x")
    assert slept == [2.0, 4.0, 8.0]


def test_refusal_is_told_in_the_words_of_the_server() -> None:
    client = client_of(lambda _: httpx.Response(403, text="Please set\na user agent"))
    with pytest.raises(
        ServiceError, match="does not answer: status 403: 'Please set a user agent'; see"
    ):
        client.search("x")


BUSY = [
    {"error": {"code": "maxlag", "info": "Waiting for a database server: 6 seconds lagged"}},
    {"errors": [{"code": "internal_api_error_DBQueryError", "text": "[x] Caught exception"}]},
]


@pytest.mark.parametrize("answer", BUSY)
def test_error_inside_a_success_is_waited_for(answer: dict[str, object]) -> None:
    busy = httpx.Response(200, json=answer, headers={"Retry-After": "5"})
    answers = [busy, httpx.Response(200, json={"search": []})]
    slept: list[float] = []
    assert client_of(lambda _: answers.pop(0), slept).search("Berlin") == ()
    assert slept == [5.0]


@pytest.mark.parametrize("answer", BUSY)
def test_name_is_not_blamed_for_a_busy_wikidata(answer: dict[str, object]) -> None:
    client = client_of(lambda _: httpx.Response(200, json=answer))
    for ask in (client.search, client.search_text):
        with pytest.raises(ServiceError, match=r"answers (maxlag|internal_api_error).*; try later"):
            ask("Berlin")


def test_name_that_is_refused_is_told_so() -> None:
    refused = {"error": {"code": "badvalue", "info": "Unrecognized value"}}
    client = client_of(lambda _: httpx.Response(200, json=refused))
    for ask in (client.search, client.search_text):
        with pytest.raises(ServiceError, match="refuses 'x': Unrecognized value; try another name"):
            ask("x")


@pytest.mark.parametrize(
    ("status", "before"), [(500, b"SPARQL-QUERY: queryStr=x"), (200, b'{"results": {"bindings": [')]
)
def test_query_that_takes_too_long_is_asked_once(
    tmp_path: Path, status: int, before: bytes
) -> None:
    file = tmp_path / "query.rq"
    file.write_text("SELECT * {}")
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        body = before + b"\njava.util.concurrent.TimeoutException\n\tat x"
        return httpx.Response(status, content=body)

    with pytest.raises(
        LastingServiceError, match=r"takes too long.*the query must be made smaller"
    ):
        client_of(handler).query(file)
    assert len(asked) == 1


def test_answers_may_come_compressed() -> None:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        body = gzip.compress(b'{"search": []}')
        return httpx.Response(200, content=body, headers={"Content-Encoding": "gzip"})

    assert client_of(handler).search("x") == ()
    assert "gzip" in asked[0].headers["accept-encoding"]


def test_address_that_is_none_is_a_sentence() -> None:
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200)))
    client = WikidataClient(http, read_settings(wikidata_api_url="https://xn--a.example/"))
    with pytest.raises(ServiceError, match="check the address"):
        client.search("x")


def test_silence_is_an_error_after_some_attempts() -> None:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        msg = "no answer"
        raise httpx.ReadTimeout(msg, request=request)

    with pytest.raises(ServiceError, match="ReadTimeout") as caught:
        client_of(handler).search("x")
    assert len(asked) == 4
    # Another try of the task may find it awake.
    assert not isinstance(caught.value, LastingServiceError)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>maintenance</html>"),
        httpx.Response(200, json=["no", "object"]),
        httpx.Response(200, json={"something": "else"}),
        httpx.Response(200, json={"search": [{"label": "without an id"}]}),
        httpx.Response(200, json={"error": {"code": "badvalue", "info": "no such language"}}),
        httpx.Response(200, json={"error": "no form of ours"}),
        httpx.Response(200, json={"search": [{"id": "Q1", "match": "no object"}]}),
        httpx.Response(200, content=b"[" * 200_000),
        httpx.Response(302, headers={"Location": "/elsewhere"}),
        httpx.Response(403, text="set a user agent"),
    ],
)
def test_garbage_is_a_service_error(answer: httpx.Response) -> None:
    with pytest.raises(ServiceError):
        client_of(lambda _: answer).search("x")


@pytest.mark.parametrize("answer", [{"results": {}}, {"results": None}, {}])
def test_garbage_of_the_query_service_is_a_service_error(
    tmp_path: Path, answer: dict[str, object]
) -> None:
    file = tmp_path / "query.rq"
    file.write_text("SELECT * {}")
    with pytest.raises(ServiceError):
        client_of(lambda _: httpx.Response(200, json=answer)).query(file)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Point(13.38 52.51)", Place(52.51, 13.38)),
        ("POINT(-9.1 38.7)", Place(38.7, -9.1)),
        ("Point(1e-05 -2.5E1)", Place(-25.0, 0.00001)),
        ("<http://www.wikidata.org/entity/Q2> Point(1 2)", Place(2, 1)),
    ],
)
def test_point_is_read(text: str, place: Place) -> None:
    assert place_of(text) == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "13.38 52.51",
        "Point()",
        "_:b0",
        "http://www.wikidata.org/.well-known/genid/3c0d6b3a6d9c2f2c",
        "<http://www.wikidata.org/entity/Q405> Point(-23.47 0.67)",
        "<http://www.wikidata.org/entity/Q111> Point(1 2)",
        "Point(1 91)",
        "Point(-181 2)",
        "Point(nan 2)",
        "Point(1 inf)",
        "Point(1.2.3 4)",
        "Point(1 2 3)",
    ],
)
def test_anything_else_and_any_other_globe_is_no_place(text: str) -> None:
    with pytest.raises(ValueError, match="expected a point on Earth"):
        place_of(text)
