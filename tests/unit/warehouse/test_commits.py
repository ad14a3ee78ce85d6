"""What does not wait for the disk says so for itself alone, and can be waited for."""

from typing import Any

import psycopg
import pytest

from sightscan.warehouse.commits import commit_at_once, is_on_disk, log_end, write_to_disk
from sightscan.warehouse.photos import photos
from sightscan.warehouse.photos.photos import merge_photos
from sightscan.warehouse.takedowns.takedowns import Subjects, remove_photos
from tests.cities.colour_city import store_colour_city
from tests.photo_batches import found_photo

Warehouse = psycopg.Connection[Any]


def setting(warehouse: Warehouse) -> str:
    row = warehouse.execute("show synchronous_commit").fetchone()
    return str(row[0]) if row else ""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said of a merge that does not wait."""
    said: list[str] = []
    monkeypatch.setattr(photos, "commit_at_once", lambda _: said.append("at once"))
    return said


def sight_of(warehouse: Warehouse) -> int:
    return store_colour_city(warehouse, photos_a_sight=1).sights[0].sight_id or 0


def test_one_commit_does_not_wait_and_the_next_does(warehouse: Warehouse) -> None:
    with warehouse.transaction(), warehouse.cursor() as cursor:
        commit_at_once(cursor)
        assert setting(warehouse) == "off"
    assert setting(warehouse) == "on"


def test_pipeline_may_wait_for_what_did_not(warehouse: Warehouse) -> None:
    warehouse.execute("set role sightscan_pipeline")
    try:
        with warehouse.transaction(), warehouse.cursor() as cursor:
            commit_at_once(cursor)
            cursor.execute("select pg_current_xact_id()")
        place = log_end(warehouse)
        write_to_disk(warehouse)
        assert is_on_disk(warehouse, place)
    finally:
        warehouse.execute("reset role")


def test_what_the_log_does_not_have_yet_is_not_on_the_disk(warehouse: Warehouse) -> None:
    assert not is_on_disk(warehouse, "FFFFFFFF/0")


def test_batch_that_can_be_repeated_is_not_waited_for(
    warehouse: Warehouse, told: list[str]
) -> None:
    merge_photos(warehouse, sight_of(warehouse), [found_photo(1)], [], waits_for_disk=False)
    assert told == ["at once"]


def test_batch_is_waited_for_by_default(warehouse: Warehouse, told: list[str]) -> None:
    merge_photos(warehouse, sight_of(warehouse), [found_photo(1)], [])
    assert told == []


def test_batch_within_anothers_transaction_does_not_hurry_that(
    warehouse: Warehouse, told: list[str]
) -> None:
    sight_id = sight_of(warehouse)
    with warehouse.transaction():
        merge_photos(warehouse, sight_id, [found_photo(1)], [], waits_for_disk=False)
    assert told == []


def test_batch_that_adds_tombstones_is_waited_for(warehouse: Warehouse, told: list[str]) -> None:
    sight_id, photo = sight_of(warehouse), found_photo(1)
    merge_photos(warehouse, sight_id, [photo], [])
    remove_photos(warehouse, Subjects((photo.file.sha256,)), reason="mine", removed_by="ann")
    merged = merge_photos(warehouse, sight_id, [photo], [], waits_for_disk=False)
    assert (merged.removed_count, told) == (1, [])
