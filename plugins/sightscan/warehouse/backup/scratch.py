"""The database that a restore drill makes beside the warehouse: its name, its mark, and its end.

Only what carries the mark of this warehouse's drills is ever dropped: a name alone says nothing of who
made a database.
"""

import hashlib
from typing import Any

import psycopg
from psycopg import sql

from sightscan.errors import WarehouseError
from sightscan.settings import Settings
from sightscan.warehouse.backup.restore import MAX_NAME_BYTES
from sightscan.warehouse.statements import statement

SUFFIX = "_drill"
HASH_DIGITS = 8


def scratch_name(config: Settings) -> str:
    """Return the name of the database that a drill makes and drops.

    Raises:
        WarehouseError: that is the warehouse itself.

    """
    name = config.pgdatabase.encode()
    room = MAX_NAME_BYTES - len(SUFFIX)
    if len(name) > room:
        # Two long names may begin alike.
        digits = hashlib.sha256(name).hexdigest()[:HASH_DIGITS].encode()
        name = name[: room - HASH_DIGITS - 1].decode(errors="ignore").encode() + b"_" + digits
    scratch = name.decode() + SUFFIX
    if scratch == config.pgdatabase:
        msg = (
            f"a backup of {config.pgdatabase!r} would be tried in a database of the same name, which is "
            "the warehouse: rename it (alter database ... rename to ...), and set PGDATABASE to its new "
            "name"
        )
        raise WarehouseError(msg)
    return scratch


def mark_of(config: Settings) -> str:
    """Return the comment that a drill puts on what it makes."""
    return f"SightScan: made by a restore drill of {config.pgdatabase}, which drops it"


def drop_scratch(connection: psycopg.Connection[Any], config: Settings) -> tuple[str, ...]:
    """Drop what drills of this warehouse made, those that were killed too; return the names.

    Nobody else may be at a drill, and the connection must commit by itself.
    """
    scratch = scratch_name(config)
    rows = connection.execute(
        statement("backup/list_scratch_databases"),
        {"scratch": scratch, "unfinished": f"{scratch}_new_", "mark": mark_of(config)},
    ).fetchall()
    names = tuple(name for (name,) in rows)
    for name in names:
        connection.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        )
    return names


def require_no_other(connection: psycopg.Connection[Any], scratch: str) -> None:
    """Refuse to go on if there is a database of that name, which no drill has made.

    Raises:
        WarehouseError: there is.

    """
    found = connection.execute("select from pg_database where datname = %s", (scratch,)).fetchone()
    if found is not None:
        msg = (
            f"the database {scratch!r} is there, and no drill of this warehouse has made it, so it is "
            f"left alone: look what it is, and rename it, or drop it (drop database {scratch})"
        )
        raise WarehouseError(msg)
