"""Bytes of photos in S3, against moto's server: written, read, moved there and back, and broken."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from moto.server import ThreadedMotoServer

from sightscan.errors import WarehouseError
from sightscan.settings import settings
from sightscan.warehouse.models.datasets import stream_blobs
from sightscan.warehouse.photos.blob_moves import move_photos
from sightscan.warehouse.photos.blobs import PhotoStore, open_photo_store
from sightscan.warehouse.photos.photos import merge_photos
from tests.photo_batches import found_photo, store_gate

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[2]
BUCKET = "sightscan-photos"
PHOTOS = 40


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Make an empty bucket; the settings hold its key, as Airflow's connection does."""
    resource = boto3.resource(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="secret",
    )
    monkeypatch.setenv("PHOTO_STORE_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    made = resource.Bucket(BUCKET)
    made.create()
    yield made
    made.objects.all().delete()
    made.delete()


@pytest.fixture
def gate_id(warehouse: psycopg.Connection[Any]) -> int:
    return store_gate(warehouse)


@pytest.fixture
def store(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> PhotoStore:
    monkeypatch.setenv("PHOTO_STORE", f"s3://{BUCKET}/photos")
    settings.cache_clear()
    opened = open_photo_store(settings())
    assert opened is not None
    return opened


def read_all(warehouse: psycopg.Connection[Any]) -> dict[bytes, bytes]:
    hashes = [row[0] for row in warehouse.execute("select sha256 from core.photo")]
    return dict(stream_blobs(warehouse, hashes))


def places(warehouse: psycopg.Connection[Any]) -> tuple[int, int]:
    """Count the photos in PostgreSQL and in the store."""
    row = warehouse.execute("select count(bytes), count(uri) from core.photo_blob").fetchone()
    assert row is not None
    return tuple(row)


def expected(count: int = PHOTOS) -> dict[bytes, bytes]:
    files = [found_photo(number).file for number in range(count)]
    return {file.sha256: file.content for file in files}


def keys(bucket: Any) -> set[str]:
    return {item.key for item in bucket.objects.all()}


def fill(warehouse: psycopg.Connection[Any], gate_id: int, store: PhotoStore | None = None) -> None:
    merge_photos(warehouse, gate_id, [found_photo(n) for n in range(PHOTOS)], [], store)


def start_move(*options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sightscan", "photos", "move", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'plugins'}"},
    )


def test_new_photos_go_to_the_store_under_their_hash(
    warehouse: psycopg.Connection[Any], gate_id: int, store: PhotoStore, bucket: Any
) -> None:
    fill(warehouse, gate_id, store)
    assert places(warehouse) == (0, PHOTOS)
    assert keys(bucket) == {
        f"photos/{sha256.hex()[:2]}/{sha256.hex()}.jpg" for sha256 in expected()
    }
    assert read_all(warehouse) == expected()


def test_move_there_and_back_keeps_every_byte(
    warehouse: psycopg.Connection[Any], gate_id: int, store: PhotoStore, bucket: Any
) -> None:
    fill(warehouse, gate_id)
    there = start_move()
    assert f"moved={PHOTOS}" in there.communicate(timeout=60)[0]
    assert places(warehouse) == (0, PHOTOS)
    assert read_all(warehouse) == expected()
    back = start_move("--to-database")
    assert f"moved={PHOTOS}" in back.communicate(timeout=60)[0]
    assert places(warehouse) == (PHOTOS, 0)
    assert read_all(warehouse) == expected()
    assert keys(bucket) == set()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_move_that_is_killed_loses_nothing_and_goes_on(
    warehouse: psycopg.Connection[Any], gate_id: int, store: PhotoStore, end: signal.Signals
) -> None:
    fill(warehouse, gate_id)
    moving = start_move()
    while places(warehouse)[1] == 0 and moving.poll() is None:
        assert read_all(warehouse) == expected()
    moving.send_signal(end)
    moving.communicate(timeout=60)
    assert sum(places(warehouse)) == PHOTOS
    assert read_all(warehouse) == expected()
    assert start_move().wait(timeout=60) == 0
    assert places(warehouse) == (0, PHOTOS)
    assert read_all(warehouse) == expected()


def test_reader_that_holds_an_old_address_finds_the_photo_where_it_is_now(
    warehouse: psycopg.Connection[Any], gate_id: int, store: PhotoStore
) -> None:
    fill(warehouse, gate_id, store)
    reading = stream_blobs(warehouse, list(expected()))
    first = next(reading)
    assert start_move("--to-database").wait(timeout=60) == 0
    assert dict([first, *reading]) == expected()


def delete(item: Any) -> None:
    item.delete()


def overwrite(item: Any) -> None:
    item.put(Body=b"something else")


@pytest.mark.parametrize(
    ("damage", "complaint"), [(delete, "is not at s3://"), (overwrite, "its hash differs")]
)
def test_damaged_object_is_named(  # noqa: PLR0917 - fixtures come by name
    warehouse: psycopg.Connection[Any],
    gate_id: int,
    store: PhotoStore,
    bucket: Any,
    damage: Callable[[Any], None],
    complaint: str,
) -> None:
    fill(warehouse, gate_id, store)
    key = sorted(keys(bucket))[7]
    damage(bucket.Object(key))
    with pytest.raises(WarehouseError, match=complaint) as raised:
        read_all(warehouse)
    assert key in str(raised.value)


def test_store_that_refuses_stores_no_row(
    warehouse: psycopg.Connection[Any], gate_id: int, store: PhotoStore
) -> None:
    elsewhere = PhotoStore("s3://no-such-bucket/photos", store.config)
    with pytest.raises(WarehouseError, match="does not write s3://no-such-bucket"):
        fill(warehouse, gate_id, elsewhere)
    assert places(warehouse) == (0, 0)


def test_photos_of_an_earlier_store_move_to_the_new_one(
    warehouse: psycopg.Connection[Any], gate_id: int, store: PhotoStore, bucket: Any
) -> None:
    fill(warehouse, gate_id, PhotoStore(f"s3://{BUCKET}/old", store.config))
    assert move_photos(warehouse, store.config, store).moved_count == PHOTOS
    assert read_all(warehouse) == expected()
    found = keys(bucket)
    assert len(found) == PHOTOS
    assert all(key.startswith("photos/") for key in found)
