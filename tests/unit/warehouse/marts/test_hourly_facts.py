"""Hourly facts: any order, any number of times, at once, the same as one computation from nothing."""

# ruff: noqa: S608 - statements are put together from the names in this file

import contextlib
import hashlib
import random
import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sightscan.city import Sight
from sightscan.errors import ReviewError, WarehouseError
from sightscan.takeover.store import sort_photos
from sightscan.warehouse.connection import connect
from sightscan.warehouse.labels.reviews import Decision, LabelDecision, store_decisions
from sightscan.warehouse.marts import hourly_facts
from sightscan.warehouse.marts.check_runs import run_checks
from sightscan.warehouse.marts.hourly_facts import (
    fill_empty_marts,
    rebuild_hourly_marts,
    refresh_hourly_marts,
    refresh_hours,
    whole_hours,
)
from sightscan.warehouse.registry.sights import SightMerge, replace_sights
from sightscan.warehouse.statements import statement
from sightscan.warehouse.takedowns.takedowns import Subjects, remove_photos
from sightscan.warehouse.takedowns.withdrawals import remove_withdrawn_photos

# A day some days ago: what its hours knew is final.
START = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=4)
HOURS = 24
PHOTOS = 4
FACTS = {
    "city_activity_hourly_v2": "city_id, hour_at",
    "sight_activity_hourly_v1": "sight_id, hour_at",
    "city_spend_hourly_v1": "city_id, hour_at, provider, feature",
}
PHOTO = "sha256(%(photo)s::text::bytea)"
# A photo that was taken down is found no more.
IS_THERE = f"exists (select 1 from core.photo where photo.sha256 = {PHOTO})"
# What a label may name: sights of the first city, which are 1 and 2.
NAMED = "1 + %(sight)s %% 2"
# Rows that come from outside, one event each; `at` is when it became known.
ARRIVALS = {
    "found": "insert into core.photo_source (sha256, url_sha256, sight_id, url, source, licence,"
    f" query, found_at, recorded_at) select {PHOTO}, sha256((%(number)s / 2)::text::bytea),"
    " %(sight)s, 'u', case when %(number)s %% 3 = 0 then 'contribution' else 's' end, 'l', 'q',"
    f" %(at)s, %(at)s where {IS_THERE} on conflict do nothing",
    "rejected": "insert into core.rejected_photo (url_sha256, sight_id, url, source, reason,"
    " recorded_at) values (sha256(%(number)s::text::bytea), %(sight)s, 'u', 's', 'too_small',"
    " %(at)s) on conflict do nothing",
    "called": "insert into core.paid_call (provider, feature, subject_sha256, attempt, city_id,"
    " dag_id, run_id, price_usd, recorded_at, changed_at) select 'google_vision',"
    f" 'landmark_detection', {PHOTO}, 1 + (select count(*) from core.paid_call), 'Q1', 'd', 'r',"
    f" %(number)s, %(at)s, %(at)s where {IS_THERE} on conflict do nothing",
    "settled": "update core.paid_call set state = 'failed', settled_at = now(), changed_at = %(at)s"
    f" where subject_sha256 = {PHOTO} and state = 'reserved'",
    "answered": "update core.paid_call set state = 'succeeded', answer = '{}', settled_at = now(),"
    f" changed_at = %(at)s where subject_sha256 = {PHOTO} and state = 'reserved'",
    "read": "insert into core.label (call_id, annotation_number, city_id, sha256, sight_id,"
    " description, score, x1, y1, x2, y2, state, reason, recorded_at, changed_at)"
    f" select -1 - %(number)s %% 3, %(number)s, 'Q1', {PHOTO}, {NAMED}, 'd', 0.5, 0, 0, 1, 1,"
    " case when %(number)s %% 2 = 0 then 'accepted' else 'held_back' end, 'r', %(at)s, %(at)s"
    f" where {IS_THERE} on conflict do nothing",
    "read anew": "update core.label set state = case state when 'accepted' then 'held_back' else"
    f" 'accepted' end, sight_id = {NAMED}, changed_at = %(at)s where sha256 = {PHOTO}",
}


def review(warehouse: psycopg.Connection[Any], one: dict[str, Any]) -> None:
    """Decide about the photo's first label, at the time of the event."""
    row = warehouse.execute(
        f"select label_id from core.label where sha256 = {PHOTO} order by label_id limit 1", one
    ).fetchone()
    if row is None:
        return
    decisions: tuple[Decision, ...] = ("accept", "reject", "rename", "withdraw")
    decision = decisions[one["number"] % 4]
    sight_id = 1 + one["sight"] % 2 if decision == "rename" else None
    decided = LabelDecision(uuid4(), row[0], decision, sight_id)
    # A sight that was merged meanwhile is refused.
    with contextlib.suppress(ReviewError):
        store_decisions(warehouse, [decided], reviewer="ann")
    warehouse.execute(
        "update core.label_review set recorded_at = %s where review_id = %s",
        (one["at"], decided.review_id),
    )


def take_down(warehouse: psycopg.Connection[Any], one: dict[str, Any]) -> None:
    remove_photos(warehouse, Subjects((photo_of(one),)), reason="mine", removed_by="ann")


def withdraw(warehouse: psycopg.Connection[Any], one: dict[str, Any]) -> None:
    warehouse.execute(
        "insert into load.withdrawal values (gen_random_uuid(), %s, 'mine')", (photo_of(one),)
    )
    remove_withdrawn_photos(warehouse)


def merge_sights(warehouse: psycopg.Connection[Any], _: dict[str, Any]) -> None:
    """The second sight is the first; also what came for it after an earlier merge."""
    one, two = (Sight(None, "Q1", name, 1) for name in "AB")
    replace_sights(warehouse, "Q1", [one], merges=[SightMerge(one, two)])


def sort_first_photos(warehouse: psycopg.Connection[Any], _: dict[str, Any]) -> None:
    sort_photos(warehouse, "Q1")


# What the program does with the rows; it has to leave the facts true by itself.
DEEDS = {
    "reviewed": review,
    "taken down": take_down,
    "withdrawn": withdraw,
    "merged": merge_sights,
    "sorted": sort_first_photos,
}

event = st.fixed_dictionaries(
    {
        # Without photos nothing can be done with them.
        "kind": st.sampled_from([*("found", "read") * 3, *sorted(ARRIVALS), *sorted(DEEDS)]),
        "photo": st.integers(1, PHOTOS),
        "sight": st.integers(1, 4),
        "number": st.integers(0, 9),
        "hour": st.integers(0, HOURS - 1),
        "minute": st.integers(0, 59),
    }
)
refreshes = st.lists(st.integers(0, HOURS - 1), max_size=1)


def prepare(warehouse: psycopg.Connection[Any]) -> None:
    """Empty what a test fills, and have photos, and two cities with sights, one of them unsorted."""
    warehouse.execute("set session_replication_role = replica")
    for table in (
        *(f"mart.{fact}" for fact in FACTS),
        *("core.label_review", "core.label", "core.paid_call", "core.photo_source"),
        *("core.rejected_photo", "core.photo", "core.removed_photo", "core.removed_url"),
        *("load.withdrawal", "core.sight", "core.city", "mart.refreshed_hour"),
    ):
        warehouse.execute(f"delete from {table}")  # type: ignore[call-overload]
    warehouse.execute(
        "insert into core.city (city_id, slug, name, country, latitude, longitude, radius_meters)"
        " values ('Q1', 'one', 'One', 'X', 1, 1, 1000), ('Q2', 'two', 'Two', 'X', 2, 2, 1000)"
    )
    warehouse.execute(
        "insert into core.sight (sight_id, city_id, name, normalised_name, rank, state)"
        " overriding system value values (1, 'Q1', 'A', 'a', 1, 'active'),"
        " (2, 'Q1', 'B', 'b', 1, 'active'), (3, 'Q2', 'C', 'c', 1, 'active'),"
        " (4, 'Q1', 'D', 'd', 1, 'unsorted')"
    )
    warehouse.execute(
        "insert into core.photo select sha256(number::text::bytea), 1, 1, 1, 'image/png',"
        " sha256(number::text::bytea), sha256(number::text::bytea)"
        " from generate_series(1, %s) as number",
        (PHOTOS,),
    )
    # A call that a first SightScan paid: what it names, photos are sorted by.
    warehouse.execute(
        "insert into core.paid_call (call_id, provider, feature, subject_sha256, attempt, city_id,"
        " dag_id, run_id, price_usd, is_taken_over, state, answer, settled_at, recorded_at, changed_at)"
        " overriding system value values (-1, 'p', 'f', sha256('call'), 1, 'Q1', 'd', 'r', 0, true,"
        " 'succeeded', '{}', now(), %(at)s, %(at)s)",
        {"at": START},
    )


def photo_of(one: dict[str, Any]) -> bytes:
    return hashlib.sha256(str(one["photo"]).encode()).digest()


def happen(warehouse: psycopg.Connection[Any], one: dict[str, Any]) -> None:
    one = one | {"at": START + timedelta(hours=one["hour"], minutes=one["minute"])}
    if one["kind"] in DEEDS:
        DEEDS[one["kind"]](warehouse, one)
    else:
        warehouse.execute(ARRIVALS[one["kind"]], one)


def due_after(one: dict[str, Any]) -> list[datetime]:
    """Return the hours of the rows that an event brought; a deed does what else it changes itself."""
    if one["kind"] == "sorted":
        # It was done just now; the hour may have turned since.
        ago = (timedelta(minutes=10), timedelta(0))
        moments = (datetime.now(UTC) - each for each in ago)
        return sorted({each.replace(minute=0, second=0, microsecond=0) for each in moments})
    is_arrival = one["kind"] in ARRIVALS or one["kind"] == "reviewed"
    return [START + timedelta(hours=one["hour"])] if is_arrival else []


def refresh_in_turn(warehouse: psycopg.Connection[Any], hours: Iterable[int | datetime]) -> None:
    for hour in hours:
        start = hour if isinstance(hour, datetime) else START + timedelta(hours=hour)
        refresh_hourly_marts(warehouse, start, start + timedelta(hours=1))


def facts(warehouse: psycopg.Connection[Any]) -> dict[str, list[tuple[Any, ...]]]:
    return {
        fact: warehouse.execute(f"select * from mart.{fact} order by {keys}").fetchall()  # type: ignore[call-overload]
        for fact, keys in FACTS.items()
    }


def alarms(warehouse: psycopg.Connection[Any]) -> dict[str, int]:
    """Return what the data checks find that compare facts with core."""
    results = run_checks(warehouse, dag_id="d", run_id="r", is_whole=True)
    return {
        result.name: result.offending_count
        for result in results
        if result.name.endswith("__equals_core") and result.offending_count
    }


def facts_from_nothing(warehouse: psycopg.Connection[Any]) -> dict[str, list[tuple[Any, ...]]]:
    for fact in FACTS:
        warehouse.execute(f"delete from mart.{fact}")  # type: ignore[call-overload]
    rebuild_hourly_marts(warehouse)
    return facts(warehouse)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    story=st.lists(st.tuples(event, refreshes, st.booleans()), max_size=14),
    drawn=st.randoms(use_true_random=False),
)
def test_refreshes_of_the_hours_of_events_give_one_computation_from_nothing(
    warehouse: psycopg.Connection[Any],
    story: list[tuple[dict[str, Any], list[int], bool]],
    drawn: random.Random,
) -> None:
    """Only the hours in which rows came are refreshed, so what moved must be found."""
    prepare(warehouse)
    due: list[int | datetime] = []
    for one, others, is_pause in story:
        happen(warehouse, one)
        due += due_after(one)
        refresh_in_turn(warehouse, others)
        if is_pause:
            drawn.shuffle(due)
            refresh_in_turn(warehouse, due)
            due = []
    drawn.shuffle(due)
    refresh_in_turn(warehouse, due)
    assert alarms(warehouse) == {}
    assert facts(warehouse) == facts_from_nothing(warehouse)


# What came, as (kind, sight, number, hour), before something was done about the one photo.
STORIES = {
    # Both sights found it: the survivor's source is the later one, and no longer the first.
    "merged": [("found", 2, 2, 2), ("found", 1, 4, 5)],
    # A person renamed a box of the first sight to the second, which is the first.
    "merged after a review": [("read", 2, 0, 3), ("reviewed", 1, 2, 6)],
    "merged after a refusal": [("rejected", 2, 1, 3)],
    # What is found elsewhere later is new then.
    "withdrawn": [("found", 1, 0, 2), ("found", 1, 4, 5)],
    "sorted": [("found", 4, 0, 2), ("found", 2, 4, 5), ("read", 1, 0, 5)],
    # The only thing of this hour was a decision.
    "taken down": [("found", 1, 0, 2), ("read", 1, 0, 3), ("reviewed", 1, 0, 6)],
}


@pytest.mark.parametrize("story", STORIES)
def test_what_is_done_to_a_photo_leaves_true_facts_of_all_its_hours(
    warehouse: psycopg.Connection[Any], story: str
) -> None:
    prepare(warehouse)
    base = {"photo": 1, "sight": 1, "number": 1, "hour": 0, "minute": 5}
    for kind, sight, number, hour in STORIES[story]:
        happen(warehouse, base | {"kind": kind, "sight": sight, "number": number, "hour": hour})
        refresh_in_turn(warehouse, [hour])
    before = facts(warehouse)
    deed = base | {"kind": story.split(" after ", maxsplit=1)[0]}
    happen(warehouse, deed)
    refresh_in_turn(warehouse, due_after(deed))
    refreshed = facts(warehouse)
    assert refreshed != before
    assert refreshed == facts_from_nothing(warehouse)


def tell_a_story(warehouse: psycopg.Connection[Any], count: int) -> None:
    drawn = random.Random(7)  # noqa: S311 - the same story each time
    prepare(warehouse)
    for _ in range(count):
        happen(
            warehouse,
            {
                "kind": drawn.choice([*sorted(ARRIVALS), "reviewed"]),
                "photo": drawn.randint(1, PHOTOS),
                "sight": drawn.randint(1, 3),
                "number": drawn.randint(0, 9),
                "hour": drawn.randrange(HOURS),
                "minute": drawn.randrange(60),
            },
        )


def test_backfills_at_once_twice_and_shuffled_give_one_computation_from_nothing(
    warehouse: psycopg.Connection[Any],
) -> None:
    tell_a_story(warehouse, 150)
    rebuild_hourly_marts(warehouse)
    expected = facts(warehouse)
    assert all(expected.values())
    for fact in FACTS:
        warehouse.execute(f"delete from mart.{fact}")  # type: ignore[call-overload]
    errors: list[BaseException] = []

    def backfill(seed: int) -> None:
        hours = [*range(HOURS), *range(HOURS)]
        random.Random(seed).shuffle(hours)  # noqa: S311 - the same order each time
        try:
            with connect(autocommit=True) as connection:
                refresh_in_turn(connection, hours)
        except BaseException as error:  # noqa: BLE001 - a thread's error is the test's
            errors.append(error)

    threads = [threading.Thread(target=backfill, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert facts(warehouse) == expected


def test_a_refresh_that_waits_sees_what_was_committed_meanwhile(
    warehouse: psycopg.Connection[Any],
) -> None:
    prepare(warehouse)
    with connect() as other:
        # Holds the locks of all marts, as another refresh does, with its rows not yet committed.
        refresh_hours(other, [START])
        happen(other, {"kind": "rejected", "photo": 1, "sight": 1, "number": 1, "hour": 0, "minute": 5})  # fmt: skip
        waiting = threading.Thread(target=refresh_hours, args=(warehouse, [START]))
        waiting.start()
        other.commit()
        waiting.join()
    assert [row[4] for row in facts(warehouse)["city_activity_hourly_v2"]] == [1]


def test_only_a_refresh_that_looks_for_what_changed_makes_its_hours_final(
    warehouse: psycopg.Connection[Any],
) -> None:
    """An hour that is only made anew, as after a take-down, knows no more of the other changes."""
    prepare(warehouse)
    refresh_in_turn(warehouse, [5])
    refresh_hours(warehouse, [START])
    final = warehouse.execute("select hour_at from mart.settled_hour order by 1").fetchall()
    assert final == [(START + timedelta(hours=hour),) for hour in (3, 4, 5)]


def test_facts_that_no_refresh_mended_raise_an_alarm_and_what_still_comes_does_not(
    warehouse: psycopg.Connection[Any],
) -> None:
    tell_a_story(warehouse, 20)
    rebuild_hourly_marts(warehouse)
    now = datetime.now(UTC)
    warehouse.execute("update core.label set changed_at = %s, state = 'held_back'", (now,))
    assert alarms(warehouse) == {}
    for fact in FACTS:
        warehouse.execute(f"delete from mart.{fact}")  # type: ignore[call-overload]
    assert len(alarms(warehouse)) == len(FACTS)


def test_label_read_anew_stays_in_its_hour(warehouse: psycopg.Connection[Any]) -> None:
    prepare(warehouse)
    base = {"photo": 1, "sight": 1, "number": 1, "minute": 5}
    happen(warehouse, {**base, "kind": "read", "hour": 0})
    refresh_in_turn(warehouse, [0])
    happen(warehouse, {**base, "kind": "read anew", "hour": 6})
    refresh_in_turn(warehouse, [6])
    counted = warehouse.execute(
        "select hour_at, labels_accepted, labels_held_back, photos_labelled"
        " from mart.city_activity_hourly"
    ).fetchall()
    assert counted == [(START, 1, 0, 1)]


def test_labels_scattered_over_many_hours_take_as_many_statements_as_one(
    warehouse: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each hour by itself would cost more the longer the history is."""
    prepare(warehouse)
    base = {"sight": 1, "number": 1, "minute": 5}
    # Hours that are no neighbours, so that they are no one span.
    for photo in range(1, PHOTOS + 1):
        happen(warehouse, {**base, "kind": "found", "photo": photo, "hour": 3 * photo})
        happen(warehouse, {**base, "kind": "read", "photo": photo, "number": photo, "hour": 3 * photo})  # fmt: skip
    rebuild_hourly_marts(warehouse)
    asked: list[list[str]] = []

    def noted(name: str) -> Any:
        asked[-1].append(name)
        return statement(name)

    monkeypatch.setattr(hourly_facts, "statement", noted)
    for photos, hour in ((range(1, 2), 18), (range(2, PHOTOS + 1), 22)):
        for photo in photos:
            happen(warehouse, {**base, "kind": "read anew", "photo": photo, "hour": hour})
        asked.append([])
        refresh_in_turn(warehouse, [hour])
    monkeypatch.undo()
    assert asked[0] == asked[1]
    assert facts(warehouse) == facts_from_nothing(warehouse)


def test_source_that_is_seen_late_takes_the_first_place_from_a_later_hour(
    warehouse: psycopg.Connection[Any],
) -> None:
    prepare(warehouse)
    happen(warehouse, {"kind": "found", "photo": 1, "sight": 1, "number": 1, "hour": 9, "minute": 5})  # fmt: skip
    refresh_in_turn(warehouse, [9])
    happen(warehouse, {"kind": "found", "photo": 1, "sight": 2, "number": 1, "hour": 2, "minute": 5})  # fmt: skip
    refresh_in_turn(warehouse, [2])
    counted = warehouse.execute(
        "select photos_found, photos_new from mart.city_activity_hourly order by hour_at"
    ).fetchall()
    assert counted == [(1, 1), (1, 0)]


def test_call_that_fails_later_is_no_spending_of_its_hour(
    warehouse: psycopg.Connection[Any],
) -> None:
    prepare(warehouse)
    base = {"photo": 1, "sight": 1, "number": 2, "minute": 5}
    happen(warehouse, {**base, "kind": "called", "hour": 0})
    refresh_in_turn(warehouse, [0])
    happen(warehouse, {**base, "kind": "settled", "hour": 6})
    refresh_in_turn(warehouse, [6])
    counted = warehouse.execute(
        "select images_sent, images_failed, calls_usd from mart.city_activity_hourly"
    ).fetchall()
    assert counted == [(1, 1, 0)]


def test_empty_facts_beside_rows_are_filled_once(warehouse: psycopg.Connection[Any]) -> None:
    assert fill_empty_marts(warehouse) == {}
    tell_a_story(warehouse, 20)
    filled = fill_empty_marts(warehouse)
    assert filled["city_activity_hourly"] == len(facts(warehouse)["city_activity_hourly_v2"])
    assert fill_empty_marts(warehouse) == {}


@pytest.mark.parametrize("fact", FACTS)
def test_one_empty_table_of_facts_is_filled_beside_full_ones(
    warehouse: psycopg.Connection[Any], fact: str
) -> None:
    """As a migration leaves it that gives one table more columns."""
    tell_a_story(warehouse, 20)
    rebuild_hourly_marts(warehouse)
    expected = facts(warehouse)
    warehouse.execute(f"delete from mart.{fact}")  # type: ignore[call-overload]
    fill_empty_marts(warehouse)
    assert facts(warehouse) == expected


def test_answer_for_a_photo_that_was_found_earlier_counts_in_the_hour_of_its_finding(
    warehouse: psycopg.Connection[Any],
) -> None:
    prepare(warehouse)
    base = {"photo": 1, "sight": 1, "number": 1, "minute": 5}
    for kind, hour in (("found", 0), ("called", 5), ("answered", 9)):
        happen(warehouse, {**base, "kind": kind, "hour": hour})
        refresh_in_turn(warehouse, [hour])
    counted = warehouse.execute(
        "select hour_at, photos_answered, photos_empty from mart.sight_activity_hourly_v1"
    ).fetchall()
    assert counted == [(START, 1, 1)]


INDIA = timezone(timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (START, START + timedelta(minutes=90)),
        # Whole hours there are halves of two of ours.
        (datetime(2026, 11, 1, 3, tzinfo=INDIA), datetime(2026, 11, 1, 4, tzinfo=INDIA)),
    ],
)
def test_ragged_interval_is_refused(
    warehouse: psycopg.Connection[Any], start: datetime, end: datetime
) -> None:
    with pytest.raises(WarehouseError, match="whole hours of UTC"):
        refresh_hourly_marts(warehouse, start, end)


@given(
    moments=st.lists(
        st.datetimes(
            min_value=datetime(2000, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
            max_value=datetime(2100, 1, 1),  # noqa: DTZ001
            timezones=st.timezones(),
        ),
        min_size=2,
        max_size=2,
    )
)
def test_whole_hours_are_those_that_an_interval_touches(moments: list[datetime]) -> None:
    start, end = sorted(moment.astimezone(UTC) for moment in moments)
    first, last = whole_hours(start, end)
    assert [moment.strftime("%M%S%f%z") for moment in (first, last)] == ["0000000000+0000"] * 2
    assert timedelta(0) <= start - first < timedelta(hours=1)
    assert timedelta(0) <= last - end < timedelta(hours=1)
