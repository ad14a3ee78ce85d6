"""The lease on an instance: one holder whatever happens, again is the same, nothing taken over."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from sightscan.city import City, Place
from sightscan.instance_sight import InstanceSight
from sightscan.run import Run
from sightscan.settings import read_settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.models.instances import (
    claim_instance,
    end_claim,
    find_open_session,
    lease_instance,
    lease_of,
    list_claimed_instances,
    list_leases,
    open_session,
    release_lease,
    settle_session,
)
from sightscan.warehouse.registry.cities import add_city

CITY_ID = "Q8851"


@pytest.fixture(autouse=True)
def city(warehouse: psycopg.Connection[Any]) -> City:
    place = Place(36.72, -4.42)
    return add_city(warehouse, City(CITY_ID, "malaga", "Málaga", "Spain", place, 8_000))


def lease(
    warehouse: psycopg.Connection[Any],
    run_id: str,
    *instance_ids: str,
    seconds: int = 3600,
) -> str | None:
    return lease_instance(warehouse, Run(CITY_ID, "d", run_id), instance_ids, seconds=seconds)


def test_first_free_instance_is_taken_in_the_order_given(
    warehouse: psycopg.Connection[Any],
) -> None:
    assert lease(warehouse, "run 1", "i-2", "i-1") == "i-2"
    assert lease(warehouse, "run 2", "i-2", "i-1") == "i-1"


def test_held_instance_is_not_given_away(warehouse: psycopg.Connection[Any]) -> None:
    lease(warehouse, "run 1", "i-1")
    assert lease(warehouse, "run 2", "i-1") is None


def test_same_run_gets_the_same_lease_with_its_deadline(
    warehouse: psycopg.Connection[Any],
) -> None:
    lease(warehouse, "run 1", "i-1")
    before = lease_of(warehouse, Run(CITY_ID, "d", "run 1"))
    assert lease(warehouse, "run 1", "i-2", "i-1") == "i-1"
    assert lease_of(warehouse, Run(CITY_ID, "d", "run 1")) == before


def test_expired_lease_is_listed_and_not_taken_over(
    warehouse: psycopg.Connection[Any],
) -> None:
    lease(warehouse, "run 1", "i-1", seconds=100)
    warehouse.execute(
        "update core.instance_lease set leased_at = now() - interval '1 h', "
        "deadline_at = now() - interval '1 s'"
    )
    assert lease(warehouse, "run 2", "i-1") is None
    assert [one.is_expired for one in list_leases(warehouse)] == [True]


def test_released_instance_is_free_and_releasing_again_does_nothing(
    warehouse: psycopg.Connection[Any],
) -> None:
    lease(warehouse, "run 1", "i-1")
    assert release_lease(warehouse, Run(CITY_ID, "d", "run 1")) == "i-1"
    assert release_lease(warehouse, Run(CITY_ID, "d", "run 1")) is None
    assert lease(warehouse, "run 2", "i-1") == "i-1"


def test_runs_at_once_never_share_an_instance(warehouse: psycopg.Connection[Any]) -> None:
    def ask(number: int) -> str | None:
        with connect(autocommit=True) as connection:
            return lease(connection, f"run {number}", "i-1", "i-2", "i-3")

    with ThreadPoolExecutor(12) as pool:
        given = [one for one in pool.map(ask, range(12)) if one is not None]
    assert sorted(given) == ["i-1", "i-2", "i-3"]


def test_same_run_asking_at_once_holds_one_instance(
    warehouse: psycopg.Connection[Any],
) -> None:
    def ask(_: int) -> str | None:
        with connect(autocommit=True) as connection:
            return lease(connection, "run 1", "i-1", "i-2", "i-3")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert len(list_leases(warehouse)) == 1


def start(warehouse: psycopg.Connection[Any], run_id: str = "run 1") -> int:
    config = read_settings(mts_price_per_hour_usd=3.6)
    return open_session(warehouse, config, Run(CITY_ID, "d", run_id), "i-1").session_id


def test_second_start_opens_no_second_session(warehouse: psycopg.Connection[Any]) -> None:
    assert start(warehouse) == start(warehouse, "run 2")


@pytest.fixture
def moment(warehouse: psycopg.Connection[Any]) -> datetime:
    """Return the test's one now, in whole seconds as EC2 shows them.

    Taken anew for each look, a launch would at times be a second later: a restart.
    """
    row = warehouse.execute("select date_trunc('second', now())").fetchone()
    assert row is not None
    now: datetime = row[0]
    return now


def look(warehouse: psycopg.Connection[Any], sight: InstanceSight, **told: Any) -> None:
    """Settle what EC2 shows, as each look at an instance does."""
    config = read_settings(mts_price_per_hour_usd=3.6)
    session = find_open_session(warehouse, sight.instance_id)
    settle_session(warehouse, config, sight, session, **told)


def sight_of(
    moment: datetime,
    state: str,
    launched: float,
    ended: float | None = None,
    **also: Any,
) -> InstanceSight:
    """Return what EC2 shows: `launched` and `ended` are seconds from `moment`."""
    return InstanceSight(
        "i-1",
        state,
        "g4dn.xlarge",
        moment + timedelta(seconds=launched),
        None if ended is None else moment + timedelta(seconds=ended),
        **also,
    )


def sessions(warehouse: psycopg.Connection[Any], moment: datetime) -> list[tuple[Any, ...]]:
    """Return who started and stopped each session, and its seconds from `moment`."""
    return warehouse.execute(
        "select started_by, stopped_by,"
        " extract(epoch from running_at - %(moment)s)::float,"
        " extract(epoch from stopped_at - %(moment)s)::float"
        " from core.instance_session order by session_id",
        {"moment": moment},
    ).fetchall()


# An end of which EC2 says no time is that of the look: a while after the test's moment.
SEEN = pytest.approx(15, abs=15)


# What EC2 shows, look after look: state, launch, end, shut down from inside; a run's start comes
# first if `asked`. And the sessions that there must be: started by, stopped by, from, until.
LOOKS: dict[str, tuple[bool, list[tuple[Any, ...]], list[tuple[Any, ...]]]] = {
    "teardown or reaper: EC2's times, whenever it is seen": (
        True,
        [("running", -4000, None, False), ("stopped", -4000, -1000, False)],
        [("run", "reaper", -4000, -1000)],
    ),
    "stopped by itself: EC2 says no time, so until it is seen": (
        True,
        [("running", -4000, None, False), ("stopped", -4000, None, True)],
        [("run", "itself", -4000, SEEN)],
    ),
    "start that nobody saw running ran": (
        True,
        [("stopped", -100, -50, False)],
        [("run", "reaper", -100, -50)],
    ),
    "start that was refused costs nothing: the launch is that of long ago": (
        True,
        [("stopped", -9000, -8000, False)],
        [("run", "reaper", None, SEEN)],
    ),
    "started by hand, found running, stopped": (
        False,
        [
            ("running", -600, None, False),
            ("running", -600, None, False),
            ("stopped", -600, -60, False),
        ],
        [("nobody", "reaper", -600, -60)],
    ),
    "started and stopped by hand between two looks": (
        True,
        [
            ("running", -4000, None, False),
            ("stopped", -4000, -3000, False),
            ("stopped", -200, -100, False),
            ("stopped", -200, -100, False),
        ],
        [("run", "reaper", -4000, -3000), ("nobody", "reaper", -200, -100)],
    ),
    "what its owner did before it was ours is no bill": (
        False,
        [("stopped", -200, -100, False)],
        [],
    ),
    "restarted by hand: until the new launch at the latest": (
        True,
        [
            ("running", -4000, None, False),
            ("running", -500, None, False),
            ("stopped", -500, -20, False),
        ],
        [("run", "somebody", -4000, -500), ("nobody", "reaper", -500, -20)],
    ),
    "terminated: it has ended": (
        True,
        [("running", -4000, None, False), ("shutting-down", -4000, -30, False)],
        [("run", "reaper", -4000, -30)],
    ),
    "stopping is not yet the end": (
        True,
        [("running", -4000, None, False), ("stopping", -4000, -30, False)],
        [("run", None, -4000, None)],
    ),
    "clock of the server behind EC2's by minutes": (
        True,
        [("running", 120, None, False), ("stopped", 120, 180, False)],
        [("run", "reaper", 120, 180)],
    ),
    "clock of the server ahead of EC2's by minutes": (
        True,
        [("running", -120, None, False), ("stopped", -120, -100, False)],
        [("run", "reaper", -120, -100)],
    ),
}


@pytest.mark.parametrize("name", LOOKS)
def test_sessions_are_what_ec2_shows(
    warehouse: psycopg.Connection[Any], moment: datetime, name: str
) -> None:
    is_asked, looks, expected = LOOKS[name]
    if is_asked:
        start(warehouse)
    for state, launched, ended, itself in looks:
        sight = sight_of(moment, state, launched, ended, stopped_itself=itself)
        look(warehouse, sight, stopped_by="reaper")
    assert sessions(warehouse, moment) == expected


def test_instance_that_ec2_does_not_know_any_more_ends_its_session(
    warehouse: psycopg.Connection[Any], moment: datetime
) -> None:
    start(warehouse)
    look(warehouse, sight_of(moment, "running", -300))
    look(warehouse, InstanceSight.of_none("i-1"))
    assert sessions(warehouse, moment) == [("run", "somebody", -300, SEEN)]


def test_what_was_seen_before_a_start_says_nothing_of_it(
    warehouse: psycopg.Connection[Any], moment: datetime
) -> None:
    before = find_open_session(warehouse, "i-1")
    stopped = sight_of(moment, "stopped", -9000, -8000)
    start(warehouse)
    settle_session(warehouse, read_settings(), stopped, before)
    assert find_open_session(warehouse, "i-1") is not None


def test_session_of_nobody_is_paid_by_the_run_that_takes_the_instance_over(
    warehouse: psycopg.Connection[Any], moment: datetime
) -> None:
    look(warehouse, sight_of(moment, "running", -1000))
    assert warehouse.execute("select city_id, run_id from core.session_cost").fetchall() == [
        (None, None)
    ]
    lease(warehouse, "run 1", "i-1")
    assert warehouse.execute("select city_id, run_id from core.session_cost").fetchall() == [
        (CITY_ID, "run 1")
    ]


def test_price_is_that_of_the_instances_type(warehouse: psycopg.Connection[Any]) -> None:
    config, run = read_settings(), Run(CITY_ID, "d", "run 1")
    known = open_session(warehouse, config, run, "i-1", instance_type="g4dn.xlarge")
    other = open_session(warehouse, config, run, "i-2", instance_type="p9.huge")
    assert known.price_per_hour_usd == pytest.approx(0.658)
    assert other.price_per_hour_usd == pytest.approx(3.06)


def claim(warehouse: psycopg.Connection[Any], name: str, **lease_of_run: Any) -> bool:
    return claim_instance(warehouse, "i-1", claim=name, seconds=60, **lease_of_run)


def test_instance_that_the_reaper_holds_is_not_leased(warehouse: psycopg.Connection[Any]) -> None:
    assert claim(warehouse, "round 1")
    assert lease(warehouse, "run 1", "i-1") is None
    assert list_leases(warehouse) == ()
    assert list_claimed_instances(warehouse) == {"i-1"}
    # Another round must not stop what the first one may have freed meanwhile.
    assert not claim(warehouse, "round 2")
    assert claim(warehouse, "round 1")
    end_claim(warehouse, "i-1", claim="round 1", is_stopped=True)
    assert lease(warehouse, "run 1", "i-1") == "i-1"


def test_instance_that_was_leased_while_it_was_looked_at_is_not_claimed(
    warehouse: psycopg.Connection[Any],
) -> None:
    lease(warehouse, "run 1", "i-1")
    assert not claim(warehouse, "round 1")


def test_dead_lease_is_taken_over_only_if_it_is_still_the_one_that_was_looked_at(
    warehouse: psycopg.Connection[Any],
) -> None:
    lease(warehouse, "run 1", "i-1")
    dead = lease_of(warehouse, Run(CITY_ID, "d", "run 1"))
    release_lease(warehouse, Run(CITY_ID, "d", "run 1"))
    lease(warehouse, "run 2", "i-1")
    assert not claim(warehouse, "round 1", lease=dead)
    release_lease(warehouse, Run(CITY_ID, "d", "run 2"))
    lease(warehouse, "run 1", "i-1")
    # The same run, but leased anew: alive, then.
    assert not claim(warehouse, "round 1", lease=dead)
    anew = lease_of(warehouse, Run(CITY_ID, "d", "run 1"))
    assert claim(warehouse, "round 1", lease=anew)
    assert lease_of(warehouse, Run(CITY_ID, "d", "run 1")) is None


def test_what_could_not_be_stopped_stays_held_until_the_next_round(
    warehouse: psycopg.Connection[Any],
) -> None:
    assert claim(warehouse, "round 1")
    end_claim(warehouse, "i-1", claim="round 1", is_stopped=False)
    assert lease(warehouse, "run 1", "i-1") is None
    assert claim(warehouse, "round 2")


def test_runs_and_the_reaper_at_once_have_one_holder(warehouse: psycopg.Connection[Any]) -> None:
    def ask(number: int) -> bool:
        with connect(autocommit=True) as connection:
            if number % 2:
                return claim(connection, f"round {number}")
            return lease(connection, f"run {number}", "i-1") is not None

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(ask, range(12))) == 1


def test_each_holder_of_a_session_pays_from_its_lease_on(
    warehouse: psycopg.Connection[Any], moment: datetime
) -> None:
    lease(warehouse, "run 1", "i-1")
    start(warehouse)
    look(warehouse, sight_of(moment, "running", -1000))
    warehouse.execute("update core.lease_use set leased_at = now() - interval '1010 s'")
    release_lease(warehouse, Run(CITY_ID, "d", "run 1"))
    # Handed over while it runs: the second run starts nothing, and pays from its lease on.
    lease(warehouse, "run 2", "i-1")
    start(warehouse, "run 2")
    look(warehouse, sight_of(moment, "stopped", -1000, 0))
    rows = warehouse.execute(
        "select run_id, billed_seconds::int from core.session_cost order by running_at"
    ).fetchall()
    assert rows == [("run 1", pytest.approx(1000, abs=2)), ("run 2", 0)]
    released = "select count(released_at), count(*) from core.lease_use"
    assert warehouse.execute(released).fetchone() == (1, 2)


def test_price_comes_from_the_price_list_unless_it_is_set(
    warehouse: psycopg.Connection[Any],
) -> None:
    session = open_session(warehouse, read_settings(), Run(CITY_ID, "d", "run 1"), "i-1")
    assert session.price_per_hour_usd == pytest.approx(3.06)
