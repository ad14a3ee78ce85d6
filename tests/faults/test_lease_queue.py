"""The queue for instances: its order, who is passed over, and what a hand-over leaves."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import sql

from sightscan.city import City, Place
from sightscan.run import Run
from sightscan.settings import read_settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.models.instances import (
    InstanceLease,
    claim_instance,
    lease_instance,
    lease_of,
    list_leases,
    open_session,
    release_lease,
)
from sightscan.warehouse.models.lease_changes import (
    hand_over_lease,
    hold_next_untaken,
    move_refused_lease,
    take_up_lease,
)
from sightscan.warehouse.models.lease_queue import (
    find_turns,
    leave_queue,
    list_waiting,
    serve_queue,
)
from sightscan.warehouse.registry.cities import add_city

CITIES = {"Q1": "Malaga", "Q2": "Lisbon", "Q3": "Porto"}
FIRST, SECOND, THIRD = (Run(city_id, f"city_{city_id}", "run") for city_id in CITIES)


@pytest.fixture(autouse=True)
def cities(warehouse: psycopg.Connection[Any]) -> None:
    for city_id, name in CITIES.items():
        add_city(warehouse, City(city_id, "", name, "X", Place(1, 1), 8_000))


def ask(warehouse: psycopg.Connection[Any], run: Run, *instance_ids: str) -> str | None:
    return lease_instance(warehouse, run, instance_ids or ("i-1",), seconds=3600)


def wish(warehouse: psycopg.Connection[Any], city_id: str, people: int) -> None:
    """Let people have asked for a city: once by themselves, once merged into that."""
    for stage, votes in (("resolved", people), ("merged", 1)):
        warehouse.execute(
            "insert into core.city_request (request_id, asked_name, city_id, stage, vote_count,"
            " asked_at) values (gen_random_uuid(), 'x', %s, %s, %s, now())",
            (city_id, stage, votes),
        )


def age(warehouse: psycopg.Connection[Any], run: Run, *, column: str, hours: float) -> None:
    warehouse.execute(
        sql.SQL(
            "update core.lease_request set {0} = {0} - make_interval(secs => %s) where dag_id = %s"
        ).format(sql.Identifier(column)),
        (hours * 3600, run.dag_id),
    )


def order(warehouse: psycopg.Connection[Any]) -> list[Run]:
    return [waiting.run for waiting in list_waiting(warehouse)]


def test_oldest_is_served_first_whoever_looks(warehouse: psycopg.Connection[Any]) -> None:
    ask(warehouse, FIRST)
    assert (ask(warehouse, SECOND), ask(warehouse, THIRD)) == (None, None)
    release_lease(warehouse, FIRST)
    assert ask(warehouse, THIRD) is None
    assert find_turns(warehouse, [SECOND, THIRD]) == {SECOND: "i-1"}
    assert order(warehouse) == [THIRD]


def test_more_people_go_before_age(warehouse: psycopg.Connection[Any]) -> None:
    ask(warehouse, Run("Q1", "d", "holder"))
    for run, people in ((FIRST, 1), (SECOND, 3), (THIRD, 2)):
        wish(warehouse, run.city_id, people)
        ask(warehouse, run)
    assert order(warehouse) == [SECOND, THIRD, FIRST]
    assert [waiting.people for waiting in list_waiting(warehouse)] == [3, 2, 1]


def test_demand_starves_nobody(warehouse: psycopg.Connection[Any]) -> None:
    """Whoever has waited for a day goes before all who have not, the oldest first."""
    wish(warehouse, "Q3", 1_000)
    ask(warehouse, Run("Q1", "d", "holder"))
    for run, hours in ((FIRST, 25), (SECOND, 26), (THIRD, 23.9)):
        ask(warehouse, run)
        age(warehouse, run, column="asked_at", hours=hours)
    assert order(warehouse) == [SECOND, FIRST, THIRD]


def test_silent_run_is_passed_over_and_keeps_its_place(warehouse: psycopg.Connection[Any]) -> None:
    ask(warehouse, FIRST)
    ask(warehouse, SECOND)
    ask(warehouse, THIRD)
    age(warehouse, SECOND, column="renewed_at", hours=0.05)
    release_lease(warehouse, FIRST)
    assert find_turns(warehouse, [THIRD]) == {THIRD: "i-1"}
    assert find_turns(warehouse, [SECOND]) == {}
    release_lease(warehouse, THIRD)
    assert find_turns(warehouse, [SECOND]) == {SECOND: "i-1"}


def test_silent_for_a_week_is_forgotten_and_told_so(warehouse: psycopg.Connection[Any]) -> None:
    ask(warehouse, FIRST)
    ask(warehouse, SECOND)
    age(warehouse, SECOND, column="renewed_at", hours=170)
    ask(warehouse, THIRD)
    assert find_turns(warehouse, [SECOND]) == {SECOND: None}


def test_renewal_is_written_only_when_it_matters(warehouse: psycopg.Connection[Any]) -> None:
    ask(warehouse, FIRST)
    ask(warehouse, SECOND)
    written = "select xmin::text from core.lease_request"
    before = warehouse.execute(written).fetchone()
    find_turns(warehouse, [SECOND])
    assert warehouse.execute(written).fetchone() == before
    age(warehouse, SECOND, column="renewed_at", hours=31 / 3600)
    ((before_it,),) = rows(warehouse, "select now()")
    find_turns(warehouse, [SECOND])
    ((renewed_at,),) = rows(warehouse, "select renewed_at from core.lease_request")
    assert renewed_at >= before_it


def test_run_that_leaves_is_told_and_holds_nothing_up(warehouse: psycopg.Connection[Any]) -> None:
    ask(warehouse, FIRST)
    ask(warehouse, SECOND)
    leave_queue(warehouse, SECOND)
    release_lease(warehouse, FIRST)
    assert find_turns(warehouse, [SECOND]) == {SECOND: None}
    assert list_leases(warehouse) == ()


def test_city_gets_the_instance_that_has_its_photos(warehouse: psycopg.Connection[Any]) -> None:
    config = read_settings(mts_price_per_hour_usd=1)
    session = open_session(warehouse, config, FIRST, "i-2")
    warehouse.execute(
        "insert into core.dataset (city_id, dataset_version, sha256, class_names, sight_ids,"
        " train_count, val_count, test_count, dag_id, run_id)"
        " values ('Q1', 1, sha256('x'), '{a}', '{1}', 1, 1, 1, 'd', 'r')"
    )
    warehouse.execute(
        "insert into core.training_run (city_id, dataset_version, dag_id, run_id, request,"
        " session_id, started_at) values ('Q1', 1, 'd', 'r', '{}', %s, now())",
        (session.session_id,),
    )
    assert ask(warehouse, FIRST, "i-1", "i-2") == "i-2"
    assert ask(warehouse, SECOND, "i-1", "i-2") == "i-1"


def test_many_that_look_at_once_serve_each_place_once(warehouse: psycopg.Connection[Any]) -> None:
    runs = [Run("Q1", "d", f"run {number:02}") for number in range(12)]
    instances = ("i-1", "i-2", "i-3")
    for run in (FIRST, SECOND, THIRD):
        ask(warehouse, run, *instances)
    for run in runs:
        ask(warehouse, run, *instances)
    for run in (FIRST, SECOND, THIRD):
        release_lease(warehouse, run)

    def look(_: int) -> None:
        with connect(autocommit=True) as connection:
            find_turns(connection, runs)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(look, range(16)))
    assert {lease.run for lease in list_leases(warehouse)} == set(runs[:3])
    assert order(warehouse) == runs[3:]


def start(warehouse: psycopg.Connection[Any], run: Run) -> None:
    open_session(warehouse, read_settings(mts_price_per_hour_usd=3.6), run, "i-1")
    warehouse.execute("update core.instance_session set running_at = started_at")


def rows(warehouse: psycopg.Connection[Any], query: str) -> list[tuple[Any, ...]]:
    return warehouse.execute(query).fetchall()  # type: ignore[call-overload, no-any-return]


def hand_over(warehouse: psycopg.Connection[Any]) -> InstanceLease | None:
    return hand_over_lease(warehouse, FIRST, "i-1")


def refuse(
    warehouse: psycopg.Connection[Any], instance_id: str, instance_ids: tuple[str, ...]
) -> str | None:
    told: list[str] = []
    moved = move_refused_lease(warehouse, FIRST, instance_id, instance_ids, announce=told.append)
    assert told == ([] if moved is None else [moved])
    return moved


def test_hand_over_leaves_no_moment_without_a_holder(warehouse: psycopg.Connection[Any]) -> None:
    ask(warehouse, FIRST)
    start(warehouse, FIRST)
    ask(warehouse, SECOND)
    lease = hand_over(warehouse)
    assert lease is not None
    assert lease.run == SECOND
    assert list_leases(warehouse) == (lease,)
    assert (lease.deadline_at - lease.leased_at).total_seconds() == 3600
    assert rows(
        warehouse,
        "select earlier.released_at = later.leased_at, later.released_at is null"
        " from core.lease_use earlier, core.lease_use later"
        " where earlier.city_id = 'Q1' and later.city_id = 'Q2'",
    ) == [(True, True)]
    assert rows(warehouse, "select count(*) from core.instance_session") == [(1,)]
    assert find_turns(warehouse, [SECOND]) == {SECOND: "i-1"}


def test_session_is_paid_by_each_for_its_span(warehouse: psycopg.Connection[Any]) -> None:
    ask(warehouse, FIRST)
    start(warehouse, FIRST)
    warehouse.execute(
        "update core.instance_session set started_at = now() - interval '1000 s',"
        " running_at = now() - interval '1000 s'"
    )
    warehouse.execute("update core.lease_use set leased_at = now() - interval '1000 s'")
    ask(warehouse, SECOND)
    hand_over(warehouse)
    costs = dict(rows(warehouse, "select city_id, cost_usd::float from core.session_cost"))
    # A dollar is a thousand seconds: those of a busy machine are next to nothing.
    assert costs == {"Q1": pytest.approx(1, abs=0.1), "Q2": pytest.approx(0, abs=0.1)}


@pytest.mark.parametrize(
    "spoil",
    [
        "delete from core.lease_request",
        "update core.lease_request set renewed_at = now() - interval '200 s'",
        "update core.lease_request set instance_ids = '{i-2}'",
        "update core.instance_lease set run_id = 'another'",
        "update core.instance_lease set leased_at = '2026-01-01', deadline_at = '2026-01-02'",
    ],
    ids=["nobody waits", "silent", "for another instance", "not the holder", "past its deadline"],
)
def test_nothing_is_handed_over(warehouse: psycopg.Connection[Any], spoil: str) -> None:
    ask(warehouse, FIRST)
    start(warehouse, FIRST)
    ask(warehouse, SECOND)
    rows(warehouse, f"{spoil} returning 1")
    before = rows(warehouse, "select * from core.instance_lease, core.lease_use")
    waiting = list_waiting(warehouse)
    assert hand_over(warehouse) is None
    assert rows(warehouse, "select * from core.instance_lease, core.lease_use") == before
    assert list_waiting(warehouse) == waiting


def test_what_is_not_taken_up_is_found_once(warehouse: psycopg.Connection[Any]) -> None:
    ask(warehouse, FIRST)
    ask(warehouse, SECOND)
    hand_over(warehouse)
    assert hold_next_untaken(warehouse, seconds=300) is None
    warehouse.execute("update core.instance_lease set handed_over_at = now() - interval '301 s'")
    assert hold_next_untaken(warehouse, seconds=300) == "i-1"
    assert hold_next_untaken(warehouse, seconds=300) is None
    assert not take_up_lease(warehouse, SECOND)
    assert [lease.run for lease in list_leases(warehouse)] == [SECOND]


def test_what_was_handed_over_is_taken_up_once(warehouse: psycopg.Connection[Any]) -> None:
    ask(warehouse, FIRST)
    ask(warehouse, SECOND)
    hand_over(warehouse)
    assert take_up_lease(warehouse, SECOND)
    assert not take_up_lease(warehouse, SECOND)


def test_second_refusal_moves_the_lease_to_the_next_free_instance(
    warehouse: psycopg.Connection[Any],
) -> None:
    instances = ("i-1", "i-2", "i-3")
    ask(warehouse, SECOND, "i-2")
    ask(warehouse, FIRST, *instances)
    start(warehouse, FIRST)
    before = lease_of(warehouse, FIRST)
    assert before is not None
    assert refuse(warehouse, "i-1", instances) is None
    assert refuse(warehouse, "i-1", instances) == "i-3"
    after = lease_of(warehouse, FIRST)
    assert after is not None
    assert (after.instance_id, after.deadline_at - after.leased_at) == (
        "i-3",
        before.deadline_at - before.leased_at,
    )
    assert rows(warehouse, "select stopped_by from core.instance_session") == [("refused",)]
    # Counted anew, and round about.
    assert refuse(warehouse, "i-3", instances) is None
    assert refuse(warehouse, "i-3", instances) == "i-1"


def test_refused_lease_stays_while_no_other_is_free(warehouse: psycopg.Connection[Any]) -> None:
    ask(warehouse, FIRST, "i-1")
    ask(warehouse, SECOND, "i-2")
    for _ in range(3):
        assert refuse(warehouse, "i-1", ("i-1", "i-2")) is None
    release_lease(warehouse, SECOND)
    assert refuse(warehouse, "i-1", ("i-1", "i-2")) == "i-2"


def test_successor_that_leaves_at_this_moment_gets_nothing(
    warehouse: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(warehouse, FIRST)
    start(warehouse, FIRST)
    ask(warehouse, SECOND)
    (successor,) = list_waiting(warehouse)
    leave_queue(warehouse, SECOND)
    monkeypatch.setattr(
        "sightscan.warehouse.models.lease_changes.find_successor", lambda *_: successor
    )
    assert hand_over(warehouse) is None
    assert [lease.run for lease in list_leases(warehouse)] == [FIRST]


def test_run_keeps_its_place_if_the_reaper_takes_hold_first(
    warehouse: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(warehouse, FIRST)
    ask(warehouse, SECOND)
    release_lease(warehouse, FIRST)
    free = list_waiting(warehouse)
    assert claim_instance(warehouse, "i-1", claim="round", seconds=60)
    monkeypatch.setattr("sightscan.warehouse.models.lease_queue.list_waiting", lambda *_: free)
    serve_queue(warehouse)
    monkeypatch.undo()
    assert list_leases(warehouse) == ()
    assert order(warehouse) == [SECOND]
