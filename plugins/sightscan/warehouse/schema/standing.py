"""How a warehouse stands, as its pipeline's login sees it: which schema, which rights, which time."""

from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from sightscan.warehouse.schema.files import MARTS, read_migrations
from sightscan.warehouse.statements import statement


def list_lacking_migrations(connection: psycopg.Connection[Any], sql_folder: Path) -> list[str]:
    """Return the migrations of a folder that the warehouse does not have; all, if it has no table of them."""
    files = [file.name for file in read_migrations(sql_folder / "schema")]
    try:
        applied = {name for (name,) in connection.execute(statement("schema/list_applied"))}
    except psycopg.errors.UndefinedTable:
        return files
    return [name for name in files if name not in applied]


def list_newer_migrations(connection: psycopg.Connection[Any], sql_folder: Path) -> list[str]:
    """Return the migrations that the warehouse has and the folder has not: those of a newer version."""
    files = {file.name for file in read_migrations(sql_folder / "schema")}
    applied = [name for (name,) in connection.execute(statement("schema/list_applied"))]
    return [name for name in applied if name not in files | {MARTS}]


def list_missing_rights(connection: psycopg.Connection[Any]) -> list[str]:
    """Return what this login should be allowed as the pipeline's and is not, such as `insert on core.city`."""
    rows = connection.execute(statement("schema/list_missing_rights"), {})
    return [right for (right,) in rows]


def read_clock(connection: psycopg.Connection[Any]) -> datetime:
    """Return what the server's clock says."""
    ((now_at,),) = connection.execute(statement("schema/read_clock")).fetchall()
    moment: datetime = now_at
    return moment
