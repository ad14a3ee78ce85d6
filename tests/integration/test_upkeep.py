"""The night's work on a real server: a backup that is kept, tried and told, and rows that are old."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from sandbox.addresses import PostgresAddress
from sightscan.alerts.looks import look_around
from sightscan.cli.main import main
from sightscan.dataset.freeze import freeze_dataset
from sightscan.errors import WarehouseError
from sightscan.run import Run
from sightscan.settings import read_settings, settings
from sightscan.warehouse.backup import drill
from sightscan.warehouse.backup.dump import manifest_of
from sightscan.warehouse.backup.keep import list_backups, list_passed_backups
from sightscan.warehouse.backup.scratch import drop_scratch, mark_of
from sightscan.warehouse.incidents.watch import UNTRIED
from sightscan.warehouse.locks import DRILL_LOCK
from sightscan.warehouse.marts.check_runs import run_checks
from tests.cities.colour_city import store_colour_city, store_sources
from tests.kept_off import keep_off_this_machine

DRILLS = "select row_count > 100, problem from core.restore_drill order by drill_id"
# As if a take-down had been undone by hand.
REMOVED = (
    "insert into core.removed_photo (sha256, reason, removed_by)"
    " select min(sha256), 'asked', 'ann' from core.photo"
)
HISTORY = """
-- Two checks, each asked by two DAGs, of which one asks still.
insert into core.check_result (check_name, severity, offending_count, dag_id, run_id, recorded_at)
select name, 'fail', 1, dag, number, now() - interval '91 days'
from generate_series(1, 50) as number, unnest(array['a', 'b']) as name, unnest(array['x', 'y']) as dag;
insert into core.check_result (check_name, severity, offending_count, dag_id, run_id)
select name, 'fail', 0, 'x', 'now' from unnest(array['a', 'b']) as name;
insert into core.incident (kind, subject, sentence, opened_at, seen_at, closed_at) values
('run_failed', 'old', 's', now() - interval '99 days', now() - interval '95 days', now() - interval '91 days'),
('run_failed', 'late', 's', now() - interval '99 days', now() - interval '95 days', now() - interval '89 days'),
('run_failed', 'open', 's', now() - interval '99 days', now(), null);
insert into core.incident_message (incident_id, channel)
select incident_id, 'log' from core.incident where subject <> 'late';
insert into core.incident_silence (reason, set_by, set_at, ends_at) values
('r', 'ann', now() - interval '99 days', now() - interval '91 days'),
('r', 'ann', now() - interval '9 days', now() + interval '1 day');
insert into core.backup (file_name, byte_count, finished_at)
select 'a', 1, now() - make_interval(days => 100 - day) from generate_series(1, 5) as day;
insert into core.restore_drill (file_name, started_at, finished_at, row_count)
select 'a', now() - make_interval(days => 100 - day), now() - make_interval(days => 100 - day), 1
from generate_series(1, 5) as day;
update core.paid_call set reserved_at = reserved_at - interval '999 days'
"""


@pytest.fixture(autouse=True)
def place(
    warehouse: psycopg.Connection[Any],
    postgres: PostgresAddress,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """Fill the warehouse, and let nothing of this machine be looked at."""
    keep_off_this_machine(monkeypatch, tmp_path)
    for name in ("AIRFLOW_HOME", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    city = store_colour_city(warehouse, photos_a_sight=6).city
    freeze_dataset(
        warehouse,
        read_settings(min_image_number_per_label=3),
        city,
        Run(city.city_id, "city_malaga", "one"),
    )
    store_sources(warehouse)
    yield
    with postgres.connect() as connection:
        for name in scratch_databases(postgres):
            connection.execute(
                sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
            )


def scratch_databases(postgres: PostgresAddress) -> list[str]:
    with postgres.connect() as connection:
        rows = connection.execute("select datname from pg_database where datname like '%drill%'")
        return [name for (name,) in rows]


def upkeep(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, tuple[str, str]]:
    """Run a command; return state and words of each part."""
    capsys.readouterr()
    status = main(["upkeep", *words, "--json"])
    told = {one["name"]: (one["state"], one["came"]) for one in json.loads(capsys.readouterr().out)}
    assert status == (1 if "failed" in {state for state, _ in told.values()} else 0)
    return told


def test_a_night_backs_up_tries_the_backup_and_the_next_night_tries_none(
    warehouse: psycopg.Connection[Any],
    postgres: PostgresAddress,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = upkeep(capsys, "night")
    assert {name: state for name, (state, _) in first.items()} == {
        "killed-backups": "done",
        "killed-drills": "done",
        "backup": "done",
        "old-backups": "done",
        # This machine has no Airflow.
        "airflow-history": "skipped",
        "logs": "skipped",
        "exports": "done",
        # Nor has anybody crawled here.
        "spool": "skipped",
        "warehouse-history": "done",
        "restore-drill": "done",
    }
    (backup,) = list_backups(settings())
    assert manifest_of(backup.path).is_file()
    assert warehouse.execute("select file_name from core.backup").fetchall() == [
        (backup.path.name,)
    ]
    assert warehouse.execute(DRILLS).fetchall() == [(True, None)]
    assert scratch_databases(postgres) == []
    for days, state in ((6, "skipped"), (7, "done")):
        warehouse.execute(
            "update core.restore_drill set started_at = now() - make_interval(days => %(days)s),"
            " finished_at = now() - make_interval(days => %(days)s)",
            {"days": days},
        )
        assert upkeep(capsys, "night")["restore-drill"][0] == state


def test_a_backup_that_is_damaged_is_noted_and_told(
    warehouse: psycopg.Connection[Any],
    postgres: PostgresAddress,
    capsys: pytest.CaptureFixture[str],
) -> None:
    upkeep(capsys, "backup")
    (backup,) = list_backups(settings())
    with backup.path.open("r+b") as file:
        file.seek(-100, 2)
        file.write(b"x" * 50)
    state, came = upkeep(capsys, "drill")["restore-drill"]
    assert state == "failed"
    assert "is not the file that its manifest describes" in came
    ((passed, problem),) = warehouse.execute(DRILLS).fetchall()
    assert passed is None
    assert "is not the file that its manifest describes" in problem
    assert scratch_databases(postgres) == []


def test_a_claim_that_the_warehouse_breaks_is_named_and_is_no_fault_of_the_backup(
    warehouse: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse.execute(REMOVED)
    upkeep(capsys, "backup")
    for _ in ("while it is so", "when it was mended since, and was known when the backup was made"):
        state, came = upkeep(capsys, "drill")["restore-drill"]
        assert state == "done"
        assert "came back whole" in came
        assert came.endswith("as in the warehouse: trainable_photo__was_not_removed (1 rows)")
        run_checks(warehouse, dag_id="check_everything", run_id="x", is_whole=True)
        upkeep(capsys, "backup")
        warehouse.execute("delete from core.removed_photo")
    assert warehouse.execute(DRILLS).fetchall() == [(True, None), (True, None)]


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        WarehouseError("the login may not"),
        psycopg.Error("gone"),
    ],
)
def test_what_kept_a_backup_from_being_tried_is_not_said_of_the_backup(
    warehouse: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    upkeep(capsys, "backup")
    (backup,) = list_backups(settings())
    warehouse.execute(
        "insert into core.restore_drill (file_name, started_at, row_count) values (%s, now(), 7)",
        (backup.path.name,),
    )
    monkeypatch.setattr(drill, "restore_warehouse", fail)
    state, came = upkeep(capsys, "drill")["restore-drill"]
    assert state == "failed"
    assert came.startswith(f"{backup.path.name} could not be tried: {error}")
    (failed,) = look_around(warehouse, settings(), is_thorough=False).troubles
    assert "could not be tried at" in failed.sentence
    # It has passed before, and that stands.
    assert list_passed_backups(warehouse) == (backup.path.name,)
    for name in ("RESTORE_DRILL_DAYS", "MAX_BACKUP_AGE_HOURS"):
        monkeypatch.setenv(name, "0")
        settings.cache_clear()
        assert look_around(warehouse, settings(), is_thorough=False).troubles == ()
        monkeypatch.delenv(name)


def test_a_copy_that_cannot_be_dropped_is_told_and_the_backup_is_good(
    warehouse: psycopg.Connection[Any],
    postgres: PostgresAddress,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    upkeep(capsys, "backup")
    looked: list[object] = []

    def drop(*words: Any) -> object:
        looked.append(words)
        if len(looked) == 2:
            msg = "somebody is inside"
            raise psycopg.errors.ObjectInUse(msg)
        return drop_scratch(*words)

    monkeypatch.setattr(drill, "drop_scratch", drop)
    state, came = upkeep(capsys, "drill")["restore-drill"]
    assert (state, "could not be dropped, drop it: somebody is inside" in came) == ("failed", True)
    assert warehouse.execute(DRILLS).fetchall() == [(True, None)]
    assert scratch_databases(postgres) == ["warehouse_drill"]


def make_copy(postgres: PostgresAddress, name: str, mark: str | None = None) -> None:
    with postgres.connect() as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        comment = sql.SQL("comment on database {} is {}")
        connection.execute(comment.format(sql.Identifier(name), sql.Literal(mark)))


def test_what_a_killed_drill_left_is_dropped_and_of_two_at_once_one_waits(
    warehouse: psycopg.Connection[Any],
    postgres: PostgresAddress,
    capsys: pytest.CaptureFixture[str],
) -> None:
    upkeep(capsys, "backup")
    for name in ("warehouse_drill", "warehouse_drill_new_20260101t000000z"):
        make_copy(postgres, name, mark_of(settings()))
    warehouse.execute("select pg_advisory_lock(%s)", [DRILL_LOCK])
    state, came = upkeep(capsys, "drill")["restore-drill"]
    assert (state, "another restore drill of 'warehouse' is at it" in came) == ("failed", True)
    assert len(scratch_databases(postgres)) == 2
    warehouse.execute("select pg_advisory_unlock(%s)", [DRILL_LOCK])
    assert upkeep(capsys, "drill")["restore-drill"][0] == "done"
    assert scratch_databases(postgres) == []


def test_a_night_without_a_drill_drops_what_a_killed_one_left(
    postgres: PostgresAddress, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RESTORE_DRILL_DAYS", "0")
    settings.cache_clear()
    make_copy(postgres, "warehouse_drill", mark_of(settings()))
    told = upkeep(capsys, "night")
    assert (told["restore-drill"][0], told["killed-drills"]) == (
        "skipped",
        ("done", "dropped: warehouse_drill"),
    )
    assert scratch_databases(postgres) == []


@pytest.mark.parametrize(
    "mark", [None, "SightScan: made by a restore drill of another, which drops it"]
)
def test_a_database_that_no_drill_of_this_warehouse_made_is_left_alone(
    postgres: PostgresAddress, capsys: pytest.CaptureFixture[str], mark: str | None
) -> None:
    upkeep(capsys, "backup")
    make_copy(postgres, "warehouse_drill", mark)
    state, came = upkeep(capsys, "drill")["restore-drill"]
    assert (state, "no drill of this warehouse has made it, so it is left alone" in came) == (
        "failed",
        True,
    )
    assert scratch_databases(postgres) == ["warehouse_drill"]


def test_nobody_but_the_pipeline_may_enter_what_is_on_trial(
    postgres: PostgresAddress, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    upkeep(capsys, "backup")
    seen = []

    def look(*_: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
        with postgres.connect() as connection:
            seen.extend(
                connection.execute(
                    "select rolname, has_database_privilege(rolname, 'warehouse_drill', 'connect')"
                    " from pg_roles where rolname like 'sightscan%' order by rolname"
                ).fetchall()
            )
        return (), ()

    monkeypatch.setattr(drill, "_failing_checks", look)
    assert upkeep(capsys, "drill")["restore-drill"][0] == "done"
    assert seen == [
        ("sightscan_analyst", False),
        ("sightscan_app", False),
        ("sightscan_pipeline", True),
    ]


def test_without_a_backup_the_drill_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    state, came = upkeep(capsys, "drill")["restore-drill"]
    assert (state, "there is no backup of 'warehouse' in" in came) == ("failed", True)


def test_no_old_backup_goes_while_no_new_one_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KEEP_DAILY_BACKUPS", "1")
    monkeypatch.setenv("KEEP_WEEKLY_BACKUPS", "0")
    monkeypatch.setenv("PG_BIN_FOLDER", "/none")
    settings.cache_clear()
    folder = tmp_path / "backups"
    folder.mkdir()
    for day in (1, 2):
        (folder / f"warehouse-2026010{day}T000000Z-upkeep.dump").touch()
    told = upkeep(capsys, "night")
    assert told["backup"][0] == "failed"
    assert told["old-backups"] == ("skipped", "none goes while no new one is made")
    # And all else is done.
    assert told["warehouse-history"][0] == "done"
    assert len(list(folder.iterdir())) == 2


def test_no_old_backup_goes_while_the_last_that_was_tried_is_not_good(
    warehouse: psycopg.Connection[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KEEP_DAILY_BACKUPS", "1")
    monkeypatch.setenv("KEEP_WEEKLY_BACKUPS", "0")
    settings.cache_clear()
    folder = tmp_path / "backups"
    folder.mkdir()
    names = [f"warehouse-2026010{day}T000000Z-upkeep.dump" for day in (1, 2, 3)]
    for name in names:
        (folder / name).touch()
    note = "insert into core.restore_drill (file_name, started_at, row_count, problem) values (%s, now(), %s, %s)"
    warehouse.execute(note, (names[1], 7, None))
    warehouse.execute(note, (names[2], None, "it is damaged"))
    state, came = upkeep(capsys, "backup")["old-backups"]
    assert (state, came) == (
        "skipped",
        f"none goes until a restore drill passes: that of {names[2]} did not",
    )
    assert {*names} < {path.name for path in folder.iterdir()}
    # The same night again, as Kubernetes begins it anew: no second backup, and the drill is made up for.
    told = upkeep(capsys, "night")
    assert {told[name][0] for name in ("backup", "old-backups")} == {"skipped"}
    assert told["restore-drill"][0] == "done"
    warehouse.execute(note, (names[1], 7, None))
    assert upkeep(capsys, "backup")["old-backups"] == ("done", "removed=3")
    left = {backup.path.name for backup in list_backups(settings())}
    assert names[1] in left
    assert len(left) == 2


def test_a_drill_that_could_not_be_made_keeps_no_file_and_excuses_no_bad_one(
    warehouse: psycopg.Connection[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KEEP_DAILY_BACKUPS", "1")
    monkeypatch.setenv("KEEP_WEEKLY_BACKUPS", "0")
    settings.cache_clear()
    folder = tmp_path / "backups"
    folder.mkdir()
    names = [f"warehouse-2026010{day}T000000Z-upkeep.dump" for day in (1, 2, 3)]
    for name in names:
        (folder / name).touch()
    note = "insert into core.restore_drill (file_name, started_at, row_count, problem) values (%s, now(), %s, %s)"
    warehouse.execute(note, (names[0], 7, None))
    warehouse.execute(note, (names[2], None, "it is damaged"))
    warehouse.execute(note, (names[2], None, f"{UNTRIED}nobody may create a database"))
    assert upkeep(capsys, "backup")["old-backups"][0] == "skipped"
    warehouse.execute(note, (names[0], 7, None))
    warehouse.execute(note, (names[2], None, f"{UNTRIED}nobody may create a database"))
    assert upkeep(capsys, "backup")["old-backups"] == ("done", "removed=3")
    assert names[0] in {backup.path.name for backup in list_backups(settings())}


def test_a_check_that_fails_only_in_what_came_back_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    upkeep(capsys, "backup")
    real = drill.run_checks

    def spoilt(connection: psycopg.Connection[Any], **how: Any) -> Any:
        connection.execute(REMOVED)
        return real(connection, **how)

    monkeypatch.setattr(drill, "run_checks", spoilt)
    state, came = upkeep(capsys, "drill")["restore-drill"]
    assert (state, "data checks fail in what came back: " in came) == ("failed", True)


def test_a_backup_of_the_evening_does_not_stand_in_for_the_nights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    for hours, state in ((5, "done"), (0, "skipped")):
        for old in folder.iterdir():
            old.unlink()
        moment = datetime.now(UTC) - timedelta(hours=hours, minutes=1)
        (folder / f"warehouse-{moment:%Y%m%dT%H%M%SZ}-upkeep.dump").touch()
        assert upkeep(capsys, "night")["backup"][0] == state


def test_a_server_that_is_backed_up_otherwise_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAX_BACKUP_AGE_HOURS", "0")
    settings.cache_clear()
    told = upkeep(capsys, "night")
    assert {told[name][0] for name in ("backup", "restore-drill")} == {"skipped"}
    assert not (tmp_path / "backups").exists()


def test_old_findings_go_and_the_last_ones_open_ones_and_money_stay(
    warehouse: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse.execute(HISTORY)
    money = spent(warehouse)
    trial = upkeep(capsys, "clean", "--dry-run")["warehouse-history"]
    assert trial == ("done", "check_results=198 incidents=2 notes_of_backups=8")
    assert upkeep(capsys, "clean")["warehouse-history"] == trial
    left = {
        "core.check_result": 4,
        "core.incident": 2,
        "core.incident_message": 1,
        "core.incident_silence": 1,
        "core.backup": 1,
        "core.restore_drill": 1,
    }
    assert {
        table: warehouse.execute(
            sql.SQL("select count(*) from {}").format(sql.Identifier(*table.split(".")))
        ).fetchone()
        for table in left
    } == {table: (count,) for table, count in left.items()}
    assert spent(warehouse) == money
    assert upkeep(capsys, "clean")["warehouse-history"][1] == (
        "check_results=0 incidents=0 notes_of_backups=0"
    )


def spent(warehouse: psycopg.Connection[Any]) -> list[Any]:
    return warehouse.execute(
        "select call_id, state, price_usd, answer from core.paid_call order by call_id"
    ).fetchall()
