"""Restore a backup into a database of its own, verify it, and only then give it its name.

What was there is never overwritten: it is renamed, so the way back is to rename it again. What was
taken down there stays taken down, and what was paid there stays paid.
"""

import json
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from sightscan.errors import WarehouseError
from sightscan.settings import Settings
from sightscan.warehouse.backup.carry_spend import CarriedSpend, carry_spend
from sightscan.warehouse.backup.carry_takedowns import read_tombstones, take_down_again
from sightscan.warehouse.backup.dump import Manifest, count_rows, hash_file, manifest_of
from sightscan.warehouse.backup.pg_tools import (
    connection_environment,
    find_program,
    run_program,
)
from sightscan.warehouse.connection import connect
from sightscan.warehouse.schema.migrate import forbid_shared_functions

MAINTENANCE_DATABASE = "postgres"
OWNER = "sightscan_pipeline"
VISITORS = ("sightscan_app", "sightscan_analyst")
# PostgreSQL's 63, less the longest that is put behind it: `_before_20261129t124204z_99`.
MAX_NAME_BYTES = 36
CUSTOM_DUMP = b"PGDMP"

logger = logging.getLogger(__name__)


class UnsoundBackup(WarehouseError):
    """The file is none that a backup wrote, is damaged, or gave not what its manifest says."""


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """Where the backup is now, under which name what was there is kept, and what was verified.

    `buried` photos had been taken down after the backup, and `carried` was paid after it; None if that
    could not be known.
    """

    database: str
    kept_as: str | None
    row_count: int
    is_verified: bool
    objects: int
    buried: int | None = 0
    carried: CarriedSpend | None = field(default_factory=CarriedSpend)


def restore_warehouse(
    config: Settings,
    dump: Path,
    database: str,
    *,
    replace_existing: bool = False,
    mark: str | None = None,
) -> RestoreReport:
    """Restore a dump into `database`; with `replace_existing`, what is there gets another name.

    The login must be allowed to create databases. Roles that the dump grants to are made if they
    are missing, without a password. A `mark` becomes the database's comment from its beginning, and
    keeps the app and the analysts out: it is on trial.

    Raises:
        UnsoundBackup: the file is no dump or is damaged, or what came out is not what the manifest
            says.
        WarehouseError: the database is there, the login may not create one, or pg_restore fails.

    """
    manifest = _read_dump(dump)
    moment = datetime.now(UTC).strftime("%Y%m%dt%H%M%Sz")
    workshop = f"{database}_new_{moment}"
    server = config.model_copy(update={"pgdatabase": MAINTENANCE_DATABASE})
    with connect(server, autocommit=True) as connection:
        program = find_program(config, "pg_restore", connection.info.server_version // 10_000)
        _require_free(connection, database, replace_existing=replace_existing)
        _create_database(connection, workshop, mark)
        try:
            run_program(
                _command(connection, program, workshop, dump),
                connection_environment(config, workshop),
                lambda: _size_of(connection, workshop),
            )
            restored = config.model_copy(update={"pgdatabase": workshop})
            # Rights to the server's own functions come back only if the superuser gives them.
            with connect(restored, autocommit=True) as inside:
                forbid_shared_functions(inside)
            rows = _verify(restored, manifest, dump)
            kept_as = (
                _free_name(connection, f"{database}_before_{moment}")
                if _exists(connection, database)
                else None
            )
            buried: int | None = 0
            carried: CarriedSpend | None = CarriedSpend()
            if kept_as is not None:
                replaced = config.model_copy(update={"pgdatabase": database})
                carried = carry_spend(replaced, restored, OWNER)
                tombstones = read_tombstones(replaced)
                buried = (
                    None if tombstones is None else take_down_again(restored, tombstones, OWNER)
                )
            _give_names(connection, workshop, database, kept_as, is_open=mark is None)
        except BaseException:
            _drop(connection, workshop)
            raise
    report = RestoreReport(
        database,
        kept_as,
        sum(rows.values()),
        manifest is not None,
        manifest.objects if manifest else 0,
        buried,
        carried,
    )
    logger.info("database=%s rows=%d kept_as=%s", database, report.row_count, kept_as)
    return report


def _read_dump(dump: Path) -> Manifest | None:
    """Return the manifest of a dump that is whole; None if it was made without one."""
    try:
        with dump.open("rb") as file:
            head = file.read(len(CUSTOM_DUMP))
    except OSError as error:
        msg = f"cannot read the backup {dump}: {error.strerror}; name a file that `backup` wrote"
        raise WarehouseError(msg) from None
    if head != CUSTOM_DUMP:
        msg = f"{dump} is no backup: expected a dump of pg_dump in its custom format; name another"
        raise UnsoundBackup(msg)
    try:
        manifest = Manifest(**json.loads(manifest_of(dump).read_text("utf-8")))
    except FileNotFoundError:
        logger.warning("%s has no manifest beside it: what comes out cannot be verified", dump)
        return None
    except (ValueError, TypeError) as error:
        msg = f"{manifest_of(dump)} is no manifest ({error}); move it away to go on without it"
        raise UnsoundBackup(msg) from None
    if dump.stat().st_size != manifest.byte_count or hash_file(dump) != manifest.sha256:
        msg = (
            f"{dump} is not the file that its manifest describes ({dump.stat().st_size} bytes, "
            f"expected {manifest.byte_count}): it is damaged or cut short; take another copy"
        )
        raise UnsoundBackup(msg)
    return manifest


def _require_free(
    connection: psycopg.Connection[Any], database: str, *, replace_existing: bool
) -> None:
    if not 1 <= len(database.encode()) <= MAX_NAME_BYTES:
        msg = (
            f"{database!r} cannot be the database's name: expected 1 to {MAX_NAME_BYTES} bytes, "
            "because PostgreSQL cuts names at 63 and the old one gets a time behind it; shorten it"
        )
        raise WarehouseError(msg)
    if _exists(connection, database) and not replace_existing:
        msg = (
            f"the database {database!r} is there already: name a new one, or say --replace (it is "
            "then kept under another name)"
        )
        raise WarehouseError(msg)


def _create_database(connection: psycopg.Connection[Any], name: str, mark: str | None) -> None:
    row = connection.execute(
        "select rolsuper, rolcreatedb from pg_roles where rolname = current_user"
    ).fetchone()
    is_superuser, may_create = row or (False, False)
    user = connection.info.user
    if not (is_superuser or may_create):
        msg = (
            f"the login {user!r} may not create databases: restore with PGUSER and PGPASSWORD of "
            f"the server's superuser, or let it do: alter role {user} createdb"
        )
        raise WarehouseError(msg)
    for role in (OWNER, *VISITORS):
        _ensure_role(connection, role)
    owner = sql.Identifier(OWNER)
    # Superusers of managed services are none: they must be members of the owner.
    if not is_superuser and user != OWNER:
        connection.execute(sql.SQL("grant {} to current_user").format(owner))
    database = sql.Identifier(name)
    connection.execute(
        sql.SQL("create database {} owner {} template template0").format(database, owner)
    )
    # By default every login may enter every database.
    connection.execute(
        sql.SQL("revoke connect, temporary on database {} from public").format(database)
    )
    if mark is not None:
        connection.execute(
            sql.SQL("comment on database {} is {}").format(database, sql.Literal(mark))
        )


def _ensure_role(connection: psycopg.Connection[Any], role: str) -> None:
    known = connection.execute("select from pg_roles where rolname = %s", (role,)).fetchone()
    if known is None:
        with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))


def _command(
    connection: psycopg.Connection[Any], program: Path, database: str, dump: Path
) -> list[str | Path]:
    command: list[str | Path] = [
        program,
        "--exit-on-error",
        "--single-transaction",
        "--no-password",
        "--no-owner",
        f"--dbname={database}",
    ]
    if connection.info.user != OWNER:
        command.append(f"--role={OWNER}")
    return [*command, dump]


def _verify(restored: Settings, manifest: Manifest | None, dump: Path) -> dict[str, int]:
    with connect(restored) as connection:
        rows = count_rows(connection)
    if manifest is not None and rows != manifest.rows:
        tables = sorted(rows.keys() | manifest.rows.keys())
        wrong = next(name for name in tables if rows.get(name) != manifest.rows.get(name))
        msg = (
            f"{dump} gave {rows.get(wrong, 'no')} rows of {wrong}, but its manifest says "
            f"{manifest.rows.get(wrong, 'none')}; nothing was replaced, take another backup"
        )
        raise UnsoundBackup(msg)
    return rows


def _give_names(
    connection: psycopg.Connection[Any],
    workshop: str,
    database: str,
    kept_as: str | None,
    *,
    is_open: bool,
) -> None:
    """Rename both databases in one transaction: there is never none of the name.

    Visitors may enter only now: one who is inside would keep the name from being given.
    """
    rename = sql.SQL("alter database {} rename to {}")
    try:
        with connection.transaction():
            if kept_as is not None:
                connection.execute(rename.format(sql.Identifier(database), sql.Identifier(kept_as)))
            connection.execute(rename.format(sql.Identifier(workshop), sql.Identifier(database)))
            if is_open:
                connection.execute(
                    sql.SQL("grant connect on database {} to {}").format(
                        sql.Identifier(database),
                        sql.SQL(", ").join(map(sql.Identifier, VISITORS)),
                    )
                )
    except psycopg.errors.ObjectInUse:
        msg = (
            f"programs are connected to {database!r}, so it cannot be replaced: stop Airflow and "
            "the app, and restore again"
        )
        raise WarehouseError(msg) from None


def _exists(connection: psycopg.Connection[Any], database: str) -> bool:
    found = connection.execute("select from pg_database where datname = %s", (database,)).fetchone()
    return found is not None


def _free_name(connection: psycopg.Connection[Any], name: str) -> str:
    """Return `name`, or it with a number behind it: a script may restore twice in one second."""
    candidates = chain([name], (f"{name}_{number}" for number in count(2)))
    return next(free for free in candidates if not _exists(connection, free))


def _size_of(connection: psycopg.Connection[Any], database: str) -> str:
    row = connection.execute("select pg_database_size(%s)", (database,)).fetchone()
    return f"{(row[0] if row else 0) / 1e6:,.0f} MB restored"


def _drop(connection: psycopg.Connection[Any], database: str) -> None:
    connection.execute(
        sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database))
    )
