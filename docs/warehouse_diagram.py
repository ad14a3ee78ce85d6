"""docs/images/warehouse.svg: the entities of the warehouse and their references, from the catalogue.

The core is drawn whole: keys, and each foreign key as a line. The layers around it are lists, since
nothing refers to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import psycopg

from docs.entity_layout import Layout, Slot, lay_out
from docs.warehouse_entities import Entity, Reference, list_entities, list_references

BOX, LANE_GAP, MARGIN = 178, 58, 30
HEADER, ROW = 26, 17
CHIP, CHIP_GAP = 26, 10
CHARACTER = 7.2
INK, PALE, LINE = "#1f2933", "#7b8794", "#52606d"
FILL = {"load": "#5f6b76", "core": "#2f6f6b", "mart": "#1d5fa8"}
# One colour for all references to the same table, so that a line can be followed.
REFERENCE_COLOURS = (
    "#2f6f6b",
    "#b3541e",
    "#7a3e9d",
    "#1d5fa8",
    "#a3243b",
    "#5b7023",
    "#8a6d1a",
    "#44546a",
    "#c2410c",
    "#0e7490",
    "#9d174d",
    "#3f3fa3",
    "#6b4f2a",
    "#15803d",
)


@dataclass(frozen=True, slots=True)
class Box:
    """A table of the core as it is drawn: its keys, and what it refers to."""

    entity: Entity
    rows: tuple[str, ...]
    references: tuple[Reference, ...]

    @property
    def to_others(self) -> list[Reference]:
        """Those that are drawn as lines."""
        return [item for item in self.references if item.parent != self.entity.name]

    def remark_on(self, column: str) -> str:
        """Say in a word what a column is for, where no line does."""
        if column in self.entity.key_columns:
            return "key"
        own = [item for item in self.references if item.parent == self.entity.name]
        return "of this table" if any(column in item.columns for item in own) else ""

    @property
    def height(self) -> float:
        """Header, one line for each key column, one for the others."""
        return HEADER + ROW * (len(self.rows) + 1) + 6

    def row_of(self, reference: Reference) -> int:
        """Return the line at which a reference begins: the last of its columns says most."""
        return self.rows.index(reference.columns[-1])


def draw_warehouse(connection: psycopg.Connection[Any]) -> str:
    """Return the drawing of the warehouse that `connection` reaches."""
    entities, references = list_entities(connection), list_references(connection)
    core = [entity for entity in entities if entity.schema == "core"]
    between = [reference for reference in references if reference.child != reference.parent]
    related = {name for reference in between for name in (reference.child, reference.parent)}
    boxes = {entity.name: _box(entity, references) for entity in core if entity.name in related}
    parents = {name: [item.parent for item in box.to_others] for name, box in boxes.items()}
    layout = lay_out({name: box.height for name, box in boxes.items()}, parents)
    width = 2 * MARGIN + len(layout.columns) * (BOX + LANE_GAP) - LANE_GAP
    parts: list[str] = []
    y = 20.0
    y = _chips(parts, "load: as received", [e for e in entities if e.schema == "load"], y, width)
    y = _heading(
        parts, "core: normalised truth", "a line leads from a foreign key to what it refers to", y
    )
    parts += _lines(boxes, layout, y)
    for slot in layout.middle:
        if not slot.is_lane:
            parts += _table(boxes[slot.name], slot.rank, y + layout.middle[slot])
    y += layout.height + 18
    alone = [entity for entity in core if entity.name not in related]
    y = _chips(parts, "core, without references", alone, y, width)
    y = _chips(
        parts,
        "mart: what people and programs read",
        [e for e in entities if e.schema == "mart"],
        y,
        width,
    )
    return _page(parts, width, y)


def _box(entity: Entity, references: Sequence[Reference]) -> Box:
    own = tuple(reference for reference in references if reference.child == entity.name)
    foreign = [column for reference in own for column in reference.columns]
    return Box(entity, tuple(dict.fromkeys([*entity.key_columns, *foreign])), own)


def _page(parts: list[str], width: float, height: float) -> str:
    label = "The tables of the warehouse in three layers, and the foreign keys of the core"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}"'
        f' font-family="Segoe UI, Helvetica, Arial, sans-serif" role="img" aria-label="{label}">'
    )
    paper = f'<rect width="{width:.0f}" height="{height:.0f}" rx="14" fill="#f7f5f0"/>'
    return "\n".join([head, paper, *parts, "</svg>", ""])


def _heading(parts: list[str], title: str, remark: str, y: float) -> float:
    parts.append(
        f'<text x="{MARGIN}" y="{y + 18:.0f}" font-size="17" font-weight="600" fill="{INK}">{title}'
        f'<tspan dx="14" font-size="13" font-weight="400" fill="{PALE}">{remark}</tspan></text>'
    )
    return y + 36


def _chips(parts: list[str], title: str, entities: list[Entity], y: float, width: float) -> float:
    """Draw a list of names, in as many lines as it takes; return where it ends."""
    remarks = []
    if any(entity.kind == "unlogged" for entity in entities):
        remarks.append("dashed: staging, written by COPY and emptied by one merge")
    if any(entity.kind == "view" for entity in entities):
        remarks.append("dashed: the tables behind hourly marts")
    y = _heading(parts, title, "; ".join(remarks), y)
    x = float(MARGIN)
    for entity in entities:
        wide = len(entity.name) * CHARACTER + 20
        if x + wide > width - MARGIN:
            x, y = float(MARGIN), y + CHIP + CHIP_GAP
        is_behind = entity.kind == "unlogged" or (
            entity.schema == "mart" and entity.kind == "table"
        )
        colour = FILL[entity.schema]
        fill, ink = ("#fff", colour) if is_behind else (colour, "#fff")
        dashes = ' stroke-dasharray="5 3"' if is_behind else ""
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{CHIP}" rx="6" fill="{fill}"'
            f' stroke="{colour}"{dashes}/><text x="{x + wide / 2:.1f}" y="{y + 17:.1f}" font-size="13"'
            f' fill="{ink}" text-anchor="middle">{escape(entity.name)}</text>'
        )
        x += wide + CHIP_GAP
    return y + CHIP + 24


def _table(box: Box, rank: int, middle: float) -> Iterator[str]:
    x, y = _left(rank), middle - box.height / 2
    colour = FILL["core"]
    yield (
        f'<rect x="{x}" y="{y:.1f}" width="{BOX}" height="{box.height:.1f}" rx="7" fill="#fff" stroke="{colour}"/>'
        f'<path d="M{x} {y + HEADER:.1f}v-{HEADER - 7}q0 -7 7 -7h{BOX - 14}q7 0 7 7v{HEADER - 7}z" fill="{colour}"/>'
        f'<text x="{x + 10}" y="{y + 18:.1f}" font-size="14" font-weight="600" fill="#fff">{escape(box.entity.name)}</text>'
    )
    for number, column in enumerate(box.rows):
        weight = ' font-weight="600"' if column in box.entity.key_columns else ""
        y_text = _row_middle(y, number) + 4
        yield (
            f'<text x="{x + 10}" y="{y_text:.1f}" font-size="12"{weight}'
            f' fill="{INK}">{escape(column)}</text>'
        )
        if box.remark_on(column):
            yield (
                f'<text x="{x + BOX - 8}" y="{y_text:.1f}" font-size="10"'
                f' fill="{PALE}" text-anchor="end">{box.remark_on(column)}</text>'
            )
    others = box.entity.column_count - len(box.rows)
    remark = f"and {others} more" if others else "no other column"
    y_remark = _row_middle(y, len(box.rows)) + 4
    yield f'<text x="{x + 10}" y="{y_remark:.1f}" font-size="11.5" fill="{PALE}">{remark}</text>'


def _lines(boxes: dict[str, Box], layout: Layout, top: float) -> Iterator[str]:
    """Draw each stretch of a line once: references to the same table share their lane."""
    parents = sorted({item.parent for box in boxes.values() for item in box.to_others})
    colour_of = {
        name: REFERENCE_COLOURS[number % len(REFERENCE_COLOURS)]
        for number, name in enumerate(parents)
    }
    drawn: dict[str, None] = {}
    for box in boxes.values():
        for reference in box.to_others:
            slots = layout.path(reference.child, reference.parent)
            y = top + layout.middle[slots[0]] - box.height / 2
            x, y = float(_left(slots[0].rank)), _row_middle(y, box.row_of(reference))
            drawn[
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour_of[reference.parent]}"/>'
            ] = None
            for slot in slots[1:]:
                end_x, end_y = _port(slot, boxes, layout, top)
                bend = LANE_GAP * 0.55
                path = f"M{x:.1f} {y:.1f}C{x - bend:.1f} {y:.1f} {end_x + bend:.1f} {end_y:.1f} {end_x:.1f} {end_y:.1f}"
                x, y = end_x, end_y
                if slot.is_lane:
                    x -= BOX
                    path += f"H{x:.1f}"
                else:
                    path += "m7 -4.5l-7 4.5l7 4.5"
                drawn[
                    f'<path d="{path}" fill="none" stroke="{colour_of[reference.parent]}" stroke-width="1.5"/>'
                ] = None
    yield from drawn


def _port(slot: Slot, boxes: dict[str, Box], layout: Layout, top: float) -> tuple[float, float]:
    """Return where a line enters a slot from the right: an entity at its name."""
    middle = top + layout.middle[slot]
    y = middle if slot.is_lane else middle - boxes[slot.name].height / 2 + HEADER / 2
    return float(_left(slot.rank) + BOX), y


def _left(rank: int) -> int:
    return MARGIN + rank * (BOX + LANE_GAP)


def _row_middle(top: float, number: int) -> float:
    return top + HEADER + 4 + ROW * (number + 0.5)
