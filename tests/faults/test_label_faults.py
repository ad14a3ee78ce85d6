"""Whoever dies and when, and however many work at once: no photo is sent twice, no cap is passed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.counts import Counts
from sandbox.landmark_answers import NO_ERRORS
from sandbox.vision import VisionServer
from sandbox.world import World
from sightscan.label.photos import label_photos
from sightscan.label.vision import open_client
from sightscan.settings import read_settings
from tests.faults.label_worker import STEPS
from tests.labelled_city import LabelledCity, draw_world, store_city

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[2]
PHOTOS_A_SIGHT = 20
PHOTOS = 3 * PHOTOS_A_SIGHT


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return draw_world(tmp_path_factory.mktemp("world"), PHOTOS_A_SIGHT)


@pytest.fixture
def stored(warehouse: psycopg.Connection[Any], world: World) -> LabelledCity:
    return store_city(warehouse, world)


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture(autouse=True)
def server(
    stored: LabelledCity, counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> Iterator[VisionServer]:
    with VisionServer(
        stored.world, stored.facts, counts, errors=NO_ERRORS, latency_seconds=0.1
    ) as running:
        monkeypatch.setenv("VISION_ENDPOINT", running.endpoint)
        monkeypatch.setenv("PYTHONPATH", f"{REPOSITORY}:{REPOSITORY / 'plugins'}")
        yield running


def start_worker(stored: LabelledCity, run_id: str, cap: int, *kill: str) -> subprocess.Popen[str]:
    worker = REPOSITORY / "tests" / "faults" / "label_worker.py"
    command = [sys.executable, str(worker), stored.city.city_id, run_id, str(cap), *kill]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def label_again(warehouse: psycopg.Connection[Any], stored: LabelledCity, run_id: str) -> None:
    config = read_settings()
    client = open_client(config)
    label_photos(warehouse, client, config, stored.city, dag_id=stored.city.dag_id, run_id=run_id)
    client.transport.close()


def finish(worker: subprocess.Popen[str]) -> int:
    """Return how many images the worker sent."""
    output, errors = worker.communicate(timeout=120)
    assert worker.returncode == 0, errors
    return int(output)


def vision_counts(counts: Counts) -> tuple[int, int]:
    """Return how many images Vision was sent, and how many of them again."""
    asked = counts.snapshot().get("vision", {})
    return asked.get("images", 0), asked.get("images_repeated", 0)


def ledger(warehouse: psycopg.Connection[Any]) -> dict[str, int]:
    return dict(
        warehouse.execute("select state, count(*) from core.paid_call group by state").fetchall()
    )


def answers_without_label(warehouse: psycopg.Connection[Any]) -> int:
    row = warehouse.execute(
        "select count(*) from core.paid_call left join core.label using (call_id)"
        " where paid_call.state = 'succeeded' and label_id is null"
    ).fetchone()
    return -1 if row is None else int(row[0])


@pytest.mark.parametrize("step", list(STEPS))
def test_killed_worker_makes_nobody_pay_twice(
    stored: LabelledCity, warehouse: psycopg.Connection[Any], counts: Counts, step: str
) -> None:
    killed = start_worker(stored, "run 1", PHOTOS, step, "2")
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    # The retried task of one run finds what it left, another run what a dead one left.
    label_again(warehouse, stored, "run 1" if step.startswith("before") else "run 2")
    sent, repeated = vision_counts(counts)
    states = ledger(warehouse)
    assert repeated == 0
    assert sent <= sum(states.values()) == PHOTOS
    assert answers_without_label(warehouse) == 0


def test_cap_is_exact_for_eight_workers_at_once(
    stored: LabelledCity, warehouse: psycopg.Connection[Any], counts: Counts
) -> None:
    cap = PHOTOS - 15
    workers = [start_worker(stored, f"run {number}", cap) for number in range(8)]
    sent = [finish(worker) for worker in workers]
    assert sum(sent) == cap
    assert vision_counts(counts) == (cap, 0)
    assert ledger(warehouse) == {"succeeded": cap}
