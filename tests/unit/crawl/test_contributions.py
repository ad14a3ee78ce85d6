"""What people share comes to review, costs nothing, and is gone from everywhere when it is taken back."""

import base64
import hashlib
import io
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import psycopg
import pytest
from PIL import Image

from sightscan.box import Box
from sightscan.city import City, Place, Sight
from sightscan.crawl.contributions import IntakeReport, take_in_contributions
from sightscan.settings import read_settings
from sightscan.warehouse.labels.labels import list_photos_to_label
from sightscan.warehouse.labels.reviews import LabelDecision, store_decisions
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.sights import upsert_sights
from sightscan.warehouse.spend.paid_calls import VISION_LANDMARKS
from sightscan.warehouse.takedowns.withdrawals import remove_withdrawn_photos

CITY = City("Q64", "berlin", "Berlin", "Germany", Place(52.5, 13.4), 10_000)
CODE = "a code"
CODE_SHA256 = hashlib.sha256(CODE.encode()).digest()


@pytest.fixture
def sight_id(warehouse: psycopg.Connection[Any]) -> int:
    add_city(warehouse, CITY)
    sight = Sight(None, CITY.city_id, "Gate", 1, wikidata_id="Q7")
    return upsert_sights(warehouse, CITY.city_id, [sight])[0].sight_id or 0


def draw_photo(seed: int = 0, side: int = 400) -> bytes:
    coarse = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    stream = io.BytesIO()
    picture = Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
    picture.save(stream, "JPEG", quality=90)
    return stream.getvalue()


def share(
    warehouse: psycopg.Connection[Any],
    sight_id: int | None,
    content: bytes | None = None,
    *,
    licence: str = "cc-by-4.0",
    city_id: str = CITY.city_id,
    author: str | None = None,
) -> bytes:
    """Share a photo as the app does, with its role; return its hash."""
    photo = content or draw_photo()
    with warehouse.transaction():
        warehouse.execute("set local role sightscan_app")
        warehouse.execute(
            "insert into load.contribution (contribution_id, city_id, sight_id, bytes, licence,"
            " contributed_by, code_sha256, author) values (%s, %s, %s, %s, %s, 'anonymous', %s, %s)",
            [uuid4(), city_id, sight_id, photo, licence, CODE_SHA256, author],
        )
    return hashlib.sha256(photo).digest()


def take_in(warehouse: psycopg.Connection[Any]) -> IntakeReport:
    return take_in_contributions(warehouse, read_settings())


def stage(warehouse: psycopg.Connection[Any]) -> str | None:
    row = warehouse.execute(
        "select stage from mart.contribution where code_sha256 = %s", [CODE_SHA256]
    ).fetchone()
    return None if row is None else str(row[0])


def label_id(warehouse: psycopg.Connection[Any]) -> int:
    row = warehouse.execute(
        "select label_id from mart.label_to_review where reason = 'contributed' and not has_box"
    ).fetchone()
    assert row is not None
    return int(row[0])


def decide(warehouse: psycopg.Connection[Any], decision: Any, box: Box | None = None) -> None:
    decided = LabelDecision(uuid4(), label_id(warehouse), decision, box=box)
    store_decisions(warehouse, [decided], reviewer="ann")


def test_photo_is_stored_as_it_was_shared_and_waits_without_a_box(
    warehouse: psycopg.Connection[Any], sight_id: int
) -> None:
    sha256 = share(warehouse, sight_id, author="María")
    assert stage(warehouse) == "received"
    assert take_in(warehouse) == IntakeReport(taken=1, refused=0)
    stored = warehouse.execute("select sha256(bytes) from core.photo_blob").fetchall()
    assert stored == [(sha256,)]
    source = warehouse.execute("select source, licence, author from core.photo_source").fetchall()
    assert source == [("contribution", "cc-by-4.0", "María")]
    assert label_id(warehouse)
    assert stage(warehouse) == "in_review"
    assert warehouse.execute("select count(*) from load.contribution").fetchone() == (0,)


def test_nothing_is_paid_for_what_strangers_share(
    warehouse: psycopg.Connection[Any], sight_id: int
) -> None:
    share(warehouse, sight_id)
    take_in(warehouse)
    assert list_photos_to_label(warehouse, VISION_LANDMARKS, CITY.city_id) == []


def test_it_trains_only_with_a_box_that_a_person_drew(
    warehouse: psycopg.Connection[Any], sight_id: int
) -> None:
    share(warehouse, sight_id)
    take_in(warehouse)
    with pytest.raises(Exception, match="a box of an area"):
        decide(warehouse, "accept")
    trains = "select x1::float, y1::float, x2::float, y2::float from mart.accepted_label"
    assert warehouse.execute(trains).fetchall() == []
    decide(warehouse, "accept", Box(0.25, 0.125, 0.5, 0.75))
    assert warehouse.execute(trains).fetchall() == [(0.25, 0.125, 0.5, 0.75)]
    assert stage(warehouse) == "accepted"


def test_rejected_one_trains_nothing(warehouse: psycopg.Connection[Any], sight_id: int) -> None:
    share(warehouse, sight_id)
    take_in(warehouse)
    decide(warehouse, "reject")
    assert stage(warehouse) == "rejected"
    assert warehouse.execute("select count(*) from mart.accepted_label").fetchone() == (0,)


def holding(warehouse: psycopg.Connection[Any], photo: bytes) -> list[str]:
    """Return the tables with a row that has the photo in any column, as bytes or written as text."""
    tables = warehouse.execute(
        "select format('%I.%I', table_schema, table_name) from information_schema.tables"
        " where table_schema in ('load', 'core', 'mart', 'public') and table_type = 'BASE TABLE'"
    ).fetchall()
    assert len(tables) > 50
    # From a multiple of three on, so that base64 of the whole has it letter by letter.
    middle = photo[300:360]
    spellings = [f"%{middle.hex()}%", f"%{base64.b64encode(middle).decode()}%"]
    return [
        table
        for (table,) in tables
        if warehouse.execute(
            f"select 1 from {table} as one where one::text like any(%s) limit 1",  # noqa: S608
            [spellings],
        ).fetchone()
    ]


@pytest.mark.parametrize("when", ["before", "after", "accepted"])
def test_what_is_taken_back_by_its_code_is_gone_from_every_table(
    warehouse: psycopg.Connection[Any], sight_id: int, when: str
) -> None:
    photo = draw_photo()
    sha256 = share(warehouse, sight_id, photo)
    if when != "before":
        take_in(warehouse)
    if when == "accepted":
        decide(warehouse, "accept", Box(0.25, 0.125, 0.5, 0.75))
    with warehouse.transaction():
        warehouse.execute("set local role sightscan_app")
        warehouse.execute("select load.take_back(%s, 'x')", [CODE])
    assert holding(warehouse, photo) != []
    report = remove_withdrawn_photos(warehouse)
    assert report.left == 0
    take_in(warehouse)
    assert holding(warehouse, photo) == []
    assert warehouse.execute("select count(*) from core.label").fetchone() == (0,)
    assert warehouse.execute("select count(*) from core.photo").fetchone() == (0,)
    assert stage(warehouse) == "withdrawn"
    # Nor does the same photo come back by being shared again.
    assert share(warehouse, sight_id, photo) == sha256
    if when != "before":
        assert take_in(warehouse) == IntakeReport(taken=0, refused=1)


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"licence": "all-rights-reserved"}, "licence"),
        ({"sight_id": 4711}, "no_such_sight"),
        ({"sight_id": None}, "no_such_sight"),
        ({"city_id": "Q1"}, "no_such_sight"),
        ({"content": b"no photo"}, "not_an_image"),
        ({"content": draw_photo(side=60)}, "too_small"),
    ],
)
def test_what_was_not_agreed_to_or_is_none_is_refused_and_its_bytes_go(
    warehouse: psycopg.Connection[Any], sight_id: int, changed: dict[str, Any], refusal: str
) -> None:
    share(warehouse, **({"sight_id": sight_id} | changed))
    share(warehouse, sight_id, draw_photo(seed=9))
    assert take_in(warehouse) == IntakeReport(taken=1, refused=1)
    refused = warehouse.execute(
        "select refusal from core.contribution where refusal is not null"
    ).fetchall()
    assert refused == [(refusal,)]
    assert warehouse.execute("select count(*) from load.contribution").fetchone() == (0,)
    assert warehouse.execute("select count(*) from core.photo_blob").fetchone() == (1,)


def test_same_id_twice_is_settled_once_and_for_all(
    warehouse: psycopg.Connection[Any], sight_id: int
) -> None:
    for seed in (1, 2):
        share(warehouse, sight_id, draw_photo(seed))
    warehouse.execute("update load.contribution set contribution_id = %s", [UUID(int=1)])
    take_in(warehouse)
    assert warehouse.execute("select count(*) from load.contribution").fetchone() == (0,)
    assert warehouse.execute("select count(*) from core.contribution").fetchone() == (1,)
