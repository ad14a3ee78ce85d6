"""Back the warehouse up into one file, with a manifest beside it that a restore is verified by.

Dump and manifest are pictures of the same moment (one exported snapshot), while everything runs
on. The file appears whole or not at all, readable by its owner only.
"""

import hashlib
import json
import logging
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from sightscan.errors import WarehouseError
from sightscan.settings import Settings
from sightscan.warehouse.backup.pg_tools import (
    connection_environment,
    find_program,
    run_program,
)
from sightscan.warehouse.connection import connect
from sightscan.warehouse.statements import statement

MANIFEST_SUFFIX = ".manifest.json"
# pg_dump writes bytes as hexadecimal text, twice as long: photos do not compress, but this does (to
# 1.17 of the photos' bytes). Not zstd: not every pg_dump has it, the embedded one has not.
COMPRESSION = "gzip:1"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a dump holds; `rows` is by table, `objects` are photos whose bytes it does not hold."""

    database: str
    taken_at: str
    server_version: int
    byte_count: int
    sha256: str
    rows: Mapping[str, int]
    objects: int


def backup_warehouse(config: Settings, target: Path) -> Manifest:
    """Write a dump of the warehouse to a new file, and its manifest beside it.

    Raises:
        WarehouseError: the file is there already, no pg_dump fits the server, or pg_dump fails.

    """
    if target.exists():
        msg = f"{target} is there already: a backup never overwrites one; name another file"
        raise WarehouseError(msg)
    started = time.monotonic()
    _make_private_folder(target.parent)
    with connect(config) as connection, _unfinished(target) as partial:
        major = connection.info.server_version // 10_000
        program = find_program(config, "pg_dump", major)
        connection.execute("set transaction isolation level repeatable read, read only")
        snapshot = connection.execute("select pg_export_snapshot()").fetchone()
        command: list[str | Path] = [
            program,
            "--format=custom",
            f"--compress={COMPRESSION}",
            "--no-password",
            "--no-unlogged-table-data",
            f"--snapshot={snapshot[0] if snapshot else ''}",
            f"--file={partial}",
        ]
        run_program(
            command,
            connection_environment(config, config.pgdatabase),
            lambda: f"{partial.stat().st_size / 1e6:,.0f} MB written",
        )
        manifest = Manifest(
            database=config.pgdatabase,
            taken_at=datetime.now(UTC).isoformat(timespec="seconds"),
            server_version=major,
            byte_count=partial.stat().st_size,
            sha256=hash_file(partial),
            rows=count_rows(connection),
            objects=_count_objects(connection),
        )
        # The manifest first: a dump that is there has one.
        with _unfinished(manifest_of(target)) as partial_manifest:
            partial_manifest.write_text(json.dumps(asdict(manifest), indent=2) + "\n", "utf-8")
            partial_manifest.replace(manifest_of(target))
        partial.replace(target)
    _note_backup(config, target, manifest)
    logger.info(
        "file=%s bytes=%d seconds=%.1f", target, manifest.byte_count, time.monotonic() - started
    )
    return manifest


def _note_backup(config: Settings, target: Path, manifest: Manifest) -> None:
    """Have the warehouse know of its backup, so that a missing one is noticed; a backup is one without it."""
    try:
        with connect(config) as connection:
            connection.execute(
                statement("backup/note_backup"),
                {"file_name": target.name, "byte_count": manifest.byte_count},
            )
    except (psycopg.Error, WarehouseError) as error:
        logger.warning("%s is whole, but the warehouse could not note it: %s", target, error)


def manifest_of(dump: Path) -> Path:
    """Return where the manifest of a dump is."""
    return dump.with_name(dump.name + MANIFEST_SUFFIX)


def count_rows(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Return the number of rows of each table that a backup keeps."""
    counts = {}
    for schema, table in connection.execute(statement("backup/list_backed_up_tables")).fetchall():
        query = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, table))
        row = connection.execute(query).fetchone()
        counts[f"{schema}.{table}"] = row[0] if row else 0
    return counts


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _count_objects(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(statement("backup/count_stored_objects")).fetchone()
    return row[0] if row else 0


def _make_private_folder(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True)


@contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """Give a new file beside the target that only its owner can read, gone if it is not renamed."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
