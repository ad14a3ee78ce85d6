"""A run that loses its lease between any two tasks fails, and leaves the next holder's machine alone."""

from collections.abc import Iterator

import pytest

from tests.dags.city_run import CityRun
from tests.dags.small_cloud import SmallCloud, prepared_cloud

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("airflow_database")]

GIVE_AWAY = (
    "update core.instance_lease set dag_id = 'city_other', run_id = 'next', leased_at = now(),"
    " deadline_at = now() + interval '1 h'"
)
EXPIRE = (
    "update core.instance_lease set leased_at = now() - interval '2 h',"
    " deadline_at = now() - interval '1 h'"
)
HOLDING = ["start_instance", "await_host", "upload_dataset", "train_model", "register_model"]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCloud]:
    with prepared_cloud(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


@pytest.fixture
def cloud(started: SmallCloud, monkeypatch: pytest.MonkeyPatch) -> SmallCloud:
    started.use(monkeypatch)
    started.restore()
    return started


class Thief:
    """Takes the lease, and remembers what EC2, sshd and the host's disk were like then."""

    def __init__(self, statement: str) -> None:
        self._statement = statement

    def __call__(self, run: CityRun) -> None:
        self.cloud = run.cloud
        with self.cloud.connect() as connection:
            connection.execute(self._statement)
        if self._statement == GIVE_AWAY:
            # Whoever gives a machine away says so in its tags, by which the teardown goes.
            tag = {"Key": "sightscan:run", "Value": "city_other/next"}
            self.cloud.ec2.create_tags(Resources=[self.cloud.instance_id], Tags=[tag])
        self.then = self._look()

    def _look(self) -> tuple[object, ...]:
        home = self.cloud.home(self.cloud.instance_id)
        files = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
        return self.cloud.control.instance_history(), self.cloud.count_logins(), files

    def assert_nothing_was_touched(self) -> None:
        assert self._look() == self.then


@pytest.mark.parametrize("task_id", HOLDING)
def test_lease_given_away_before_a_task(cloud: SmallCloud, task_id: str) -> None:
    thief = Thief(GIVE_AWAY)
    run = CityRun(cloud, before={task_id: thief}, retries={task_id: 3})
    assert run.go_on() == "failed"
    assert run.states[task_id] == "failed"
    assert f"{cloud.instance_id} (city_other next holds it)" in run.errors[task_id]
    # No other try would find another holder.
    assert run.tries[task_id] == 1
    thief.assert_nothing_was_touched()
    assert cloud.one("select run_id from core.instance_lease") == "next"
    assert cloud.one("select count(*) from core.publication") == 0


def test_lease_given_away_while_it_trains(cloud: SmallCloud) -> None:
    thief = Thief(GIVE_AWAY)
    run = CityRun(cloud, during={"train_model": thief})
    assert run.go_on() == "failed"
    assert "city_other next holds it" in run.errors["train_model"]
    assert "city_other next holds it" in cloud.one("select error from core.training_run")
    assert run.states["register_model"] == "upstream_failed"
    assert cloud.instance_state() == "running"
    assert cloud.one("select run_id from core.instance_lease") == "next"


def test_lease_given_away_before_the_stop(cloud: SmallCloud) -> None:
    thief = Thief(GIVE_AWAY)
    run = CityRun(cloud, before={"stop_instance": thief})
    # The model is there: nothing was lost.
    assert run.go_on() == "success", run.errors
    thief.assert_nothing_was_touched()
    assert cloud.one("select run_id from core.instance_lease") == "next"


@pytest.mark.parametrize("task_id", HOLDING)
def test_lease_past_its_deadline_is_no_lease(cloud: SmallCloud, task_id: str) -> None:
    run = CityRun(cloud, before={task_id: Thief(EXPIRE)})
    assert run.go_on() == "failed"
    assert f"{cloud.instance_id} (its lease ended at " in run.errors[task_id]
    # Still its own: the teardown need not wait for the reaper.
    assert cloud.instance_state() == "stopped"
    assert cloud.one("select count(*) from core.instance_lease") == 0
