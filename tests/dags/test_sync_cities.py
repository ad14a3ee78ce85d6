"""The inbox as Airflow works it off: cities wait, and the snapshot is written whatever happens."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from airflow.dag_processing.dagbag import DagBag

from sandbox.demo.city_request import ask_for_city
from sightscan.city import City, Place
from sightscan.discover import requests
from sightscan.errors import ServiceError
from sightscan.operators.registry import read_snapshot
from sightscan.settings import settings
from sightscan.warehouse.registry.cities import add_city, list_cities
from tests.dags.small_cloud import REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("airflow_database")]

HONEST = City("Q7", "", "Honest", "Land", Place(1, 2), 5_000)


@pytest.fixture
def sync(
    warehouse: psycopg.Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, str]]:
    """Run the DAG; the value is the state of each task, and of the run."""
    monkeypatch.setenv("REGISTRY_SNAPSHOT", str(tmp_path / "cities.json"))
    # One worker's ports that nobody listens on: whatever is not told here is away.
    monkeypatch.setenv("WIKIDATA_API_URL", "http://127.0.0.1:9/w/api.php")
    dag = DagBag(str(REPOSITORY / "dags" / "sync_cities.py")).dags["sync_cities"]
    for task in dag.tasks:
        task.retries = 0

    def run(answers: dict[str, City | Exception], **environment: str) -> dict[str, str]:
        def resolve(_: object, name: str) -> City:
            found = answers[name]
            if isinstance(found, Exception):
                raise found
            return found

        monkeypatch.setattr(requests, "resolve_city", resolve)
        monkeypatch.setattr(requests, "_trouble_of", lambda _: "Wikidata is away")
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        done = dag.test()
        states = {one.task_id: str(one.state) for one in done.get_task_instances()}
        return states | {"run": str(done.state)}

    return run


def test_request_waits_until_the_budget_has_room(
    warehouse: psycopg.Connection[Any], sync: Callable[..., dict[str, str]]
) -> None:
    for name in (" ", "Poison", "Honest"):
        ask_for_city(warehouse, name, "ann")
    answers = {"": ValueError("x"), "Poison": ValueError("x"), "Honest": HONEST}
    assert set(sync(answers, MAX_USD_PER_MONTH_FOR_REQUESTS="30").values()) == {"success"}
    assert ([city.slug for city in list_cities(warehouse, "waiting")], read_snapshot()) == (
        ["honest"],
        (),
    )
    sync({}, MAX_USD_PER_MONTH_FOR_REQUESTS="31")
    assert [city.slug for city in read_snapshot()] == ["honest"]
    stages = warehouse.execute("select asked_name, stage from core.city_request order by 1")
    assert stages.fetchall() == [
        ("(blank)", "refused"),
        ("Honest", "resolved"),
        ("Poison", "refused"),
    ]


def test_snapshot_is_written_while_wikidata_is_away_and_the_run_is_red(
    warehouse: psycopg.Connection[Any], sync: Callable[..., dict[str, str]]
) -> None:
    add_city(warehouse, HONEST)
    ask_for_city(warehouse, "Other", "ann")
    states = sync({"Other": ServiceError("no answer")})
    assert states == {
        "resolve_city_requests": "failed",
        "write_registry_snapshot": "failed",
        "remove_withdrawn_photos": "success",
        "take_in_contributions": "success",
        "run": "failed",
    }
    assert [city.slug for city in read_snapshot()] == ["honest"]
