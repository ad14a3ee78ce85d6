"""However many load at once, and whoever dies: each photo once, whole, and nothing half done."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.photo_batches import BATCH, store_calls, store_gates

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[2]
LOADERS = 8
PHOTOS = 80
SIGHTS = 2
# Photos, bytes, sources, rejections, visits, labels; and what is left on the way.
ALL_ONCE = (PHOTOS, PHOTOS, PHOTOS * SIGHTS, PHOTOS * SIGHTS, PHOTOS, PHOTOS, 0)


def start_loader(sight_ids: str, seed: int, *more: str, store: str = "") -> subprocess.Popen[str]:
    program = REPOSITORY / "tests" / "photo_batches.py"
    return subprocess.Popen(
        [sys.executable, program, sight_ids, str(seed), str(PHOTOS), *more],
        env=os.environ | {"PHOTO_STORE": store},
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(autouse=True)
def python_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{REPOSITORY}:{REPOSITORY / 'plugins'}")


@pytest.fixture
def gate_ids(warehouse: psycopg.Connection[Any]) -> str:
    sight_ids = store_gates(warehouse, SIGHTS)
    store_calls(warehouse, PHOTOS)
    return ",".join(map(str, sight_ids))


def counts(warehouse: psycopg.Connection[Any]) -> tuple[int, ...]:
    row = warehouse.execute(
        "select (select count(*) from core.photo), (select count(*) from core.photo_blob"
        " where uri is not null or sha256(bytes) = sha256),"
        " (select count(*) from core.photo_source), (select count(*) from core.rejected_photo),"
        " (select count(*) from core.photo_visit), (select count(*) from core.label),"
        " (select count(*) from load.photo) + (select count(*) from load.rejected_photo)"
        " + (select count(*) from load.label)"
    ).fetchone()
    assert row is not None
    return tuple(row)


def test_eight_loaders_of_the_same_photos_store_each_once(
    warehouse: psycopg.Connection[Any], gate_ids: str, tmp_path: Path
) -> None:
    """Half of them into PostgreSQL, half into an object store, as while a setting changes."""
    stores = ["", f"file://{tmp_path}/photos"]
    loaders = [start_loader(gate_ids, seed, store=stores[seed % 2]) for seed in range(LOADERS)]
    errors = [loader.communicate(timeout=120)[1] for loader in loaders]
    assert errors == [""] * LOADERS
    assert counts(warehouse) == ALL_ONCE


def test_killed_loader_leaves_whole_batches_and_others_go_on(
    warehouse: psycopg.Connection[Any], gate_ids: str
) -> None:
    killed = start_loader(gate_ids, 1, "die")
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    photos, blobs, sources, rejections, visits, labels, loaded = counts(warehouse)
    assert 0 < photos == blobs == sources == rejections == visits == labels <= BATCH
    assert loaded == 0
    assert start_loader(gate_ids, 2).communicate(timeout=60)[1] == ""
    assert counts(warehouse) == ALL_ONCE
