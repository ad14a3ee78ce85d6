"""`sightscan spend` and `labels`: what an operator reads, and that a resend needs a word."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from sightscan.city import City, Place
from sightscan.cli.main import main
from sightscan.run import Run
from sightscan.settings import read_settings, settings
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.spend.paid_calls import (
    VISION_LANDMARKS,
    CallResult,
    Caps,
    record_call_results,
    reserve_calls,
    sum_calls_spent,
)
from sightscan.warehouse.spend.prices import unit_price

PHOTOS = [bytes([number]) * 32 for number in range(3)]

Command = Callable[..., tuple[int, str]]


def reserve(warehouse: psycopg.Connection[Any], run_id: str) -> list[int]:
    price = unit_price(read_settings(), VISION_LANDMARKS.price_name)
    run = Run("Q1", "city_one", run_id)
    reserved = reserve_calls(
        warehouse, VISION_LANDMARKS, run, PHOTOS, caps=Caps(city=100), price=price
    )
    return [call.call_id for call in reserved.calls]


@pytest.fixture(autouse=True)
def unknown_calls(warehouse: psycopg.Connection[Any]) -> None:
    """Leave two calls of unknown fate, half an hour old, and one that was answered."""
    add_city(warehouse, City("Q1", "one", "One", "X", Place(1, 1), 1_000))
    first, second, third = reserve(warehouse, "r")
    record_call_results(
        warehouse,
        [
            CallResult(first, "unknown", error="time-out"),
            CallResult(second, "unknown", error="time-out"),
            CallResult(third, "succeeded", {"response": {}}),
        ],
    )
    warehouse.execute("update core.paid_call set settled_at = now() - interval '30 min'")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Command:
    def command(*arguments: str) -> tuple[int, str]:
        code = main(arguments)
        return code, "".join(capsys.readouterr())

    return command


@pytest.mark.parametrize("option", [[], ["--dry-run"]])
def test_resend_without_a_word_changes_nothing(
    run: Command, warehouse: psycopg.Connection[Any], option: list[str]
) -> None:
    code, output = run("labels", "resend-unknown", "one", *option)
    assert (code, "would send again 2 images" in output) == (0, True)
    assert reserve(warehouse, "next") == []


def test_resent_calls_are_spent_twice_and_resent_once(
    run: Command, warehouse: psycopg.Connection[Any]
) -> None:
    assert run("labels", "resend-unknown", "one", "--yes")[0] == 0
    assert len(reserve(warehouse, "next")) == 2
    assert reserve(warehouse, "after that") == []
    assert sum_calls_spent(warehouse, VISION_LANDMARKS, Run("Q1", "city_one")).by_city == 5
    assert "no image of unknown fate" in run("labels", "resend-unknown", "one", "--yes")[1]


def test_call_that_may_still_be_answered_is_not_resent(
    run: Command, warehouse: psycopg.Connection[Any]
) -> None:
    warehouse.execute("update core.paid_call set settled_at = now()")
    assert "nothing was changed" in run("labels", "resend-unknown", "one", "--yes")[1]
    assert reserve(warehouse, "next") == []


def test_ledger_shows_fates_and_caps(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_GOOGLE_VISION_CALLS_IN_ALL", "500")
    settings.cache_clear()
    _, output = run("spend", "show", "one")
    lines = [line.split() for line in output.splitlines()]
    assert ["unknown,", "not", "sent", "again", "2", "0.0000"] in lines
    assert ["of", "all", "cities", "ever", "3", "500", "497"] in lines


def test_spend_of_all_cities_says_what_the_month_still_allows(
    run: Command, monkeypatch: pytest.MonkeyPatch, warehouse: psycopg.Connection[Any]
) -> None:
    monkeypatch.setenv("MAX_USD_PER_MONTH", "100")
    monkeypatch.setenv("MAX_USD_IN_ALL", "50")
    settings.cache_clear()
    warehouse.execute("update core.paid_call set price_usd = 2 where state = 'succeeded'")
    add_city(warehouse, City("Q2", "two", "Two", "X", Place(2, 2), 1_000))
    read = json.loads(run("spend", "show", "--json")[1])
    assert [(city["city"], city["images"], city["usd"]) for city in read["cities"]] == [
        ("one", 3, 2.0),
        ("two", 0, 0.0),
    ]
    assert (read["month"]["budget_usd"], read["month"]["left_usd"]) == (100.0, 98.0)
    assert read["in_all"] == {
        "spent_usd": 2.0,
        "under_way_usd": 0.0,
        "budget_usd": 50.0,
        "left_usd": 48.0,
    }
    lines = [line.split() for line in run("spend", "show")[1].splitlines()]
    assert ["one", "3", "2.0000", "1,000", "997"] in lines
    assert ["left", "98.0000"] in lines


def test_relabel_reads_what_is_stored_and_pays_nothing(
    run: Command, warehouse: psycopg.Connection[Any]
) -> None:
    code, output = run("labels", "relabel", "one")
    assert (code, output.startswith("one: answers=")) == (0, True)
    assert sum_calls_spent(warehouse, VISION_LANDMARKS, Run("Q1", "city_one")).by_city == 3


def test_estimate_tells_whether_a_budget_would_stop_the_run(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = ("--sights", "2", "--photos-per-sight", "10", "--vision-calls", "5", "--epochs", "3")
    code, output = run("spend", "estimate", "one", *form)
    assert (code, "5 Vision images" in output) == (0, True)
    monkeypatch.setenv("MAX_USD_PER_RUN", "1")
    settings.cache_clear()
    code, output = run("spend", "estimate", "one", *form)
    assert (code, "more than MAX_USD_PER_RUN=1" in output) == (1, True)


def test_unknown_city_is_a_sentence(run: Command) -> None:
    code, output = run("spend", "show", "nowhere")
    assert (code, output.startswith("error: ")) == (2, True)
