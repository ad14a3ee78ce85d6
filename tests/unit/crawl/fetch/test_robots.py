"""Opt-outs are honoured, and nothing else is taken for one."""

import pytest

from sightscan.crawl.fetch.robots import RobotsRules, opts_out
from sightscan.http_answers import NotNowError


@pytest.mark.parametrize(
    ("headers", "directive"),
    [
        ([], None),
        (["noai"], "noai"),
        (["NoAI, NoImageAI"], "noai"),
        (["noindex", "noimageai"], "noimageai"),
        (["noindex, nofollow"], None),
        (["googlebot: noai"], None),
        (["otherbot: noindex, noai"], None),
        (["sightscan: noai"], "noai"),
        (["*: noimageai"], "noimageai"),
        (["googlebot: noindex", "noai"], "noai"),
        (["max-image-preview:large, noai"], "noai"),
        (["index, follow, max-snippet:-1, max-video-preview: -1, noimageai"], "noimageai"),
        (["unavailable_after: 25 Jun 2030 15:00:00 PST, noai"], "noai"),
        (["unavailable_after: Tue, 25 Jun 2030 15:00:00 GMT, noai"], "noai"),
        (["googlebot: max-snippet:-1, noai"], None),
    ],
)
def test_directives_for_us_are_found(headers: list[str], directive: str | None) -> None:
    assert opts_out(headers) == directive


def test_robots_txt_is_fetched_once_for_an_origin() -> None:
    fetched: list[str] = []

    def fetch(url: str) -> str:
        fetched.append(url)
        return "User-agent: *\nDisallow: /private/"

    rules = RobotsRules(fetch)
    assert rules.allows("https://a.example", "https://a.example/photo.jpg")
    assert not rules.allows("https://a.example", "https://a.example/private/photo.jpg")
    assert fetched == ["https://a.example/robots.txt"]


def test_rules_for_our_name_come_before_those_for_all() -> None:
    rules = RobotsRules(
        lambda _url: "User-agent: *\nAllow: /\n\nUser-agent: SightScan\nDisallow: /"
    )
    assert not rules.allows("https://a.example", "https://a.example/photo.jpg")


def test_without_robots_txt_all_is_allowed() -> None:
    assert RobotsRules(lambda _url: "").allows("https://a.example", "https://a.example/photo.jpg")


def test_robots_txt_is_fetched_again_after_a_day() -> None:
    now = [0.0]
    texts = iter(["", "User-agent: *\nDisallow: /"])
    rules = RobotsRules(lambda _url: next(texts), clock=lambda: now[0])
    assert rules.allows("https://a.example", "https://a.example/photo.jpg")
    now[0] = 86_399.0
    assert rules.allows("https://a.example", "https://a.example/photo.jpg")
    now[0] = 86_400.0
    assert not rules.allows("https://a.example", "https://a.example/photo.jpg")


def test_robots_txt_that_cannot_be_had_is_asked_for_again_after_five_minutes() -> None:
    now = [0.0]
    asked: list[float] = []
    rules = RobotsRules(lambda _url: asked.append(now[0]), clock=lambda: now[0])
    for moment in (0.0, 299.0, 300.0):
        now[0] = moment
        with pytest.raises(NotNowError, match=r"robots\.txt of a\.example: it does not answer"):
            rules.allows("https://a.example", "https://a.example/photo.jpg")
    assert asked == [0.0, 300.0]
