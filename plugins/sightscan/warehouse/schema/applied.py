"""What was applied: `public.schema_migration`, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg

from sightscan.errors import WarehouseError
from sightscan.warehouse.schema.files import MigrationFile

# Not a file, but remembered like one: the marts as they were created last.
MARTS = "marts"


def read_known(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """Return the hash of each that was applied, by name; make the table if there is none."""
    connection.execute(
        "create table if not exists public.schema_migration ("
        " name text primary key, sha256 text not null,"
        " applied_at timestamptz not null default now())"
    )
    return dict(connection.execute("select name, sha256 from public.schema_migration").fetchall())


def refuse_edited(files: Sequence[MigrationFile], known: Mapping[str, str]) -> None:
    """Refuse a file that is not what was applied under its name."""
    for file in files:
        if known.get(file.name, file.sha256) != file.sha256:
            msg = (
                f"migration {file.name!r} was applied with other contents: migrations are never "
                "edited; undo the edit and add a new file"
            )
            raise WarehouseError(msg)


def find_newer(
    missing: Sequence[MigrationFile], known: Iterable[str], files: Sequence[MigrationFile]
) -> list[str]:
    """Return what a newer version applied; refuse a warehouse that is of another line of versions.

    The older version must do nothing then: it would put its older marts in place.
    """
    newer = sorted(set(known) - {MARTS} - {file.name for file in files})
    if newer and missing:
        msg = (
            f"the warehouse has {', '.join(newer)}, which is not among the files, and lacks "
            f"{', '.join(file.name for file in missing)}: they belong to different versions; "
            "migrate with the files of the version that is in use"
        )
        raise WarehouseError(msg)
    return newer


def remember(connection: psycopg.Connection[Any], name: str, digest: str) -> None:
    """Note that this was applied."""
    connection.execute(
        "insert into public.schema_migration (name, sha256) values (%s, %s)"
        " on conflict (name) do update set sha256 = excluded.sha256, applied_at = now()",
        (name, digest),
    )


def forget_marts(connection: psycopg.Connection[Any]) -> None:
    """Have the marts renewed: whoever is killed before it leaves that to the next one."""
    connection.execute("delete from public.schema_migration where name = %s", [MARTS])
