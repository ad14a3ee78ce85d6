"""Stopping outranks everything: by the scheduler's own queue, on a metadata database of Airflow."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.executors.executor_utils import ExecutorName
from airflow.executors.local_executor import LocalExecutor
from airflow.jobs.job import Job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models.dag_version import DagVersion
from airflow.models.dagrun import DagRun
from airflow.models.pool import Pool
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sightscan.operators.pools import PoolKeeper, keep_work_pool
from sightscan.operators.priorities import parallelism_problem, work_slots
from sightscan.settings import settings
from tests.dags.conftest import store_dags

REPOSITORY = Path(__file__).resolve().parents[2]
PARALLELISM = 8
CITIES = ("alpha", "beta", "gamma", "delta")
NOW = datetime(2026, 11, 2, 3, tzinfo=UTC)


@pytest.fixture
def dags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DagBag:
    """Parse the DAGs of four cities."""
    path = tmp_path / "cities.json"
    path.write_text(
        json.dumps(
            [{"slug": slug, "name": slug, "country": "X", "is_active": True} for slug in CITIES]
        )
    )
    monkeypatch.setenv("REGISTRY_SNAPSHOT", str(path))
    monkeypatch.setenv("MTS_EC2_INSTANCE_ID", "i-1")
    settings.cache_clear()
    bag = DagBag(str(REPOSITORY / "dags"), bundle_path=REPOSITORY / "dags")
    assert bag.import_errors == {}
    return bag


class Scheduler:
    """Airflow's scheduler with an executor whose slots fill and never empty."""

    def __init__(self, session: Session) -> None:
        executor = LocalExecutor(parallelism=PARALLELISM)
        executor.name = ExecutorName(
            "airflow.executors.local_executor.LocalExecutor", "LocalExecutor"
        )
        self._runner = SchedulerJobRunner(Job(), executors=[executor])
        self._session = session

    def make_due(self, dag_id: str, task_id: str, count: int = 1) -> None:
        """Have tasks of a run wait for a slot; mapped ones are as many as asked for."""
        dag = SerializedDagModel.get_dag(dag_id, session=self._session)
        # Other tests may have left runs that are over.
        ours = (DagRun.dag_id == dag_id, DagRun.run_id == "run")
        run = self._session.scalar(select(DagRun).where(*ours))
        if run is None:
            run = dag.create_dagrun(
                run_id="run",
                logical_date=NOW,
                data_interval=(NOW, NOW),
                run_after=NOW,
                run_type=DagRunType.MANUAL,
                triggered_by=DagRunTriggeredByType.TEST,
                state=DagRunState.RUNNING,
                session=self._session,
            )
        task = dag.get_task(task_id)
        version = DagVersion.get_latest_version(dag_id, session=self._session)
        for index in range(count):
            if task.is_mapped:
                instance = TaskInstance(
                    task, run_id=run.run_id, map_index=index, dag_version_id=version.id
                )
                self._session.add(instance)
            else:
                instance = run.get_task_instance(task_id, session=self._session)
            instance.state = TaskInstanceState.SCHEDULED
        self._session.flush()

    def queue(self) -> list[str]:
        """Run the critical section once; return what it gave to the executor, in its order."""
        before = self._queued()
        self._runner._critical_section_enqueue_task_instances(self._session)
        return self._queued()[len(before) :]

    def _queued(self) -> list[str]:
        (executor,) = self._runner.executors
        return [f"{key.dag_id} {key.task_id}" for key in executor.queued_tasks]


@pytest.fixture
def scheduler(
    airflow_database: None, dags: DagBag, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scheduler]:
    """Start a scheduler that knows the DAGs, with this parallelism."""
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", str(PARALLELISM))
    store_dags(dags)
    with create_session() as session:
        yield Scheduler(session)
        session.rollback()
    forget_pool()


def forget_pool() -> None:
    with create_session(scoped=False) as session:
        session.execute(delete(Pool).where(Pool.pool == "work"))


def test_stop_and_reaper_are_queued_at_once_while_crawls_fill_all_slots(
    scheduler: Scheduler,
) -> None:
    for slug in ("beta", "gamma", "delta"):
        scheduler.make_due(f"city_{slug}", "crawl_photos", 3)
    assert [task.split()[1] for task in scheduler.queue()] == ["crawl_photos"] * 4
    assert scheduler.queue() == []
    scheduler.make_due("city_alpha", "stop_instance")
    scheduler.make_due("stop_idle_instances", "stop_idle_instances")
    assert sorted(scheduler.queue()) == [
        "city_alpha stop_instance",
        "stop_idle_instances stop_idle_instances",
    ]


def test_what_is_urgent_is_queued_first_if_all_is_due_at_once(scheduler: Scheduler) -> None:
    for slug in ("beta", "gamma", "delta"):
        scheduler.make_due(f"city_{slug}", "crawl_photos", 3)
    scheduler.make_due("sync_cities", "resolve_city_requests")
    scheduler.make_due("refresh_data_marts", "refresh_interval")
    scheduler.make_due("city_beta", "publish_model")
    scheduler.make_due("city_alpha", "stop_instance")
    scheduler.make_due("city_delta", "register_model")
    queued = [task.split()[1] for task in scheduler.queue()]
    assert queued == [
        "stop_instance",
        "register_model",
        "resolve_city_requests",
        "refresh_interval",
        "publish_model",
        "crawl_photos",
        "crawl_photos",
    ]


def test_without_the_pool_crawls_wait_and_no_stop_does(scheduler: Scheduler) -> None:
    forget_pool()
    for slug in ("beta", "gamma", "delta"):
        scheduler.make_due(f"city_{slug}", "crawl_photos", 3)
    scheduler.make_due("city_alpha", "stop_instance")
    assert scheduler.queue() == ["city_alpha stop_instance"]
    assert scheduler.queue() == []


def test_every_task_has_its_place(dags: DagBag) -> None:
    """A new task is urgent only if it holds an instance, or ends in seconds."""
    places = {
        (dag.dag_id, task.task_id): (task.pool, task.queue, task.priority_weight)
        for dag in dags.dags.values()
        for task in dag.tasks
        if dag.dag_id in ("city_alpha", "sync_cities", "stop_idle_instances", "refresh_data_marts")
    }
    work, urgent = ("work", "default"), ("default_pool", "urgent")
    assert places == {
        ("stop_idle_instances", "stop_idle_instances"): (*urgent, 1000),
        ("city_alpha", "stop_instance"): (*urgent, 1000),
        ("city_alpha", "start_instance"): (*urgent, 900),
        ("city_alpha", "await_host"): (*urgent, 900),
        ("city_alpha", "upload_dataset"): (*urgent, 900),
        ("city_alpha", "train_model"): (*urgent, 900),
        ("city_alpha", "register_model"): (*urgent, 900),
        ("city_alpha", "reserve_instance"): (*urgent, 800),
        ("city_alpha", "conclude_run"): (*urgent, 800),
        ("sync_cities", "resolve_city_requests"): (*urgent, 800),
        ("sync_cities", "write_registry_snapshot"): (*urgent, 800),
        ("sync_cities", "remove_withdrawn_photos"): (*urgent, 800),
        ("sync_cities", "take_in_contributions"): (*urgent, 800),
        ("refresh_data_marts", "refresh_interval"): (*work, 30),
        ("refresh_data_marts", "check_marts"): (*work, 30),
        ("city_alpha", "refresh_marts"): (*work, 30),
        ("city_alpha", "estimate_spend"): (*work, 20),
        ("city_alpha", "discover_sights"): (*work, 20),
        ("city_alpha", "label_photos"): (*work, 20),
        ("city_alpha", "decide_training"): (*work, 20),
        ("city_alpha", "freeze_dataset"): (*work, 20),
        ("city_alpha", "publish_model"): (*work, 20),
        ("city_alpha", "crawl_photos"): (*work, 10),
    }


def test_every_task_is_weighed_alone_and_takes_one_slot(dags: DagBag) -> None:
    odd = [
        task.task_id
        for dag in dags.dags.values()
        for task in dag.tasks
        if task.weight_rule != "absolute" or task.pool_slots != 1
    ]
    assert odd == []


@pytest.mark.parametrize(
    ("parallelism", "instances", "slots", "problem"),
    [
        (8, 1, 4, None),
        (8, 0, 4, None),
        (8, 3, 2, None),
        (32, 2, 27, None),
        (5, 1, 1, None),
        (4, 1, 1, "parallelism is 4: expected at least 5"),
        (6, 9, 1, "parallelism is 6: expected at least 13"),
    ],
)
def test_work_leaves_slots_for_each_instance_the_reaper_and_the_inbox(
    parallelism: int, instances: int, slots: int, problem: str | None
) -> None:
    assert work_slots(parallelism, instances) == slots
    said = parallelism_problem(parallelism, instances)
    assert (said is None) == (problem is None)
    assert (problem or "") in (said or "")


def test_scheduler_makes_the_pool_when_it_starts(scheduler: Scheduler) -> None:
    assert pool() == (4, False)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, "there was no pool 'work'"),
        ((128, False), "the pool 'work' had 128 slots"),
        ((-1, False), "the pool 'work' had -1 slots"),
        ((1, False), "the pool 'work' had 1 slots"),
        ((4, True), "the pool 'work' had 4 slots"),
    ],
)
def test_pool_that_is_missing_or_of_another_size_is_mended_in_words(
    scheduler: Scheduler,
    caplog: pytest.LogCaptureFixture,
    found: tuple[int, bool] | None,
    said: str,
) -> None:
    forget_pool()
    if found is not None:
        with create_session(scoped=False) as session:
            Pool.create_or_update_pool("work", found[0], "", found[1], session=session)
    with caplog.at_level(logging.WARNING, logger="sightscan.operators.pools"):
        # As the scheduler does whenever a run begins: the reaper's, every five minutes.
        DagRun(dag_id="any", run_id="run", state=DagRunState.RUNNING).notify_dagrun_state_changed(
            ""
        )
        assert said in caplog.text
        assert pool() == (4, False)
        caplog.clear()
        keep_work_pool(4)
    assert caplog.text == ""


def test_too_few_slots_are_said_once(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "3")
    keeper = PoolKeeper()
    with caplog.at_level(logging.WARNING, logger="sightscan.operators.pools"):
        for _ in range(2):
            keeper.on_dag_run_running(dag_run=None, msg="")
    assert caplog.text.count("parallelism is 3: expected at least 5") == 1
    assert pool() == (1, False)


def test_a_tasks_process_has_no_database_and_keeps_nothing(scheduler: Scheduler) -> None:
    forget_pool()
    PoolKeeper().on_starting(component=object())
    assert pool() is None


def pool() -> tuple[int, bool] | None:
    with create_session(scoped=False) as session:
        found = Pool.get_pool("work", session=session)
        return None if found is None else (found.slots, found.include_deferred)
