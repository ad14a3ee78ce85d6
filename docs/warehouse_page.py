"""docs/WAREHOUSE.md: the dictionary of the warehouse, read from the catalogue of a migrated one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import class_row

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
TABLES = """\
select
    pg_class.oid::bigint as table_id,
    pg_namespace.nspname as schema_name,
    pg_class.relname as name,
    pg_class.relkind = 'v' as is_view,
    pg_class.relpersistence = 'u' as is_unlogged,
    coalesce(obj_description(pg_class.oid, 'pg_class'), '') as comment
from pg_class
inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
where pg_namespace.nspname = any(%(schemas)s) and pg_class.relkind in ('r', 'v')
order by array_position(%(schemas)s, pg_namespace.nspname::text), pg_class.relname
"""
COLUMNS = """\
select
    pg_attribute.attname as name,
    format_type(pg_attribute.atttypid, pg_attribute.atttypmod) as type,
    pg_attribute.attnotnull as is_required,
    coalesce(col_description(pg_attribute.attrelid, pg_attribute.attnum), '') as comment
from pg_attribute
where
    pg_attribute.attrelid = %(table_id)s::oid
    and pg_attribute.attnum > 0
    and not pg_attribute.attisdropped
order by pg_attribute.attnum
"""
CONSTRAINTS = """\
select pg_get_constraintdef(pg_constraint.oid) as definition
from pg_constraint
where pg_constraint.conrelid = %(table_id)s::oid and pg_constraint.contype in ('p', 'u', 'f', 'c')
order by position(pg_constraint.contype::text in 'pufc'), pg_constraint.conname
"""
# Those that no constraint stands for; a key for some rows only is one of them.
INDEXES = """\
select
    case when pg_index.indisunique then 'UNIQUE ' else 'INDEX ' end
    || substring(pg_get_indexdef(pg_index.indexrelid) from 'USING (.*)') as definition
from pg_index
left join pg_constraint
    on pg_index.indexrelid = pg_constraint.conindid and pg_constraint.contype in ('p', 'u', 'x')
where pg_index.indrelid = %(table_id)s::oid and pg_constraint.oid is null
order by pg_index.indisunique desc, pg_index.indexrelid::regclass::text
"""
REFERRED_BY = """\
select distinct pg_constraint.conrelid::regclass::text as child
from pg_constraint
where pg_constraint.confrelid = %(table_id)s::oid and pg_constraint.contype = 'f'
order by child
"""
GRANTS = """\
select
    role_table_grants.grantee as role,
    string_agg(lower(role_table_grants.privilege_type), ', ' order by role_table_grants.privilege_type)
        as privileges
from information_schema.role_table_grants
where
    role_table_grants.table_schema = %(schema_name)s
    and role_table_grants.table_name = %(name)s
    and role_table_grants.grantee = any(%(roles)s)
group by role_table_grants.grantee
order by array_position(%(roles)s, role_table_grants.grantee::text)
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
        tables = cursor.execute(TABLES, {"schemas": list(SCHEMAS)}).fetchall()
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
        columns = cursor.execute(COLUMNS, {"table_id": table.table_id}).fetchall()
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
    definitions = [row[0] for row in connection.execute(CONSTRAINTS, names)]
    definitions += [row[0] for row in connection.execute(INDEXES, names)]
    if definitions:
        yield from (f"- `{definition}`" for definition in definitions)
        yield ""
    children = [
        f"[{row[0]}](#{row[0].replace('.', '')})" for row in connection.execute(REFERRED_BY, names)
    ]
    if children:
        yield f"Referred to by {', '.join(children)}."
        yield ""
    asked = {"schema_name": table.schema_name, "name": table.name, "roles": list(ROLES)}
    grants = [f"`{role}` {privileges}" for role, privileges in connection.execute(GRANTS, asked)]
    if grants:
        yield f"Granted: {'; '.join(grants)}."
        yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
