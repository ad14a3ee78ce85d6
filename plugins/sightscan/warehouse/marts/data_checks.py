"""Data checks: include/sql/checks/<mart>__<claim>.sql returns the rows that break the claim.

A check is about one city (`city_id`) or, where that is null, about all, in one statement: asked for
one city after the other, checks cost what the registry has, whatever was in it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from sightscan.errors import WarehouseError
from sightscan.settings import settings
from sightscan.warehouse.statements import statement

HEAD = re.compile(r"-- severity: (?P<severity>fail|warn)\n")
SAMPLE_SIZE = 10


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found; `sample` holds the first offending rows."""

    name: str
    severity: str
    offending_count: int
    sample: Sequence[Mapping[str, object]]


def run_checks(
    connection: psycopg.Connection[Any],
    *,
    dag_id: str,
    run_id: str,
    city_id: str | None = None,
    folder: Path | None = None,
) -> tuple[CheckResult, ...]:
    """Run all checks, keep their results in core.check_result, and return them.

    With a city, a check looks at the rows of this city alone; each says where, by %(city_id)s.

    Raises:
        WarehouseError: a check does not say its severity in its first line.

    """
    results = tuple(_run_check(connection, file, city_id) for file in _files(folder))
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            statement("marts/insert_check_result"),
            [
                {
                    "check_name": result.name,
                    "severity": result.severity,
                    "offending_count": result.offending_count,
                    "offending_sample": Jsonb(result.sample),
                    "dag_id": dag_id,
                    "run_id": run_id,
                }
                for result in results
            ],
        )
    return results


def run_check(connection: psycopg.Connection[Any], name: str, city_id: str) -> CheckResult:
    """Run one check about one city."""
    return _run_check(connection, settings().sql_folder / "checks" / f"{name}.sql", city_id)


def check_script() -> str:
    """Return all checks as one text to read, each under the name of its file."""
    return "\n".join(f"-- {file.name}\n{file.read_text(encoding='utf-8')}" for file in _files())


def _files(folder: Path | None = None) -> list[Path]:
    return sorted((folder or settings().sql_folder / "checks").glob("*.sql"))


def _run_check(connection: psycopg.Connection[Any], file: Path, city_id: str | None) -> CheckResult:
    text = file.read_text(encoding="utf-8")
    head = HEAD.match(text)
    if head is None:
        msg = (
            f"{file.name} must start with '-- severity: fail' or '-- severity: warn'; add the line"
        )
        raise WarehouseError(msg)
    with connection.cursor(row_factory=dict_row) as cursor:
        # The text is the repository's own, so it is as good as a literal.
        cursor.execute(text, {"city_id": city_id})
        sample = [_as_text(row) for row in cursor.fetchmany(SAMPLE_SIZE)]
        return CheckResult(file.stem, head["severity"], cursor.rowcount, sample)


def _as_text(row: Mapping[str, object]) -> dict[str, object]:
    return {
        name: value.hex() if isinstance(value, bytes) else str(value) for name, value in row.items()
    }
