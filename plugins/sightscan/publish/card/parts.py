"""What a card is put together from: sections of sentences and tables, and how numbers are written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; a cell without a value is a dash."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def is_numeric(self) -> tuple[bool, ...]:
        """Tell of each column whether it has numbers, and dashes at most beside them."""
        columns = ([row[column] for row in self.rows] for column in range(len(self.columns)))
        return tuple(
            {type(cell) for cell in column} - {type(None)} <= {int, float}
            and any(cell is not None for cell in column)
            for column in columns
        )


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the card; its name is where a drawing or photos belong to it."""

    name: str
    title: str
    sentences: tuple[str, ...] = ()
    table: Table | None = None


def say_share(value: float | None) -> str:
    """Write a share of 1 as a person reads it."""
    return "-" if value is None else f"{value:.1%}"


def moment(value: datetime) -> str:
    """Write a time to the minute, in UTC."""
    return f"{value:%Y-%m-%d %H:%M} UTC"


def say_shipped(shipped: Mapping[str, Any]) -> tuple[str, str]:
    """Say what was shown on the test photos, rightly and wrongly."""
    backgrounds = shipped.get("background_photos")
    return (
        (
            f"Precision {say_share(shipped.get('precision'))} of {shipped.get('names')} names, recall "
            f"{say_share(shipped.get('recall'))} of {shipped.get('boxes')} boxes."
        ),
        f"A false name on {say_share(shipped.get('false_alarms'))} of the {backgrounds} photos "
        "without a sight."
        if backgrounds
        else "Nobody knows how often strangers get a name: no test photo was without a sight.",
    )
