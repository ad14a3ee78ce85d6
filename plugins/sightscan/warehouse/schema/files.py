"""The files that make the schema, and `public.schema_migration`, which remembers what was applied.

Migrations in order, then the views of the marts; and what follows from the two together.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from sightscan.errors import WarehouseError

OUTSIDE_MARK = "-- outside a transaction"
# Not a file, but remembered like one: the marts as they were created last.
MARTS = "marts"
# Hashes of the migrations that were squashed, as `sha256sum` writes them.
SQUASHED = "squashed.sha256"
# This file and those before it make what the squashed ones made.
LAST_OF_SQUASH = "0007_facts_and_reports"
LAST_COMMIT_BEFORE_SQUASH = "98da476"


@dataclass(frozen=True, slots=True)
class MigrationFile:
    """One migration, as it is on disk."""

    name: str
    text: str

    @property
    def sha256(self) -> str:
        """Hash of the text: an applied file is never edited."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def is_outside(self) -> bool:
        """Whether it is one statement that runs by itself, such as `create index concurrently`."""
        return self.text.startswith(OUTSIDE_MARK)


@dataclass(frozen=True, slots=True)
class Squash:
    """Migrations that are no files any more (hash by name), and the files that make the same."""

    old: Mapping[str, str]
    new: tuple[MigrationFile, ...]

    def is_due(self, known: Mapping[str, str]) -> bool:
        """Tell whether the warehouse has all the old ones, exactly as they were.

        Raises:
            WarehouseError: it has some of them, or one that was edited.

        """
        found = {name: known[name] for name in self.old if name in known}
        edited = sorted(name for name in found if found[name] != self.old[name])
        if edited:
            msg = (
                f"migration {edited[0]!r} was applied with other contents than commit "
                f"{LAST_COMMIT_BEFORE_SQUASH} has: migrations are never edited; restore a backup "
                "from before the edit, or bring the warehouse by hand to what that commit makes"
            )
            raise WarehouseError(msg)
        if found and found != self.old:
            lacking = sorted(self.old.keys() - found.keys())
            msg = (
                f"the warehouse has {len(found)} of the {len(self.old)} migrations that were "
                f"squashed, and lacks {', '.join(lacking)}: migrate it with the files of commit "
                f"{LAST_COMMIT_BEFORE_SQUASH}, which has them all, then with these"
            )
            raise WarehouseError(msg)
        return bool(found)

    def replace_in(self, known: Mapping[str, str]) -> dict[str, str]:
        """Return what is known once the new files stand for the old ones."""
        kept = {name: digest for name, digest in known.items() if name not in self.old}
        return kept | {file.name: file.sha256 for file in self.new}


def read_migrations(folder: Path) -> tuple[MigrationFile, ...]:
    """Return the migrations of a folder in their order.

    Raises:
        WarehouseError: there is none.

    """
    files = tuple(
        MigrationFile(path.stem, path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.sql"))
    )
    if not files:
        msg = f"no migration in {folder}: expected NNNN_*.sql there; check SQL_FOLDER"
        raise WarehouseError(msg)
    return files


def read_squash(folder: Path, files: Sequence[MigrationFile]) -> Squash:
    """Return which migrations of before these files of the folder stand for.

    Raises:
        WarehouseError: the list of their hashes is not there.

    """
    path = folder / SQUASHED
    if not path.is_file():
        msg = f"no {SQUASHED} in {folder}: expected it beside the migrations; check SQL_FOLDER"
        raise WarehouseError(msg)
    lines = path.read_text(encoding="utf-8").splitlines()
    old = {Path(name).stem: digest for digest, name in map(str.split, lines)}
    return Squash(old, tuple(file for file in files if file.name <= LAST_OF_SQUASH))


def read_marts(folder: Path, order: Sequence[str]) -> dict[str, str]:
    """Return the text of each mart's view, in the order of their dependence.

    Raises:
        WarehouseError: the order and the files do not name the same marts.

    """
    different = sorted({path.stem for path in folder.glob("*.sql")} ^ set(order))
    if different:
        msg = f"MART_ORDER must name each file of {folder} once, but differs in {different}"
        raise WarehouseError(msg)
    return {name: (folder / f"{name}.sql").read_text(encoding="utf-8") for name in order}


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


def forget(connection: psycopg.Connection[Any], names: Iterable[str]) -> None:
    """Note nothing of these any more; without MARTS, the marts are renewed by the next one."""
    connection.execute("delete from public.schema_migration where name = any(%s)", [list(names)])
