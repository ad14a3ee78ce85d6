"""A backup comes back whole, or not at all, and overwrites nothing."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from detector_app.texts import LANGUAGES
from sandbox.addresses import PostgresAddress
from sandbox.postgres.databases import create_login
from sightscan.cli.main import main
from sightscan.dataset.freeze import freeze_dataset
from sightscan.errors import WarehouseError
from sightscan.run import Run
from sightscan.settings import Settings, read_settings, settings
from sightscan.warehouse.backup.dump import backup_warehouse, count_rows, manifest_of
from sightscan.warehouse.backup.pg_tools import find_program
from sightscan.warehouse.backup.restore import restore_warehouse
from sightscan.warehouse.connection import connect
from sightscan.warehouse.schema.migrate import migrate
from sightscan.warehouse.takedowns.takedowns import Subjects, remove_photos
from sightscan.warehouse.takedowns.withdrawals import WithdrawalReport, remove_withdrawn_photos
from tests.cities.colour_city import ColourCity, store_colour_city
from tests.waiting import wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
INTO = "restored"


class StandingStill(datetime):
    """A clock that says the same whenever it is asked."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "StandingStill":
        return cls(2026, 11, 2, 3, 15, tzinfo=tz)


@pytest.fixture
def place(warehouse: psycopg.Connection[Any]) -> ColourCity:
    """Fill the warehouse: photos, labels, a dataset, a take-down."""
    place = store_colour_city(warehouse, photos_a_sight=6)
    config = read_settings(min_image_number_per_label=3)
    freeze_dataset(warehouse, config, place.city, Run(place.city.city_id, "city_malaga", "one"))
    gone = next(iter(place.photos.values()))[0]
    remove_photos(warehouse, Subjects((gone,)), reason="asked", removed_by="ann")
    return place


@pytest.fixture(autouse=True)
def databases(postgres: PostgresAddress) -> Iterator[None]:
    """Drop what the tests restored."""
    yield
    with postgres.connect() as connection:
        found = connection.execute(
            "select datname from pg_database where datname like %s", (f"{INTO}%",)
        ).fetchall()
        for (name,) in found:
            drop = sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
            connection.execute(drop)


@pytest.fixture
def dump(place: ColourCity, tmp_path: Path) -> Path:
    target = tmp_path / "sightscan.dump"
    backup_warehouse(settings(), target)
    return target


def contents(database: str) -> dict[str, str]:
    """Hash all rows of each table of a database, but those that a backup is noted in when it is whole."""
    config = settings().model_copy(update={"pgdatabase": database})
    with connect(config) as connection:
        hashes = {}
        for table in count_rows(connection).keys() - {"core.backup"}:
            name = sql.Identifier(*table.split("."))
            row = connection.execute(
                sql.SQL(
                    "select md5(coalesce(string_agg(rows::text, '|' order by rows::text), ''))"
                    " from {} as rows"
                ).format(name)
            ).fetchone()
            assert row is not None
            hashes[table] = row[0]
    return hashes


def rights(database: str) -> list[Any]:
    """List what each role may do with each table and view."""
    config = settings().model_copy(update={"pgdatabase": database})
    with connect(config) as connection:
        return connection.execute(
            "select table_schema, table_name, grantee, privilege_type"
            " from information_schema.role_table_grants"
            " where grantee in ('sightscan_app', 'sightscan_analyst') order by 1, 2, 3, 4"
        ).fetchall()


def names(postgres: PostgresAddress) -> set[str]:
    with postgres.connect() as connection:
        return {row[0] for row in connection.execute("select datname from pg_database").fetchall()}


def test_every_row_comes_back(dump: Path) -> None:
    restore_warehouse(settings(), dump, INTO)
    assert contents(INTO) == contents(settings().pgdatabase)


def test_migration_of_what_came_back_applies_nothing(dump: Path) -> None:
    restore_warehouse(settings(), dump, INTO)
    config = settings().model_copy(update={"pgdatabase": INTO})
    with connect(config) as connection:
        report = migrate(connection, config.sql_folder)
    assert (report.applied, report.marts_renewed) == ((), False)


def test_roles_may_do_what_they_did(dump: Path) -> None:
    restore_warehouse(settings(), dump, INTO)
    assert rights(INTO) == rights(settings().pgdatabase) != []
    with connect(settings()) as connection:
        assert connection.execute(
            "select has_database_privilege('sightscan_app', %(into)s, 'connect'),"
            " has_database_privilege('sightscan_analyst', %(into)s, 'connect')",
            {"into": INTO},
        ).fetchone() == (True, True)


def test_what_the_app_may_not_call_it_may_not_call_after_a_restore(dump: Path) -> None:
    restore_warehouse(settings(), dump, INTO)
    with connect(settings().model_copy(update={"pgdatabase": INTO})) as connection:
        row = connection.execute(
            "select has_function_privilege('sightscan_app', 'lo_create(oid)', 'execute'),"
            " has_function_privilege('sightscan_app', 'pg_advisory_lock(bigint)', 'execute'),"
            " has_function_privilege('sightscan_pipeline', 'pg_advisory_lock(bigint)', 'execute')"
        ).fetchone()
    assert row == (False, False, True)


def test_backup_is_its_owners_alone(dump: Path) -> None:
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (dump, manifest_of(dump))}
    assert modes == {0o600}
    assert {path.name for path in dump.parent.iterdir()} == {dump.name, manifest_of(dump).name}


def test_the_warehouse_knows_of_its_last_backup(
    dump: Path, warehouse: psycopg.Connection[Any]
) -> None:
    assert warehouse.execute("select file_name, byte_count from core.backup").fetchall() == [
        (dump.name, dump.stat().st_size)
    ]


def test_backup_never_overwrites_one(dump: Path) -> None:
    with pytest.raises(WarehouseError, match="is there already"):
        backup_warehouse(settings(), dump)


def test_restore_never_overwrites_silently(dump: Path, postgres: PostgresAddress) -> None:
    restore_warehouse(settings(), dump, INTO)
    with pytest.raises(WarehouseError, match="is there already"):
        restore_warehouse(settings(), dump, INTO)
    assert {name for name in names(postgres) if name.startswith(INTO)} == {INTO}


def test_replaced_database_is_kept_under_another_name(
    dump: Path, postgres: PostgresAddress
) -> None:
    restore_warehouse(settings(), dump, INTO)
    report = restore_warehouse(settings(), dump, INTO, replace_existing=True)
    assert report.kept_as is not None
    assert report.kept_as.startswith(f"{INTO}_before_")
    assert {INTO, report.kept_as} <= names(postgres)


def test_three_restores_in_one_second_keep_what_each_replaced(
    dump: Path, postgres: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock stands still, which is the worst that a quick machine can do."""
    monkeypatch.setattr("sightscan.warehouse.backup.restore.datetime", StandingStill)
    reports = [restore_warehouse(settings(), dump, INTO, replace_existing=True) for _ in range(3)]
    assert [report.kept_as for report in reports] == [
        None,
        f"{INTO}_before_20261102t031500z",
        f"{INTO}_before_20261102t031500z_2",
    ]
    assert {report.kept_as for report in reports if report.kept_as} <= names(postgres)


def test_what_was_taken_down_after_the_backup_stays_taken_down(
    dump: Path, place: ColourCity
) -> None:
    restore_warehouse(settings(), dump, INTO)
    config = settings().model_copy(update={"pgdatabase": INTO})
    with connect(config, autocommit=True) as connection:
        one, other = (
            bytes(row[0])
            for row in connection.execute("select sha256 from core.photo order by sha256 limit 2")
        )
        taken = Subjects((one, other), ("https://never.stored/",))
        remove_photos(connection, taken, reason="asked", removed_by="ben")
        before = tombstones(connection)
    assert restore_warehouse(settings(), dump, INTO, replace_existing=True).buried == 2
    with connect(config) as connection:
        assert before <= tombstones(connection)
        for table in ("photo", "photo_blob", "photo_source", "label"):
            query = sql.SQL("select count(*) from core.{} where sha256 = any(%s)").format(
                sql.Identifier(table)
            )
            assert connection.execute(query, ([one, other],)).fetchone() == (0,)


SHARED = b"a photo that was found elsewhere, too"


def test_what_people_took_back_after_the_backup_stays_taken_back(
    place: ColourCity, warehouse: psycopg.Connection[Any], tmp_path: Path
) -> None:
    """Of what was carried out, one photo stays as it was found elsewhere, so it has no tombstone."""
    dump = tmp_path / "sightscan.dump"
    for number in range(3):
        warehouse.execute(
            "insert into core.contribution (contribution_id, sha256, code_sha256, licence, contributed_at)"
            " values (gen_random_uuid(), sha256(%(photo)s), sha256(%(code)s), 'cc0-1.0', now())",
            {"photo": SHARED + bytes([number]), "code": bytes([number])},
        )
    backup_warehouse(settings(), dump)
    restore_warehouse(settings(), dump, INTO)
    config = settings().model_copy(update={"pgdatabase": INTO})
    taken_back = "select count(*) from load.withdrawal where sha256 = sha256(%s)"
    with connect(config, autocommit=True) as connection:
        connection.execute(
            "update core.contribution set withdrawn_at = now() where sha256 = sha256(%s)",
            [SHARED + bytes([0])],
        )
        connection.execute(
            "insert into load.withdrawal (withdrawal_id, sha256, reason)"
            " values (gen_random_uuid(), sha256(%s), 'mine')",
            [bytes([1])],
        )
    restore_warehouse(settings(), dump, INTO, replace_existing=True)
    with connect(config, autocommit=True) as connection:
        assert connection.execute(taken_back, [SHARED + bytes([0])]).fetchone() == (1,)
        assert connection.execute(taken_back, [bytes([1])]).fetchone() == (1,)
        assert remove_withdrawn_photos(connection) == WithdrawalReport(removed=2, left=0)
        assert connection.execute(
            "select array_agg(withdrawn_at is null order by code_sha256 = sha256(%s))"
            " from core.contribution",
            [bytes([2])],
        ).fetchone() == ([False, False, True],)


def test_what_was_taken_back_before_it_was_taken_in_does_not_come_back(
    place: ColourCity, warehouse: psycopg.Connection[Any], tmp_path: Path
) -> None:
    """The backup is of the minute in which it waited in the inbox."""
    dump = tmp_path / "sightscan.dump"
    warehouse.execute(
        "insert into load.contribution (contribution_id, city_id, sight_id, bytes, licence,"
        " contributed_by, code_sha256) values (gen_random_uuid(), 'Q1', 1, %s, 'cc-by-4.0', 'x',"
        " sha256('code'))",
        [SHARED],
    )
    backup_warehouse(settings(), dump)
    restore_warehouse(settings(), dump, INTO)
    config = settings().model_copy(update={"pgdatabase": INTO})
    with connect(config, autocommit=True) as connection:
        connection.execute("select load.take_back('code', 'mine')")
        assert remove_withdrawn_photos(connection) == WithdrawalReport(removed=1, left=0)
    restore_warehouse(settings(), dump, INTO, replace_existing=True)
    waiting = "select count(*) from load.contribution"
    with connect(config, autocommit=True) as connection:
        assert connection.execute(waiting).fetchone() == (1,)
        assert remove_withdrawn_photos(connection) == WithdrawalReport(removed=1, left=0)
        assert connection.execute(waiting).fetchone() == (0,)


@pytest.mark.parametrize(("language", "weeks"), [("en", "five weeks"), ("de", "fünf Wochen")])
def test_people_are_told_for_how_long_backups_hold_what_they_took_back(
    language: str, weeks: str
) -> None:
    fields = Settings.model_fields
    assert fields["keep_weekly_backups"].default == 5
    assert fields["keep_daily_backups"].default < 5 * 7
    for key in ("improve.use", "improve.withdrawn", "about.privacy"):
        assert weeks in " ".join(LANGUAGES[language][key].split()), key


def test_photo_at_an_address_that_was_taken_down_is_gone_after_the_restore(
    place: ColourCity, warehouse: psycopg.Connection[Any], tmp_path: Path
) -> None:
    """Nothing was stored from there when it was taken down, but it is in the backup."""
    url, dump = "https://a.example/1.jpg", tmp_path / "sightscan.dump"
    warehouse.execute(
        "insert into core.photo_source (sha256, url_sha256, sight_id, url, source, licence, query,"
        " found_at) select min(photo.sha256), sha256(convert_to(%(url)s, 'UTF8')), min(sight_id),"
        " %(url)s, 'test', 'cc0-1.0', 'q', now() from core.photo, core.sight",
        {"url": url},
    )
    backup_warehouse(settings(), dump)
    restore_warehouse(settings(), dump, INTO)
    config = settings().model_copy(update={"pgdatabase": INTO})
    with connect(config, autocommit=True) as connection:
        connection.execute("delete from core.photo_source")
        remove_photos(connection, Subjects((), (url,)), reason="asked", removed_by="ben")
    assert restore_warehouse(settings(), dump, INTO, replace_existing=True).buried == 1
    with connect(config) as connection:
        known = "select count(*) from core.photo_source where url = %s"
        assert connection.execute(known, (url,)).fetchone() == (0,)


def test_database_whose_take_downs_cannot_be_read_is_replaced_all_the_same(
    dump: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    restore_warehouse(settings(), dump, INTO)
    config = settings().model_copy(update={"pgdatabase": INTO})
    with connect(config) as connection:
        connection.execute("alter table core.removed_photo rename column reason to damaged")
    assert main(["warehouse", "restore", str(dump), "--into", INTO, "--replace"]) == 0
    assert "its take-downs could not be read: do them again" in capsys.readouterr().out


def tombstones(connection: psycopg.Connection[Any]) -> set[tuple[Any, ...]]:
    return set(
        connection.execute(
            "select sha256, reason, removed_by, recorded_at from core.removed_photo"
            " union all select url_sha256, reason, removed_by, recorded_at from core.removed_url"
        ).fetchall()
    )


def test_database_in_use_is_not_replaced(dump: Path, postgres: PostgresAddress) -> None:
    restore_warehouse(settings(), dump, INTO)
    with (
        replace(postgres, database=INTO).connect(),
        pytest.raises(WarehouseError, match="stop Airflow and the app"),
    ):
        restore_warehouse(settings(), dump, INTO, replace_existing=True)
    assert {name for name in names(postgres) if name.startswith(INTO)} == {INTO}


def test_damaged_file_is_refused_before_anything_is_made(
    dump: Path, postgres: PostgresAddress
) -> None:
    dump.write_bytes(dump.read_bytes()[:-100])
    with pytest.raises(WarehouseError, match="damaged or cut short"):
        restore_warehouse(settings(), dump, INTO)
    assert INTO not in names(postgres)


def test_damaged_file_without_a_manifest_leaves_no_database(
    dump: Path, postgres: PostgresAddress
) -> None:
    dump.write_bytes(dump.read_bytes()[: dump.stat().st_size // 2])
    manifest_of(dump).unlink()
    with pytest.raises(WarehouseError, match="pg_restore failed"):
        restore_warehouse(settings(), dump, INTO)
    assert not [name for name in names(postgres) if name.startswith(INTO)]


def test_restore_that_gives_other_counts_is_refused(dump: Path, postgres: PostgresAddress) -> None:
    manifest = json.loads(manifest_of(dump).read_text())
    manifest["rows"]["core.photo"] += 1
    manifest_of(dump).write_text(json.dumps(manifest))
    with pytest.raises(WarehouseError, match=r"29 rows of core\.photo, but its manifest says 30"):
        restore_warehouse(settings(), dump, INTO)
    assert not [name for name in names(postgres) if name.startswith(INTO)]


@pytest.mark.parametrize("text", [None, b"", b"select 1;"])
def test_what_is_no_backup_is_a_sentence(tmp_path: Path, text: bytes | None) -> None:
    file = tmp_path / "other"
    if text is not None:
        file.write_bytes(text)
    with pytest.raises(WarehouseError, match=r"cannot read the backup|is no backup"):
        restore_warehouse(settings(), file, INTO)


@pytest.mark.parametrize("name", ["", "x" * 37])
def test_name_that_postgres_would_cut_is_refused(dump: Path, name: str) -> None:
    with pytest.raises(WarehouseError, match="expected 1 to 36 bytes"):
        restore_warehouse(settings(), dump, name)


def test_login_that_may_not_create_databases_is_told_so(
    dump: Path, postgres: PostgresAddress
) -> None:
    create_login(postgres, "nobody_special", "a password")
    config = read_settings(pguser="nobody_special", pgpassword="a password")
    with pytest.raises(WarehouseError, match="may not create databases"):
        restore_warehouse(config, dump, INTO)


def test_older_pg_dump_is_refused_with_what_to_install(tmp_path: Path) -> None:
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 14.2'\n")
    old.chmod(0o755)
    with pytest.raises(WarehouseError, match="install postgresql-client-18"):
        find_program(read_settings(pg_bin_folder=tmp_path), "pg_dump", 18)


def test_program_of_the_servers_own_version_is_preferred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = tmp_path / "pg_dump"
    newer.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 99.1'\n")
    newer.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert find_program(read_settings(), "pg_dump", 18) != newer


def test_interrupted_backup_leaves_no_file(
    place: ColourCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "bin" / "pg_dump"
    slow.parent.mkdir()
    started = tmp_path / "started"
    slow.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = --version ]; then echo "pg_dump (PostgreSQL) 99.1"; exit; fi\n'
        f"touch {started}\nexec sleep 60\n"
    )
    slow.chmod(0o755)
    monkeypatch.setenv("PG_BIN_FOLDER", str(slow.parent))
    monkeypatch.setenv("PYTHONPATH", f"{REPOSITORY / 'plugins'}{os.pathsep}{REPOSITORY}")
    folder = tmp_path / "backups"
    command = [
        sys.executable,
        "-m",
        "sightscan",
        "warehouse",
        "backup",
        "--to",
        folder / "one.dump",
    ]
    backup = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    wait_until(started.exists)
    backup.send_signal(signal.SIGTERM)
    _, output = backup.communicate(timeout=60)
    assert (backup.returncode, list(folder.iterdir())) == (2, [])
    assert "was interrupted" in output


def test_password_is_on_no_command_line(
    place: ColourCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "said"
    spy = tmp_path / "pg_dump"
    spy.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = --version ]; then echo "pg_dump (PostgreSQL) 99.1"; exit; fi\n'
        f'echo "$@" > {output}\n'
    )
    spy.chmod(0o755)
    config = settings().model_copy(update={"pg_bin_folder": tmp_path})
    backup_warehouse(config, tmp_path / "one.dump")
    assert config.pgpassword is not None
    assert config.pgpassword.get_secret_value() not in output.read_text()


def test_pipelines_own_login_restores_if_it_may_create_databases(
    dump: Path, postgres: PostgresAddress
) -> None:
    role = sql.Identifier("sightscan_pipeline")
    create_login(postgres, "sightscan_pipeline", "a password")
    config = read_settings(pguser="sightscan_pipeline", pgpassword="a password")
    with postgres.connect() as connection:
        connection.execute(sql.SQL("alter role {} createdb").format(role))
        try:
            restore_warehouse(config, dump, INTO)
        finally:
            connection.execute(sql.SQL("alter role {} nocreatedb nologin").format(role))
    assert contents(INTO) == contents(settings().pgdatabase)
    assert rights(INTO) == rights(settings().pgdatabase)
