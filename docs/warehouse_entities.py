"""The entities of the core and their references, from the catalogue, as a Mermaid `erDiagram`.

Only keys and foreign keys are drawn: the other columns are in the dictionary below the drawing.
"""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

import psycopg
from psycopg.rows import class_row

from docs.queries import query


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
        columns = cursor.execute(query("key_columns")).fetchall()
    with connection.cursor(row_factory=class_row(Reference)) as cursor:
        references = cursor.execute(query("references")).fetchall()
    lines = [f"    {reference.line}" for reference in references]
    for entity, own in groupby(columns, lambda column: column.entity):
        lines += [f"    {entity} {{", *(f"        {column.line}" for column in own), "    }"]
    return "\n".join(["```mermaid", "erDiagram", "    direction LR", *lines, "```", ""])
