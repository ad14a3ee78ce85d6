"""Rows of Airflow's own database: what its scheduler would have written."""

from datetime import UTC, datetime, timedelta

from airflow.jobs.job import Job
from airflow.models.asset import AssetEvent, AssetModel
from airflow.models.dag import DagModel
from airflow.models.dag_version import DagVersion
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import delete, select


def forget_runs(*dag_ids: str) -> None:
    """Delete the runs of some DAGs, or of all, and the parts of Airflow with them."""
    with create_session(scoped=False) as session:
        if dag_ids:
            session.execute(delete(DagRun).where(DagRun.dag_id.in_(dag_ids)))
            return
        session.execute(delete(Job))
        session.execute(delete(TaskInstance))
        session.execute(delete(DagRun))


def forget_airflow() -> None:
    """Delete runs, DAGs and the parts of Airflow."""
    forget_runs()
    with create_session(scoped=False) as session:
        session.execute(delete(DagModel))


def end_run(
    dag_id: str,
    state: str,
    minutes_ago: int = 60,
    *,
    run_type: DagRunType = DagRunType.MANUAL,
    **tasks: str,
) -> None:
    """Have a run of a DAG end so long ago, with these states of its tasks."""
    ended_at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    with create_session(scoped=False) as session:
        dag = SerializedDagModel.get_dag(dag_id, session=session)
        run = dag.create_dagrun(
            run_id=f"run+{minutes_ago}",
            logical_date=ended_at,
            data_interval=(ended_at, ended_at),
            run_after=ended_at,
            run_type=run_type,
            triggered_by=DagRunTriggeredByType.TEST,
            state="running",
            session=session,
        )
        run.state = state
        run.end_date = ended_at
        version = DagVersion.get_latest_version(dag_id, session=session)
        assert version is not None
        for number, (task_id, task_state) in enumerate(tasks.items()):
            instance = run.get_task_instance(task_id, session=session)
            assert instance is not None
            instance.state = task_state
            instance.end_date = ended_at - timedelta(seconds=60 - number)


def note_of(run: DagRun) -> str:
    """Return the note of a run; empty if it has none."""
    query = select(DagRun).where(DagRun.dag_id == run.dag_id, DagRun.run_id == run.run_id)
    with create_session(scoped=False) as session:
        return session.scalars(query).one().note or ""


def asset_events(run: DagRun) -> dict[str, dict[str, object]]:
    """Return what a run told of assets, by their names: of each, once."""
    query = (
        select(AssetModel.name, AssetEvent.extra)
        .join(AssetModel, AssetModel.id == AssetEvent.asset_id)
        .where(AssetEvent.source_dag_id == run.dag_id, AssetEvent.source_run_id == run.run_id)
    )
    with create_session(scoped=False) as session:
        told = [(name, extra) for name, extra in session.execute(query)]
    assert len(told) == len(dict(told)), told
    return dict(told)


def dags_due_to_assets() -> set[str]:
    """Return the DAGs of which the scheduler would now start a run, since their assets are there."""
    with create_session(scoped=False) as session:
        _, due = DagModel.dags_needing_dagruns(session)
        return set(due)


def beat(job_type: str, seconds_ago: float) -> None:
    """Have a part of Airflow be heard of so long ago for the last time."""
    # Before the session: listeners hear of it and write, and SQLite lets one write at a time.
    job = Job(job_type=job_type, state="running")
    with create_session(scoped=False) as session:
        session.execute(delete(Job).where(Job.job_type == job_type))
        job.latest_heartbeat = datetime.now(UTC) - timedelta(seconds=seconds_ago)
        session.add(job)
