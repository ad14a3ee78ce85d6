"""However many load at once, and whoever dies: each photo once, whole, and nothing half done."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.photo_batches import BATCH, store_gate

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[2]
LOADERS = 8
PHOTOS = 120


def start_loader(sight_id: int, seed: int, *more: str) -> subprocess.Popen[str]:
    program = REPOSITORY / "tests" / "photo_batches.py"
    return subprocess.Popen(
        [sys.executable, program, str(sight_id), str(seed), str(PHOTOS), *more],
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(autouse=True)
def python_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{REPOSITORY}:{REPOSITORY / 'plugins'}")


@pytest.fixture
def gate_id(warehouse: psycopg.Connection[Any]) -> int:
    return store_gate(warehouse)


def counts(warehouse: psycopg.Connection[Any]) -> tuple[int, ...]:
    row = warehouse.execute(
        "select (select count(*) from core.photo),"
        " (select count(*) from core.photo_blob where sha256(bytes) = sha256),"
        " (select count(*) from core.photo_source), (select count(*) from core.rejected_photo),"
        " (select count(*) from load.photo) + (select count(*) from load.rejected_photo)"
    ).fetchone()
    assert row is not None
    return tuple(row)


def test_eight_loaders_of_the_same_photos_store_each_once(
    warehouse: psycopg.Connection[Any], gate_id: int
) -> None:
    loaders = [start_loader(gate_id, seed) for seed in range(LOADERS)]
    errors = [loader.communicate(timeout=120)[1] for loader in loaders]
    assert errors == [""] * LOADERS
    assert counts(warehouse) == (PHOTOS, PHOTOS, PHOTOS, PHOTOS, 0)


def test_killed_loader_leaves_whole_batches_and_others_go_on(
    warehouse: psycopg.Connection[Any], gate_id: int
) -> None:
    killed = start_loader(gate_id, 1, "die")
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    photos, blobs, sources, rejections, loaded = counts(warehouse)
    assert photos == blobs == sources == rejections <= BATCH
    assert loaded == 0
    assert start_loader(gate_id, 2).communicate(timeout=60)[1] == ""
    assert counts(warehouse) == (PHOTOS, PHOTOS, PHOTOS, PHOTOS, 0)
