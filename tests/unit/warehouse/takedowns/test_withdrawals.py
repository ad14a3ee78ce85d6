"""Contributors take back what is theirs, and nothing else."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from sightscan.city import City, Place, Sight
from sightscan.warehouse.photos.photos import Attribution, FoundPhoto, PhotoFile, merge_photos
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.sights import upsert_sights
from sightscan.warehouse.takedowns.withdrawals import (
    CONTRIBUTED,
    WithdrawalReport,
    remove_withdrawn_photos,
)

CITY = City("Q64", "berlin", "Berlin", "Germany", Place(52.5, 13.4), 10_000)
DATA = b"a photo"
SHA256 = hashlib.sha256(DATA).digest()


@pytest.fixture
def sight_id(warehouse: psycopg.Connection[Any]) -> int:
    add_city(warehouse, CITY)
    sight = Sight(None, CITY.city_id, "Gate", 1, wikidata_id="Q7")
    return upsert_sights(warehouse, CITY.city_id, [sight])[0].sight_id or 0


def store(warehouse: psycopg.Connection[Any], sight_id: int, source: str) -> None:
    photo = FoundPhoto(
        PhotoFile(SHA256, DATA, 640, 480, "image/jpeg", SHA256),
        Attribution(f"https://a.example/{source}", None, source, "CC0", None, None, None, "Gate"),
        datetime.now(UTC),
    )
    merge_photos(warehouse, sight_id, [photo], [])


def contribute(warehouse: psycopg.Connection[Any]) -> None:
    warehouse.execute(
        "insert into load.contribution values (gen_random_uuid(), %s, null, %s, 'CC0', 'me')",
        (CITY.city_id, DATA),
    )


def withdraw(warehouse: psycopg.Connection[Any]) -> WithdrawalReport:
    """Withdraw as the app does, with its role, and work it off."""
    with warehouse.transaction():
        warehouse.execute("set local role sightscan_app")
        warehouse.execute(
            "insert into load.withdrawal (withdrawal_id, sha256, reason)"
            " values (gen_random_uuid(), %s, 'changed my mind')",
            (SHA256,),
        )
    return remove_withdrawn_photos(warehouse)


def left(warehouse: psycopg.Connection[Any]) -> tuple[int, ...]:
    """Count photos, sources, contributions, withdrawals and tombstones."""
    row = warehouse.execute(
        "select (select count(*) from core.photo), (select count(*) from core.photo_source),"
        " (select count(*) from load.contribution), (select count(*) from load.withdrawal),"
        " (select count(*) from core.removed_photo)"
    ).fetchone()
    assert row is not None
    return tuple(row)


def test_contribution_in_the_inbox_is_deleted(
    warehouse: psycopg.Connection[Any], sight_id: int
) -> None:
    contribute(warehouse)
    assert withdraw(warehouse) == WithdrawalReport(1, 0)
    assert left(warehouse) == (0, 0, 0, 0, 0)


def test_contributed_photo_is_taken_down(warehouse: psycopg.Connection[Any], sight_id: int) -> None:
    store(warehouse, sight_id, CONTRIBUTED)
    assert withdraw(warehouse) == WithdrawalReport(1, 0)
    assert left(warehouse) == (0, 0, 0, 0, 1)


def test_photo_that_nobody_contributed_stays_and_the_withdrawal_waits_for_a_person(
    warehouse: psycopg.Connection[Any], sight_id: int
) -> None:
    store(warehouse, sight_id, "wikimedia_commons")
    assert withdraw(warehouse) == WithdrawalReport(0, 1)
    assert left(warehouse) == (1, 1, 0, 1, 0)


def test_copy_of_a_crawled_photo_that_was_contributed_does_not_pull_it_down(
    warehouse: psycopg.Connection[Any], sight_id: int
) -> None:
    """Anybody can share a photo of Commons and take it back: Commons' stays."""
    store(warehouse, sight_id, "wikimedia_commons")
    store(warehouse, sight_id, CONTRIBUTED)
    contribute(warehouse)
    assert withdraw(warehouse) == WithdrawalReport(1, 0)
    assert left(warehouse) == (1, 1, 0, 0, 0)


def test_withdrawal_of_what_is_gone_is_carried_out(
    warehouse: psycopg.Connection[Any], sight_id: int
) -> None:
    store(warehouse, sight_id, CONTRIBUTED)
    withdraw(warehouse)
    assert withdraw(warehouse) == WithdrawalReport(1, 0)
    assert left(warehouse) == (0, 0, 0, 0, 1)
