"""A card as Markdown. Names are anybody's: whatever could be markup in them is written as itself."""

import re
from collections.abc import Sequence

from sightscan.plain_text import one_line
from sightscan.publish.card.card import ModelCard
from sightscan.publish.card.parts import Cell, Section, Table
from sightscan.publish.card.words import sections_of, title_of

# What may be markup within a line, links and smileys that Markdown finds by itself among it. What only
# means something at the beginning of a line never stands there.
_MARKUP = re.compile(r"[\\`*_\[\]<>#|$&~!@{}^]|:(?=[^\s\d])|(?<=www)\.", re.IGNORECASE)
# As far as precision goes; trailing noughts would claim more.
SHARE_DECIMALS = 3


def write_markdown(
    card: ModelCard, drawings: Sequence[str], sections: Sequence[Section] | None = None
) -> str:
    """Return card.md; `drawings` are the names of sections of which a file NAME.svg lies beside it.

    Of all its sections, unless some are given.
    """
    parts = [f"# {as_plain(title_of(card))}"]
    for section in sections_of(card) if sections is None else sections:
        parts += [f"## {as_plain(section.title)}", *_body(section)]
        if section.name in drawings:
            parts.append(f"![{as_plain(section.title)}]({section.name}.svg)")
    return "\n\n".join(parts) + "\n"


def as_plain(text: str) -> str:
    """Return a text so that Markdown shows it letter by letter, in one line."""
    return _MARKUP.sub(r"\\\g<0>", one_line(text))


def say_cell(value: Cell) -> str:
    """Return a cell as text: a dash for nothing, shares with three decimals."""
    if value is None:
        return "-"
    return f"{value:.{SHARE_DECIMALS}f}" if isinstance(value, float) else str(value)


def _body(section: Section) -> list[str]:
    sentences = [as_plain(sentence) for sentence in section.sentences]
    return [*sentences, *([_table(section.table)] if section.table else [])]


def _table(table: Table) -> str:
    rows = [table.columns, *(tuple(map(say_cell, row)) for row in table.rows)]
    lines = [f"| {' | '.join(map(as_plain, row))} |" for row in rows]
    rule = "".join("---:|" if is_numeric else "---|" for is_numeric in table.is_numeric)
    return "\n".join([lines[0], f"|{rule}", *lines[1:]])
