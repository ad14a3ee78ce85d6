"""Each line of the runbooks for Airflow's own command is typed, about a database that knows our DAGs."""

import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow.cli import cli_parser
from airflow.dag_processing.dagbag import DagBag
from airflow.models.crypto import get_fernet
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.trigger import Trigger
from airflow.utils.session import create_session
from cryptography.fernet import Fernet
from sqlalchemy import delete, select

from tests.dags.airflow_rows import beat, forget_airflow
from tests.dags.conftest import store_dags
from tests.integration.runbook_cases import AIRFLOW_CASES

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def known_dags(
    airflow_database: None, snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Have Airflow know the DAGs, all paused, with two keys of which the second has written them."""
    assert json.loads(snapshot.read_text())
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    _forget()
    use_keys(monkeypatch, old)
    store_dags(DagBag(str(REPOSITORY / "dags"), bundle_path=REPOSITORY / "dags"))
    with create_session(scoped=False) as session:
        session.query(DagModel).update({"is_paused": True})
    beat("TriggererJob", 1)
    use_keys(monkeypatch, f"{new},{old}")
    yield
    _forget()
    get_fernet.cache_clear()


def _forget() -> None:
    """Have Airflow know nothing, nor what triggers of other tests were given, by other keys."""
    forget_airflow()
    with create_session(scoped=False) as session:
        session.execute(delete(Trigger))


def use_keys(monkeypatch: pytest.MonkeyPatch, keys: str) -> None:
    """Have Airflow read and write by these, as after a start."""
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", keys)
    get_fernet.cache_clear()


def test_commands_of_airflow_do_what_the_runbooks_say(
    known_dags: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = cli_parser.get_parser()
    said = {}
    for line in AIRFLOW_CASES:
        program, *words = shlex.split(line.replace("city_lisbon", "city_port-aurel"))
        assert program == "airflow"
        arguments = parser.parse_args(words)
        arguments.func(arguments)
        said[line] = capsys.readouterr().out
    assert "city_port-aurel" in said["airflow dags list"]
    assert "No data found" in said["airflow dags list-import-errors"]
    assert "alive" in said["airflow jobs check --job-type TriggererJob"]
    with create_session(scoped=False) as session:
        paused = dict(session.execute(select(DagModel.dag_id, DagModel.is_paused)).all())
        runs = set(session.scalars(select(DagRun.dag_id)))
    assert (paused["stop_idle_instances"], paused["sync_cities"]) == (False, True)
    assert not paused["city_port-aurel"]
    assert runs == {"sync_cities", "stop_idle_instances"}
    # What was written by the old key is written by the new one.
    use_keys(monkeypatch, os.environ["AIRFLOW__CORE__FERNET_KEY"].split(",")[0])
    with create_session(scoped=False) as session:
        assert [trigger.kwargs for trigger in session.scalars(select(Trigger))] == [
            {"look_seconds": 5.0}
        ]
