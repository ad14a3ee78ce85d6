"""The reaper: it stops what nobody holds, and nothing that a living run holds."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse
from airflow.utils.state import DagRunState

from sightscan.operators import reaper
from sightscan.run import Run
from sightscan.settings import settings
from sightscan.warehouse.models.instances import lease_instance, list_leases, open_session
from tests.dags.small_cloud import DAG_ID, SmallCloud, small_cloud

pytestmark = pytest.mark.slow


class Instance:
    """Answers what the task SDK's task instance answers about another run."""

    def __init__(self, state: Any) -> None:
        self._state = state

    def get_dagrun_state(self, dag_id: str, run_id: str) -> Any:
        assert (dag_id, run_id) == (DAG_ID, "run")
        if isinstance(self._state, Exception):
            raise self._state
        return self._state

    def get_dag(self, dag_id: str) -> Any:
        return SimpleNamespace(dag_id=dag_id, is_paused=False)

    def get_task_states(self, dag_id: str, *, run_ids: list[str]) -> dict[str, dict[str, str]]:
        assert dag_id == DAG_ID
        return {run_id: {"train_model": "deferred"} for run_id in run_ids}


def reap(state: Any) -> list[str]:
    return reaper.reap({"ti": Instance(state), "run_id": "a round"})


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCloud]:
    with small_cloud(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


@pytest.fixture
def cloud(started: SmallCloud, monkeypatch: pytest.MonkeyPatch) -> SmallCloud:
    """Start with the instance running and a city that may hold it."""
    started.use(monkeypatch)
    started.forget()
    with started.connect() as connection:
        connection.execute(
            "insert into core.city (city_id, slug, name, country, latitude, longitude,"
            " radius_meters) values ('Q1', 'port-aurel', 'Port Aurel', 'X', 1, 1, 1000)"
        )
    started.start_instance()
    return started


def lease(cloud: SmallCloud, seconds: int = 3600) -> None:
    run = Run("Q1", DAG_ID, "run")
    with cloud.connect() as connection:
        lease_instance(connection, run, [cloud.instance_id], seconds=seconds)
        open_session(connection, settings(), run, cloud.instance_id)


@pytest.mark.parametrize("state", ["running", DagRunState.RUNNING, DagRunState.QUEUED])
def test_instance_of_a_living_run_is_left_alone(cloud: SmallCloud, state: Any) -> None:
    lease(cloud)
    assert reap(state) == []
    assert cloud.instance_state() == "running"
    with cloud.connect() as connection:
        assert len(list_leases(connection)) == 1


@pytest.mark.parametrize("state", ["failed", DagRunState.SUCCESS])
def test_instance_of_a_run_that_is_over_is_stopped_and_freed(cloud: SmallCloud, state: Any) -> None:
    lease(cloud)
    assert reap(state) == [cloud.instance_id]
    assert cloud.instance_state() == "stopped"
    assert cloud.one("select count(*) from core.instance_lease") == 0
    assert cloud.one("select stopped_by from core.instance_session") == "reaper"


def test_lease_past_its_deadline_is_freed_though_its_run_lives(cloud: SmallCloud) -> None:
    lease(cloud, seconds=1)
    with cloud.connect() as connection:
        connection.execute(
            "update core.instance_lease set leased_at = now() - interval '2 s',"
            " deadline_at = now() - interval '1 s'"
        )
    assert reap("running") == [cloud.instance_id]
    assert cloud.one("select count(*) from core.instance_lease") == 0


def test_instance_that_nobody_leased_is_stopped(cloud: SmallCloud) -> None:
    assert reap("running") == [cloud.instance_id]
    assert cloud.instance_state() == "stopped"


def test_one_unknown_instance_does_not_protect_the_others_nor_stay_red(
    cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTS_EC2_INSTANCE_ID", f"i-0123456789abcdef0,{cloud.instance_id}")
    settings.cache_clear()
    assert reap("running") == [cloud.instance_id]
    assert cloud.instance_state() == "stopped"


def test_leased_instance_that_is_no_longer_configured_is_reaped_too(
    cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease(cloud)
    # The settings name another one by now.
    monkeypatch.setenv("MTS_EC2_INSTANCE_ID", "")
    settings.cache_clear()
    assert reap("failed") == [cloud.instance_id]
    assert cloud.one("select count(*) from core.instance_lease") == 0


def test_instance_of_a_deleted_run_is_stopped_and_freed(cloud: SmallCloud) -> None:
    not_found = AirflowRuntimeError(
        ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"status_code": 404})
    )
    lease(cloud)
    assert reap(not_found) == [cloud.instance_id]
    assert cloud.instance_state() == "stopped"
    assert cloud.one("select count(*) from core.instance_lease") == 0
