"""What a take-down leaves of a photo: every column of the warehouse is searched for it."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from sightscan.dataset.freeze import freeze_dataset
from sightscan.run import Run
from sightscan.settings import read_settings
from sightscan.warehouse.models.cards import save_judged_photos
from sightscan.warehouse.photos.photos import (
    Attribution,
    FoundPhoto,
    PhotoFile,
    RejectedPhoto,
    merge_photos,
)
from sightscan.warehouse.takedowns.takedowns import Subjects, remove_photos
from tests.cities.colour_city import ColourCity, add_photo, ask_training, store_colour_city

URL = "https://a.example/my-house.jpg"
URL_SHA256 = hashlib.sha256(URL.encode()).digest()
IDENTIFIER = "commons:File:My house.jpg"
OTHER_URL = "https://a.example/castle.jpg"

# Where a hash may stay, and why. No column keeps an address or a byte of the picture.
ALLOWED = {
    "core.removed_photo.sha256": "the tombstone",
    "core.removed_photo.cluster_sha256": "its copies stay on its side of a split",
    "core.removed_photo.perceptual_hash": "it is not stored again when it is rendered anew",
    "core.removed_url.url_sha256": "the tombstone of an address",
    "core.removed_url.sha256": "whose address it was",
    "core.dataset_photo.sha256": "what a model learnt from is history",
    "core.dataset_box.sha256": "what a model learnt from is history",
    "core.model_test_photo.sha256": "what a model was judged on is history",
    "core.dataset_photo.link_sha256s": "what was linked to it stays on its side of a split",
    "core.paid_call.subject_sha256": "the money was spent, and is never spent again",
    "core.photo.cluster_sha256": "a cluster keeps its name when the photo it is named after goes",
    "load.withdrawal.sha256": "carried out, and deleted, by the next sync_cities",
}


@pytest.fixture
def place(warehouse: psycopg.Connection[Any]) -> ColourCity:
    return store_colour_city(warehouse, photos_a_sight=6)


def test_nothing_of_a_photo_is_left_but_its_hash_where_it_may_be(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    sha256, content = store_everywhere(warehouse, place)
    traces = [
        *(sha256.hex(), URL_SHA256.hex(), URL, URL.encode().hex(), content.hex()),
        *(IDENTIFIER, hashlib.sha256(IDENTIFIER.encode()).hexdigest()),
    ]
    before = columns_with(warehouse, traces)
    assert len(before - ALLOWED.keys()) > 20
    remove_photos(warehouse, Subjects((sha256,)), reason="my house", removed_by="ann")
    left = columns_with(warehouse, traces)
    assert left - ALLOWED.keys() == set()
    # What is allowed for no reason any more is to go from the list.
    assert left == ALLOWED.keys()


def test_nothing_of_an_address_is_left_but_its_hash(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    """Of which no photo was stored: it was seen, refused, and shown by a check."""
    sight_id = place.sights[0].sight_id or 0
    merge_photos(warehouse, sight_id, [], [RejectedPhoto(URL, "s", "too_small")])
    visit(warehouse)
    leave_half_a_load(warehouse, sight_id, hashlib.sha256(b"never stored").digest())
    show_in_a_check(warehouse, {"url": URL}, {"url": OTHER_URL})
    traces = [URL_SHA256.hex(), URL, URL.encode().hex()]
    assert len(columns_with(warehouse, traces)) > 5
    remove_photos(warehouse, Subjects(urls=(URL,)), reason="my house", removed_by="ann")
    assert columns_with(warehouse, traces) == {"core.removed_url.url_sha256"}


def test_other_rows_that_a_check_showed_stay(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    show_in_a_check(warehouse, {"city": "Q1", "url": URL}, {"city": "Q1", "url": OTHER_URL})
    show_in_a_check(warehouse)
    remove_photos(warehouse, Subjects(urls=(URL,)), reason="my house", removed_by="ann")
    samples = warehouse.execute(
        "select offending_sample from core.check_result order by check_id"
    ).fetchall()
    assert samples == [([{"removed": True}, {"city": "Q1", "url": OTHER_URL}],), ([],)]


def store_everywhere(warehouse: psycopg.Connection[Any], place: ColourCity) -> tuple[bytes, bytes]:
    """Store a photo, and everything that can be known of one, half-finished work included."""
    sight = place.sights[0]
    sight_id = sight.sight_id or 0
    sha256 = add_photo(warehouse, place.city, sight, "my house")
    add_photo(warehouse, place.city, sight, "a copy", cluster=sha256)
    row = warehouse.execute(
        "select bytes from core.photo_blob where sha256 = %s", (sha256,)
    ).fetchone()
    assert row is not None
    (content,) = row
    photo = FoundPhoto(
        PhotoFile(sha256, content, 160, 120, "image/png", sha256),
        Attribution(URL, URL, "wikimedia_commons", "CC0", URL, None, None, "Gate", (IDENTIFIER,)),
        datetime.now(UTC),
    )
    merge_photos(
        warehouse, sight_id, [photo], [RejectedPhoto(URL, "wikimedia_commons", "too_small", URL)]
    )
    config = read_settings(min_image_number_per_label=3)
    dataset = freeze_dataset(
        warehouse, config, place.city, Run(place.city.city_id, "city_malaga", "r")
    )
    training = ask_training(warehouse, dataset, "r")
    warehouse.execute(
        "insert into core.model (city_id, model_version, dataset_version, training_id, class_names,"
        " image_size, onnx_sha256, weights_sha256, map50, map50_95, class_metrics, result)"
        " select city_id, 1, dataset_version, %s, class_names, 160, sha256, sha256, 0.9, 0.6, '[]', '{}'"
        " from core.dataset",
        (training.training_id,),
    )
    save_judged_photos(warehouse, place.city.city_id, 1, [(sha256, [[0, 0.9, 0, 0, 1, 1]])])
    warehouse.execute(
        "insert into core.clustered_photo values (%s, %s, 72) on conflict do nothing",
        (place.city.city_id, sha256),
    )
    warehouse.execute(
        "update core.paid_call set answer = %s where subject_sha256 = %s",
        (Jsonb({"seen": URL}), sha256),
    )
    warehouse.execute(
        "insert into core.label_claim select label_id, 'ann', now() from core.label"
        " where sha256 = %s",
        (sha256,),
    )
    warehouse.execute(
        "insert into load.contribution values (%s, %s, null, %s, 'CC0', 'me')",
        (uuid4(), place.city.city_id, content),
    )
    warehouse.execute("insert into load.withdrawal values (%s, %s, 'me')", (uuid4(), sha256))
    visit(warehouse)
    leave_half_a_load(warehouse, sight_id, sha256)
    show_in_a_check(warehouse, {"sha256": sha256.hex()}, {"url": URL})
    warehouse.execute(
        "insert into core.check_offence (check_name, key) values ('mart__claim', %s::bytea::text)",
        (sha256,),
    )
    return sha256, content


def visit(warehouse: psycopg.Connection[Any]) -> None:
    warehouse.execute(
        "insert into core.photo_visit (url_sha256, etag, visited_at) values (%s, 'e', now())",
        (URL_SHA256,),
    )


def leave_half_a_load(warehouse: psycopg.Connection[Any], sight_id: int, sha256: bytes) -> None:
    """Leave what a killed loader of an older version may have."""
    warehouse.execute(
        "insert into load.photo (batch_id, sha256, bytes, width_pixels, height_pixels, media_type,"
        " perceptual_hash, sight_id, url, page_url, source, licence, query, found_at)"
        " values (gen_random_uuid(), %s, 'x', 1, 1, 'image/png', %s, %s, %s, %s, 's', 'l', 'q', now())",
        (sha256, sha256, sight_id, URL, URL),
    )
    warehouse.execute(
        "insert into load.rejected_photo values (gen_random_uuid(), %s, %s, 's', 'small', %s)",
        (sight_id, URL, URL),
    )
    warehouse.execute(
        "insert into load.label (batch_id, call_id, annotation_number, city_id, sha256,"
        " description, score, x1, y1, x2, y2, state)"
        " values (gen_random_uuid(), 1, 1, 'Q1', %s, 'd', 1, 0, 0, 1, 1, 'accepted')",
        (sha256,),
    )


def show_in_a_check(warehouse: psycopg.Connection[Any], *rows: dict[str, str]) -> None:
    warehouse.execute(
        "insert into core.check_result (check_name, severity, offending_count, offending_sample,"
        " dag_id, run_id) values ('mart__claim', 'warn', %s, %s, 'd', 'r')",
        (len(rows), Jsonb(list(rows))),
    )


def columns_with(warehouse: psycopg.Connection[Any], traces: Sequence[str]) -> set[str]:
    """Return the columns of all tables that hold one of the traces, whatever their type."""
    columns = warehouse.execute(
        "select table_schema, table_name, column_name from information_schema.columns"
        " inner join information_schema.tables using (table_schema, table_name)"
        " where table_schema in ('load', 'core', 'mart') and table_type = 'BASE TABLE'"
    ).fetchall()
    assert len(columns) > 100
    return {
        ".".join(column)
        for column in columns
        if warehouse.execute(
            sql.SQL(
                "select 1 from {} inner join unnest(%s::text[]) as trace"
                " on strpos({}::text, trace) > 0 limit 1"
            ).format(sql.Identifier(*column[:2]), sql.Identifier(column[2])),
            (list(traces),),
        ).fetchone()
    }
