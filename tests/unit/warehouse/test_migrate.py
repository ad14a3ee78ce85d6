"""Migrations: forward only, safe to repeat, safe at once."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.addresses import PostgresAddress
from sightscan.errors import SettingsError, WarehouseError
from sightscan.settings import read_settings, settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.migrate import MigrationReport, migrate

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
    edited = folder / "schema" / "0002_core.sql"
    edited.write_text(edited.read_text() + "\n-- edited")
    with connect() as connection, pytest.raises(WarehouseError, match="0002_core"):
        migrate(connection, folder)


def test_a_failing_migration_leaves_nothing(
    empty_database: PostgresAddress, tmp_path: Path
) -> None:
    folder = tmp_path / "sql"
    shutil.copytree(SQL_FOLDER, folder)
    (folder / "schema" / "9999_bad.sql").write_text("create table core.half (id int); select 1/0;")
    with pytest.raises(WarehouseError, match="division by zero"), connect() as connection:
        migrate(connection, folder)
    with connect() as connection:
        tables = connection.execute(
            "select count(*) from pg_namespace where nspname in ('load', 'core', 'mart')"
        ).fetchone()
    assert tables == (0,)


def test_every_table_and_column_is_commented(warehouse: psycopg.Connection[Any]) -> None:
    bare = warehouse.execute(
        """
        select n.nspname || '.' || c.relname || coalesce('.' || a.attname, '')
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where n.nspname in ('load', 'core', 'mart') and c.relkind in ('r', 'v', 'm', 'p')
          and (obj_description(c.oid, 'pg_class') is null
               or col_description(c.oid, a.attnum) is null)
        """
    ).fetchall()
    assert bare == []


def test_the_app_role_reads_marts_and_nothing_else(warehouse: psycopg.Connection[Any]) -> None:
    rows = warehouse.execute(
        """
        select n.nspname, c.relname, privilege
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace,
             unnest(array['SELECT','INSERT','UPDATE','DELETE','TRUNCATE']) privilege
        where n.nspname in ('load', 'core', 'mart', 'public') and c.relkind in ('r', 'v')
          and has_table_privilege('sightscan_app', c.oid, privilege)
        """
    ).fetchall()
    inbox = {"city_request", "contribution", "report", "review", "withdrawal"}
    assert all(
        (schema == "mart" and privilege == "SELECT")
        or (schema == "load" and table in inbox and privilege == "INSERT")
        for schema, table, privilege in rows
    )
    assert {table for schema, table, _ in rows if schema == "load"} == inbox


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
