"""The reaper's round stops what it can, whatever else is broken: settings, one machine, the books."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from sightscan.errors import InstanceError, SettingsError, WarehouseError
from sightscan.instance_sight import InstanceSight
from sightscan.operators import reaper, reaper_round
from sightscan.settings import read_settings
from tests.faults.gpu_books import GpuBooks, open_gpu_books
from tests.memory_pool import MemoryPool
from tests.stopped_clock import Clock


@pytest.fixture
def books(
    tmp_path: Path, warehouse: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[GpuBooks]:
    with open_gpu_books(tmp_path, warehouse, monkeypatch) as books:
        yield books


def test_a_round_without_any_gpu_is_a_good_one(books: GpuBooks) -> None:
    books.use_instances()
    assert books.reap() == []
    with books.warehouse_away(), pytest.raises(WarehouseError, match="in their tags: none"):
        books.reap()


@pytest.mark.parametrize("is_leased", [True, False])
def test_machine_that_is_in_no_setting_any_more_is_stopped(
    books: GpuBooks, *, is_leased: bool
) -> None:
    books.start()
    if is_leased:
        books.let_the_deadline_pass()
    else:
        books.change("delete from core.instance_lease")
    books.use_instances()
    assert books.reap() == [books.first]
    books.wait_for("stopped")
    assert books.one("select count(*) from core.instance_session where stopped_at is null") == 0
    assert books.reap() == []


def test_without_the_warehouse_a_machine_past_its_deadline_that_goes_on_is_told(
    books: GpuBooks,
) -> None:
    books.start()
    books.let_the_deadline_pass()
    books.fleet.fail_next("StopInstances", "UnauthorizedOperation", 1)
    with books.warehouse_away():
        with pytest.raises(InstanceError, match=f"{books.first} could not be looked at or stopped"):
            books.reap()
        with pytest.raises(WarehouseError, match=f"in their tags: {books.first}"):
            books.reap()


class HangingPool(MemoryPool):
    """Machines of which some, told to stop, never have stopped."""

    def __init__(self, instance_ids: Sequence[str], *hanging: str) -> None:
        super().__init__(instance_ids)
        self.hanging = hanging
        self.waited_for: list[str] = []
        for instance_id in instance_ids:
            self.start(instance_id)

    def look_at(self, instance_id: str) -> InstanceSight:
        """Return a machine, and remember who is looked at while stopping."""
        sight = super().look_at(instance_id)
        if sight.state == "stopping":
            self.waited_for.append(instance_id)
        return sight

    def stop(self, instance_id: str) -> None:
        """Stop, or begin to."""
        super().stop(instance_id)
        if instance_id in self.hanging:
            self.machines[instance_id] = replace(self.machines[instance_id], state="stopping")


def use_pool(
    books: GpuBooks, monkeypatch: pytest.MonkeyPatch, *hanging: str, wait_seconds: float
) -> HangingPool:
    ids = ("i-1", "i-2", "i-3", "i-4")
    books.use_instances(*ids)
    pool = HangingPool(ids, *hanging)
    monkeypatch.setattr(reaper, "open_pool", lambda: pool)
    monkeypatch.setattr(reaper_round, "MAX_WAIT_SECONDS", wait_seconds)
    # Only the reaper's own waiting takes time: there are as many looks on a busy machine.
    clock = Clock()
    stopped = SimpleNamespace(monotonic=clock, sleep=clock.sleep)
    monkeypatch.setattr(reaper_round, "time", stopped)
    return pool


def test_machines_that_hang_in_stopping_keep_no_other_on_and_are_waited_for_together(
    books: GpuBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = use_pool(books, monkeypatch, "i-1", "i-2", wait_seconds=1.0)
    with pytest.raises(InstanceError, match=r"i-1: told to stop, and not.*i-2: told to stop, and"):
        books.reap()
    # In turns: one after the other, the second would wait for the first.
    assert pool.waited_for[:4] == ["i-1", "i-2", "i-1", "i-2"]
    states = {instance_id: sight.state for instance_id, sight in pool.machines.items()}
    assert states == {"i-1": "stopping", "i-2": "stopping", "i-3": "stopped", "i-4": "stopped"}
    # What has stopped may be leased, what has not may not be, and the next round looks after it.
    held = "select array_agg(instance_id order by instance_id) from core.instance_lease"
    assert books.one(held) == ["i-1", "i-2"]
    pool.hanging = ()
    for instance_id in ("i-1", "i-2"):
        pool.machines[instance_id] = replace(pool.machines[instance_id], state="stopped")
    books.reap()
    assert books.one(held) is None
    assert books.one("select count(*) from core.instance_session where stopped_at is null") == 0


@pytest.mark.parametrize("hanging", [(), ("i-1",)])
def test_error_of_ec2_while_machines_stop_is_told_only_of_one_that_has_not_stopped(
    books: GpuBooks, monkeypatch: pytest.MonkeyPatch, hanging: tuple[str, ...]
) -> None:
    pool = use_pool(books, monkeypatch, *hanging, wait_seconds=1.0)
    look_at, stop, told = pool.look_at, pool.stop, set[str]()

    def stop_and_note(instance_id: str) -> None:
        stop(instance_id)
        told.add(instance_id)

    def look_once(instance_id: str) -> InstanceSight:
        # Of what hangs, EC2 never says anything.
        if instance_id in told:
            told.difference_update({instance_id}.difference(hanging))
            msg = "EC2 does not answer"
            raise InstanceError(msg)
        return look_at(instance_id)

    monkeypatch.setattr(pool, "stop", stop_and_note)
    monkeypatch.setattr(pool, "look_at", look_once)
    if hanging:
        with pytest.raises(InstanceError) as raised:
            books.reap()
        assert "i-1: told to stop, and not stopped after 1.0 s (EC2 does not answer)" in str(
            raised.value
        )
        assert "i-2" not in str(raised.value)
    else:
        assert sorted(books.reap()) == ["i-1", "i-2", "i-3", "i-4"]


def test_a_machine_whose_books_are_refused_keeps_no_other_on(
    books: GpuBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = use_pool(books, monkeypatch, wait_seconds=1.0)
    books.change(
        "alter table core.instance_session add constraint not_this check (instance_id <> 'i-1')"
    )
    try:
        with pytest.raises(WarehouseError, match=r"i-1.*not_this"):
            books.reap()
    finally:
        books.change("alter table core.instance_session drop constraint not_this")
    assert {sight.state for sight in pool.machines.values()} == {"stopped"}
    assert books.reap() == []
    assert books.one("select count(*) from core.instance_lease") == 0


def test_one_that_is_handed_over_and_cannot_be_stopped_keeps_no_other_on(
    books: GpuBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = use_pool(books, monkeypatch, wait_seconds=1.0)
    for number in (1, 2):
        books.lease(number)
    books.change("update core.instance_lease set handed_over_at = now() - interval '301 s'")
    stop = pool.stop

    def refuse(instance_id: str) -> None:
        if instance_id == "i-1":
            msg = "EC2 says no"
            raise InstanceError(msg)
        stop(instance_id)

    monkeypatch.setattr(pool, "stop", refuse)
    with pytest.raises(InstanceError, match="i-1: EC2 says no"):
        books.reap()
    assert pool.look_at("i-2").state == "stopped"
    is_given = "select handed_over_at is not null from core.instance_lease where instance_id = '{}'"
    assert (books.one(is_given.format("i-1")), books.one(is_given.format("i-2"))) == (True, False)


@pytest.mark.parametrize("seconds", ["61", "300", "1e9"])
def test_ec2_is_asked_at_least_once_a_minute_whatever_was_set(seconds: str) -> None:
    assert read_settings(mts_check_interval_seconds=seconds).mts_check_interval_seconds == 60


@pytest.mark.parametrize("seconds", ["0", "-1", "nan"])
def test_an_interval_that_is_none_is_refused(seconds: str) -> None:
    with pytest.raises(SettingsError, match="MTS_CHECK_INTERVAL_SECONDS"):
        read_settings(mts_check_interval_seconds=seconds)
