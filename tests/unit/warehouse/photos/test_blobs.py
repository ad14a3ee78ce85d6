"""The photo store over plain files: senseless settings, where objects are, and moves."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from sightscan.cli.main import main
from sightscan.errors import SettingsError, WarehouseError
from sightscan.settings import read_settings
from sightscan.warehouse.models.datasets import stream_blobs
from sightscan.warehouse.photos.blob_moves import move_photos
from sightscan.warehouse.photos.blobs import open_photo_store
from sightscan.warehouse.photos.photos import merge_photos
from tests.photo_batches import found_photo, store_gate

PHOTOS = 20


@pytest.mark.parametrize("url", ["photos", "/var/photos", "s3://", "file://photos", "what://ever"])
def test_senseless_store_is_refused_by_name(url: str) -> None:
    with pytest.raises(SettingsError, match="PHOTO_STORE="):
        open_photo_store(read_settings(photo_store=url))


def test_no_store_means_postgresql() -> None:
    assert open_photo_store(read_settings(photo_store="")) is None


def contents(warehouse: psycopg.Connection[Any]) -> dict[bytes, bytes]:
    return dict(stream_blobs(warehouse, [found_photo(n).file.sha256 for n in range(PHOTOS)]))


@pytest.fixture
def expected(warehouse: psycopg.Connection[Any]) -> dict[bytes, bytes]:
    """Store photos in PostgreSQL; the value is what must be read."""
    found = [found_photo(number) for number in range(PHOTOS)]
    merge_photos(warehouse, store_gate(warehouse), found, [])
    return {one.file.sha256: one.file.content for one in found}


def test_photos_move_to_a_folder_and_back(
    warehouse: psycopg.Connection[Any], expected: dict[bytes, bytes], tmp_path: Path
) -> None:
    config = read_settings(photo_store=tmp_path.as_uri())
    assert move_photos(warehouse, config, open_photo_store(config)).moved_count == PHOTOS
    assert len(list(tmp_path.rglob("*.jpg"))) == PHOTOS
    assert contents(warehouse) == expected
    assert move_photos(warehouse, config, None).moved_count == PHOTOS
    assert not list(tmp_path.rglob("*.*"))
    assert contents(warehouse) == expected


def test_photo_that_is_locked_is_left_and_counted(
    warehouse: psycopg.Connection[Any],
    expected: dict[bytes, bytes],
    warehouse_address: Any,
    tmp_path: Path,
) -> None:
    config = read_settings(photo_store=tmp_path.as_uri())
    with psycopg.connect(
        host=warehouse_address.host,
        port=warehouse_address.port,
        dbname=warehouse_address.database,
        user=warehouse_address.user,
        password=warehouse_address.password,
    ) as other:
        other.execute(
            "select 1 from core.photo_blob where sha256 = %s for update", (min(expected),)
        )
        report = move_photos(warehouse, config, open_photo_store(config))
    assert (report.moved_count, report.left_count) == (PHOTOS - 1, 1)


def test_bytes_that_are_not_their_hash_are_not_moved(
    warehouse: psycopg.Connection[Any], expected: dict[bytes, bytes], tmp_path: Path
) -> None:
    damaged = min(expected)
    warehouse.execute("update core.photo_blob set bytes = 'x' where sha256 = %s", (damaged,))
    config = read_settings(photo_store=tmp_path.as_uri())
    with pytest.raises(WarehouseError, match=damaged.hex()):
        move_photos(warehouse, config, open_photo_store(config))
    assert len(contents(warehouse)) == PHOTOS


def test_command_without_a_store_says_what_to_set(
    warehouse: psycopg.Connection[Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["photos", "move"]) == 2
    assert "PHOTO_STORE is empty" in capsys.readouterr().err
