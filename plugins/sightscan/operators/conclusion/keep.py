"""Has the scheduler write a run's note, which no task can: the task API reads notes and sets none.

`conclude_run` leaves the note as an XCom; the scheduler puts it to the run when the run ends, with what
it writes of the run anyway. A run that nobody concluded, since its warehouse was away, gets a note of
what Airflow itself knows.
"""

from typing import Any

from sightscan.operators.conclusion.conclude import CONCLUDING_TASK, NOTE_KEY
from sightscan.operators.conclusion.failures import (
    CITY_DAG_PREFIX,
    ERROR_KEY,
    graph_order,
    list_failed,
    sentence_of,
)
from sightscan.operators.conclusion.note import beside, outcome_note


def keep_note(dag_run: Any) -> None:
    """Put the note to a run of a city that has ended; what a person wrote stays before it."""
    if not dag_run.dag_id.startswith(CITY_DAG_PREFIX):
        return
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy.orm import object_session

    note = _find_note(dag_run)
    if note is None:
        return
    if object_session(dag_run) is not None:
        # Written with what the scheduler is about to write of the run.
        dag_run.note = beside(dag_run.note or "", note)
        return
    # `airflow dags test` has no transaction of its own about the run.
    with create_session(scoped=False) as session:
        stored = session.query(DagRun).filter_by(dag_id=dag_run.dag_id, run_id=dag_run.run_id).one()
        stored.note = beside(stored.note or "", note)


def _find_note(dag_run: Any) -> str | None:
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    ours = {"dag_id": dag_run.dag_id, "run_id": dag_run.run_id}
    # Not the session of this thread: the scheduler is in the middle of its own transaction.
    with create_session(scoped=False) as session:
        left = {
            (row.task_id, row.map_index, row.key): XComModel.deserialize_value(row)
            for row in session.query(XComModel).filter_by(**ours)
            if row.key in (NOTE_KEY, ERROR_KEY)
        }
        note = left.get((CONCLUDING_TASK, -1, NOTE_KEY))
        if note is not None:
            return str(note)
        rows = session.query(
            TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state
        ).filter_by(**ours)
        states = {
            task_id if map_index < 0 else f"{task_id}_{map_index}": state
            for task_id, map_index, state in rows
        }
    # Marked failed by hand: it ends when its teardowns have.
    if states.get(CONCLUDING_TASK) not in ("failed", "upstream_failed"):
        return None
    failed = list_failed(graph_order(dag_run.get_dag().task_group), states)
    first = failed[0]
    error = left.get((first.task_id, first.map_index, ERROR_KEY))
    return outcome_note("Failed", sentence_of(failed, error))
