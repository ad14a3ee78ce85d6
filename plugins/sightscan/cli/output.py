"""What commands print: tables for a person, JSON for a program, and how far long work is."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from sightscan.surroundings import has_all_letters

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

# Wide enough that no row of a table is broken where a program such as grep reads it.
PIPE_COLUMNS = 1000
LINE_SECONDS = 2
# What a terminal obeys instead of showing it, and what turns the direction of a line.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_LINE_BREAK = re.compile("[\t\n]")


def visible(text: str) -> str:
    """Return a text whose control characters are written out, but for tabs and ends of lines."""
    return _UNSEEN.sub(_written_out, text)


def print_lines(*lines: str) -> None:
    """Print sentences and counts, a line each."""
    sys.stdout.write("".join(f"{visible(line)}\n" for line in lines))


def print_answer(value: object, *lines: str, as_json: bool) -> None:
    """Print what was done: a value for a program, or lines for a person."""
    if as_json:
        print_json(value)
    else:
        print_lines(*lines)


def counts_of(counts: Mapping[Any, object]) -> str:
    """Return counts in one line."""
    return " ".join(f"{name}={count}" for name, count in counts.items())


def print_json(value: object) -> None:
    """Print a value as JSON: bytes as hexadecimal digits, times and paths as text."""
    text = json.dumps(
        value,
        indent=2,
        # Whatever cannot be written as it is, JSON has another spelling for.
        ensure_ascii=not has_all_letters(sys.stdout),
        default=lambda other: other.hex() if isinstance(other, bytes) else str(other),
    )
    sys.stdout.write(f"{text}\n")


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = ""
) -> None:
    """Print rows under their headings; numbers stand to the right, and None is a dash."""
    from rich.table import Table

    filled = list(rows)
    numeric = [
        any(isinstance(row[column], int | float) for row in filled)
        for column in range(len(columns))
    ]
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for name, is_numeric in zip(columns, numeric, strict=True):
        table.add_column(name, justify="right" if is_numeric else "left")
    for row in filled:
        table.add_row(*(_cell(value) for value in row))
    console = _console(is_error=False)
    if title:
        console.print(visible(title), style="bold")
    console.print(table)


class Progress:
    """How far long work is: a bar on a terminal, else a line every few seconds, as errors go."""

    def __init__(self, done: str) -> None:
        """`done` says what was done to each, such as "moved"; nothing is printed yet."""
        self.count = 0
        self._done = done
        self._printed_at = time.monotonic()
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        """Show the bar, if a person looks."""
        if sys.stderr.isatty():
            from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = (self._done, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Bar(*columns, console=_console(is_error=True), transient=True)
            self._task = self._bar.add_task(self._done, total=None)
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def tell(self, count: int, total: int) -> None:
        """Say how many are done, of how many."""
        self.count = count
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=count, total=total)
        elif time.monotonic() - self._printed_at >= LINE_SECONDS:
            self._printed_at = time.monotonic()
            sys.stderr.write(f"{self._done}={count} of={total}\n")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.4f}"
    if isinstance(value, int):
        return f"{value:,}"
    return _LINE_BREAK.sub(_written_out, visible(str(value)))


def _written_out(character: re.Match[str]) -> str:
    return character[0].encode("unicode_escape").decode()


def _console(*, is_error: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if is_error else sys.stdout
    return Console(
        file=stream,
        width=None if stream.isatty() else PIPE_COLUMNS,
        markup=False,
        highlight=False,
        emoji=False,
    )
