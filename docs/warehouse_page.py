"""docs/WAREHOUSE.md: the dictionary of the warehouse, read from the catalogue of a migrated one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import class_row

from docs.queries import query
from docs.warehouse_entities import draw_entities
from docs.warehouse_roles import describe_roles

SCHEMAS = ("load", "core", "mart")
ROLES = ("sightscan_pipeline", "sightscan_app", "sightscan_analyst")
GRAIN = re.compile(r"-- Grain: (.*(?:\n-- .*)*)")
INTRODUCTION = """\
# The warehouse

Three layers of one PostgreSQL database (15 or newer): `load`, `core`, `mart`. Migrations
(`include/sql/schema`) are applied in order, each once, by `sightscan warehouse migrate`;
`public.schema_migration` remembers them. Marts are views (`include/sql/marts`), replaced whole
when their text changes; the tables behind hourly marts end in `_v1`. How a warehouse in use is
brought to a newer version: [upgrade](runbooks/upgrade.md).
"""
ENTITIES = """\
## Entities of the core

Keys, and each foreign key as a line to what it refers to; nothing refers to `load` and `mart`.
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table or a view of the warehouse."""

    table_id: int
    schema_name: str
    name: str
    is_view: bool
    is_unlogged: bool
    comment: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of it."""

    name: str
    type: str
    is_required: bool
    comment: str


def describe_warehouse(connection: psycopg.Connection[Any], marts_folder: Path) -> str:
    """Return the page for the warehouse that `connection` reaches."""
    with connection.cursor(row_factory=class_row(Table)) as cursor:
        tables = cursor.execute(query("tables"), {"schemas": list(SCHEMAS)}).fetchall()
    parts = [
        INTRODUCTION,
        _contents(tables),
        ENTITIES,
        draw_entities(connection),
        describe_roles(connection, SCHEMAS, ROLES),
    ]
    for schema in SCHEMAS:
        parts.append(f"## {schema}\n\n{_schema_comment(connection, schema)}\n")
        parts += [
            _describe_table(connection, table, marts_folder)
            for table in tables
            if table.schema_name == schema
        ]
    return "\n".join(parts)


def _contents(tables: list[Table]) -> str:
    lines = ["| layer | tables and views |", "|---|---|"]
    for schema in SCHEMAS:
        names = [
            f"[{table.name}](#{schema}{table.name})"
            for table in tables
            if table.schema_name == schema
        ]
        lines.append(f"| [{schema}](#{schema}) | {', '.join(names)} |")
    return "\n".join(lines) + "\n"


def _schema_comment(connection: psycopg.Connection[Any], schema: str) -> str:
    query = "select obj_description(%s::regnamespace, 'pg_namespace')"
    row = connection.execute(query, [schema]).fetchone()
    return str(row[0]) if row and row[0] else ""


def _describe_table(connection: psycopg.Connection[Any], table: Table, marts_folder: Path) -> str:
    with connection.cursor(row_factory=class_row(Column)) as cursor:
        columns = cursor.execute(query("columns"), {"table_id": table.table_id}).fetchall()
    kind = "view" if table.is_view else "unlogged table" if table.is_unlogged else "table"
    lines = [
        f"### {table.schema_name}.{table.name}",
        "",
        f"{table.comment} ({kind})",
        *_grain(table, marts_folder),
        "",
        "| column | type | null | meaning |",
        "|---|---|---|---|",
        *(_column_row(column, is_view=table.is_view) for column in columns),
        "",
        *_rules(connection, table),
    ]
    return "\n".join(lines)


def _grain(table: Table, marts_folder: Path) -> Iterator[str]:
    if table.schema_name != "mart" or not table.is_view:
        return
    found = GRAIN.match((marts_folder / f"{table.name}.sql").read_text(encoding="utf-8"))
    if found:
        yield ""
        yield f"Grain: {found[1].replace(chr(10) + '-- ', ' ')}"


def _column_row(column: Column, *, is_view: bool) -> str:
    # A view does not say whether a column may be null.
    null = "" if is_view else "no" if column.is_required else "yes"
    return f"| {column.name} | {column.type} | {null} | {_cell(column.comment)} |"


def _rules(connection: psycopg.Connection[Any], table: Table) -> Iterator[str]:
    """Yield keys, checks and indexes, what refers to it, and who may do what."""
    names = {"table_id": table.table_id}
    definitions = [row[0] for row in connection.execute(query("constraints"), names)]
    definitions += [row[0] for row in connection.execute(query("indexes"), names)]
    if definitions:
        yield from (f"- `{definition}`" for definition in definitions)
        yield ""
    children = [
        f"[{row[0]}](#{row[0].replace('.', '')})"
        for row in connection.execute(query("referred_by"), names)
    ]
    if children:
        yield f"Referred to by {', '.join(children)}."
        yield ""
    asked = {"schema_name": table.schema_name, "name": table.name, "roles": list(ROLES)}
    grants = [
        f"`{role}` {privileges}" for role, privileges in connection.execute(query("grants"), asked)
    ]
    if grants:
        yield f"Granted: {'; '.join(grants)}."
        yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
