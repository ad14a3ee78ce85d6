"""The files that make the schema: migrations in order, then the views of the marts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sightscan.errors import WarehouseError

OUTSIDE_MARK = "-- outside a transaction"


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
