"""The scheduler puts the note to a city's run, and one of its own if nobody concluded the run."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from notes_plugin import NoteKeeper
from sqlalchemy import select

from sightscan.settings import settings
from tests.dags.airflow_rows import end_run, forget_airflow
from tests.dags.conftest import store_dags

REPOSITORY = Path(__file__).resolve().parents[2]
CITY_DAG = "city_alpha"
RUN = "run+60"


@pytest.fixture(autouse=True)
def airflow(
    airflow_database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Have Airflow know our DAGs, without any run."""
    path = tmp_path / "cities.json"
    path.write_text(json.dumps([{"slug": "alpha", "name": "A", "country": "X", "is_active": True}]))
    monkeypatch.setenv("REGISTRY_SNAPSHOT", str(path))
    settings.cache_clear()
    forget_airflow()
    store_dags(DagBag(str(REPOSITORY / "dags"), bundle_path=REPOSITORY / "dags"))
    yield
    forget_airflow()


def leave(task_id: str, key: str, value: str, map_index: int = -1) -> None:
    with create_session(scoped=False) as session:
        XComModel.set(
            key, value, dag_id=CITY_DAG, task_id=task_id, run_id=RUN, map_index=map_index,
            session=session,
        )  # fmt: skip


def note_of(dag_id: str = CITY_DAG, *, theirs: str | None = None) -> str | None:
    """Have the run's end heard of as in the scheduler, whose session is open; return its note."""
    query = select(DagRun).where(DagRun.dag_id == dag_id)
    with create_session(scoped=False) as session:
        run = session.scalars(query).one()
        run.dag = SerializedDagModel.get_dag(dag_id, session=session)
        if theirs:
            run.note = theirs
        NoteKeeper().on_dag_run_failed(dag_run=run, msg="task_failure")
    with create_session(scoped=False) as session:
        note: str | None = session.scalars(query).one().note
        return note


def test_note_that_the_last_task_left_is_the_runs_and_keeps_what_a_person_wrote() -> None:
    end_run(CITY_DAG, "success", conclude_run="success")
    leave("conclude_run", "note", "**Published.** yes")
    assert note_of() == "**Published.** yes"
    assert note_of(theirs="mine") == "mine\n\n**Published.** yes"


def test_run_that_nobody_concluded_names_what_failed_first_in_the_graphs_order() -> None:
    end_run(
        CITY_DAG,
        "failed",
        stop_instance="failed",
        label_photos="failed",
        refresh_marts="upstream_failed",
        conclude_run="failed",
    )
    leave("stop_instance", "error", "SSH is away")
    leave("label_photos", "error", "the warehouse cannot be reached")
    assert note_of() == (
        "**Failed.** label_photos failed: the warehouse cannot be reached "
        "(also failed: stop_instance, conclude_run)"
    )


def test_run_whose_last_task_is_still_to_come_has_no_note_yet() -> None:
    end_run(CITY_DAG, "failed", train_model="failed")
    assert note_of() is None


def test_runs_of_other_dags_are_left_alone() -> None:
    end_run("refresh_data_marts", "failed", refresh_interval="failed")
    assert note_of("refresh_data_marts") is None
