"""`sightscan machines`: who holds what, and who waits at which place."""

import json
from collections.abc import Mapping
from typing import Any

import psycopg
import pytest

from sightscan.city import City, Place
from sightscan.cli.main import main
from sightscan.run import Run
from sightscan.settings import read_settings, settings
from sightscan.warehouse.models.instances import lease_instance, open_session
from sightscan.warehouse.registry.cities import add_city

CITIES = {"Q1": "Malaga", "Q2": "Lisbon", "Q3": "Porto"}


@pytest.fixture(autouse=True)
def instances(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTS_EC2_INSTANCE_ID", "i-2,i-1")


def fill(warehouse: psycopg.Connection[Any]) -> None:
    """Let one city hold a machine that starts, and two wait; a third machine is not ours any more."""
    for city_id, name in CITIES.items():
        add_city(warehouse, City(city_id, "", name, "X", Place(1, 1), 8_000))
        run = Run(city_id, f"city_{name.lower()}", "run")
        lease_instance(warehouse, run, ["i-1"], seconds=3600)
    run = Run("Q1", "city_malaga", "run")
    open_session(warehouse, read_settings(mts_price_per_hour_usd=1), run, "i-1")
    lease_instance(warehouse, Run("Q1", "city_malaga", "old"), ["i-0"], seconds=3600)
    warehouse.execute(
        "update core.lease_request set renewed_at = now() - interval '200 s' where city_id = 'Q2'"
    )
    warehouse.execute(
        "update core.lease_request set asked_at = now() - interval '25 h' where city_id = 'Q3'"
    )


def picked(rows: list[Mapping[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def test_it_shows_holders_and_the_queue_to_a_program(
    warehouse: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    fill(warehouse)
    assert main(["machines", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert picked(shown["machines"], "instance_id", "state", "slug", "run_id") == [
        ("i-2", "stopped", None, None),
        ("i-1", "starting", "malaga", "run"),
        ("i-0", "stopped", "malaga", "old"),
    ]
    assert picked(shown["waiting"], "place", "slug", "is_overdue", "is_awake") == [
        (1, "porto", True, True),
        (2, "lisbon", False, False),
    ]


def test_it_shows_them_to_a_person(
    warehouse: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    fill(warehouse)
    assert main(["machines"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["i-2", "stopped", "-", "-", "-", "-", "-"] in lines
    assert [line[:2] + line[-1:] for line in lines[-2:]] == [
        ["1", "porto", "overdue"],
        ["2", "lisbon", "silent"],
    ]


def test_it_says_that_nobody_waits(
    warehouse: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert not warehouse.closed
    assert main(["machines"]) == 0
    assert capsys.readouterr().out.endswith("\nnobody waits\n")


def test_without_a_gpu_it_shows_the_held_ones_alone(
    warehouse: psycopg.Connection[Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MTS_EC2_INSTANCE_ID", "")
    settings.cache_clear()
    assert main(["machines"]) == 0
    assert capsys.readouterr().out.endswith("\nnobody waits\n")
    fill(warehouse)
    assert main(["machines", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert {machine["instance_id"] for machine in shown["machines"]} == {"i-0", "i-1"}
