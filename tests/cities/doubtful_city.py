"""A city with labels that wait for people, for the tests of reviews and of their page."""

from dataclasses import dataclass
from typing import Any

import psycopg

from sightscan.city import City, Place, Sight
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.sights import list_sights, upsert_sights
from tests.cities.labelled_city import jpeg_of, store_photo

CITY_ID = "Q1"
# What strangers write: the page must show it, not run it.
HOSTILE = "<img src=x onerror=\"document.title='hacked'\"> Tower"


@dataclass(frozen=True)
class DoubtfulCity:
    """The ids of its sights by name and of its labels, the first to be shown first."""

    sight_ids: dict[str, int]
    held_back: list[int]
    uncertain: int
    unmatched: int
    boxless: int
    sure: int


def store_doubtful_city(
    warehouse: psycopg.Connection[Any], *, held_back: int = 4, size: tuple[int, int] = (320, 240)
) -> DoubtfulCity:
    """Store labels of each kind, each on a photo of its own, found for the White Tower."""
    add_city(warehouse, City(CITY_ID, "vilanova", "Vilanova", "Nowhere", Place(40.5, -8.5), 5_000))
    towers = ("White Tower", "Old Bridge", "Cathedral of Light")
    sights = [
        Sight(
            None,
            CITY_ID,
            name,
            rank,
            wikidata_id=f"Q{rank + 1}",
            place=Place(40.5, -8.5),
            names={"pt": "Ponte Velha"} if name == "Old Bridge" else {},
        )
        for rank, name in enumerate(towers, start=1)
    ]
    upsert_sights(warehouse, CITY_ID, sights)
    ids = {
        sight.name: sight.sight_id
        for sight in list_sights(warehouse, CITY_ID)
        if sight.sight_id is not None
    }
    tower = ids["White Tower"]

    def add(number: int, **values: object) -> int:
        return _store_label(warehouse, number, tower, size, **values)

    return DoubtfulCity(
        sight_ids=ids,
        held_back=[
            add(number, reason="low_score", score=0.29 - number / 1000)
            for number in range(held_back)
        ],
        boxless=add(1001, reason="degenerate_box", score=0.05, box=(0.25, 0.25, 0.25, 0.75)),
        uncertain=add(1002, state="accepted", score=0.4375),
        unmatched=add(
            1003, state="unmatched", reason="no_such_sight", sight_id=None, description=HOSTILE
        ),
        sure=add(1004, state="accepted", score=0.875),
    )


def _store_label(
    warehouse: psycopg.Connection[Any],
    number: int,
    tower: int,
    size: tuple[int, int],
    **given: Any,
) -> int:
    values = {
        "sight_id": tower,
        "state": "held_back",
        "reason": None,
        "score": 0.75,
        "description": "White Tower",
        "box": (0.25, 0.125, 0.75, 0.875),
    } | given
    sha256 = store_photo(warehouse, jpeg_of(f"doubt {number}", size), [tower], size=size)
    row = warehouse.execute(
        "with call as ("
        " insert into core.paid_call (provider, feature, subject_sha256, attempt, city_id, dag_id,"
        " run_id, state, price_usd, answer, settled_at) values ('google_vision',"
        " 'landmark_detection', %s, 1, %s, 'd', 'r', 'succeeded', 0, '{}', now())"
        " returning call_id)"
        " insert into core.label (call_id, annotation_number, city_id, sha256, sight_id,"
        " description, score, x1, y1, x2, y2, latitude, longitude, state, reason)"
        " select call_id, 0, %s, %s, %s, %s, %s, %s, %s, %s, %s, 40.51, -8.5, %s, %s from call"
        " returning label_id",
        (
            sha256,
            CITY_ID,
            CITY_ID,
            sha256,
            values["sight_id"],
            values["description"],
            values["score"],
            *values["box"],
            values["state"],
            values["reason"],
        ),
    ).fetchone()
    assert row is not None
    return int(row[0])
