"""Forward-only migrations: include/sql/schema/NNNN_*.sql in order, each once, then the marts.

Safe to repeat, and safe when two start at once: one advisory lock, one transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from sightscan.errors import WarehouseError

# Any number that nobody else locks; the same for everyone who migrates.
MIGRATION_LOCK = 7_362_051
LOCK_TIMEOUT = "30s"
# The marts in the order of their dependence: a view comes after the views that it reads.
MART_ORDER = (
    "decided_label",
    "accepted_label",
    "trainable_photo",
    "published_model",
    "published_model_file",
    "city_activity_hourly",
    "city_overview",
    "sight_coverage",
    "label_quality",
    "model_scorecard",
    "spend_by_month",
    "photo_attribution",
)


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What a call of `migrate` did."""

    applied: tuple[str, ...]
    already_there: int
    marts_renewed: bool


def migrate(connection: psycopg.Connection[Any], sql_folder: Path) -> MigrationReport:
    """Bring the warehouse to the newest schema; a warehouse that is there already is left alone.

    Raises:
        WarehouseError: an applied migration was edited, or one fails; nothing of it stays.

    """
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
        cursor.execute("select set_config('lock_timeout', %s, true)", (LOCK_TIMEOUT,))
        cursor.execute(
            "create table if not exists public.schema_migration ("
            " name text primary key, sha256 text not null,"
            " applied_at timestamptz not null default now())"
        )
        cursor.execute("select name, sha256 from public.schema_migration")
        known = dict(cursor.fetchall())
        applied = _apply_migrations(cursor, sorted((sql_folder / "schema").glob("*.sql")), known)
        renewed = _renew_marts(cursor, sql_folder / "marts", known, force=bool(applied))
    return MigrationReport(tuple(applied), len(known) - ("marts" in known), renewed)


def _apply_migrations(
    cursor: psycopg.Cursor[Any], files: Sequence[Path], known: dict[str, str]
) -> list[str]:
    if not files:
        msg = "no migration found: expected NNNN_*.sql in include/sql/schema; check SQL_FOLDER"
        raise WarehouseError(msg)
    applied = []
    for file in files:
        text = file.read_text(encoding="utf-8")
        digest = hashlib.sha256(text.encode()).hexdigest()
        if file.stem in known:
            if known[file.stem] != digest:
                msg = (
                    f"migration {file.stem!r} was applied with other contents: migrations are "
                    "never edited; undo the edit and add a new file"
                )
                raise WarehouseError(msg)
            continue
        _run_file(cursor, file.stem, text)
        _remember(cursor, file.stem, digest)
        applied.append(file.stem)
    return applied


def _renew_marts(
    cursor: psycopg.Cursor[Any], folder: Path, known: dict[str, str], *, force: bool
) -> bool:
    """Drop and create the views of schema mart when their definitions changed."""
    names = {file.stem for file in folder.glob("*.sql")}
    if names != set(MART_ORDER):
        msg = f"MART_ORDER must name each file of {folder} once, but differs in {sorted(names ^ set(MART_ORDER))}"
        raise WarehouseError(msg)
    texts = {name: (folder / f"{name}.sql").read_text(encoding="utf-8") for name in MART_ORDER}
    digest = hashlib.sha256("\n".join(texts.values()).encode()).hexdigest()
    if known.get("marts") == digest and not force:
        return False
    for name in reversed(MART_ORDER):
        cursor.execute(sql.SQL("drop view if exists mart.{}").format(sql.Identifier(name)))
    for name, text in texts.items():
        _run_file(cursor, f"mart {name}", text)
    cursor.execute(
        "grant select on all tables in schema mart"
        " to sightscan_pipeline, sightscan_app, sightscan_analyst"
    )
    _remember(cursor, "marts", digest)
    return True


def _run_file(cursor: psycopg.Cursor[Any], name: str, text: str) -> None:
    try:
        cursor.execute(text)
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        msg = f"{name} failed: {reason}; nothing of it stays, correct the cause and migrate again"
        raise WarehouseError(msg) from error


def _remember(cursor: psycopg.Cursor[Any], name: str, digest: str) -> None:
    cursor.execute(
        "insert into public.schema_migration (name, sha256) values (%s, %s)"
        " on conflict (name) do update set sha256 = excluded.sha256, applied_at = now()",
        (name, digest),
    )
