"""SQL on a real PostgreSQL, with cases as data: rows in, rows out, no Python per case.

A case is a folder `<kind>/[<package>/]<name>/<case>` that mirrors `include/sql/<kind>/[<package>/]<name>.sql`, or is about
the view `core.<name>` of the schema:

- `input.yaml`: rows by table; what a row does not say comes from `defaults.yaml`; the hourly facts
  are computed from them, unless they are given;
- `params.yaml`: the parameters of a query;
- `expect.yaml`: the rows that come out, in any order, or a mapping with the rows of tables
  afterwards (by table) beside the rows that came out (`returned`). Only the columns named there
  are compared.

`!sha256 a` is the SHA-256 of the text `a`, `!hex a` the same in hex, `!bytes a` the text itself,
`!json '[]'` any JSON.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from sightscan.warehouse.marts.hourly_facts import rebuild_hourly_marts

HERE = Path(__file__).parent
SQL = HERE.parents[1] / "include" / "sql"
CASES = sorted(file.parent.relative_to(HERE).as_posix() for file in HERE.rglob("expect.yaml"))

Row = Mapping[str, Any]


class CaseLoader(yaml.SafeLoader):
    """YAML with short names for bytes."""


CaseLoader.add_constructor("!json", lambda _, node: Jsonb(json.loads(node.value)))
CaseLoader.add_constructor("!bytes", lambda _, node: _encoded(node))
CaseLoader.add_constructor("!sha256", lambda _, node: hashlib.sha256(_encoded(node)).digest())
CaseLoader.add_constructor("!hex", lambda _, node: hashlib.sha256(_encoded(node)).hexdigest())


@pytest.mark.parametrize("case", CASES)
def test_rows_come_out_as_expected(warehouse: psycopg.Connection[Any], case: str) -> None:
    folder = HERE / case
    kind, *names, _ = case.split("/")
    name = "/".join(names)
    rows = _read(folder / "input.yaml")
    _insert(warehouse, rows)
    if not any(table.startswith("mart.") for table in rows):
        rebuild_hourly_marts(warehouse)
    params = folder / "params.yaml"
    returned = _run(warehouse, kind, name, _read(params) if params.exists() else None)
    expected = _read(folder / "expect.yaml")
    if not isinstance(expected, dict):
        expected = {"returned": expected}
    for table, rows in expected.items():
        found = returned if table == "returned" else _rows_of(warehouse, table)
        columns = _columns_of(rows)
        assert _sorted(found, columns) == _sorted(rows, columns), table


def test_every_check_has_a_case_that_passes_and_one_that_fails() -> None:
    found = {
        (file.parts[-3], bool(_read(file))) for file in (HERE / "checks").glob("*/*/expect.yaml")
    }
    checks = {file.stem for file in (SQL / "checks").glob("*.sql")}
    assert found == {(check, fails) for check in checks for fails in (True, False)}


def _insert(connection: psycopg.Connection[Any], tables: Mapping[str, Sequence[Row]]) -> None:
    # Without foreign keys: a case names only the rows that it is about.
    connection.execute("set session_replication_role = replica")
    defaults = _read(HERE / "defaults.yaml")
    for table, rows in tables.items():
        for row in rows:
            values = {**defaults.get(table, {}), **row}
            connection.execute(
                sql.SQL("insert into {} ({}) overriding system value values ({})").format(
                    sql.Identifier(*table.split(".")),
                    sql.SQL(", ").join(map(sql.Identifier, values)),
                    sql.SQL(", ").join(map(sql.Placeholder, values)),
                ),
                {
                    column: Jsonb(value) if isinstance(value, dict) else value
                    for column, value in values.items()
                },
            )


def _run(
    connection: psycopg.Connection[Any], kind: str, name: str, params: Row | None
) -> list[dict[str, Any]]:
    if kind == "core":
        return _rows_of(connection, f"core.{name}")
    file = SQL / kind / f"{name}.sql"
    assert file.is_file(), f"no {file}: the folder must be named after a statement"
    if kind == "marts":
        return _rows_of(connection, f"mart.{name}")
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            file.read_text(encoding="utf-8"),
            {"city_id": None, "keys": None} if kind == "checks" else params,
        )
        return cursor.fetchall() if cursor.description else []


def _rows_of(connection: psycopg.Connection[Any], table: str) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        query = sql.SQL("select * from {}").format(sql.Identifier(*table.split(".")))
        return cursor.execute(query).fetchall()


def _columns_of(rows: Sequence[Row]) -> list[str]:
    columns = sorted({column for row in rows for column in row})
    assert all(len(row) == len(columns) for row in rows), "expected rows must name equal columns"
    return columns


def _sorted(rows: Sequence[Row], columns: Sequence[str]) -> list[dict[str, Any]]:
    kept = [{column: _plain(row[column]) for column in columns} for row in rows]
    return sorted(kept, key=repr)


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal | int) else value


def _read(path: Path) -> Any:
    # The loader is a safe one that knows three more tags.
    return yaml.load(path.read_text(encoding="utf-8"), CaseLoader)  # noqa: S506 - see above


def _encoded(node: yaml.ScalarNode) -> bytes:
    return str(node.value).encode()
