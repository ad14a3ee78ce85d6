"""Photos for tests of loading, and a loader as a process of its own.

`photo_batches.py SIGHT_IDS SEED COUNT [die]` merges photos 0 to COUNT for each of the sights (ids
with commas between them), in a random order, in overlapping batches: found, linked, refused, and
labelled. Bytes go where PHOTO_STORE says. With `die`, it ends as by `kill -9` in its second batch,
before the commit.
"""

import hashlib
import os
import random
import signal
import sys
from datetime import UTC, datetime
from typing import Any

import psycopg

from sightscan.box import Box
from sightscan.city import City, Place, Sight
from sightscan.settings import settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.labels.labels import LabelRow, merge_labels
from sightscan.warehouse.photos import photos
from sightscan.warehouse.photos.blobs import open_photo_store
from sightscan.warehouse.photos.photos import (
    Attribution,
    FoundPhoto,
    LinkedPhoto,
    PhotoFile,
    RejectedPhoto,
)
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.sights import upsert_sights

BATCH = 8


def found_photo(number: int, *, url: str | None = None, byte_count: int = 3_000) -> FoundPhoto:
    """Return a photo, the same for the same number."""
    content = random.Random(number).randbytes(byte_count)  # noqa: S311 - repeatable, not secret
    digest = hashlib.sha256(content).digest()
    return FoundPhoto(
        PhotoFile(digest, content, 640, 480, "image/jpeg", digest),
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
        etag=f'"{number}"',
    )


def linked_photo(number: int) -> LinkedPhoto:
    """Return the photo of this number as one that is there already."""
    found = found_photo(number)
    return LinkedPhoto(found.file.sha256, found.attribution, found.found_at)


def label_of(number: int, sight_id: int, reason: str) -> LabelRow:
    """Return a label of the photo of this number, from the call that `store_calls` stored."""
    return LabelRow(
        number + 1, 0, "Q64", found_photo(number).file.sha256, sight_id, "Gate", None, 0.5,
        Box(0.25, 0.25, 0.75, 0.75), None, "held_back", reason,
    )  # fmt: skip


def store_calls(warehouse: psycopg.Connection[Any], count: int) -> None:
    """Store a call about each photo; the photos may come later."""
    for number in range(count):
        warehouse.execute(
            "insert into core.paid_call (call_id, provider, feature, subject_sha256, attempt,"
            " city_id, dag_id, run_id, state, price_usd, answer, settled_at) overriding system"
            " value values (%s, 'google_vision', 'landmark_detection', %s, 1, 'Q64', 'd', 'r',"
            " 'succeeded', 0, '{}', now())",
            (number + 1, found_photo(number).file.sha256),
        )


def store_gate(warehouse: psycopg.Connection[Any]) -> int:
    """Store a city with one sight; return the sight's id."""
    (sight_id,) = store_gates(warehouse, 1)
    return sight_id


def store_gates(warehouse: psycopg.Connection[Any], count: int) -> list[int]:
    """Store a city with sights; return their ids."""
    city = add_city(
        warehouse, City("Q64", "berlin", "Berlin", "Germany", Place(52.5, 13.4), 10_000)
    )
    gates = [
        Sight(None, city.city_id, f"Gate {number}", number, wikidata_id=f"Q{number + 6}")
        for number in range(1, count + 1)
    ]
    return [stored.sight_id or 0 for stored in upsert_sights(warehouse, city.city_id, gates)]


def refused(number: int) -> RejectedPhoto:
    """Return a rejection, the same for the same number."""
    return RejectedPhoto(f"https://a.example/{number}.svg", "wikimedia_commons", "too_small")


def main(sight_ids: str, seed: str, count: str, die: str = "") -> None:
    """Merge all photos and all rejections for each sight, each twice, and a label of each photo."""
    dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    chosen_of = [
        (int(sight_id), numbers[start : start + BATCH])
        for sight_id in sight_ids.split(",")
        for numbers in [dice.sample([*range(int(count))] * 2, 2 * int(count))]
        for start in range(0, len(numbers), BATCH)
    ]
    dice.shuffle(chosen_of)
    store = open_photo_store(settings())
    with connect(autocommit=True) as connection:
        for done, (sight_id, numbers) in enumerate(chosen_of):
            if die and done == 1:
                _die_before_the_commit()
            photos.merge_photos(
                connection,
                sight_id,
                [found_photo(number) for number in numbers],
                [refused(number) for number in numbers],
                store,
                linked=[linked_photo(dice.randrange(int(count))) for _ in range(2 * BATCH)],
            )
            merge_labels(
                connection, [label_of(number, sight_id, f"seed_{seed}") for number in numbers]
            )


def _die_before_the_commit() -> None:
    statement = photos.statement

    def deadly(name: str) -> Any:
        if name == "photos/delete_loaded_photos":
            os.kill(os.getpid(), signal.SIGKILL)
        return statement(name)

    photos.statement = deadly  # type: ignore[assignment]


if __name__ == "__main__":
    main(*sys.argv[1:])
