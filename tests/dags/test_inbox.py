"""The trigger that starts sync_cities: it fires for what is new, and for nothing else."""

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from sandbox.demo.city_request import ask_for_city
from sightscan.city import City, Place
from sightscan.operators.inbox import InboxTrigger, watched_inbox
from sightscan.warehouse.registry.cities import add_city, disable_city, save_overrides
from sightscan.warehouse.registry.city_requests import (
    InboxState,
    find_inbox_state,
    note_request_tried,
)
from tests.waiting import LIMIT_SECONDS

CITY = City("Q1", "", "Port Aurel", "Merídia", Place(1, 2), 5_000)


@pytest.fixture
def changed(warehouse: psycopg.Connection[Any]) -> Callable[[Callable[[], object]], bool]:
    """Do something, and tell whether the trigger would fire for it."""

    def does_fire(act: Callable[[], object]) -> bool:
        before = find_inbox_state(warehouse)
        act()
        return find_inbox_state(warehouse).has_news_since(before)

    return does_fire


def test_what_people_ask_and_take_back_is_news_once(
    warehouse: psycopg.Connection[Any], changed: Callable[[Callable[[], object]], bool]
) -> None:
    assert changed(lambda: ask_for_city(warehouse, "Lisbon", asked_by="a"))
    # Another vote for a name that waits changes nothing that a run would do at once.
    assert not changed(lambda: ask_for_city(warehouse, "Lisbon", asked_by="b"))
    assert changed(lambda: ask_for_city(warehouse, "Porto", asked_by="a"))
    # Tried without an answer: it is asked again by the clock, not each five seconds.
    assert not changed(lambda: note_request_tried(warehouse, "Porto"))
    assert not changed(lambda: note_request_tried(warehouse, "Lisbon"))
    taken_back = (
        "insert into load.withdrawal (withdrawal_id, sha256, reason)"
        " values (gen_random_uuid(), sha256('a'), '')"
    )
    assert changed(lambda: warehouse.execute(taken_back))
    assert not changed(lambda: warehouse.execute("delete from load.withdrawal"))
    shared = (
        "insert into load.contribution (contribution_id, city_id, bytes, licence, contributed_by)"
        " values (gen_random_uuid(), 'Q1', 'x', 'cc-by-4.0', 'a')"
    )
    assert changed(lambda: warehouse.execute(shared))
    assert not changed(lambda: warehouse.execute("delete from load.contribution"))


def test_whatever_changes_a_dag_is_news(
    warehouse: psycopg.Connection[Any], changed: Callable[[Callable[[], object]], bool]
) -> None:
    assert changed(lambda: add_city(warehouse, CITY))
    assert not changed(lambda: add_city(warehouse, CITY))
    stored = add_city(warehouse, CITY)
    assert changed(lambda: save_overrides(warehouse, stored, {"city_schedule": "0 4 * * 1"}))
    assert changed(lambda: disable_city(warehouse, "port-aurel"))
    # One that waits has no DAG.
    waiting = City("Q2", "", "Nova", "Merídia", Place(1, 2), 5_000)
    assert not changed(lambda: add_city(warehouse, waiting, state="waiting"))


def test_first_look_of_a_triggerer_fires_if_there_is_anything_at_all() -> None:
    assert not InboxState().has_news_since(InboxState())
    assert InboxState(cities="some").has_news_since(InboxState())
    assert InboxState(names=frozenset({"Lisbon"})).has_news_since(InboxState())


def test_the_trigger_sees_a_request_and_outlives_a_warehouse_that_is_away(
    warehouse: psycopg.Connection[Any], airflow_database: None
) -> None:
    (watcher,) = watched_inbox().watchers
    path, arguments = watcher.trigger.serialize()
    assert path == "sightscan.operators.inbox.InboxTrigger"
    assert arguments == {"look_seconds": 5.0}

    async def watch() -> list[Any]:
        events = InboxTrigger(look_seconds=0.01).run()
        ask_for_city(warehouse, "Lisbon", asked_by="a")
        fired = [await anext(events)]
        ended = (
            "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity"
            " where application_name = 'sightscan' and pid <> pg_backend_pid()"
        )
        assert warehouse.execute(ended).fetchone() == (1,)
        ask_for_city(warehouse, "Porto", asked_by="a")
        fired.append(await anext(events))
        await events.aclose()  # type: ignore[attr-defined]
        return fired

    first, second = asyncio.run(asyncio.wait_for(watch(), LIMIT_SECONDS))
    assert (first.payload, second.payload) == (
        {"names": 1, "withdrawals": 0, "contributions": 0},
        {"names": 2, "withdrawals": 0, "contributions": 0},
    )
