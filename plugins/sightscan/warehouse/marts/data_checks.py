"""Data checks: include/sql/checks/<mart>__<claim>.sql returns the rows that break the claim.

A check is one statement, asked about one city (`city_id`) or, where that is null, about all; and
about the photos, cities, hours, datasets or runs that `keys` names, as its scope says, or, where these are
null, about everything. Asked for one city after the other, checks would cost what the registry has.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from sightscan.errors import WarehouseError
from sightscan.settings import settings
from sightscan.warehouse.connection import bulk_cursor

SAMPLE_SIZE = 10
# By the columns that a check of the scope returns, each key is told.
SCOPES: Mapping[str, tuple[str, ...]] = {
    "photo": ("sha256",),
    "city": ("city_id",),
    "hour": ("hour_at",),
    "dataset": ("city_id", "dataset_version"),
    "run": ("dag_id", "run_id"),
}
HEAD = re.compile(
    rf"-- severity: (?P<severity>fail|warn)\n-- scope: (?P<scope>{'|'.join(SCOPES)})\n"
)


@dataclass(frozen=True, slots=True)
class DataCheck:
    """A check as its file has it."""

    name: str
    severity: str
    scope: str
    text: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found; `sample` holds the first offending rows, `offences` the keys of all.

    `asked_count` is how many keys it was asked about; None: about everything.
    """

    name: str
    severity: str
    offending_count: int
    sample: Sequence[Mapping[str, object]]
    offences: frozenset[str]
    asked_count: int | None


def read_checks(folder: Path | None = None) -> list[DataCheck]:
    """Return all checks in the order of their names.

    Raises:
        WarehouseError: a check does not say its severity and its scope in its first two lines.

    """
    return [_read_check(file) for file in _files(folder)]


def ask(
    connection: psycopg.Connection[Any],
    check: DataCheck,
    *,
    city_id: str | None = None,
    keys: Collection[str] | None = None,
) -> CheckResult:
    """Ask a check about one city or all, and about these keys of its scope or everything.

    Raises:
        WarehouseError: its rows do not tell the keys of its scope.

    """
    with bulk_cursor(connection) as cursor:
        cursor.row_factory = dict_row
        asked = {"city_id": city_id, "keys": None if keys is None else sorted(keys)}
        # The text is the repository's own, so it is as good as a literal. Planned for what is asked.
        cursor.execute(check.text, asked, prepare=False)
        rows = cursor.fetchall()
    return CheckResult(
        name=check.name,
        severity=check.severity,
        offending_count=len(rows),
        sample=[_as_text(row) for row in rows[:SAMPLE_SIZE]],
        offences=frozenset(_key_of(check, row) for row in rows),
        asked_count=None if keys is None else len(keys),
    )


def run_check(connection: psycopg.Connection[Any], name: str, city_id: str) -> CheckResult:
    """Run one check about one city."""
    check = _read_check(settings().sql_folder / "checks" / f"{name}.sql")
    return ask(connection, check, city_id=city_id)


def check_script() -> str:
    """Return all checks as one text to read, each under the name of its file."""
    return "\n".join(f"-- {file.name}\n{file.read_text(encoding='utf-8')}" for file in _files())


def _files(folder: Path | None = None) -> list[Path]:
    return sorted((folder or settings().sql_folder / "checks").glob("*.sql"))


def _read_check(file: Path) -> DataCheck:
    text = file.read_text(encoding="utf-8")
    head = HEAD.match(text)
    if head is None:
        msg = (
            f"{file.name} must start with a line '-- severity: fail' or '-- severity: warn' and a "
            f"line '-- scope: ' with one of {', '.join(SCOPES)}; add the lines"
        )
        raise WarehouseError(msg)
    return DataCheck(file.stem, head["severity"], head["scope"], text)


def _key_of(check: DataCheck, row: Mapping[str, object]) -> str:
    """Return what a row is about, as text that its scope's type reads; of no city: nothing."""
    columns = SCOPES[check.scope]
    if not row.keys() >= set(columns):
        msg = (
            f"the check {check.name} has the scope {check.scope}, so its rows must have "
            f"{' and '.join(columns)}, but they have {', '.join(row)}; select it"
        )
        raise WarehouseError(msg)
    values = [row[column] for column in columns]
    return "/".join(
        f"\\x{value.hex()}" if isinstance(value, bytes) else str("" if value is None else value)
        for value in values
    )


def _as_text(row: Mapping[str, object]) -> dict[str, object]:
    return {
        name: value.hex() if isinstance(value, bytes) else str(value) for name, value in row.items()
    }
