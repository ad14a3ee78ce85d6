"""What Wikidata says of a sight becomes what visitors are told."""

import pytest

from sightscan.discover.card_facts import read_card_facts
from sightscan.warehouse.registry.sight_facts import Since, ViewDistance

WDT = "http://www.wikidata.org/prop/direct/"
SCHEMA = "http://schema.org/"
ARCHITECTURE = "Q811979"


def fact(kind: str, value: str, **more: str) -> dict[str, str]:
    return {"sight": "Q1", "property": kind, "value": value, **more}


def since(value: str, precision: str) -> dict[str, str]:
    return fact(WDT + "P571", value, detail=precision)


def article(address: str) -> dict[str, str]:
    return fact(SCHEMA + "about", address, detail="https://de.wikipedia.org/")


def test_facts_of_a_sight_are_gathered() -> None:
    facts = read_card_facts(
        "Q1",
        [
            fact(SCHEMA + "description", "gate in Berlin", value_language="en"),
            fact(SCHEMA + "description", "Tor in Berlin", value_language="de"),
            article("https://de.wikipedia.org/wiki/Brandenburger_Tor"),
            since("1791-01-01T00:00:00Z", "9"),
            fact(WDT + "P2048", "26"),
            fact(WDT + "P31", "Q82117"),
            fact(
                WDT + "P18",
                "http://commons.wikimedia.org/wiki/Special:FilePath/Gate%20at%20night.jpg",
            ),
        ],
        {"Q82117": frozenset({ARCHITECTURE})},
    )
    assert facts.descriptions == {"en": "gate in Berlin", "de": "Tor in Berlin"}
    assert facts.articles == {"de": "https://de.wikipedia.org/wiki/Brandenburger_Tor"}
    assert facts.since == Since(1791, "year")
    assert facts.height_meters == 26
    assert facts.view == ViewDistance(1500, "height")
    assert facts.image_identifier == "commons:File:Gate at night.jpg"


def test_facts_of_another_item_are_not_its_own() -> None:
    other = {**fact(WDT + "P2048", "26"), "sight": "Q2"}
    assert read_card_facts("Q1", [other], {}).height_meters is None


@pytest.mark.parametrize(
    ("value", "precision", "expected"),
    [
        ("-0043-01-01T00:00:00Z", "9", Since(-43, "year")),
        ("1889-03-31T00:00:00Z", "11", Since(1889, "year")),
        ("1880-01-01T00:00:00Z", "8", Since(1880, "decade")),
        ("1200-01-01T00:00:00Z", "7", Since(1200, "century")),
        # A millennium says nothing.
        ("2000-01-01T00:00:00Z", "6", None),
        ("soon", "9", None),
        ("9999-01-01T00:00:00Z", "9", None),
    ],
)
def test_time_is_as_exact_as_it_is_known(
    value: str, precision: str, expected: Since | None
) -> None:
    assert read_card_facts("Q1", [since(value, precision)], {}).since == expected


def test_first_of_several_times_counts() -> None:
    rows = [since("1345-01-01T00:00:00Z", "9"), since("1163-01-01T00:00:00Z", "9")]
    assert read_card_facts("Q1", rows, {}).since == Since(1163, "year")


@pytest.mark.parametrize(
    "address",
    [
        "https://de.wikivoyage.org/wiki/Turm",
        "http://de.wikipedia.org/wiki/Turm",
        "https://de.wikipedia.org.example/wiki/Turm",
        "https://de.wikipedia.org/w/index.php",
        "javascript:alert(1)",
        "https://de.wikipedia.org/wiki/" + "x" * 2000,
    ],
)
def test_what_is_no_article_is_no_link(address: str) -> None:
    assert read_card_facts("Q1", [article(address)], {}).articles == {}


@pytest.mark.parametrize("height", ["tall", "-3", "0", "nan", "inf", "12000"])
def test_height_that_nothing_has_is_none(height: str) -> None:
    assert read_card_facts("Q1", [fact(WDT + "P2048", height)], {}).height_meters is None
