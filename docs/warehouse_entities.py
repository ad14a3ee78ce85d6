"""The entities of the warehouse and their references, read from the catalogue for the drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

ENTITIES = """\
select
    pg_namespace.nspname as schema,
    pg_class.relname as name,
    case
        when pg_class.relkind = 'v' then 'view'
        when pg_class.relpersistence = 'u' then 'unlogged'
        else 'table'
    end as kind,
    (
        select count(*)
        from pg_attribute
        where pg_attribute.attrelid = pg_class.oid and pg_attribute.attnum > 0 and not pg_attribute.attisdropped
    ) as column_count,
    array(
        select pg_attribute.attname::text
        from pg_constraint
        cross join unnest(pg_constraint.conkey) with ordinality as key (attnum, place)
        inner join pg_attribute
            on pg_constraint.conrelid = pg_attribute.attrelid and key.attnum = pg_attribute.attnum
        where pg_constraint.conrelid = pg_class.oid and pg_constraint.contype = 'p'
        order by key.place
    ) as key_columns
from pg_class
inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
where pg_namespace.nspname in ('load', 'core', 'mart') and pg_class.relkind in ('r', 'p', 'v')
order by pg_class.relname
"""
REFERENCES = """\
select
    child.relname as child,
    parent.relname as parent,
    array(
        select pg_attribute.attname::text
        from unnest(pg_constraint.conkey) with ordinality as key (attnum, place)
        inner join pg_attribute
            on pg_constraint.conrelid = pg_attribute.attrelid and key.attnum = pg_attribute.attnum
        order by key.place
    ) as columns
from pg_constraint
inner join pg_class as child on pg_constraint.conrelid = child.oid
inner join pg_class as parent on pg_constraint.confrelid = parent.oid
where
    pg_constraint.contype = 'f'
    and child.relnamespace = 'core'::regnamespace
    and parent.relnamespace = 'core'::regnamespace
order by child.relname, pg_constraint.conname
"""


@dataclass(frozen=True, slots=True)
class Entity:
    """A table or a view."""

    schema: str
    name: str
    kind: str
    column_count: int
    key_columns: list[str]


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key from one table of the core to another, or to itself."""

    child: str
    parent: str
    columns: list[str]


def list_entities(connection: psycopg.Connection[Any]) -> list[Entity]:
    """Return the tables and views of all layers by name."""
    with connection.cursor(row_factory=class_row(Entity)) as cursor:
        return cursor.execute(ENTITIES).fetchall()


def list_references(connection: psycopg.Connection[Any]) -> list[Reference]:
    """Return the foreign keys of the core."""
    with connection.cursor(row_factory=class_row(Reference)) as cursor:
        return cursor.execute(REFERENCES).fetchall()
