"""Print what a benchmark measured, write it for machines, and say whether its bounds hold."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

FOLDER = Path(__file__).resolve().parents[1] / "var" / "bench"


@dataclass(frozen=True, slots=True)
class Row:
    """One measured value; with a bound, `holds` says whether it is within it.

    Use `Row.at_least`, `Row.at_most`, `Row.below` for bounds, `Row(...)` for a value without one.
    """

    measure: str
    value: float | str
    unit: str = ""
    bound: str | None = None
    holds: bool | None = None

    @classmethod
    def at_least(cls, measure: str, value: float, unit: str, bound: float) -> Self:
        """Return a row whose value must not be smaller than its bound."""
        return cls(measure, value, unit, f">= {bound:g}", value >= bound)

    @classmethod
    def at_most(cls, measure: str, value: float, unit: str, bound: float) -> Self:
        """Return a row whose value must not be larger than its bound."""
        return cls(measure, value, unit, f"<= {bound:g}", value <= bound)

    @classmethod
    def below(cls, measure: str, value: float, unit: str, bound: float) -> Self:
        """Return a row whose value must be smaller than its bound."""
        return cls(measure, value, unit, f"< {bound:g}", value < bound)


def measure_parts(
    measures: Mapping[str, Callable[[], list[Row]]], parts: Sequence[str]
) -> list[Row]:
    """Measure some parts; each is shown as soon as it is measured, since the whole takes long."""
    rows = []
    for part in parts:
        print(f"{part} ...", file=sys.stderr)
        found = measures[part]()
        print(table(found), file=sys.stderr)
        rows += found
    return rows


def show(rows: Sequence[Row]) -> int:
    """Print the rows as a table, and write no file; return the exit code, as `publish` does."""
    print(table(rows))
    return int(any(row.holds is False for row in rows))


def publish(name: str, rows: Sequence[Row], folder: Path = FOLDER) -> int:
    """Print the rows as a table, write them to var/bench/<name>.json; return the exit code.

    It is 1 if a bound does not hold, else 0.
    """
    print(table(rows))
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.json"
    # Renamed when whole, so nobody reads half a report.
    part = target.with_suffix(".part")
    part.write_text(json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False) + "\n")
    part.replace(target)
    broken = [row.measure for row in rows if row.holds is False]
    print(f"\n{os.path.relpath(target)}: {verdict(broken)}")
    return 1 if broken else 0


def table(rows: Sequence[Row]) -> str:
    """Return the rows as lines of aligned columns."""
    head = ("measure", "value", "unit", "bound", "")
    marks = {True: "holds", False: "DOES NOT HOLD", None: ""}
    cells = [
        (row.measure, shown(row.value), row.unit, row.bound or "", marks[row.holds]) for row in rows
    ]
    widths = [max(len(line[column]) for line in (head, *cells)) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            # Values are numbers: they stand at the right of their column.
            cell.rjust(width) if column == 1 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in (head, *cells)
    )


def shown(value: float | str) -> str:
    """Return a value as people read it: whole numbers whole, others with four digits."""
    if isinstance(value, str):
        return value
    if float(value).is_integer():
        return f"{value:,.0f}"
    # Four digits would be 1.235e+04 for a large number.
    return f"{value:.4g}" if abs(value) < 1_000 else f"{value:,.0f}"


def verdict(broken: Sequence[str]) -> str:
    """Return one sentence on the bounds."""
    if not broken:
        return "every bound holds"
    return (
        f"{len(broken)} bound{'s do' if len(broken) > 1 else ' does'} not hold: {', '.join(broken)}"
    )
