from __future__ import annotations

import dataclasses
import re
import string
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from detector_app import wording
from detector_app.catalogue import City
from detector_app.models.detection import Detection
from detector_app.texts import LANGUAGES, count
from detector_app.wording import (
    as_plain,
    describe_age,
    describe_city,
    describe_found,
    describe_preparation,
    describe_quality,
    list_known_sights,
    say_quietly,
)
from tests.nasty_names import NASTY_NAMES

if TYPE_CHECKING:
    from detector_app.catalogue import PublishedModel

CITY = City("malaga", "Málaga", "Spain", "crawled", 1, 340, 83, model=None)


class HTMLParts(HTMLParser):
    """What a browser would read: the tags, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - of the parser
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


HOSTILE = "<img src=x onerror=alert(1)>"


def test_quality_is_what_people_were_shown(model: PublishedModel) -> None:
    assert describe_quality("en", model) == (
        "names a sight on 36 of 42 photos of its sights that it never learnt from; of photos without "
        "any of them, 2 of 200 got a name"
    )


def test_quality_without_strangers_says_so(model: PublishedModel) -> None:
    untried = dataclasses.replace(
        model, background_photo_count=0, named_background_photo_count=None
    )
    assert describe_quality("en", untried).endswith(
        "; how often it gives a name to what it does not know was not tried"
    )


@pytest.mark.parametrize(
    ("map50", "words"),
    [(0.91, "about 9 of 10"), (0.52, "about 5 of 10"), (0.99, "nearly all"), (0.01, "hardly any")],
)
def test_quality_of_an_older_model_is_what_is_known(
    model: PublishedModel, map50: float, words: str
) -> None:
    older = dataclasses.replace(
        model,
        map50=map50,
        sight_photo_count=None,
        named_sight_photo_count=None,
        background_photo_count=None,
        named_background_photo_count=None,
    )
    assert words in describe_quality("en", older)


def test_city_without_a_model_is_marked(model: PublishedModel) -> None:
    assert describe_city("en", CITY) == "Málaga, Spain (in preparation)"
    assert describe_city("en", dataclasses.replace(CITY, model=model)) == "Málaga, Spain"


def test_preparation_is_told_with_its_counts() -> None:
    sentence = describe_preparation("en", CITY)
    assert "1 sight, 340 photos, 83 of them labelled" in sentence
    assert "labelling comes next" in sentence


@pytest.mark.parametrize(
    ("votes", "stage", "reason", "place", "told"),
    [
        (
            1,
            "waiting",
            None,
            "asked for, not approved yet",
            " has one vote. It is not approved yet",
        ),
        (
            3,
            "waiting",
            None,
            "asked for, not approved yet",
            " has 3 votes. It is not approved yet",
        ),
        (2, "refused", "Too far.", "refused", "It was refused: Too far."),
    ],
)
def test_request_is_told_as_it_stands(
    votes: int, stage: str, reason: str | None, place: str, told: str
) -> None:
    city = dataclasses.replace(CITY, vote_count=votes, stage=stage, reason=reason)
    assert describe_city("en", city) == f"Málaga, Spain ({place})"
    sentence = describe_preparation("en", city)
    assert told in sentence
    assert ("nothing is built until" in sentence) == (stage == "waiting")
    assert "not ready yet" not in sentence


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=30), "just now"),
        (timedelta(minutes=7), "7 minutes ago"),
        (timedelta(hours=5), "5 hours ago"),
        (timedelta(days=3), "3 days ago"),
    ],
)
def test_age_is_told_to_the_grain_that_matters(age: timedelta, words: str) -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    assert describe_age("en", now - age, now) == words


def test_names_from_the_warehouse_never_become_markup() -> None:
    assert "<img" not in list_known_sights("en", [HOSTILE], {}, {})


def test_names_from_the_warehouse_never_become_markdown() -> None:
    assert as_plain("Málaga [x] $5 *\n# 1.") == r"Málaga \[x\] \$5 \* \# 1\."
    # Addresses, emoji and icons are looked for when backslashes are gone.
    assert as_plain("http://x www.x a@b :smile:") == (
        "http\\:\u2060\\/\\/x www\\.\u2060x a\\@\u2060b \\:\u2060smile\\:\u2060"
    )


@pytest.mark.parametrize("name", NASTY_NAMES, ids=ascii)
def test_any_name_is_shown_letter_by_letter(name: str) -> None:
    plain = as_plain(name)
    bare = re.sub(r"\\[!-/:-@\[-`{-~]\u2060?", "", plain)
    assert not set(bare) & set(string.punctuation + "\n\r\t")
    assert re.sub(r"\\(.)|\u2060", r"\1", plain) == " ".join(name.split())
    shown = HTMLParts()
    shown.feed(list_known_sights("en", [name], {}, {}))
    shown.feed(say_quietly(name))
    shown.close()
    assert shown.tags == {"ul", "li", "span", "p"}
    # The whole name, twice.
    assert shown.text.count(name) == 2


def test_picture_is_described_by_what_was_found() -> None:
    found = [Detection(name, share, 0, 0, 1, 1) for name, share in (("Tower", 0.9), ("Gate", 0.6))]
    found.append(Detection("Bridge", 0.59, 0, 0, 1, 1))
    names = {"Gate": "Tor", "Tower": "Tower"}
    assert describe_found("en", found, {}) == "This is Tower. Probably Gate. Perhaps Bridge."
    assert describe_found("de", found, names) == (
        "Das ist: Tower. Wahrscheinlich: Tor. Vielleicht: Bridge."
    )
    assert describe_found("en", [], {}) == "No sight found"


@pytest.mark.parametrize("language", ["en", "de"])
def test_names_are_said_as_surely_as_on_the_cameras_page(language: str) -> None:
    browser = Path(wording.__file__).parent / "browser"
    says = (browser / "texts" / f"{language}.js").read_text(encoding="utf-8")
    for word in ("sure", "probable", "perhaps"):
        key = f"name.{word}"
        assert f'"{key}": "{LANGUAGES[language][key]}"' in says
    bounds = (browser / "names.js").read_text(encoding="utf-8")
    assert "const SURE_CONFIDENCE = 0.9;" in bounds
    assert "const PROBABLE_CONFIDENCE = 0.6;" in bounds


def test_german_counts_and_ages_are_declined() -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    assert describe_age("de", now - timedelta(days=3), now) == "vor 3 Tagen"
    assert count("de", "detect.knows", 1) == "Die eine Sehenswürdigkeit, die er kennt"
    assert count("de", "detect.knows", 2) == "Die 2 Sehenswürdigkeiten, die er kennt"
    assert "1 Sehenswürdigkeit, 340 Fotos, davon 83 beschriftet" in describe_preparation("de", CITY)
