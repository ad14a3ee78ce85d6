"""Migrations: forward only, safe to repeat, safe at once."""

import shutil
import threading
from pathlib import Path

import pytest

from sandbox.addresses import PostgresAddress
from sightscan.cli.main import main
from sightscan.errors import SettingsError, WarehouseError
from sightscan.settings import read_settings, settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.schema.migrate import MigrationReport, migrate

SQL_FOLDER = settings().sql_folder


def test_second_migration_applies_nothing(empty_database: PostgresAddress) -> None:
    with connect() as connection:
        first = migrate(connection, SQL_FOLDER)
    with connect() as connection:
        second = migrate(connection, SQL_FOLDER)
    assert len(first.applied) == len(list((SQL_FOLDER / "schema").glob("*.sql")))
    assert second == MigrationReport((), len(first.applied), marts_renewed=False)


def test_two_migrations_at_once_apply_each_file_once(empty_database: PostgresAddress) -> None:
    reports: list[MigrationReport] = []

    def run() -> None:
        with connect() as connection:
            reports.append(migrate(connection, SQL_FOLDER))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(report.applied) for report in reports)[:-1] == [0, 0, 0]


def test_an_edited_migration_is_refused_by_name(
    empty_database: PostgresAddress, tmp_path: Path
) -> None:
    folder = tmp_path / "sql"
    shutil.copytree(SQL_FOLDER, folder)
    with connect() as connection:
        migrate(connection, folder)
    edited = folder / "schema" / "0002_registry.sql"
    edited.write_text(edited.read_text() + "\n-- edited")
    with connect() as connection, pytest.raises(WarehouseError, match="0002_registry"):
        migrate(connection, folder)


def test_a_failing_migration_leaves_nothing_of_itself(
    empty_database: PostgresAddress, tmp_path: Path
) -> None:
    folder = tmp_path / "sql"
    shutil.copytree(SQL_FOLDER, folder)
    (folder / "schema" / "9999_bad.sql").write_text("create table core.half (id int); select 1/0;")
    with (
        pytest.raises(WarehouseError, match="9999_bad failed: division by zero"),
        connect() as connection,
    ):
        migrate(connection, folder)
    with connect() as connection:
        half = connection.execute("select to_regclass('core.half')").fetchone()
    assert half == (None,)


def test_marts_that_an_interrupted_migration_left_are_renewed_by_the_next(
    empty_database: PostgresAddress, tmp_path: Path
) -> None:
    folder = tmp_path / "sql"
    shutil.copytree(SQL_FOLDER, folder)
    with connect() as connection:
        migrate(connection, folder)
    (folder / "schema" / "9998_good.sql").write_text("drop view mart.city_activity_hourly;")
    (folder / "schema" / "9999_bad.sql").write_text("select 1/0;")
    with pytest.raises(WarehouseError, match="9999_bad"), connect() as connection:
        migrate(connection, folder)
    (folder / "schema" / "9999_bad.sql").write_text("select 1;")
    with connect() as connection:
        assert migrate(connection, folder).marts_renewed
        view = connection.execute("select to_regclass('mart.city_activity_hourly')").fetchone()
    assert view is not None
    assert view[0] is not None


def test_a_mart_without_a_file_is_dropped(empty_database: PostgresAddress) -> None:
    with connect(autocommit=True) as connection:
        migrate(connection, SQL_FOLDER)
        connection.execute("create view mart.old as select * from mart.city_overview")
        connection.execute("delete from public.schema_migration where name = 'marts'")
        migrate(connection, SQL_FOLDER)
        assert connection.execute("select to_regclass('mart.old')").fetchone() == (None,)


def test_a_newer_warehouse_is_left_as_it_is(empty_database: PostgresAddress) -> None:
    """The version before can be started again, and does not put its older marts in place."""
    output: list[str] = []
    with connect(autocommit=True) as connection:
        migrate(connection, SQL_FOLDER)
        connection.execute("insert into public.schema_migration values ('9999_next', 'x')")
        connection.execute("update public.schema_migration set sha256 = 'x' where name = 'marts'")
        report = migrate(connection, SQL_FOLDER, say=output.append)
    assert report == MigrationReport((), report.already_there, marts_renewed=False)
    assert output == ["left as it is: the warehouse is newer than these files, it has 9999_next"]


def test_a_warehouse_of_another_line_of_versions_is_refused(
    empty_database: PostgresAddress,
) -> None:
    with connect(autocommit=True) as connection:
        migrate(connection, SQL_FOLDER)
        connection.execute(
            "update public.schema_migration set name = '0005_other' where name like '0005%'"
        )
        with pytest.raises(WarehouseError, match=r"has 0005_other, .* lacks 0005_labels"):
            migrate(connection, SQL_FOLDER)


def test_a_folder_without_the_hashes_of_what_was_squashed_is_refused(
    empty_database: PostgresAddress, tmp_path: Path
) -> None:
    """Without them, a warehouse of the squashed files would be taken for another line."""
    folder = tmp_path / "sql"
    shutil.copytree(SQL_FOLDER, folder)
    (folder / "schema" / "squashed.sha256").unlink()
    with connect() as connection, pytest.raises(WarehouseError, match=r"no squashed\.sha256 in"):
        migrate(connection, folder)


def test_an_open_transaction_is_refused(empty_database: PostgresAddress) -> None:
    with connect() as connection:
        connection.execute("select 1")
        with pytest.raises(WarehouseError, match="without an open transaction"):
            migrate(connection, SQL_FOLDER)


def test_the_command_says_what_it_applies(
    empty_database: PostgresAddress, capsys: pytest.CaptureFixture[str]
) -> None:
    limits = ("--patience-seconds", "5", "--statement-seconds", "5")
    assert main(["warehouse", "migrate", *limits]) == 0
    output = capsys.readouterr()
    assert "marts_renewed=yes" in output.out
    assert "applying 0001_layers_and_roles (1 of " in output.err


def test_a_wrong_password_is_one_sentence_that_names_the_settings(
    warehouse_address: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "wrong")
    settings.cache_clear()
    with pytest.raises(WarehouseError, match="PGPASSWORD") as caught, connect():
        pass
    assert "\n" not in str(caught.value)
    assert "wrong" not in str(caught.value)


def test_no_host_is_one_sentence_that_says_what_to_set() -> None:
    with pytest.raises(SettingsError, match="PGHOST is not set"), connect(read_settings()):
        pass
