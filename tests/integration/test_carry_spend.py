"""What was paid after a backup is not paid again after its restore, and still counts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from sandbox.addresses import PostgresAddress
from sandbox.counts import Counts
from sandbox.demo.city_request import ask_for_city
from sandbox.vision.landmark_answers import NO_ERRORS
from sandbox.vision.server import VisionServer
from sightscan.city import City, Place
from sightscan.cli.main import main
from sightscan.label.run import LabelReport, label_photos
from sightscan.label.vision import open_client
from sightscan.run import Run
from sightscan.settings import read_settings, settings
from sightscan.warehouse.backup.carry_spend import CarriedSpend
from sightscan.warehouse.backup.dump import backup_warehouse
from sightscan.warehouse.backup.restore import RestoreReport, restore_warehouse
from sightscan.warehouse.connection import connect
from sightscan.warehouse.marts.check_runs import run_checks
from sightscan.warehouse.registry.cities import add_city, disable_city
from sightscan.warehouse.registry.city_requests import refuse_request, resolve_request
from sightscan.warehouse.registry.decisions import approve_city
from sightscan.warehouse.registry.snapshot import reading_for_snapshot
from tests.cities.labelled_city import LabelledCity, draw_world, store_city

LIVE = "carried"
NOW = datetime(2026, 11, 20, tzinfo=UTC)
CITY = City("Q1", "", "One", "X", Place(1, 1), 1_000)


@pytest.fixture
def databases(postgres: PostgresAddress) -> Iterator[None]:
    """Drop what the tests restored."""
    yield
    with postgres.connect() as connection:
        found = connection.execute(
            "select datname from pg_database where datname like %s", (f"{LIVE}%",)
        ).fetchall()
        for (name,) in found:
            drop = sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
            connection.execute(drop)


@contextmanager
def live() -> Iterator[psycopg.Connection[Any]]:
    """Open the database that is backed up, goes on, and is replaced."""
    config = settings().model_copy(update={"pgdatabase": LIVE})
    with connect(config, autocommit=True) as connection:
        yield connection


@pytest.fixture
def go_live(
    warehouse: psycopg.Connection[Any], tmp_path: Path, databases: None
) -> Callable[[], Callable[[], RestoreReport]]:
    """Back up the test's warehouse and let a copy go on; the value restores the backup over it."""

    def start() -> Callable[[], RestoreReport]:
        dump = tmp_path / "before.dump"
        backup_warehouse(settings(), dump)
        restore_warehouse(settings(), dump, LIVE)
        return lambda: restore_warehouse(settings(), dump, LIVE, replace_existing=True)

    return start


GoLive = Callable[[], Callable[[], RestoreReport]]


def one(connection: psycopg.Connection[Any], query: str) -> Any:
    row = connection.execute(query).fetchone()  # type: ignore[arg-type]
    return None if row is None else row[0] if len(row) == 1 else row


@pytest.fixture
def place(
    warehouse: psycopg.Connection[Any], tmp_path_factory: pytest.TempPathFactory
) -> LabelledCity:
    return store_city(warehouse, draw_world(tmp_path_factory.mktemp("world"), 12))


def test_thirty_images_paid_after_the_backup_are_not_sent_again(
    warehouse: psycopg.Connection[Any], place: LabelledCity, go_live: GoLive
) -> None:
    counts = Counts()
    with VisionServer(
        place.world, place.facts, counts, errors=NO_ERRORS, latency_seconds=0.0
    ) as server:
        config = read_settings(vision_endpoint=server.endpoint)
        client = open_client(config)

        def label(connection: psycopg.Connection[Any], run_id: str, cap: int = 1000) -> LabelReport:
            capped = config.with_overrides({"max_google_vision_calls_per_new_city": cap})
            run = Run(place.city.city_id, place.city.dag_id, run_id)
            return label_photos(connection, client, capped, place.city, run)

        assert label(warehouse, "before", cap=6).spent == 6
        restore = go_live()
        with live() as connection:
            assert label(connection, "after").sent == 30
            labels = one(connection, "select count(*) from core.label")
        report = restore()
        assert report.carried == CarriedSpend(calls=30, usd=0.0, sessions=0)
        with live() as connection:
            assert one(connection, "select count(*) from core.label") < labels
            assert one(connection, "select sum(paid_call_count) from mart.city_overview") == 36
            again = label(connection, "again")
            assert (again.sent, again.spent, again.stopped_by) == (0, 36, "")
            assert one(connection, "select count(*) from core.label") == labels
            assert one(connection, "select count(*), count(answer) from core.paid_call") == (36, 36)
            checked = run_checks(connection, dag_id="d", run_id="r", is_whole=True)
            failed = [
                each.name for each in checked if each.offending_count and each.severity == "fail"
            ]
        client.transport.close()
    assert failed == []
    assert counts.snapshot()["vision"]["images"] == 36


def pay(
    connection: psycopg.Connection[Any],
    photo: str,
    state: str = "succeeded",
    *,
    attempt: int = 1,
    seconds: int = 0,
    **more: object,
) -> None:
    """Store a call about a photo, reserved so many seconds after noon."""
    at = NOW + timedelta(seconds=seconds)
    values = {
        "provider": "google_vision",
        "feature": "landmark_detection",
        "subject_sha256": photo.encode(),
        "attempt": attempt,
        "city_id": "Q1",
        "dag_id": "city_one",
        "run_id": "run",
        "state": state,
        "price_usd": 0.5,
        "answer": Jsonb({"by": photo}) if state == "succeeded" else None,
        "reserved_at": at,
        "settled_at": None if state == "reserved" else at,
        "changed_at": at,
    } | more
    insert = sql.SQL("insert into core.paid_call ({}) values ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(map(sql.Placeholder, values)),
    )
    connection.execute(insert, values)


def settle(connection: psycopg.Connection[Any], photo: str, state: str) -> None:
    connection.execute(
        "update core.paid_call set state = %(state)s, settled_at = now(), changed_at = now(),"
        " answer = case when %(state)s = 'succeeded' then '{}'::jsonb end"
        " where subject_sha256 = %(photo)s",
        {"state": state, "photo": photo.encode()},
    )


def calls(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    """Return photo, attempt, state, and whether it may be sent again."""
    return connection.execute(
        "select convert_from(subject_sha256, 'UTF8'), attempt, state,"
        " resend_allowed_at is not null from core.paid_call order by subject_sha256, attempt"
    ).fetchall()


def ledger(connection: psycopg.Connection[Any]) -> tuple[float, int]:
    usd, units = one(
        connection,
        "select sum(price_usd) filter (where is_billed), count(*) filter (where counts_against_cap)"
        " from core.ledger_entry",
    )
    return float(usd), units


@pytest.mark.parametrize("state", ["succeeded", "failed", "unknown"])
def test_call_that_was_in_flight_at_the_backup_ends_as_it_ended(
    warehouse: psycopg.Connection[Any], go_live: GoLive, state: str
) -> None:
    add_city(warehouse, CITY)
    pay(warehouse, "a", "reserved")
    restore = go_live()
    with live() as connection:
        settle(connection, "a", state)
        before = ledger(connection) if state != "failed" else None
    assert restore().carried == CarriedSpend(1, 0.0 if state == "failed" else 0.5, 0)
    with live() as connection:
        assert calls(connection) == [("a", 1, state, False)]
        assert before is None or ledger(connection) == before


def test_attempts_after_a_failed_and_an_allowed_one_come_along(
    warehouse: psycopg.Connection[Any], go_live: GoLive
) -> None:
    add_city(warehouse, CITY)
    pay(warehouse, "failed", "failed")
    pay(warehouse, "unknown", "unknown")
    restore = go_live()
    with live() as connection:
        pay(connection, "failed", attempt=2, seconds=9)
        connection.execute(
            "update core.paid_call set resend_allowed_at = now(), resend_allowed_by = 'ann',"
            " changed_at = now() where state = 'unknown'"
        )
        pay(connection, "unknown", attempt=2, seconds=9)
        pay(connection, "new", "reserved", seconds=9)
        before, counted = calls(connection), ledger(connection)
    restore()
    with live() as connection:
        assert (calls(connection), ledger(connection)) == (before, counted)


def test_photo_that_both_databases_paid_for_counts_twice_and_is_sent_no_more(
    warehouse: psycopg.Connection[Any], go_live: GoLive
) -> None:
    """The database was lost, a fresh one went on, and then the backup turned up; ids collide."""
    add_city(warehouse, CITY)
    pay(warehouse, "a")
    pay(warehouse, "b", "failed")
    restore = go_live()
    with live() as connection:
        connection.execute("truncate core.paid_call, core.label restart identity cascade")
        pay(connection, "b", seconds=5)
        pay(connection, "a", seconds=6)
        pay(connection, "c", "unknown", seconds=7)
    assert restore().carried == CarriedSpend(3, 1.5, 0)
    with live() as connection:
        assert calls(connection) == [
            ("a", 1, "succeeded", False),
            ("a", 2, "unknown", True),
            ("b", 1, "failed", False),
            ("b", 2, "succeeded", False),
            ("c", 1, "unknown", False),
        ]
        assert ledger(connection) == (2.0, 4)
        ids = "select count(distinct call_id), max(call_id) < 10 from core.paid_call"
        assert one(connection, ids) == (5, True)
    assert restore().carried == CarriedSpend(3, 1.5, 0)
    with live() as connection:
        assert ledger(connection) == (2.0, 4)


def test_sessions_and_estimates_come_along_as_they_ended(
    warehouse: psycopg.Connection[Any], go_live: GoLive
) -> None:
    add_city(warehouse, CITY)
    session = (
        "insert into core.instance_session (instance_id, city_id, dag_id, run_id, price_per_hour_usd,"
        " started_at, running_at, stopped_at, stopped_by)"
        " values (%s, 'Q1', 'city_one', 'run', 3, %s, %s, %s, %s)"
    )
    estimate = (
        "insert into core.spend_estimate (dag_id, run_id, city_id, photo_limit, waiting_photos,"
        " most_units, probable_units, free_units_left, most_vision_usd, probable_vision_usd,"
        " most_places_usd, most_gpu_usd, probable_gpu_usd, most_usd, probable_usd)"
        " values ('city_one', %s, 'Q1', 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 7, 1)"
    )
    warehouse.execute(session, ("i-1", NOW, NOW, None, None))
    warehouse.execute(estimate, ("first",))
    restore = go_live()
    with live() as connection:
        stop = NOW + timedelta(hours=2)
        connection.execute(
            "update core.instance_session set stopped_at = %s, stopped_by = 'teardown'", (stop,)
        )
        connection.execute("update core.spend_estimate set ended_at = now(), most_usd = 5")
        connection.execute(session, ("i-1", stop, stop, stop + timedelta(hours=1), "reaper"))
        connection.execute(session, ("i-2", stop, stop, None, None))
        connection.execute(estimate, ("second",))
        money = "select sum(cost_usd) from core.session_cost where stopped_at is not null"
        bills = "select array_agg((run_id, most_usd, ended_at)::text order by run_id) from core.spend_estimate"
        before = one(connection, money), one(connection, bills)
    assert restore().carried == CarriedSpend(0, 0.0, 3)
    with live() as connection:
        assert (one(connection, money), one(connection, bills)) == before
        assert float(before[0]) == 9.0
        open_now = (
            "select array_agg(instance_id) from core.instance_session where stopped_at is null"
        )
        assert one(connection, open_now) == ["i-2"]


def test_cities_their_states_and_the_registrys_name_come_along(
    warehouse: psycopg.Connection[Any], go_live: GoLive
) -> None:
    for number, name in ((1, "One"), (2, "Two"), (3, "Three")):
        state = "waiting" if number == 3 else "active"
        add_city(warehouse, replace(CITY, city_id=f"Q{number}", name=name), state=state)  # type: ignore[arg-type]
    restore = go_live()
    with live() as connection:
        disable_city(connection, "two")
        approve_city(connection, "three", decided_by="ann")
        add_city(connection, replace(CITY, city_id="Q4", name="Four"))
        connection.execute("update core.registry set registry_id = gen_random_uuid()")
        with reading_for_snapshot(connection) as registry:
            before = registry
    restore()
    with live() as connection:
        with reading_for_snapshot(connection) as registry:
            assert (registry.registry_id, registry.cities) == (before.registry_id, before.cities)
        signed = "select array_agg((city_id, decision, decided_by)::text) from core.city_decision"
        assert one(connection, signed) == ["(Q3,approved,ann)"]


def test_who_voted_and_what_askers_were_told_come_along_with_the_counts(
    warehouse: psycopg.Connection[Any], go_live: GoLive
) -> None:
    add_city(warehouse, CITY, state="waiting")
    ask_for_city(warehouse, "One", "ann")
    resolve_request(warehouse, "One", city_id="Q1")
    again = ask_for_city(warehouse, "Uno", "ann")
    refuse_request(warehouse, "Uno", "unknown", "nobody knows it")
    restore = go_live()

    def ask_twice(connection: psycopg.Connection[Any]) -> None:
        for name in ("One", "Eins"):
            ask_for_city(connection, name, "ben")
            resolve_request(connection, name, city_id="Q1")

    count = "select vote_count from core.city_request where stage = 'resolved'"
    answers = "select array_agg((request_id, stage, city_id)::text order by request_id) from mart.city_answer"
    with live() as connection:
        ask_twice(connection)
        connection.execute(
            "insert into load.city_request (request_id, asked_name, asked_by) values (%s, 'Uno', 'ann')",
            [again],
        )
        resolve_request(connection, "Uno", city_id="Q1")
        before = one(connection, answers)
        assert one(connection, count) == 2
    restore()
    with live() as connection:
        assert one(connection, answers) == before
        # One person counts once, whenever they ask again.
        ask_twice(connection)
        assert one(connection, count) == 2


def test_city_whose_slug_is_taken_in_the_backup_gets_its_id_behind_it(
    warehouse: psycopg.Connection[Any], go_live: GoLive
) -> None:
    add_city(warehouse, CITY)
    restore = go_live()
    with live() as connection:
        connection.execute("update core.city set city_id = 'Q9'")
        pay(connection, "a", city_id="Q9")
    assert restore().carried == CarriedSpend(1, 0.5, 0)
    with live() as connection:
        slugs = "select array_agg(slug order by slug) from core.city"
        assert one(connection, slugs) == ["one", "one-q9"]


def test_database_of_an_older_version_is_read(
    warehouse: psycopg.Connection[Any], go_live: GoLive
) -> None:
    add_city(warehouse, CITY)
    restore = go_live()
    with live() as connection:
        add_city(connection, replace(CITY, city_id="Q2", name="Two"), state="waiting")
        ask_for_city(connection, "Two", "ann")
        resolve_request(connection, "Two", city_id="Q2")
        pay(connection, "a")
        connection.execute(
            "alter table core.city drop column names cascade;"
            "alter table core.city_request drop column choices cascade;"
            "drop table core.city_vote, core.city_answer cascade"
        )
        connection.execute("drop view core.ledger_entry cascade")
        connection.execute(
            "alter table core.paid_call drop column is_taken_over cascade, drop column sent_at cascade"
        )
        connection.execute(
            "drop table core.registry, core.city_decision, core.forgotten_city cascade"
        )
    assert restore().carried == CarriedSpend(1, 0.5, 0)
    with live() as connection:
        asked = "select city_id, choices::text, names::text from core.city_request join core.city using (city_id)"
        assert one(connection, asked) == ("Q2", "[]", "{}")


def test_database_that_cannot_be_read_is_replaced_all_the_same(
    warehouse: psycopg.Connection[Any],
    go_live: GoLive,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    add_city(warehouse, CITY)
    go_live()
    with live() as connection:
        pay(connection, "a")
        connection.execute(
            "alter table core.paid_call drop constraint paid_call_state_known,"
            " drop constraint paid_call_settled"
        )
        connection.execute("update core.paid_call set state = 'damaged'")
    command = ["warehouse", "restore", str(tmp_path / "before.dump"), "--into", LIVE, "--replace"]
    assert main(command) == 0
    assert "what it has paid could not be read" in capsys.readouterr().out
    with live() as connection:
        assert calls(connection) == []


def test_fresh_database_has_nothing_to_carry(
    warehouse: psycopg.Connection[Any], go_live: GoLive
) -> None:
    pay_nothing = go_live()
    assert pay_nothing().carried == CarriedSpend(0, 0.0, 0)


def test_uses_of_sessions_come_along_under_their_new_ids(
    warehouse: psycopg.Connection[Any], go_live: GoLive
) -> None:
    add_city(warehouse, CITY)
    session = (
        "insert into core.instance_session (instance_id, city_id, dag_id, run_id, price_per_hour_usd,"
        " started_at, running_at) values (%s, 'Q1', 'city_one', 'run', 3, %s, %s) returning session_id"
    )
    use = (
        "insert into core.lease_use (session_id, instance_id, city_id, dag_id, run_id, leased_at,"
        " released_at) values (%s, %s, 'Q1', 'city_one', %s, %s, %s)"
    )
    (first,) = warehouse.execute(session, ("i-1", NOW, NOW)).fetchone()  # type: ignore[misc]
    warehouse.execute(use, (first, "i-1", "run", NOW, None))
    restore = go_live()
    with live() as connection:
        connection.execute("update core.lease_use set released_at = leased_at + interval '1 hour'")
        connection.execute("select setval('core.instance_session_session_id_seq', 90)")
        (second,) = connection.execute(session, ("i-2", NOW, NOW)).fetchone()  # type: ignore[misc]
        connection.execute(use, (second, "i-2", "other", NOW, None))
        uses = "select array_agg((instance_id, run_id, released_at)::text order by instance_id) from core.lease_use"
        before = one(connection, uses)
    restore()
    with live() as connection:
        assert one(connection, uses) == before
        ids = "select array_agg(session_id order by session_id) from core.lease_use"
        assert one(connection, ids) == [first, first + 1]
