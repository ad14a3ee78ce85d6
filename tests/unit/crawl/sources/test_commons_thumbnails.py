"""Thumbnails are asked for by page id, as many at once as Commons allows, until all are told."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from sandbox.commons.files import CommonsCatalogue, catalogue_of
from sandbox.commons.query import answer_query
from sandbox.world.city_facts import CityFacts, facts_of
from sandbox.world.world import World
from sightscan.crawl.sources.commons_thumbnails import ask_thumbnails
from sightscan.errors import ServiceError
from sightscan.http_answers import Judge
from sightscan.http_judges import judge_mediawiki
from tests.cities.small_world import draw_small_world

API = "https://commons.wikimedia.org/w/api.php"
UPLOAD = "https://upload.wikimedia.org"
Answer = Callable[[Mapping[str, str]], dict[str, Any]]


class Fetcher:
    """Answers as the stand-in does, and keeps what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[Mapping[str, str]] = []

    def json(self, url: str, parameters: Mapping[str, str], judge: Judge) -> dict[str, Any]:
        assert (url, judge) == (API, judge_mediawiki)
        self.asked.append(dict(parameters))
        return self.answer(parameters)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> CommonsCatalogue:
    """Return 120 files, each wide enough to be scaled."""
    world: World = draw_small_world(tmp_path_factory.mktemp("world"))
    facts: CityFacts = facts_of(world)
    (file, *_) = catalogue_of(world, facts).files
    files = [
        replace(file, name=f"Tower {number:03}.jpg", page_id=number, width=4000, height=3000)
        for number in range(1, 121)
    ]
    return CommonsCatalogue(tuple(files), ())


def fetcher_of(catalogue: CommonsCatalogue) -> Any:
    return Fetcher(lambda parameters: answer_query(catalogue, parameters, UPLOAD))


def test_fifty_are_asked_for_at_once_and_each_is_told(catalogue: CommonsCatalogue) -> None:
    fetcher = fetcher_of(catalogue)
    found = ask_thumbnails(fetcher, API, [str(number) for number in range(1, 121)])
    assert [asked["pageids"].count("|") + 1 for asked in fetcher.asked] == [50, 50, 20]
    assert len(found) == 120
    assert found["7"].endswith(
        "/Tower_007.jpg/960px-Tower_007.jpg"
        "?utm_source=commons.wikimedia.org&utm_campaign=imageinfo&utm_content=thumbnail"
    )


def test_file_that_is_gone_has_no_thumbnail(catalogue: CommonsCatalogue) -> None:
    assert set(ask_thumbnails(fetcher_of(catalogue), API, ["1", "999"])) == {"1"}


def test_rest_is_asked_for_until_all_are_told() -> None:
    def answer(parameters: Mapping[str, str]) -> dict[str, Any]:
        second = "iicontinue" in parameters
        told = {"pageid": 2 if second else 1, "imageinfo": [{"url": f"{UPLOAD}/{second}.jpg"}]}
        body: dict[str, Any] = {"query": {"pages": [told]}}
        return body if second else body | {"continue": {"iicontinue": "B.jpg|1", "continue": "||"}}

    fetcher: Any = Fetcher(answer)
    assert ask_thumbnails(fetcher, API, ["1", "2"]) == {
        "1": f"{UPLOAD}/False.jpg",
        "2": f"{UPLOAD}/True.jpg",
    }


def test_answer_that_goes_on_for_ever_is_left() -> None:
    body = {"query": {"pages": []}, "continue": {"iicontinue": "B.jpg|1"}}
    fetcher: Any = Fetcher(lambda _: body)
    assert ask_thumbnails(fetcher, API, ["1"]) == {}
    assert len(fetcher.asked) == 2


@pytest.mark.parametrize(
    "odd",
    [
        None,
        {"imageinfo": None, "pageid": 2},
        {"imageinfo": [{"filehidden": True}], "pageid": 2},
        {"imageinfo": [{"filemissing": True}], "pageid": 2},
        {"imageinfo": [{"url": 7}], "pageid": 2},
        {"imageinfo": [{"url": f"{UPLOAD}/T.jpg"}]},
    ],
)
def test_odd_record_costs_no_other_its_thumbnail(odd: object) -> None:
    good = {"pageid": 1, "imageinfo": [{"url": f"{UPLOAD}/1.jpg"}]}
    for pages in ([good, odd], [odd, good]):
        body = {"query": {"pages": pages}}
        fetcher: Any = Fetcher(lambda _, body=body: body)
        assert ask_thumbnails(fetcher, API, ["1", "2"]) == {"1": f"{UPLOAD}/1.jpg"}


@pytest.mark.parametrize(
    "answer",
    [
        {"error": {"code": "maxlag", "info": "Waiting for db1234: 9 seconds lagged."}},
        {"query": {"pages": [{"pageid": 1, "imageinfo": [{}]}]}},
        {"query": []},
        {},
    ],
    ids=["an error", "no address", "a list", "nothing"],
)
def test_answer_without_thumbnails_says_so(answer: dict[str, Any]) -> None:
    fetcher: Any = Fetcher(lambda _: answer)
    with pytest.raises(ServiceError, match="Commons names no thumbnails"):
        ask_thumbnails(fetcher, API, ["1"])


def test_more_than_fifty_thumbnails_of_a_generator_come_in_parts(
    catalogue: CommonsCatalogue,
) -> None:
    """As in reality: each part names all pages of the batch, and tells of some."""
    place = f"{catalogue.files[0].latitude}|{catalogue.files[0].longitude}"
    asked = {
        "generator": "geosearch",
        "ggscoord": place,
        "ggslimit": "500",
        "ggsnamespace": "6",
        "prop": "imageinfo",
        "iiprop": "url",
        "iiurlwidth": "960",
        "formatversion": "2",
    }
    told: list[int] = []
    while True:
        body = answer_query(catalogue, asked, UPLOAD)
        pages = body["query"]["pages"]
        assert len(pages) == 120
        told.append(sum("imageinfo" in page for page in pages))
        if "continue" not in body:
            break
        assert "batchcomplete" not in body
        asked |= body["continue"]
    assert told == [50, 50, 20]
