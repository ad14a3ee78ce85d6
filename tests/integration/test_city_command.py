"""`sightscan city waiting, approve, refuse, forget and set`: what they print and change."""

import json
from typing import Any

import psycopg
import pytest

from sandbox.demo.city_request import ask_for_city
from sightscan.city import City, Place
from sightscan.cli.main import main
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.city_requests import resolve_request


@pytest.fixture(autouse=True)
def lisbon(warehouse: psycopg.Connection[Any]) -> None:
    city = City("Q597", "", "Lisbon", "Portugal", Place(38.7, -9.1), 6_600)
    add_city(warehouse, city, state="waiting")
    for who in ("ann", "ben"):
        ask_for_city(warehouse, "Lisbon", who)
    resolve_request(warehouse, "Lisbon", city_id="Q597")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(["city", *arguments])
    said = capsys.readouterr()
    return status, " ".join((said.out + said.err).split())


def test_what_waits_is_listed_with_its_cost_and_the_budget(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, said = run(capsys, "waiting", "--json")
    read = json.loads(said)
    assert (status, read["waiting"], read["budget_usd"], read["left_usd"]) == (0, 1, 40, 40)
    assert (read["cities"][0]["slug"], read["cities"][0]["asked_by"]) == ("lisbon", 2)
    assert read["cities"][0]["most_usd"] == pytest.approx(30.825)
    status, said = run(capsys, "waiting")
    assert "1 city waits; 40.00 of 40 USD of this month's budget for requests are left" in said
    assert run(capsys, "list", "--json") == (0, "[]")


def test_city_is_refused_then_approved(
    capsys: pytest.CaptureFixture[str], warehouse: psycopg.Connection[Any]
) -> None:
    status, said = run(capsys, "refuse", "lisbon", "--reason", "Too far.")
    assert (status, said) == (0, "Lisbon, Portugal (Q597) is refused: Too far.")
    status, said = run(capsys, "approve", "Lisbon")
    assert (status, "Lisbon, Portugal (Q597) is active" in said) == (0, True)
    status, said = run(capsys, "refuse", "lisbon", "--reason", "Too late.")
    assert (status, "sightscan city disable lisbon" in said) == (2, True)
    signed = warehouse.execute("select decision, reason from core.city_decision order by 1")
    assert signed.fetchall() == [("approved", None), ("refused", "Too far.")]


def test_only_a_city_that_is_not_there_is_forgotten(
    capsys: pytest.CaptureFixture[str], warehouse: psycopg.Connection[Any]
) -> None:
    status, said = run(capsys, "forget", "lisbon")
    assert (status, "'lisbon' is in the registry" in said) == (2, True)
    assert run(capsys, "forget", "atlantis") == (
        0,
        "sync_cities may drop the DAG of 'atlantis' now",
    )
    assert warehouse.execute("select slug from core.forgotten_city").fetchall() == [("atlantis",)]


def test_city_is_given_settings_of_its_own_and_loses_them(
    capsys: pytest.CaptureFixture[str], warehouse: psycopg.Connection[Any]
) -> None:
    status, said = run(capsys, "set", "lisbon", "CITY_SCHEDULE=30 4 * * 2", "MTS_EPOCHS=60")
    assert (status, "CITY_SCHEDULE" in said, "MTS_EPOCHS" in said) == (0, True, True)
    stored = warehouse.execute("select overrides from core.city").fetchone()
    assert stored == ({"city_schedule": "30 4 * * 2", "mts_epochs": 60},)
    run(capsys, "set", "lisbon", "CITY_SCHEDULE=")
    assert warehouse.execute("select overrides from core.city").fetchone() == ({"mts_epochs": 60},)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("MTS_EPOCHS=many", "MTS_EPOCHS='many'"),
        ("MTS_EPOCHS", "expected NAME=VALUE"),
        ("CITY_SCHEDULE=@daily", "expected five fields"),
        ("MODEL_PUBLIC_KEYS=x", "MODEL_PUBLIC_KEYS is set for all cities alone"),
        # Many may read a city's row, and what would be stored are asterisks.
        ("MAPS_KEY=abc", "MAPS_KEY is a secret"),
    ],
)
def test_what_is_no_setting_of_a_city_is_refused_and_nothing_changes(
    capsys: pytest.CaptureFixture[str],
    warehouse: psycopg.Connection[Any],
    value: str,
    sentence: str,
) -> None:
    status, said = run(capsys, "set", "lisbon", "MTS_SEED=3", value)
    assert (status, sentence in said) == (2, True), said
    assert "abc" not in said
    assert warehouse.execute("select overrides from core.city").fetchone() == ({},)
