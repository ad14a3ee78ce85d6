"""Photos for tests of loading, and a loader as a process of its own.

`photo_batches.py SIGHT_ID SEED COUNT [die]` merges photos 0 to COUNT in a random order, in
overlapping batches; with `die`, it ends as by `kill -9` in its second batch, before the commit.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sys
from datetime import UTC, datetime
from typing import Any

import psycopg

from sightscan.city import City, Place, Sight
from sightscan.warehouse import photos
from sightscan.warehouse.cities import add_city
from sightscan.warehouse.connection import connect
from sightscan.warehouse.photos import Attribution, FoundPhoto, PhotoFile, RejectedPhoto
from sightscan.warehouse.sights import upsert_sights

BATCH = 8


def found_photo(number: int, *, url: str | None = None, byte_count: int = 3_000) -> FoundPhoto:
    """Return a photo, the same for the same number."""
    data = random.Random(number).randbytes(byte_count)  # noqa: S311 - repeatable, not secret
    digest = hashlib.sha256(data).digest()
    return FoundPhoto(
        PhotoFile(digest, data, 640, 480, "image/jpeg", digest),
        Attribution(
            url=url or f"https://a.example/{number}.jpg",
            page_url=None,
            source="wikimedia_commons",
            licence="CC0",
            licence_url=None,
            author=None,
            title=None,
            query="Gate",
        ),
        datetime.now(UTC),
    )


def store_gate(warehouse: psycopg.Connection[Any]) -> int:
    """Store a city with one sight; return the sight's id."""
    city = add_city(
        warehouse, City("Q64", "berlin", "Berlin", "Germany", Place(52.5, 13.4), 10_000)
    )
    gate = Sight(None, city.city_id, "Gate", 1, wikidata_id="Q7")
    (stored,) = upsert_sights(warehouse, city.city_id, [gate])
    return stored.sight_id or 0


def refused(number: int) -> RejectedPhoto:
    """Return a rejection, the same for the same number."""
    return RejectedPhoto(f"https://a.example/{number}.svg", "wikimedia_commons", "too_small")


def main(sight_id: str, seed: str, count: str, die: str = "") -> None:
    """Merge all photos, each twice, and all rejections."""
    dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    numbers = [*range(int(count)), *range(int(count))]
    dice.shuffle(numbers)
    with connect(autocommit=True) as connection:
        for done, start in enumerate(range(0, len(numbers), BATCH)):
            if die and done == 1:
                _die_before_the_commit()
            chosen = numbers[start : start + BATCH]
            photos.merge_photos(
                connection,
                int(sight_id),
                [found_photo(number) for number in chosen],
                [refused(number) for number in chosen],
            )


def _die_before_the_commit() -> None:
    statement = photos.statement

    def deadly(name: str) -> Any:
        if name == "delete_loaded_photos":
            os.kill(os.getpid(), signal.SIGKILL)
        return statement(name)

    photos.statement = deadly  # type: ignore[assignment]


if __name__ == "__main__":
    main(*sys.argv[1:])
