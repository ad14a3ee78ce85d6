"""A run of the city's DAG from `reserve_instance` on, task by task, with faults between them.

    with prepared_cloud(folder) as cloud:            # once a module: some 5 s
        cloud.use(monkeypatch)                       # before each test, with the next
        cloud.restore()                              # some 0.5 s
        run = CityRun(cloud, before={"upload_dataset": give_lease_away})
        run.go_on()                                  # 2 to 5 s
        assert run.state == "failed"
        assert "does not hold instance" in run.errors["upload_dataset"]
        run.clear("train_model", downstream=True)    # as the UI does; returns what was cleared
        run.go_on()

It is Airflow's own code that decides what runs next (`DagRun.update_state`), what is cleared (the
route of the REST API) and how a task runs and is deferred; what `dag.test()` would parse and sync
anew for each run is done once. The tasks before `reserve_instance`, but `estimate_spend`, count as
done whenever their turn comes: dataset 1 is there.

- `before`, `during`, `after`: functions by task id that get the run. `before` is called when the
  task is due, `during` when it is deferred and nobody watches yet, `after` when it has ended (also
  badly). One that raises `WorkerKilled` ends the try as a dead worker does: nothing more runs of it.
  They hold for every try: to act once, a function pops itself (`run.before.pop("train_model")`).
- `retries`: how often a task is tried again, at once; by default a task that fails has failed.
- `go_on(until="train_model")` stops before that task begins, as if there were no scheduler. Another
  `go_on()` goes on; without one nothing happens any more, as with a paused DAG.
- `mark_failed()`, `delete()`, `clear()`: as the UI does. `settle()`: as if tasks had ended so.
- `errors`: what each task's last failed try raised. `tries`: how often each was begun.
- `conf` goes to the trigger form; settings are environment variables (`monkeypatch.setenv`, then
  `settings.cache_clear()`), the trainer's command is one of them: `quick_trainer("--fail")`.
- `run_upkeep("stop_idle_instances")` runs a DAG of the upkeep, such as the reaper.

Time-outs of tasks and of deferrals do not pass here, and retries do not wait: limits are tested
where they are kept.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any
from unittest.mock import patch
from uuid import UUID

from airflow.api.common.mark_tasks import set_dag_run_state_to_failed
from airflow.api_fastapi.core_api.datamodels.task_instances import ClearTaskInstancesBody
from airflow.api_fastapi.core_api.routes.public.task_instances import post_clear_task_instances
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.models.dag import DagModel
from airflow.models.dagbag import DBDagBag
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskmap import TaskMap
from airflow.models.xcom import XComModel
from airflow.sdk import DAG
from airflow.sdk._shared.module_loading import import_string
from airflow.sdk.api.client import ServerResponseError
from airflow.sdk.api.datamodels._generated import TaskInstance as WorkerTaskInstance
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import DeferTask, ErrorResponse
from airflow.sdk.execution_time.supervisor import (
    InProcessSupervisorComms,
    InProcessTestSupervisor,
    run_task_in_process,
)
from airflow.sdk.serde import deserialize, serialize
from airflow.serialization.definitions.dag import SerializedDAG
from airflow.serialization.serialized_objects import LazyDeserializedDAG
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import select

from tests.dags.small_cloud import DAG_ID, REPOSITORY, SmallCloud

BUNDLE = "dags-folder"
# Done already, in a prepared cloud.
PRETENDED = {
    "discover_sights": [1],
    "crawl_photos": 12,
    "label_photos": 0,
    "refresh_marts": 0,
    "decide_training": "there is enough",
    "freeze_dataset": 1,
}
POLL_SECONDS = 0.2
MAX_STEPS = 100

Hook = Callable[[Any], None]

_numbers = count(1)


class WorkerKilled(Exception):
    """Raised by a hook: the worker or triggerer of the task dies now."""


class DagWalk:
    """A run of any DAG, walked through by Airflow's own rules, in this process."""

    def __init__(
        self,
        dag: DAG,
        *,
        conf: Mapping[str, Any] | None = None,
        before: Mapping[str, Hook] | None = None,
        during: Mapping[str, Hook] | None = None,
        after: Mapping[str, Hook] | None = None,
        pretended: Mapping[str, Any] | None = None,
    ) -> None:
        self.dag = dag
        self.before, self.during, self.after = (
            dict(before or {}),
            dict(during or {}),
            dict(after or {}),
        )
        self.errors: dict[str, str] = {}
        self.tries: Counter[str] = Counter()
        self.run_id = f"walk_{next(_numbers)}"
        self._pretended = dict(pretended or {})
        with create_session() as session:
            # With this number of retries, and at once: the DAG's last sync may be seconds old.
            SerializedDagModel.write_dag(
                LazyDeserializedDAG.from_dag(dag), BUNDLE, min_update_interval=None, session=session
            )
            session.commit()
            now = datetime.now(UTC)
            self._scheduled(session).create_dagrun(
                run_id=self.run_id,
                logical_date=now,
                data_interval=(now, now),
                run_after=now,
                conf=dict(conf or {}),
                run_type=DagRunType.MANUAL,
                triggered_by=DagRunTriggeredByType.TEST,
                state=DagRunState.RUNNING,
                start_date=now,
                session=session,
            )
            for task_id, value in self._pretended.items():
                XComModel.set(
                    "return_value",
                    value,
                    dag_id=dag.dag_id,
                    task_id=task_id,
                    run_id=self.run_id,
                    session=session,
                )
                if isinstance(value, list):  # of a mapped task: how many it becomes
                    length = TaskMap(dag.dag_id, task_id, self.run_id, -1, len(value), None)
                    session.add(length)

    @property
    def state(self) -> str:
        """Return the run's state now."""
        with create_session() as session:
            return str(self._load(session).state)

    @property
    def states(self) -> dict[str, str]:
        """Return the state of each task by its id; "None": it has not begun."""
        with create_session() as session:
            found = self._load(session).get_task_instances(session=session)
            return {ti.task_id: str(ti.state) for ti in found}

    def go_on(self, until: str | None = None) -> str:
        """Run what can run until the run is over, or until a task is due; return the run's state."""
        for _ in range(MAX_STEPS):
            due = self._due()
            if due is None or until in due:
                return self.state
            for task_id in due:
                self._try(task_id)
        msg = f"{self.run_id} comes to no end: {self.states}"
        raise AssertionError(msg)

    def clear(
        self,
        *task_ids: str,
        upstream: bool = False,
        downstream: bool = False,
        only_failed: bool = False,
        dry_run: bool = False,
    ) -> set[str]:
        """Clear tasks as the UI does; return the ids of all that it cleared, or would clear."""
        body = ClearTaskInstancesBody(
            dry_run=dry_run,
            dag_run_id=self.run_id,
            task_ids=list(task_ids),
            include_upstream=upstream,
            include_downstream=downstream,
            only_failed=only_failed,
        )
        with create_session() as session:
            cleared = post_clear_task_instances(
                self.dag.dag_id, DBDagBag(), body, session, user=None
            )
            return {ti.task_id for ti in cleared.task_instances}

    def settle(self, states: Mapping[str, str]) -> None:
        """Say in which states tasks have ended; the run is over."""
        with create_session() as session:
            run = self._load(session)
            for ti in run.get_task_instances(session=session):
                if ti.task_id in states:
                    ti.set_state(TaskInstanceState(states[ti.task_id]), session=session)
            is_failed = {"failed", "upstream_failed"}.intersection(states.values())
            run.state = DagRunState.FAILED if is_failed else DagRunState.SUCCESS

    def mark_failed(self) -> None:
        """Mark the run failed by hand: what works is ended, teardowns are still to come."""
        with create_session() as session:
            set_dag_run_state_to_failed(
                dag=self._scheduled(session), run_id=self.run_id, commit=True, session=session
            )

    def delete(self) -> None:
        """Delete the run, and with it its teardowns."""
        with create_session() as session:
            session.delete(self._load(session))

    def _scheduled(self, session: Any) -> SerializedDAG:
        dag = DBDagBag().get_latest_version_of_dag(self.dag.dag_id, session=session)
        assert dag is not None
        return dag

    def _load(self, session: Any) -> DagRun:
        query = select(DagRun).where(DagRun.dag_id == self.dag.dag_id, DagRun.run_id == self.run_id)
        return session.scalars(query).one()

    def _due(self) -> list[str] | None:
        """Return the tasks whose turn it is; None when the run is over."""
        with create_session() as session:
            run = self._load(session)
            run.dag = self._scheduled(session)
            if run.state == DagRunState.QUEUED:
                run.set_state(DagRunState.RUNNING)
            if run.state != DagRunState.RUNNING:
                return None
            ready, _ = run.update_state(session=session)
            pretended = [ti for ti in ready if ti.task_id in self._pretended]
            for ti in pretended:
                ti.set_state(TaskInstanceState.SUCCESS, session=session)
            return [ti.task_id for ti in ready if ti not in pretended]

    def _try(self, task_id: str) -> None:
        """Run one try of a task, through all its deferrals."""
        self.tries[task_id] += 1
        with create_session() as session:
            ti = self._load(session).get_task_instance(task_id, session=session)
            assert ti is not None
            ti.try_number += 1
            session.commit()
            session.expunge(ti)
        try:
            self._call(self.before, task_id)
            self._work(ti)
        except WorkerKilled:
            self.errors[task_id] = "the worker was killed"
            may_try_again = ti.try_number <= ti.max_tries
            ti.set_state(
                TaskInstanceState.UP_FOR_RETRY if may_try_again else TaskInstanceState.FAILED
            )
            # As the scheduler does: another try begins anew, not where this one was deferred.
            with create_session() as session:
                ti = session.merge(ti)
                ti.clear_next_method_args()
        self._call(self.after, task_id)

    def _work(self, ti: TaskInstance) -> None:
        task: Any = self.dag.get_task(ti.task_id)
        worker_ti = WorkerTaskInstance(
            id=UUID(str(ti.id)),
            task_id=ti.task_id,
            dag_id=ti.dag_id,
            run_id=ti.run_id,
            try_number=ti.try_number,
            map_index=ti.map_index,
            dag_version_id=UUID(str(ti.dag_version_id)),
        )
        while True:
            ti.set_state(TaskInstanceState.QUEUED)
            with patch.object(InProcessSupervisorComms, "send", _send):
                result = run_task_in_process(ti=worker_ti, task=task)
            if result.error is not None:
                self.errors[ti.task_id] = str(result.error)
            ti.set_state(result.ti.state)
            if not isinstance(result.msg, DeferTask):
                return
            self._call(self.during, ti.task_id)
            if self.states[ti.task_id] != "deferred":
                return  # marked by hand meanwhile
            arguments: Any = deserialize(result.msg.trigger_kwargs)  # type: ignore[type-var]
            trigger = import_string(result.msg.classpath)(**arguments)
            event = InProcessTestSupervisor.run_trigger_in_process(trigger=trigger, ti=worker_ti)
            with create_session() as session:
                ti = session.merge(ti)
                ti.next_method = result.msg.next_method
                ti.next_kwargs = {"event": serialize(event.payload)}
                session.commit()
                session.expunge(ti)

    def _call(self, hooks: Mapping[str, Hook], task_id: str) -> None:
        hook = hooks.get(task_id)
        if hook is not None:
            hook(self)


class CityRun(DagWalk):
    """A run of the prepared cloud's city."""

    def __init__(
        self,
        cloud: SmallCloud,
        *,
        retries: Mapping[str, int] | None = None,
        conf: Mapping[str, Any] | None = None,
        **hooks: Mapping[str, Hook] | None,
    ) -> None:
        self.cloud = cloud
        super().__init__(city_dag_at_once(retries), conf=conf, pretended=PRETENDED, **hooks)


def run_upkeep(dag_id: str) -> DagWalk:
    """Run a DAG of the upkeep to its end, such as the reaper."""
    walk = DagWalk(_dags()[dag_id])
    walk.go_on()
    return walk


def city_dag_at_once(retries: Mapping[str, int] | None = None) -> DAG:
    """Return the city's DAG with so many retries, none by default, and short pauses."""
    dag = _dags()[DAG_ID]
    for task in dag.tasks:
        task.retries = (retries or {}).get(task.task_id, 0)
    training: Any = dag.get_task("train_model")
    training.poll_interval = POLL_SECONDS
    return dag


_send_plainly = InProcessSupervisorComms.send


def _send(comms: Any, msg: Any) -> Any:
    """Tell a task of an error of the API as a supervisor in another process does."""
    try:
        return _send_plainly(comms, msg)
    except ServerResponseError as error:
        detail = {"status_code": error.response.status_code, "message": str(error)}
        raise AirflowRuntimeError(
            ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail=detail)
        ) from error


def _dags() -> dict[str, DAG]:
    """Return the DAGs, which Airflow's database knows: tests of the same process may have it forget them."""
    bag = _parsed()
    with create_session() as session:
        if session.get(DagModel, DAG_ID) is None:
            DagBundlesManager().sync_bundles_to_db(session=session)
            session.commit()
            sync_bag_to_db(bag, BUNDLE, None, session=session)
    return bag.dags


@cache
def _parsed() -> DagBag:
    """Parse the DAGs once: of a city only its registration is in the file."""
    bag = DagBag(str(REPOSITORY / "dags"))
    assert bag.import_errors == {}
    for task in (task for dag in bag.dags.values() for task in dag.tasks):
        task.retries, task.retry_delay, task.retry_exponential_backoff = 0, timedelta(0), False
    return bag
