"""What is said about a city that was asked for, and by what its asker is known."""

import re
from dataclasses import replace
from pathlib import Path
from string import Formatter
from typing import Any
from uuid import UUID

import pytest

from detector_app.asking import (
    WAY_STEPS,
    Choice,
    CityProgress,
    asker_of,
    read_answer,
    read_progress,
    request_id_of,
)
from detector_app.asking_words import (
    list_steps,
    say_choice,
    say_duration,
    say_expectation,
    say_refusal,
    say_stage,
)
from detector_app.client_limits import WritingLimit
from detector_app.curve import draw_curve
from detector_app.errors import WarehouseAway
from detector_app.texts import LANGUAGES, choose_language, write_number
from detector_app.visitor import Remembered, read_remembered
from detector_app.web.limits import RateLimit

PERSON = UUID("5e1f2f6e-5f0a-4d51-9f0a-0d6d3c1b2a10")
PROGRESS = CityProgress(
    city_slug="porto",
    city_name="Porto",
    country="Portugal",
    stage="waiting",
    vote_count=2,
    queue_place=3,
    waits_for="budget",
    probable_usd=1.5,
    reason=None,
    sight_count=0,
    crawled_count=0,
    crawl_count=None,
    photo_count=0,
    labelled_photo_count=0,
    epoch_count=None,
    curve=None,
    model_version=None,
    not_trained_because=None,
    not_published_because=None,
    past_count=0,
    past_seconds=None,
    past_usd=None,
)
# As mart.city_progress has them.
STAGES = (
    *("waiting", "refused", "retired", "starting", "discovering", "crawling", "labelling"),
    *("deciding", "machine", "training", "judging", "published", "photos", "budget", "ended"),
)


def answer(**given: Any) -> Any:
    row = {"stage": "refused", "try_count": None, "refusal": None, "detail": None, "choices": []}
    return read_answer({**row, "city_slug": None, **given})


def places_of(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_both_languages_say_the_same_things_about_the_same_values() -> None:
    english, german = LANGUAGES["en"], LANGUAGES["de"]
    assert set(english) == set(german)
    for key, sentence in english.items():
        assert places_of(sentence) == places_of(german[key]), key


@pytest.mark.parametrize(
    ("locale", "language"),
    [("de-AT", "de"), ("de", "de"), ("DE", "de"), ("fr-FR", "en"), (None, "en"), ("", "en")],
)
def test_browser_that_asks_for_another_language_gets_english(
    locale: str | None, language: str
) -> None:
    assert choose_language(locale) == language


def test_same_person_and_name_are_the_same_request_however_it_is_written() -> None:
    assert request_id_of(PERSON, "Málaga") == request_id_of(PERSON, " malaga ")
    assert request_id_of(PERSON, "Málaga") != request_id_of(PERSON, "Madrid")
    assert request_id_of(PERSON, "Málaga") != request_id_of(UUID(int=1), "Málaga")
    assert request_id_of(PERSON, "東京") != request_id_of(PERSON, "京都")


def test_warehouse_does_not_learn_the_number_of_a_person() -> None:
    assert str(PERSON) not in asker_of(PERSON)
    assert len(asker_of(PERSON)) == 64


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_has_its_sentences_and_its_step(stage: str, language: str) -> None:
    progress = replace(PROGRESS, stage=stage, reason="too far", crawl_count=3, epoch_count=2)
    sentences = [*say_stage(language, progress), *say_expectation(language, progress)]
    assert all(sentences)
    assert not any("{" in sentence or "None" in sentence for sentence in sentences)
    steps = list_steps(language, progress)
    assert steps.count("<li") == len(WAY_STEPS)
    is_under_way = stage not in ("refused", "retired", "published")
    assert steps.count('aria-current="step"') == is_under_way


@pytest.mark.parametrize("language", ["en", "de"])
def test_stage_of_a_newer_warehouse_is_a_sentence_and_no_step(language: str) -> None:
    newer = replace(PROGRESS, stage="dreaming")
    assert "app" in say_stage(language, newer)[0].lower()
    assert list_steps(language, newer) == ""
    waits = say_stage(language, replace(PROGRESS, waits_for="the moon"))
    assert "app" in waits[1].lower()


def test_every_sentence_is_said_somewhere() -> None:
    """By its whole key, or by the beginning of it, where the rest is a value."""
    app = Path(__file__).resolve().parents[2] / "detector_app"
    code = "\n".join(path.read_text() for path in app.rglob("*.py") if path.parent.name != "texts")
    code = code.replace("'", '"')
    families = tuple(set(re.findall(r'f"([a-z]+(?:\.[a-z]+)*\.)\{', code)))
    unsaid = [
        key
        for key in LANGUAGES["en"]
        if not key.startswith(families)
        and f'"{re.sub("[.](one|many)$", "", key)}"' not in code
        and f'"{key}"' not in code
    ]
    assert unsaid == []


def test_who_waits_reads_the_place_the_reason_the_cost_and_past_times() -> None:
    known = replace(PROGRESS, past_count=4, past_seconds=3 * 3600, past_usd=2.0)
    assert " ".join([*say_stage("en", known), *say_expectation("en", known)]) == (
        "It waits to be let in, at place 3 of the queue. What it waits for: the budget for requests "
        "of this month is used up. It is let in by itself when there is room again, or by whoever "
        "runs SightScan. It has 2 votes. Its first run will probably cost about 1.50 US "
        "dollars. Half of the 4 cities that were built here last took less than 3 hours from their "
        "first run on, and half cost less than 2.00 US dollars."
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (40, "40 seconds"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (7200, "2 hours"),
        (4e5, "5 days"),
    ],
)
def test_durations_are_said_to_the_grain_that_matters(seconds: float, said: str) -> None:
    assert say_duration("en", seconds) == said


def test_refusals_are_said_in_the_readers_language_and_reasons_as_they_were_given() -> None:
    near = answer(refusal="unknown", choices=[{"id": "Q1", "name": "Porto"}])
    assert say_refusal("de", near) == "Genau so heißt keine Stadt. Meinen Sie eine von diesen?"
    before = answer(refusal="refused", detail="Porto, Portugal was refused: too far")
    assert say_refusal("en", before).endswith("The reason that was given: too far")
    older = answer(detail="no city 'x' on Wikidata")
    assert say_refusal("en", older).endswith("no city 'x' on Wikidata")


def test_choice_is_told_from_its_namesakes() -> None:
    full = Choice("Q1", "Valencia", "Carabobo", "Venezuela", "a city", 830_000)
    assert say_choice("en", full) == "Valencia, Carabobo, Venezuela · 830,000 people"
    assert say_choice("en", Choice("Q2", "Valencia")) == "Valencia · Q2"


def test_numbers_are_written_as_the_language_writes_them() -> None:
    assert write_number("en", 1234567) == "1,234,567"
    assert write_number("de", 1234.5, 2) == "1.234,50"


def test_answers_of_a_warehouse_of_another_age_are_none() -> None:
    with pytest.raises(WarehouseAway, match="together"):
        answer(choices="none")
    with pytest.raises(WarehouseAway, match="together"):
        read_progress({"stage": "waiting"})


@pytest.mark.parametrize(
    "told",
    [None, 5, "", "[]", "{}", '{"person": "x"}', '{"requests": 7}', '{"requests": [{}]}', "{"],
)
def test_browser_that_says_nonsense_remembers_nothing(told: object) -> None:
    assert read_remembered(told) == Remembered()


def test_what_the_browser_remembers_is_bounded() -> None:
    one = f'{{"id": "{PERSON}", "name": "{"x" * 5000}"}}'
    told = f'{{"person": "{PERSON}", "requests": [{", ".join([one] * 50)}]}}'
    remembered = read_remembered(told)
    assert remembered.person == PERSON
    assert [len(name) for _, name in remembered.requests] == [100] * 8


def test_one_client_may_not_write_without_pause_nor_all_of_them_together() -> None:
    limit = WritingLimit(RateLimit(1, 2, lambda: 0.0), RateLimit(1, 3, lambda: 0.0))
    assert [limit.take("a") > 0 for _ in range(3)] == [False, False, True]
    assert [limit.take(None) > 0 for _ in range(2)] == [False, True]


def test_curve_is_drawn_from_its_first_to_its_last_value_within_the_plot() -> None:
    drawn = draw_curve([0.0, 0.5, 1.5])
    assert '<polyline points="44.0,190.0 376.0,101.0 708.0,12.0"' in drawn
    assert "<circle" in draw_curve([0.3])
