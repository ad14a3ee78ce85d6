"""What every pool of GPU machines does: EC2, through its stand-in, and one that is a dictionary."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.counts import Counts
from sandbox.gpu.ec2 import REGION, Ec2Server, new_key
from sandbox.gpu.ec2_fleet import Ec2Fleet
from sightscan.errors import LastingInstanceError, NoCapacity
from sightscan.instance_sight import RUN_TAG
from sightscan.operators.gpu_pool import GpuPool, open_pool
from sightscan.settings import settings
from tests.memory_pool import MemoryPool

NOBODYS = "i-0123456789abcdef0"


@dataclass(frozen=True)
class Lent:
    """A pool, one of its machines, and how it is made to have none for the next start."""

    pool: GpuPool
    machine: str
    refuse: Callable[[], None]


@pytest.fixture(params=["ec2", "memory"])
def lent(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Lent]:
    if request.param == "memory":
        pool = MemoryPool(["m-1"])
        yield Lent(pool, "m-1", lambda: setattr(pool, "refused_starts", 1))
        return
    fleet, key = Ec2Fleet(tmp_path, Counts(), transition_seconds=0.05), new_key()
    server = Ec2Server(fleet, key, Counts())
    server.start()
    for name, value in {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_ACCESS_KEY": key.access_key,
        "MTS_CHECK_INTERVAL_SECONDS": "0.05",
    }.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield Lent(open_pool(), fleet.instance_ids[0], lambda: fleet.refuse_next_starts(1))
    fleet.close()
    server.stop()
    settings.cache_clear()


def test_a_machine_runs_from_its_start_to_its_stop_and_says_since_when(lent: Lent) -> None:
    before = lent.pool.look_at(lent.machine)
    assert (before.is_on, before.has_ended, before.is_terminated) == (False, True, False)
    lent.pool.start(lent.machine)
    running = lent.pool.look_at(lent.machine)
    assert (running.state, running.ended_at) == ("running", None)
    # Of a clock that tells whole seconds.
    assert running.launched_at is not None
    assert abs(running.launched_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert lent.pool.host_of(lent.machine)
    lent.pool.stop(lent.machine)
    lent.pool.await_stopped(lent.machine)
    stopped = lent.pool.look_at(lent.machine)
    assert (stopped.is_on, stopped.has_ended, stopped.is_terminated) == (False, True, False)
    assert stopped.ended_at is not None
    assert stopped.ended_at >= running.launched_at


def test_starting_what_runs_and_stopping_what_has_stopped_changes_nothing(lent: Lent) -> None:
    lent.pool.start(lent.machine)
    launched_at = lent.pool.look_at(lent.machine).launched_at
    lent.pool.start(lent.machine)
    assert lent.pool.look_at(lent.machine).launched_at == launched_at
    for _ in range(2):
        lent.pool.stop(lent.machine)
        lent.pool.await_stopped(lent.machine)
    assert lent.pool.look_at(lent.machine).has_ended


def test_whom_it_runs_for_stands_on_the_machine_and_outlasts_its_stop(lent: Lent) -> None:
    deadline_at = datetime.now(UTC) + timedelta(hours=1)
    lent.pool.mark(lent.machine, dag_id="city_x", run_id="run 1", deadline_at=deadline_at)
    lent.pool.start(lent.machine)
    lent.pool.stop(lent.machine)
    lent.pool.await_stopped(lent.machine)
    sight = lent.pool.look_at(lent.machine)
    assert sight.tags[RUN_TAG] == "city_x/run 1"
    assert sight.deadline_at == deadline_at


def test_what_is_on_and_marked_is_found_without_its_id(lent: Lent) -> None:
    deadline_at = datetime.now(UTC) + timedelta(hours=1)
    lent.pool.start(lent.machine)
    assert lent.pool.list_marked() == []
    lent.pool.mark(lent.machine, dag_id="city_x", run_id="run 1", deadline_at=deadline_at)
    (found,) = lent.pool.list_marked()
    assert (found.instance_id, found.deadline_at) == (lent.machine, deadline_at)
    lent.pool.stop(lent.machine)
    lent.pool.await_stopped(lent.machine)
    assert lent.pool.list_marked() == []


def test_without_capacity_it_stays_off_and_the_next_try_may_do_better(lent: Lent) -> None:
    lent.refuse()
    with pytest.raises(NoCapacity, match=lent.machine):
        lent.pool.start(lent.machine)
    assert not lent.pool.look_at(lent.machine).is_on
    lent.pool.start(lent.machine)
    assert lent.pool.look_at(lent.machine).is_on


def test_a_machine_that_is_not_there_is_shown_as_gone_and_lasts_as_an_error(lent: Lent) -> None:
    assert lent.pool.look_at(NOBODYS).is_terminated
    with pytest.raises(LastingInstanceError, match=NOBODYS):
        lent.pool.start(NOBODYS)
    with pytest.raises(LastingInstanceError, match=NOBODYS):
        lent.pool.mark(NOBODYS, dag_id="d", run_id="r", deadline_at=datetime.now(UTC))
