"""How fast photos are labelled, and in how much memory: `make bench-label`.

The pipeline's own label task, in a process of its own, against the stand-in of Google Vision (in
another), which takes 300 ms for each request. Photos have the size that a crawl keeps.
"""

import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from psycopg import sql

from benchmarks.ending import end_as_by_ctrl_c
from benchmarks.report import Row, publish
from sandbox.addresses import PostgresAddress
from sandbox.counts import Counts
from sandbox.postgres.server import EmbeddedPostgres
from sandbox.postgres.server import connect as connect_to
from sandbox.vision.landmark_answers import VisionErrors
from sandbox.vision.server import VisionServer
from sandbox.world.city_facts import facts_of
from sandbox.world.world import World, WorldBox, WorldPhoto, load_world, write_manifest
from sightscan.label.run import label_photos
from sightscan.label.vision import IMAGES_PER_REQUEST, open_client
from sightscan.run import Run
from sightscan.settings import REPOSITORY, settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.registry.cities import list_cities
from sightscan.warehouse.schema.migrate import migrate
from tests.cities.labelled_city import CITY, store_city

PHOTOS, MORE_PHOTOS = 1_000, 4_000
SIGHTS = 20
LATENCY_SECONDS = 0.3
# The width of the thumbnails that Wikimedia Commons serves, and that a crawl keeps.
SIZE = (960, 720)
MAX_SECONDS = 10
MAX_REQUESTS = -(-PHOTOS // IMAGES_PER_REQUEST)
# Four times the photos; a tenth more memory is what lists of hashes and the allocator may take.
MAX_MEMORY_RATIO = 1.1
QUOTA_RENEWED_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Measure:
    """What labelling took; memory is the peak of resident memory, of the process and before."""

    seconds: float
    processor_seconds: float
    answered: int
    accepted: int
    peak_megabytes: float
    before_megabytes: float


def main() -> int:
    """Measure, print and write the report; return the exit code."""
    end_as_by_ctrl_c()
    with tempfile.TemporaryDirectory(prefix="bench-label-") as name:
        folder = Path(name)
        print(f"drawing {MORE_PHOTOS:,} photos ...", flush=True)
        draw_world(folder / "world")
        with _stand_in(folder / "world") as vision, _warehouse_server(folder) as server:
            print(f"labelling {PHOTOS:,} photos ...", flush=True)
            few, requests = _measure(server, vision, folder / "world", PHOTOS)
            print(f"labelling {MORE_PHOTOS:,} photos ...", flush=True)
            many, _ = _measure(server, vision, folder / "world", MORE_PHOTOS)
    assert (few.answered, many.answered) == (PHOTOS, MORE_PHOTOS), "not every photo was answered"
    return publish(
        "label",
        [
            Row("photos", PHOTOS),
            Row("latency of a request", LATENCY_SECONDS, "s"),
            Row.at_most("requests", requests, "", MAX_REQUESTS),
            Row.at_most("time for all photos", few.seconds, "s", MAX_SECONDS),
            Row("processor time of the label task", few.processor_seconds, "s"),
            Row("photos per second", PHOTOS / few.seconds, "1/s"),
            Row("accepted labels", few.accepted),
            Row(f"memory, {PHOTOS:,} photos", few.peak_megabytes, "MB"),
            Row(f"memory, {MORE_PHOTOS:,} photos", many.peak_megabytes, "MB"),
            Row("memory before the first photo", few.before_megabytes, "MB"),
            Row.at_most(
                f"memory, {MORE_PHOTOS:,} / {PHOTOS:,} photos",
                many.peak_megabytes / few.peak_megabytes,
                "x",
                MAX_MEMORY_RATIO,
            ),
        ],
    )


def draw_world(folder: Path) -> World:
    """Draw pictures of clouds and grain: as large as photos, and all different."""
    folder.mkdir()
    dice = np.random.default_rng(1)
    grain = dice.normal(0, 6, (SIZE[1] * 2, SIZE[0] * 2, 1)).astype(np.float32)
    photos = []
    for number in range(MORE_PHOTOS):
        name = f"{number:05}.jpg"
        Image.fromarray(_clouds(dice, grain)).save(folder / name, quality=88)
        box = WorldBox(f"Sight Number {number % SIGHTS + 1}", 100, 80, 700, 600)
        photos.append(WorldPhoto(name, folder / name, *SIZE, (box,)))
    write_manifest(folder, CITY, photos)
    return load_world(folder)


def _clouds(dice: np.random.Generator, grain: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    coarse = Image.fromarray(dice.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    clouds = np.asarray(coarse.resize(SIZE, Image.Resampling.BILINEAR), dtype=np.float32)
    top, left = dice.integers(0, SIZE[1]), dice.integers(0, SIZE[0])
    return np.clip(clouds + grain[top : top + SIZE[1], left : left + SIZE[0]], 0, 255).astype(
        np.uint8
    )


@contextmanager
def _warehouse_server(folder: Path) -> Iterator[PostgresAddress]:
    server = EmbeddedPostgres(folder / "postgres")
    address = server.start()
    try:
        yield address
    finally:
        server.erase()


@dataclass(frozen=True, slots=True)
class _StandIn:
    """The stand-in's address, and the pipe on which it says what it counted."""

    endpoint: str
    pipe: Connection

    def requests(self) -> int:
        self.pipe.send("count")
        return int(self.pipe.recv())


@contextmanager
def _stand_in(world: Path) -> Iterator[_StandIn]:
    """Serve Vision in a process of its own: its work is not the pipeline's."""
    ours, theirs = multiprocessing.Pipe()
    spawn = multiprocessing.get_context("spawn")
    process = spawn.Process(target=_serve, args=(world, theirs))
    process.start()
    theirs.close()
    try:
        yield _StandIn(ours.recv(), ours)
    finally:
        ours.close()
        process.join()


def _serve(folder: Path, pipe: Connection) -> None:
    world, counts = load_world(folder), Counts()
    with VisionServer(
        world, facts_of(world), counts, errors=VisionErrors(), latency_seconds=LATENCY_SECONDS
    ) as server:
        # It reads the whole world when it sees its first picture: not while somebody waits.
        _look_at_once(server.endpoint, world.photos[0].path)
        pipe.send(server.endpoint)
        try:
            while True:
                pipe.recv()
                pipe.send(counts.snapshot()["vision"]["requests"])
        except EOFError:
            return


def _look_at_once(endpoint: str, photo: Path) -> None:
    client = open_client(settings().with_overrides({"vision_endpoint": endpoint}))
    client.landmark_detection(image={"content": photo.read_bytes()}, timeout=600)  # type: ignore[attr-defined]
    client.transport.close()


def _measure(
    server: PostgresAddress, vision: _StandIn, world: Path, photos: int
) -> tuple[Measure, int]:
    """Return what labelling so many photos took, and how many requests it made."""
    address = replace(server, database=f"bench_{photos}")
    with connect_to(server) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(address.database)))
    with connect_to(address) as connection:
        migrate(connection, REPOSITORY / "include" / "sql")
        shown = load_world(world)
        with connection.transaction():
            store_city(connection, replace(shown, photos=shown.photos[:photos]))
        connection.execute("analyze")
    before = vision.requests()
    is_over = threading.Event()
    if photos > PHOTOS:
        # Google's quota of a minute would be most of the time: memory is measured, not patience.
        threading.Thread(target=_renew_quota, args=(address, is_over), daemon=True).start()
    environment = os.environ | address.environment | {
        "VISION_ENDPOINT": vision.endpoint,
        "MAX_GOOGLE_VISION_CALLS_PER_NEW_CITY": str(photos),
    }  # fmt: skip
    try:
        output = subprocess.run(
            [sys.executable, "-m", "benchmarks.label", "label"],
            env=environment, check=True, stdout=subprocess.PIPE, text=True,
        ).stdout  # fmt: skip
    finally:
        is_over.set()
    return Measure(**json.loads(output)), vision.requests() - before


def _renew_quota(address: PostgresAddress, is_over: threading.Event) -> None:
    with connect_to(address) as connection:
        while not is_over.wait(QUOTA_RENEWED_SECONDS):
            connection.execute("delete from core.rate_limit")


def label_once() -> None:
    """Label the one city of the warehouse, and print what it took."""
    config = settings()
    client = open_client(config)
    with connect(autocommit=True) as connection:
        (city,) = list_cities(connection)
        before = _peak_megabytes()
        started_at, used = time.monotonic(), time.process_time()
        report = label_photos(
            connection, client, config, city, Run(city.city_id, city.dag_id, "benchmark")
        )
        measure = Measure(
            seconds=time.monotonic() - started_at,
            processor_seconds=time.process_time() - used,
            answered=report.answered,
            accepted=report.accepted,
            peak_megabytes=_peak_megabytes(),
            before_megabytes=before,
        )
    print(json.dumps(asdict(measure)))


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    if sys.argv[1:] == ["label"]:
        label_once()
        sys.exit()
    sys.exit(main())
