"""What the cities wait for that people asked for, noted where the app's pages read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import psycopg

from sightscan.warehouse.statements import statement

WaitsFor = Literal["approval", "budget", "turn"]


@dataclass(frozen=True, slots=True)
class CityWait:
    """What a city waits for: a person's approval, the next month's budget, or those before it.

    The bills are of its first run, in US dollars; None where they are not known.
    """

    city_id: str
    waits_for: WaitsFor
    most_usd: float | None
    probable_usd: float | None


def save_waits(connection: psycopg.Connection[Any], waits: Sequence[CityWait]) -> None:
    """Note these waits in the place of all that were noted before."""
    connection.execute(
        statement("registry/save_city_waits"),
        {
            "city_ids": [one.city_id for one in waits],
            "waits_for": [one.waits_for for one in waits],
            "most_usd": [one.most_usd for one in waits],
            "probable_usd": [one.probable_usd for one in waits],
        },
    )
