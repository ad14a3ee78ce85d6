"""Data checks look at what changed, and once a day at everything; what is bad is not forgotten."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from benchmarks.warehouse_rows import fill
from sightscan.warehouse.connection import connect
from sightscan.warehouse.marts import check_runs
from sightscan.warehouse.marts.check_runs import run_checks, run_city_checks
from sightscan.warehouse.marts.data_checks import CheckResult, ask, read_checks
from sightscan.warehouse.marts.hourly_facts import rebuild_hourly_marts
from tests.waiting import wait_until

Warehouse = psycopg.Connection[Any]
# Whose hours are settled, and whose rows no check takes for new.
END = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=1)
NO_SOURCE = "trainable_photo__has_a_source"
# What breaks each claim for two keys at least, where what `store` stores does not.
FAULTS = (
    "update mart.city_activity_hourly_v2 set photos_found = 99, photos_labelled = photos_new + 1",
    (
        "update mart.sight_activity_hourly_v1"
        " set photos_answered = 20, photos_empty = 20, photos_labelled = labels_accepted + 1"
    ),
    "update mart.sight_activity_hourly_v1 set photos_rejected = 77",
    "update mart.city_spend_hourly_v1 set units = units + 1",
    "update core.dataset_photo set link_sha256s = array[sha256(city_id::bytea)]",
    'update core.model set class_metrics = \'[{"name": "nobody"}]\'',
    "update core.model_file set bytes = 'other'",
    (
        "update core.photo_source set author = null where recorded_at > (select max(recorded_at)"
        " - interval '90 minutes' from core.photo_source)"
    ),
    (
        "delete from core.photo_source where recorded_at < (select min(recorded_at)"
        " + interval '30 minutes' from core.photo_source)"
    ),
    "update core.instance_session set stopped_at = running_at + interval '3 days'",
    (
        "update core.spend_estimate set most_usd = 0, probable_usd = 0, most_gpu_usd = 0,"
        " most_vision_usd = 0, probable_vision_usd = 0, probable_gpu_usd = 0"
    ),
    (
        "insert into core.removed_photo (sha256, reason, removed_by)"
        " select sha256, 'r', 'ann' from core.label where sight_id is not null order by sha256 limit 3"
    ),
)


def store(warehouse: Warehouse) -> None:
    """Store two cities whose photos came a day ago, hour by hour refreshed."""
    fill(warehouse, cities=2, sights_per_city=2, photos=400, end=END)
    rebuild_hourly_marts(warehouse)
    warehouse.execute("update mart.refreshed_hour set refreshed_at = hour_at + interval '3 hours'")
    # Faults are planted that foreign keys would refuse.
    warehouse.execute("set session_replication_role = replica")


def check(warehouse: Warehouse, name: str = NO_SOURCE, **given: Any) -> CheckResult:
    """Run all checks as an hourly run does, and return what one of them found."""
    (found,) = (
        one for one in run_checks(warehouse, dag_id="d", run_id="r", **given) if one.name == name
    )
    return found


def lose_sources(warehouse: Warehouse, count: int, offset: int = 0) -> list[bytes]:
    """Delete all sources of photos that train: nothing tells of it."""
    rows = warehouse.execute(
        "with lost as (select sha256 from core.label where state = 'accepted'"
        " order by sha256 limit %s offset %s)"
        " delete from core.photo_source using lost where photo_source.sha256 = lost.sha256"
        " returning lost.sha256",
        (count, offset),
    ).fetchall()
    return sorted({bytes(row[0]) for row in rows})


def touch(warehouse: Warehouse, sha256: bytes) -> None:
    warehouse.execute("update core.label set changed_at = now() where sha256 = %s", (sha256,))


def let_pass(warehouse: Warehouse, hours: float) -> None:
    """Move what checks remember into the past."""
    warehouse.execute(
        "update core.check_progress set seen_until = seen_until - %(ago)s,"
        " seen_whole_at = seen_whole_at - %(ago)s",
        {"ago": timedelta(hours=hours)},
    )


def offences(warehouse: Warehouse, name: str = NO_SOURCE) -> list[str]:
    rows = warehouse.execute(
        "select key from core.check_offence where check_name = %s order by key", (name,)
    )
    return [key for (key,) in rows]


def test_what_a_check_finds_about_keys_is_what_it_finds_of_them_in_everything(
    warehouse: Warehouse,
) -> None:
    store(warehouse)
    assert {one.name for one in map_checks(warehouse) if one.offending_count} == set()
    for fault in FAULTS:
        warehouse.execute(fault)  # type: ignore[call-overload]
    warehouse.execute(
        "update mart.sight_activity_hourly_v1 set photos_labelled = 1, labels_accepted = 0"
        " where sight_id in (1, 3)"
    )
    for one in read_checks():
        whole = ask(warehouse, one)
        assert len(whole.offences) > 1, one.name
        key = min(whole.offences)
        part, rest, nothing = (
            ask(warehouse, one, keys=keys) for keys in ({key}, whole.offences - {key}, set())
        )
        assert part.offences == {key}, one.name
        assert part.offending_count + rest.offending_count == whole.offending_count, one.name
        assert nothing.offending_count == 0, one.name


def map_checks(warehouse: Warehouse) -> list[CheckResult]:
    return [ask(warehouse, one) for one in read_checks()]


def test_fault_in_a_row_that_changed_is_found_by_the_next_run(warehouse: Warehouse) -> None:
    store(warehouse)
    assert check(warehouse).asked_count is None
    lost, _ = lose_sources(warehouse, 2)
    touch(warehouse, lost)
    found = check(warehouse)
    assert (found.offending_count, found.asked_count) == (1, 1)
    assert found.offences == {f"\\x{lost.hex()}"}


def test_fault_that_no_row_tells_of_is_found_within_the_day(warehouse: Warehouse) -> None:
    store(warehouse)
    check(warehouse)
    lose_sources(warehouse, 1)
    for _ in range(22):
        let_pass(warehouse, 1)
        assert check(warehouse).offending_count == 0
    let_pass(warehouse, 1.01)
    found = check(warehouse)
    assert (found.offending_count, found.asked_count) == (1, None)


def test_what_was_found_bad_stays_bad_until_it_is_right(warehouse: Warehouse) -> None:
    store(warehouse)
    check(warehouse)
    lost = lose_sources(warehouse, 2)
    assert check(warehouse, is_whole=True).offending_count == 2
    since = warehouse.execute("select min(found_at) from core.check_offence").fetchone()
    for _ in range(3):
        let_pass(warehouse, 5)
        assert check(warehouse).offending_count == 2
    assert warehouse.execute("select min(found_at) from core.check_offence").fetchone() == since
    warehouse.execute("delete from core.label where sha256 = %s", (lost[0],))
    assert check(warehouse).offences == {f"\\x{lost[1].hex()}"}
    warehouse.execute("delete from core.label where sha256 = %s", (lost[1],))
    assert check(warehouse).offending_count == 0
    assert offences(warehouse) == []
    assert check(warehouse).asked_count == 0


def test_what_the_checks_of_a_city_find_bad_the_next_run_over_all_finds_bad(
    warehouse: Warehouse,
) -> None:
    store(warehouse)
    check(warehouse)
    lost = lose_sources(warehouse, 1)
    city_id = warehouse.execute(
        "select city_id from core.label where sha256 = %s", (lost[0],)
    ).fetchone()
    assert city_id is not None
    by_name = {
        one.name: one for one in run_city_checks(warehouse, city_id[0], dag_id="city_x", run_id="r")
    }
    assert by_name[NO_SOURCE].offending_count == 1
    found = check(warehouse)
    assert (found.offending_count, found.asked_count) == (1, 1)


def test_run_that_is_killed_leaves_all_to_the_next(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(warehouse)
    check(warehouse)
    touch(warehouse, lose_sources(warehouse, 1)[0])
    before = warehouse.execute("select * from core.check_progress order by check_name").fetchall()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(check_runs, "_save_results", die)
        with pytest.raises(KeyboardInterrupt):
            check(warehouse)
    after = warehouse.execute("select * from core.check_progress order by check_name").fetchall()
    assert after == before
    assert check(warehouse).offending_count == 1


def test_of_two_runs_at_once_the_later_looks_at_what_the_earlier_found_bad(
    warehouse: Warehouse,
) -> None:
    store(warehouse)
    check(warehouse)
    lost = lose_sources(warehouse, 1)[0]
    found: list[CheckResult] = []

    def run() -> None:
        with connect(autocommit=True) as connection:
            found.append(check(connection))

    later = threading.Thread(target=run)
    with connect() as earlier:
        earlier.execute("select pg_advisory_xact_lock(7362055)")
        later.start()
        wait_until(
            lambda: (
                warehouse.execute(
                    "select count(*) from pg_stat_activity where wait_event = 'advisory'"
                    " and datname = current_database()"
                ).fetchone()
                == (1,)
            )
        )
        earlier.execute(
            "insert into core.check_offence (check_name, key) values (%s, %s)",
            (NO_SOURCE, f"\\x{lost.hex()}"),
        )
    later.join()
    assert [one.offending_count for one in found] == [1]


def test_check_that_is_new_or_was_edited_looks_at_everything(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    file = tmp_path / "mart__claim.sql"
    text = (
        "-- severity: warn\n-- scope: city\n"
        "select n::text as city_id from generate_series(1, 3) as n"
        " where %(city_id)s::text is null"
        " and (%(keys)s::text[] is null or n::text = any(%(keys)s::text[]))"
    )
    file.write_text(text)
    asked = [check(warehouse, "mart__claim", folder=tmp_path).asked_count for _ in range(2)]
    file.write_text(text + " and n < 3")
    asked += [check(warehouse, "mart__claim", folder=tmp_path).asked_count for _ in range(2)]
    assert asked == [None, 3, None, 2]
    file.rename(tmp_path / "mart__other.sql")
    check(warehouse, "mart__other", folder=tmp_path)
    assert offences(warehouse, "mart__claim") == []


def test_offences_that_are_too_many_to_keep_are_looked_for_in_everything(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_runs, "MAX_OFFENCES", 1)
    store(warehouse)
    lost = lose_sources(warehouse, 2)
    found = [check(warehouse) for _ in range(2)]
    warehouse.execute("delete from core.label where sha256 = %s", (lost[0],))
    found += [check(warehouse) for _ in range(2)]
    assert [(one.offending_count, one.asked_count) for one in found] == [
        *((2, None), (2, None)),
        *((1, None), (1, 1)),
    ]


def test_keys_that_are_too_many_are_everything(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(warehouse)
    check(warehouse)
    monkeypatch.setattr(check_runs, "MAX_KEYS", 10)
    warehouse.execute("update core.label set changed_at = now() where call_id % 20 = 3")
    assert check(warehouse).asked_count is None


# What happens to the first photo of the first city, and what is looked at again.
EVENTS = {
    "a label read anew": (
        "update core.label set changed_at = now() where call_id = 4",
        {"photo", "city", "hour"},
    ),
    "a review": (
        (
            "insert into core.label_review (review_id, label_id, decision, reviewed_by, reviewed_at)"
            " select gen_random_uuid(), label_id, 'accept', 'ann', now() from core.label where call_id = 4"
        ),
        {"photo", "city", "hour"},
    ),
    "a source": (
        (
            "insert into core.photo_source (sha256, url_sha256, sight_id, url, source, licence, query,"
            " found_at) select sha256, sha256('x'), 1, 'u', 's', 'l', 'q', now() from core.photo"
            " order by recorded_at limit 1"
        ),
        {"photo", "city", "hour"},
    ),
    "a rejection": (
        (
            "insert into core.rejected_photo (url_sha256, sight_id, url, source, reason)"
            " values (sha256('x'), 1, 'u', 's', 'too_small')"
        ),
        {"city", "hour"},
    ),
    "a call settled": (
        "update core.paid_call set changed_at = now() where call_id = 4",
        {"photo", "city", "hour", "run"},
    ),
    "a take-down": (
        "insert into core.removed_photo (sha256, reason, removed_by) values (sha256('x'), 'r', 'a')",
        {"photo"},
    ),
    "an estimate": (
        "update core.spend_estimate set estimated_at = now()",
        {"city", "run"},
    ),
    "an instance that runs on": (
        (
            "update core.instance_session set stopped_at = null, stopped_by = null"
            " where session_id = (select min(session_id) from core.instance_session)"
        ),
        {"city", "run"},
    ),
    "a sight": (
        "insert into core.sight (city_id, name, normalised_name, rank) values ('Q1', 'n', 'n', 9)",
        {"city"},
    ),
    "a dataset": ("update core.dataset set recorded_at = now()", {"city", "dataset"}),
    "a model": ("update core.model set recorded_at = now()", {"city"}),
    "a publication": ("update core.publication set recorded_at = now()", {"city", "hour"}),
    "an old hour refreshed": (
        "update mart.refreshed_hour set refreshed_at = now()",
        {"photo", "city", "hour", "run"},
    ),
}


@pytest.mark.parametrize("event", EVENTS)
def test_what_happens_tells_what_is_looked_at_again(warehouse: Warehouse, event: str) -> None:
    store(warehouse)
    run_checks(warehouse, dag_id="d", run_id="r")
    before = {one.name: one.asked_count for one in run_checks(warehouse, dag_id="d", run_id="r")}
    assert set(before.values()) == {0}
    happens, scopes = EVENTS[event]
    warehouse.execute(happens)  # type: ignore[call-overload]
    asked = {one.name: one.asked_count for one in run_checks(warehouse, dag_id="d", run_id="r")}
    assert {one.scope for one in read_checks() if asked[one.name]} == scopes
