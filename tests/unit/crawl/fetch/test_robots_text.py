"""Rules for us are found whatever spells them, and what is for others costs nothing."""

import codecs
import tracemalloc

import pytest
from protego import Protego

from sightscan.crawl.fetch.robots_text import decode_robots, groups_for

RULES = "User-agent: *\nDisallow: /private/\n"


def allows(text: str, path: str = "/private/a.jpg") -> bool:
    rules = Protego.parse(groups_for(text, "SightScan"))
    return rules.can_fetch(f"https://a.example{path}", "SightScan")


@pytest.mark.parametrize(
    "body",
    [
        RULES.encode(),
        codecs.BOM_UTF8 + RULES.encode(),
        codecs.BOM_UTF8 * 2 + RULES.encode(),
        codecs.BOM_UTF8.decode("latin-1").encode() + RULES.encode(),
        RULES.encode("utf-16"),
        codecs.BOM_UTF16_BE + RULES.encode("utf-16-be"),
        RULES.encode("utf-16-le"),
        RULES.encode("utf-16-be"),
        RULES.encode("utf-32"),
        codecs.BOM_UTF32_BE + RULES.encode("utf-32-be"),
        RULES.replace("\n", "\r").encode(),
        RULES.replace("\n", "\r\n").encode(),
        RULES.replace("\n", "\n\n").encode(),
        b"User-agent: *\0\nDis\0allow: /private/\0\n",
        "# Zäune\n".encode("cp1252") + RULES.encode(),
        b"# one file\n\n" + codecs.BOM_UTF8 + RULES.encode(),
    ],
)
def test_text_is_read_whatever_encodes_it(body: bytes) -> None:
    assert not allows(decode_robots(body))
    assert allows(decode_robots(body), "/a.jpg")


@pytest.mark.parametrize(
    "agent",
    [
        "SightScan",
        "sightscan",
        "SIGHTSCAN/1.0",
        "SightScan/1.0",
        "SightScan *",
        "SightScan*",
        "Mozilla/5.0 (compatible; SightScan/2.1; +https://a.example)",
        "GPTBot, SightScan",
        "SightScan # ours",
        "\u00a0SightScan\u200b",
    ],
)
@pytest.mark.parametrize(
    "field", ["User-agent: ", "user-agent:", "USER-AGENT :\t", "User agent: ", "Useragent: "]
)
def test_group_for_us_is_found_and_is_the_only_one(field: str, agent: str) -> None:
    others = "User-agent: *\nDisallow: /a.jpg\n\n"
    text = f"{others}{field}{agent}\nDisallow: /private/\n"
    assert not allows(text)
    assert allows(text, "/a.jpg")


@pytest.mark.parametrize(
    "agent", ["SightScanner", "MySightScan", "SightScan-Images", "Sight", "Sight Scan", "**", ""]
)
def test_name_of_another_is_not_ours(agent: str) -> None:
    assert allows(f"User-agent: {agent}\nDisallow: /\n")


@pytest.mark.parametrize(
    ("is_allowed", "text"),
    [
        (True, ""),
        (True, "<html><body>Not found: sorry</body></html>"),
        (True, "Disallow: /\n"),
        (True, "User-agent: *\nDisallow:\n"),
        (False, "User-agent: *\nUser-agent: Other\nDisallow: /\n"),
        (False, "User-agent: Other\nUser-agent: *\nDisallow: /\n"),
        (True, "User-agent: Other\nDisallow: /\nUser-agent: *\nDisallow: /b\n"),
        (True, "User-agent: *\nDisallow: /b\nUser-agent: Other\nDisallow: /\n"),
        (True, "User-agent: *\nCrawl-delay: 5\nUser-agent: Other\nDisallow: /\n"),
        (False, "User-agent: *\nSitemap: https://a.example/s\nDisallow: /\n"),
        (False, "User-agent: *\nSitemap: /s\nUser-agent: Other\nDisallow: /\n"),
        (False, "User-agent: *\nDisallow: /b\n\nUser-agent: *\nDisallow: /\n"),
        (True, "User-agent: SightScan\nDisallow: /b\nUser-agent: *\nDisallow: /\n"),
        (False, "User-agent: SightScan\nAllow: /\nUser-agent: SightScan\nDisallow: /private\n"),
        (False, "User-agent: SightScan\n\nUser-agent: *\nDisallow: /\n"),
        (False, "User-agent: *\nDissallow: /private\n"),
        (False, "User-agent *\nDisallow /private\n"),
        (True, "User-agent: *\nDisallow: /\nAllow: /private/\n"),
        (False, "User-agent: *\nDisallow: /*.jpg$\n"),
        (False, "User-agent: *\nDisallow: /%70rivate/\n"),
        (True, "User-agent: *\nDisallow: /a\u2028Disallow: /\n"),
    ],
)
def test_groups_are_those_of_the_standard(*, is_allowed: bool, text: str) -> None:
    assert allows(text) is is_allowed


HUGE = {
    "robots times rules": "".join(f"User-agent: bot{n}\n" for n in range(14_000))
    + "User-agent: *\n"
    + "".join(f"Disallow: /{n}\n" for n in range(14_000)),
    "robots with rules": "".join(f"User-agent: bot{n}\nDisallow: /\n" for n in range(15_000)),
    "one robot, often": "User-agent: *\nDisallow: /x\n" * 18_000,
    "stars": "User-agent: *\nDisallow: /" + "*x" * 240_000,
    "blanks": "User-agent" + " " * 240_000 + "*\nDisallow" + " " * 240_000,
    "marks": "\ufeff" * 160_000,
    "line ends": "\r" * 500_000,
}


@pytest.mark.parametrize("huge", HUGE)
def test_what_a_robots_txt_costs_grows_with_its_size_alone(huge: str) -> None:
    tracemalloc.start()
    try:
        assert allows(HUGE[huge])
        assert tracemalloc.get_traced_memory()[1] < 64_000_000
    finally:
        tracemalloc.stop()
