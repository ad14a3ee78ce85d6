"""Contributors take back what is theirs, and nothing else."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg import sql

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
    """Withdraw by the photo, as a restored backup does and older apps did, and work it off."""
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


@pytest.mark.parametrize("reason", [" ", "", "\t\n", "\u202e", "x" * 2000])
@pytest.mark.parametrize("withdrawn_at", ["infinity", "-infinity", "4713-01-01 BC", "now"])
def test_whatever_a_withdrawal_says_it_is_carried_out(
    warehouse: psycopg.Connection[Any], sight_id: int, reason: str, withdrawn_at: str
) -> None:
    store(warehouse, sight_id, CONTRIBUTED)
    warehouse.execute(
        "insert into load.withdrawal values (gen_random_uuid(), %s, %s, %s)",
        (SHA256, reason, withdrawn_at),
    )
    assert remove_withdrawn_photos(warehouse) == WithdrawalReport(1, 0)
    assert left(warehouse)[0] == 0


def test_withdrawal_that_cannot_be_carried_out_holds_up_no_other(
    warehouse: psycopg.Connection[Any], sight_id: int
) -> None:
    store(warehouse, sight_id, CONTRIBUTED)
    contribute(warehouse)
    other = b"another photo"
    warehouse.execute(
        "insert into load.contribution values (gen_random_uuid(), 'Q64', null, %s, 'CC0', 'me')",
        (other,),
    )
    # The first of them breaks a rule of the database, whichever.
    warehouse.execute(
        sql.SQL("alter table core.removed_photo add constraint probe check (sha256 <> {})").format(
            sql.Literal(SHA256)
        )
    )
    for sha256 in (SHA256, hashlib.sha256(other).digest()):
        warehouse.execute(
            "insert into load.withdrawal values (gen_random_uuid(), %s, 'mine', now())", (sha256,)
        )
    try:
        report = remove_withdrawn_photos(warehouse)
    finally:
        warehouse.execute("alter table core.removed_photo drop constraint probe")
    assert report == WithdrawalReport(1, 1)
    kept = warehouse.execute("select sha256(bytes) from load.contribution").fetchall()
    assert kept == [(SHA256,)]


def test_id_that_was_used_for_two_photos_loses_no_withdrawal(
    warehouse: psycopg.Connection[Any], sight_id: int
) -> None:
    contribute(warehouse)
    unknown = hashlib.sha256(b"unknown").digest()
    for sha256 in (SHA256, unknown):
        warehouse.execute(
            "insert into load.withdrawal values ('00000000-0000-0000-0000-000000000001', %s, 'x')",
            (sha256,),
        )
    assert remove_withdrawn_photos(warehouse) == WithdrawalReport(1, 1)
