"""Whoever dies and when, and however many work at once: no photo is sent twice, no cap is passed."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.counts import Counts
from sandbox.vision.landmark_answers import NO_ERRORS
from sandbox.vision.server import VisionServer
from sandbox.world.world import World
from sightscan.label.run import label_photos
from sightscan.label.vision import open_client
from sightscan.run import Run
from sightscan.settings import read_settings
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.sights import upsert_sights
from tests.cities.labelled_city import LabelledCity, draw_world, store_city, store_photo
from tests.faults.label_worker import STEPS

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
    label_photos(
        warehouse, client, config, stored.city, Run(stored.city.city_id, stored.city.dag_id, run_id)
    )
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
    assert sent <= sum(states.values()) - states.get("failed", 0) == PHOTOS
    assert answers_without_label(warehouse) == 0
    found = labels_by_photo(warehouse)
    assert len(found) == states["succeeded"]
    assert found.items() <= undisturbed_labels(warehouse, stored).items()


@pytest.mark.parametrize("step", ["after the reservation", "before the mark"])
def test_what_a_killed_worker_provably_did_not_send_is_sent_by_its_retry(
    stored: LabelledCity, warehouse: psycopg.Connection[Any], counts: Counts, step: str
) -> None:
    start_worker(stored, "run 1", PHOTOS, step, "1").communicate(timeout=120)
    label_again(warehouse, stored, "run 1")
    assert ledger(warehouse)["succeeded"] == PHOTOS
    assert vision_counts(counts) == (PHOTOS, 0)


@pytest.mark.parametrize("step", ["after the mark", "during the call", "after the call"])
def test_what_a_killed_worker_may_have_sent_is_spent_and_not_sent_again(
    stored: LabelledCity, warehouse: psycopg.Connection[Any], counts: Counts, step: str
) -> None:
    start_worker(stored, "run 1", PHOTOS, step, "1").communicate(timeout=120)
    label_again(warehouse, stored, "run 1")
    states = ledger(warehouse)
    assert states["unknown"] >= 16
    assert states["unknown"] + states["succeeded"] == PHOTOS
    assert vision_counts(counts)[1] == 0


Crash = tuple[str, int]


@given(crashes=st.lists(st.tuples(st.sampled_from(list(STEPS)), st.integers(1, 4)), max_size=3))
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_crashes_in_a_row_cost_no_image_twice_and_pass_no_cap(
    stored: LabelledCity,
    warehouse: psycopg.Connection[Any],
    crashes: list[Crash],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warehouse.execute("delete from core.label")
    warehouse.execute("delete from core.paid_call")
    cap, counted = PHOTOS - 10, Counts()
    with VisionServer(
        stored.world, stored.facts, counted, errors=NO_ERRORS, latency_seconds=0.1
    ) as running:
        monkeypatch.setenv("VISION_ENDPOINT", running.endpoint)
        for step, nth in crashes:
            start_worker(stored, "run 1", cap, step, str(nth)).communicate(timeout=120)
        finish(start_worker(stored, "run 1", cap))
    sent, repeated = vision_counts(counted)
    states = ledger(warehouse)
    spent = sum(states.values()) - states.get("failed", 0)
    assert repeated == 0
    assert sent <= spent == cap
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


def test_of_eight_workers_at_once_half_die_and_nothing_is_paid_twice(
    stored: LabelledCity, warehouse: psycopg.Connection[Any], counts: Counts
) -> None:
    cap = PHOTOS - 15
    deadly = ("before the mark", "during the call", "before the result", "before the commit")
    workers = [start_worker(stored, f"run {n}", cap, step, "1") for n, step in enumerate(deadly)]
    workers += [start_worker(stored, f"run {n}", cap) for n in range(4, 8)]
    for worker in workers:
        worker.communicate(timeout=120)
    # Each run is tried again, as Airflow does.
    for n in range(8):
        finish(start_worker(stored, f"run {n}", cap))
    sent, repeated = vision_counts(counts)
    states = ledger(warehouse)
    assert repeated == 0
    assert sent <= sum(states.values()) - states.get("failed", 0) == cap
    found = labels_by_photo(warehouse)
    assert len(found) == states["succeeded"]
    assert found.items() <= undisturbed_labels(warehouse, stored).items()


def test_months_cap_is_exact_for_eight_workers_of_two_cities_at_once(
    stored: LabelledCity,
    warehouse: psycopg.Connection[Any],
    counts: Counts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    twin = store_twin(warehouse, stored)
    cap = PHOTOS - 15
    monkeypatch.setenv("MAX_GOOGLE_VISION_CALLS_PER_MONTH", str(cap))
    monkeypatch.setenv("MAX_GOOGLE_VISION_CALLS_IN_ALL", str(cap + 5))
    workers = [
        start_worker(city, f"run {number}", PHOTOS)
        for number in range(4)
        for city in (stored, twin)
    ]
    sent = [finish(worker) for worker in workers]
    assert sum(sent) == cap
    assert vision_counts(counts) == (cap, 0)


def test_twice_cleared_and_backfilled_gives_the_same_labels_and_pays_once(
    stored: LabelledCity, warehouse: psycopg.Connection[Any], counts: Counts
) -> None:
    finish(start_worker(stored, "scheduled", PHOTOS))
    before = all_labels(warehouse)
    # Cleared: the same run again; then another run, and two of a backfill at once.
    assert finish(start_worker(stored, "scheduled", PHOTOS)) == 0
    assert finish(start_worker(stored, "manual", PHOTOS)) == 0
    backfill = [start_worker(stored, f"backfill {day}", PHOTOS) for day in (2, 1)]
    assert [finish(worker) for worker in backfill] == [0, 0]
    assert vision_counts(counts) == (PHOTOS, 0)
    assert all_labels(warehouse) == before


def store_twin(warehouse: psycopg.Connection[Any], stored: LabelledCity) -> LabelledCity:
    """Store a second city in which the same photos were found."""
    city = add_city(warehouse, replace(stored.city, city_id="Q7", slug="twin", name="Twin"))
    found = [replace(sight, city_id="Q7") for sight in stored.sights]
    twin = LabelledCity(stored.world, stored.facts, city, upsert_sights(warehouse, "Q7", found))
    for photo in stored.world.photos:
        sight_ids = [twin.sight_id(box.sight) for box in photo.boxes]
        store_photo(warehouse, photo.path.read_bytes(), sight_ids)
    return twin


def undisturbed_labels(
    warehouse: psycopg.Connection[Any], stored: LabelledCity
) -> dict[bytes, list[tuple[Any, ...]]]:
    """Return what one task alone makes of all photos, as if nothing had happened before."""
    warehouse.execute("delete from core.label")
    warehouse.execute("delete from core.paid_call")
    label_again(warehouse, stored, "undisturbed")
    return labels_by_photo(warehouse)


def labels_by_photo(warehouse: psycopg.Connection[Any]) -> dict[bytes, list[tuple[Any, ...]]]:
    found: dict[bytes, list[tuple[Any, ...]]] = {}
    for sha256, *label, _ in all_labels(warehouse):
        found.setdefault(bytes(sha256), []).append(tuple(label))
    return found


def all_labels(warehouse: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return warehouse.execute(
        "select sha256, sight_id, x1, y1, x2, y2, state, reason, recorded_at from core.label"
        " order by sha256, annotation_number"
    ).fetchall()
