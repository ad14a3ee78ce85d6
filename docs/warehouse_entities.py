"""The entities of the core and their references, from the catalogue, as a Mermaid `erDiagram`.

Only keys and foreign keys are drawn: the other columns are in the dictionary below the drawing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

import psycopg
from psycopg.rows import class_row

KEY_COLUMNS = """\
select
    pg_class.relname as entity,
    pg_attribute.attname as name,
    format_type(pg_attribute.atttypid, null) as type,
    bool_or(pg_constraint.contype = 'p') as is_key,
    bool_or(pg_constraint.contype = 'f') as is_foreign
from pg_class
inner join pg_constraint on pg_class.oid = pg_constraint.conrelid and pg_constraint.contype in ('p', 'f')
inner join pg_attribute
    on pg_class.oid = pg_attribute.attrelid and pg_attribute.attnum = any(pg_constraint.conkey)
where pg_class.relnamespace = 'core'::regnamespace
group by pg_class.relname, pg_attribute.attname, pg_attribute.attnum, pg_attribute.atttypid
order by pg_class.relname, pg_attribute.attnum
"""
REFERENCES = """\
select
    child.relname as child,
    parent.relname as parent,
    array_agg(pg_attribute.attname::text order by array_position(pg_constraint.conkey, pg_attribute.attnum))
        as columns,
    not bool_and(pg_attribute.attnotnull) as is_optional,
    exists (
        select from pg_index
        where
            pg_index.indrelid = child.oid
            and pg_index.indisunique
            and pg_index.indpred is null
            and pg_index.indkey::smallint[] <@ pg_constraint.conkey
    ) as is_to_one
from pg_constraint
inner join pg_class as child on pg_constraint.conrelid = child.oid
inner join pg_class as parent on pg_constraint.confrelid = parent.oid
inner join pg_attribute
    on child.oid = pg_attribute.attrelid and pg_attribute.attnum = any(pg_constraint.conkey)
where pg_constraint.contype = 'f' and child.relnamespace = 'core'::regnamespace
group by child.oid, child.relname, parent.relname, pg_constraint.conname, pg_constraint.conkey
order by parent.relname, child.relname, pg_constraint.conname
"""


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """A column of a primary key, of a foreign key, or of both."""

    entity: str
    name: str
    type: str
    is_key: bool
    is_foreign: bool

    @property
    def line(self) -> str:
        """As Mermaid has it: type, name, marks."""
        marks = ["PK"] * self.is_key + ["FK"] * self.is_foreign
        return f"{self.type.replace(' ', '_')} {self.name} {', '.join(marks)}"


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key from one table of the core to another, or to itself.

    Optional if it may be null; to one if a row of the parent has one child at most.
    """

    child: str
    parent: str
    columns: list[str]
    is_optional: bool
    is_to_one: bool

    @property
    def line(self) -> str:
        """As Mermaid has it: crow's feet at the child, the columns as words on the line."""
        feet = f"{'|o' if self.is_optional else '||'}--{'o|' if self.is_to_one else 'o{'}"
        return f'{self.parent} {feet} {self.child} : "{", ".join(self.columns)}"'


def draw_entities(connection: psycopg.Connection[Any]) -> str:
    """Return the drawing of the core of the warehouse that `connection` reaches."""
    with connection.cursor(row_factory=class_row(KeyColumn)) as cursor:
        columns = cursor.execute(KEY_COLUMNS).fetchall()
    with connection.cursor(row_factory=class_row(Reference)) as cursor:
        references = cursor.execute(REFERENCES).fetchall()
    lines = [f"    {reference.line}" for reference in references]
    for entity, own in groupby(columns, lambda column: column.entity):
        lines += [f"    {entity} {{", *(f"        {column.line}" for column in own), "    }"]
    return "\n".join(["```mermaid", "erDiagram", "    direction LR", *lines, "```", ""])
