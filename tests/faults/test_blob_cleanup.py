"""Objects that a killed move or load left in the photo store do not outlive the photo."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sightscan.errors import WarehouseError
from sightscan.settings import settings
from sightscan.warehouse.photos import photos
from sightscan.warehouse.photos.blob_moves import move_photos
from sightscan.warehouse.photos.blobs import PhotoStore, open_photo_store
from sightscan.warehouse.photos.photos import merge_photos
from sightscan.warehouse.takedowns.takedowns import Subjects, remove_photos
from sightscan.warehouse.takedowns.withdrawals import remove_withdrawn_photos
from tests.photo_batches import found_photo, store_gate

REPOSITORY = Path(__file__).resolve().parents[2]
PHOTOS = 3
# After the first commit, before the old objects are deleted.
KILLED = """
import os, signal, sys
from sightscan.warehouse.photos import blob_cleanup
def statement(name, known=blob_cleanup.statement, asked=[]):
    asked.append(name)
    if asked.count("photos/lock_objects_to_delete") == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return known(name)
blob_cleanup.statement = statement
from sightscan.cli.main import main
sys.exit(main(["photos", "move", "--to-database"]))
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PhotoStore:
    monkeypatch.setenv("PYTHONPATH", f"{REPOSITORY / 'plugins'}{os.pathsep}{REPOSITORY}")
    monkeypatch.setenv("PHOTO_STORE", (tmp_path / "photos").as_uri())
    settings.cache_clear()
    opened = open_photo_store(settings())
    assert opened is not None
    return opened


@pytest.fixture
def left_behind(warehouse: psycopg.Connection[Any], store: PhotoStore) -> list[Path]:
    """Kill a move from the store to PostgreSQL; the objects are there, and no row says so."""
    found = [found_photo(number) for number in range(PHOTOS)]
    merge_photos(warehouse, store_gate(warehouse), found, [], store)
    killed = subprocess.run([sys.executable, "-c", KILLED], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert places(warehouse) == (PHOTOS, 0)
    files = objects_of(store)
    assert len(files) == PHOTOS
    return files


def objects_of(store: PhotoStore) -> list[Path]:
    return sorted(Path(store.url.removeprefix("file://")).rglob("*.*"))


def places(warehouse: psycopg.Connection[Any]) -> tuple[Any, ...] | None:
    return warehouse.execute("select count(bytes), count(uri) from core.photo_blob").fetchone()


def notes(warehouse: psycopg.Connection[Any]) -> int:
    row = warehouse.execute("select count(*) from core.object_to_delete").fetchone()
    assert row is not None
    return int(row[0])


def test_next_move_deletes_what_a_killed_one_left(
    warehouse: psycopg.Connection[Any], store: PhotoStore, left_behind: list[Path]
) -> None:
    assert move_photos(warehouse, store.config, None).moved_count == 0
    assert (objects_of(store), notes(warehouse)) == ([], 0)


def test_move_back_to_the_same_place_keeps_its_objects(
    warehouse: psycopg.Connection[Any], store: PhotoStore, left_behind: list[Path]
) -> None:
    assert move_photos(warehouse, store.config, store).moved_count == PHOTOS
    assert (objects_of(store), notes(warehouse)) == (left_behind, 0)
    remove_withdrawn_photos(warehouse)
    assert objects_of(store) == left_behind


def test_task_of_the_take_downs_deletes_it(
    warehouse: psycopg.Connection[Any], store: PhotoStore, left_behind: list[Path]
) -> None:
    remove_withdrawn_photos(warehouse)
    assert (objects_of(store), notes(warehouse)) == ([], 0)


def test_take_down_deletes_it_even_if_the_photos_are_kept_elsewhere_now(
    warehouse: psycopg.Connection[Any],
    store: PhotoStore,
    left_behind: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PHOTO_STORE")
    settings.cache_clear()
    gone = found_photo(0).file.sha256
    remove_photos(warehouse, Subjects((gone,)), reason="asked", removed_by="ann")
    assert [file.stem for file in left_behind if not file.exists()] == [gone.hex()]
    assert notes(warehouse) == PHOTOS - 1


def test_take_down_deletes_what_a_load_that_was_rolled_back_left(
    warehouse: psycopg.Connection[Any], store: PhotoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = photos.statement

    def broken(name: str) -> Any:
        if name == "photos/delete_loaded_photos":
            raise WarehouseError(name)
        return known(name)

    sight_id = store_gate(warehouse)
    with monkeypatch.context() as patched:
        patched.setattr(photos, "statement", broken)
        with pytest.raises(WarehouseError):
            merge_photos(warehouse, sight_id, [found_photo(0)], [], store)
    assert len(objects_of(store)) == 1
    photo = Subjects((found_photo(0).file.sha256,))
    remove_photos(warehouse, photo, reason="asked", removed_by="ann")
    assert (objects_of(store), notes(warehouse)) == ([], 0)
