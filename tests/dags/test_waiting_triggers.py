"""Runs that wait for an instance: one look for all, no task start, and no turn that is missed."""

import asyncio
from collections.abc import Callable, Collection
from typing import Any

import psycopg
import pytest

from sightscan.city import City, Place
from sightscan.errors import WarehouseError
from sightscan.operators.turns import LeaseTrigger, Turns, TurnWatch, WarehouseLook
from sightscan.run import Run
from sightscan.warehouse.models.instances import lease_instance, list_leases, release_lease
from sightscan.warehouse.models.lease_queue import list_waiting
from sightscan.warehouse.registry.cities import add_city
from tests.waiting import LIMIT_SECONDS, wait_until

pytestmark = pytest.mark.usefixtures("airflow_database")

HOLDER = Run("Q1", "city_holder", "run")
WAITING = [Run("Q1", f"city_{number:02}", "run") for number in range(50)]


class CountedLook(WarehouseLook):
    """The real look, which counts, and may be told what to do before the next one."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.before: Callable[[], object] = lambda: None

    def __call__(self, runs: Collection[Run]) -> Turns:
        before, self.before = self.before, lambda: None
        before()
        turns = super().__call__(runs)
        self.count += 1
        return turns


class Triggerer:
    """Runs triggers as Airflow's triggerer does: made anew from what they serialise, in one loop."""

    def __init__(self, look: CountedLook) -> None:
        self.look = look
        # Each event is a task that a worker has to start.
        self.task_starts: list[tuple[Run, object]] = []
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, run: Run) -> None:
        path, arguments = LeaseTrigger(
            city_id=run.city_id, dag_id=run.dag_id, run_id=run.run_id
        ).serialize()
        assert path == "sightscan.operators.turns.LeaseTrigger"
        self._tasks.append(asyncio.create_task(self._watch(run, LeaseTrigger(**arguments))))

    async def _watch(self, run: Run, trigger: LeaseTrigger) -> None:
        async for event in trigger.run():
            self.task_starts.append((run, event.payload))

    async def looks(self, count: int) -> None:
        """Let the queue be looked at so many times more.

        What a look found is told before the next one begins: so one more is waited for.
        """
        wanted = self.look.count + count + 1
        await asyncio.to_thread(wait_until, lambda: self.look.count >= wanted)

    async def end(self) -> None:
        """Take all triggers away."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@pytest.fixture
def triggerer(monkeypatch: pytest.MonkeyPatch) -> Triggerer:
    look = CountedLook()
    monkeypatch.setattr(LeaseTrigger, "watch", TurnWatch(look, look_seconds=0.01))
    return Triggerer(look)


@pytest.fixture(autouse=True)
def waiting(warehouse: psycopg.Connection[Any]) -> None:
    """Let one run hold the only instance, and fifty wait for it."""
    add_city(warehouse, City("Q1", "", "Malaga", "Spain", Place(1, 1), 8_000))
    for run in (HOLDER, *WAITING):
        lease_instance(warehouse, run, ["i-1"], seconds=3600)


def connections(warehouse: psycopg.Connection[Any]) -> int:
    """Count those of the warehouse that are not this test's."""
    row = warehouse.execute(
        "select count(*) from pg_stat_activity"
        " where application_name = 'sightscan' and pid <> pg_backend_pid()"
    ).fetchone()
    return int(row[0]) if row else 0


def test_fifty_that_wait_start_no_task_and_take_one_connection(
    warehouse: psycopg.Connection[Any], triggerer: Triggerer
) -> None:
    async def watch() -> None:
        for run in WAITING:
            triggerer.start(run)
        await triggerer.looks(20)
        assert triggerer.task_starts == []
        assert connections(warehouse) == 1
        await triggerer.end()

    asyncio.run(watch())
    # The server may be later to see that it was closed.
    wait_until(lambda: connections(warehouse) == 0)
    assert len(list_waiting(warehouse)) == 50


def test_freed_instance_starts_one_task_that_of_the_first(
    warehouse: psycopg.Connection[Any], triggerer: Triggerer
) -> None:
    async def watch() -> None:
        # The last comes first, and looks first.
        for run in reversed(WAITING):
            triggerer.start(run)
        await triggerer.looks(1)
        release_lease(warehouse, HOLDER)
        await triggerer.looks(5)
        await triggerer.end()

    asyncio.run(watch())
    assert triggerer.task_starts == [(WAITING[0], {"instance_id": "i-1"})]
    assert [lease.run for lease in list_leases(warehouse)] == [WAITING[0]]


def test_turn_that_came_while_no_triggerer_ran_is_not_missed(
    warehouse: psycopg.Connection[Any], triggerer: Triggerer
) -> None:
    async def watch() -> None:
        release_lease(warehouse, HOLDER)
        # Somebody else looks, and gives the lease to the first.
        lease_instance(warehouse, WAITING[1], ["i-1"], seconds=3600)
        for run in WAITING[:3]:
            triggerer.start(run)
        await triggerer.looks(2)
        await triggerer.end()

    asyncio.run(watch())
    assert triggerer.task_starts == [(WAITING[0], {"instance_id": "i-1"})]


def test_run_that_lost_its_place_asks_again(
    warehouse: psycopg.Connection[Any], triggerer: Triggerer
) -> None:
    async def watch() -> None:
        triggerer.start(WAITING[0])
        triggerer.start(WAITING[1])
        await triggerer.looks(1)
        warehouse.execute("delete from core.lease_request where dag_id = 'city_01'")
        await triggerer.looks(2)
        await triggerer.end()

    asyncio.run(watch())
    assert triggerer.task_starts == [(WAITING[1], {"instance_id": None})]


def _away() -> None:
    msg = "the warehouse is away"
    raise WarehouseError(msg)


@pytest.mark.parametrize("how", ["connections end", "server is away"])
def test_restart_of_the_warehouse_is_survived(
    warehouse: psycopg.Connection[Any], triggerer: Triggerer, how: str
) -> None:
    def end_connections() -> None:
        warehouse.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where application_name = 'sightscan' and pid <> pg_backend_pid()"
        )

    async def watch() -> None:
        for run in WAITING:
            triggerer.start(run)
        await triggerer.looks(2)
        triggerer.look.before = end_connections if how == "connections end" else _away
        await triggerer.looks(2)
        assert triggerer.task_starts == []
        release_lease(warehouse, HOLDER)
        await triggerer.looks(2)
        await triggerer.end()

    asyncio.run(watch())
    assert [run for run, _ in triggerer.task_starts] == [WAITING[0]]


def test_look_that_breaks_fails_all_that_wait(triggerer: Triggerer) -> None:
    def broken() -> None:
        msg = "a mistake of ours"
        raise TypeError(msg)

    async def watch() -> None:
        triggerer.look.before = broken
        with pytest.raises(TypeError, match="a mistake of ours"):
            async with asyncio.timeout(LIMIT_SECONDS):
                await LeaseTrigger.watch.wait_for_turn(WAITING[0])
        # The next one looks anew.
        triggerer.start(WAITING[0])
        await triggerer.looks(1)
        await triggerer.end()

    asyncio.run(watch())


def test_who_comes_as_the_last_one_goes_is_looked_for(triggerer: Triggerer) -> None:
    async def watch() -> None:
        triggerer.start(WAITING[0])
        await triggerer.looks(1)
        # It ends right before the other one's first step, in the same turn of the loop.
        triggerer._tasks.pop(0).cancel()
        triggerer.start(WAITING[1])
        await triggerer.looks(2)
        await triggerer.end()

    asyncio.run(watch())


def test_user_who_ends_the_wait_gives_the_place_up(warehouse: psycopg.Connection[Any]) -> None:
    asyncio.run(LeaseTrigger(city_id="Q1", dag_id="city_00", run_id="run").on_kill())
    assert WAITING[0] not in [waiting.run for waiting in list_waiting(warehouse)]
