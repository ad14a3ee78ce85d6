"""The command lines of the runbooks, as their blocks of code have them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from markdown_it import MarkdownIt

REPOSITORY = Path(__file__).resolve().parents[1]
RUNBOOKS = sorted((REPOSITORY / "docs" / "runbooks").glob("*.md"))
# Blocks that show what a program says, or a line of settings, by how they begin.
NO_COMMANDS = (
    "applying 0008_x",
    "error: 00",
    "7 files stand",
    "error: the warehouse",
    "PHOTO_STORE=",
)
SQL_WORDS = ("select", "update", "grant", "vacuum", "insert", "delete", "alter", "drop", "revoke")

Kind = Literal["sql", "shell"]


@dataclass(frozen=True, slots=True)
class Line:
    """One statement, or one line of a shell, continued lines brought together."""

    page: str
    kind: Kind
    text: str

    @property
    def program(self) -> str:
        """The program that a line of a shell calls first; of a line of cron, the last."""
        words = self.text.split("; ")[-1].split()
        return next(word for word in words if not re.match(r"[A-Z_]+=", word))


def read_lines() -> tuple[Line, ...]:
    """Return each command line of each runbook, in their order."""
    return tuple(line for page in RUNBOOKS for line in lines_of(page.name, page.read_text("utf-8")))


def lines_of(page: str, text: str) -> Iterator[Line]:
    """Yield the command lines of a page: what stands in its blocks of code."""
    for token in MarkdownIt().parse(text):
        if token.type not in ("code_block", "fence"):
            continue
        block = token.content.strip()
        if block.startswith(NO_COMMANDS):
            continue
        if block.split()[0].lower() in SQL_WORDS:
            yield from (
                Line(page, "sql", f"{statement.strip()};")
                for statement in re.split(r";(?:\n|$)", block)
                if statement.strip()
            )
            continue
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            # A comment stands apart.
            if command := re.sub(r"\s{2,}# .*$", "", line).strip():
                yield Line(page, "shell", command)
