"""How fast photos come into the warehouse and out of it, beside a raw COPY of the same bytes.

Both sides of a ratio run on one server, in turns; the median of the rounds counts. Photos come in by
turns of a few batches, so that both sides share a slow second; each is given its photos before it
begins, so that neither works on while the other's are drawn, and each ends on the disk.
"""

import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from benchmarks.report import Row
from sightscan.city import City, Place, Sight
from sightscan.crawl.writer import BATCH_PHOTOS
from sightscan.dataset.export import export_dataset
from sightscan.settings import REPOSITORY
from sightscan.warehouse.commits import write_to_disk
from sightscan.warehouse.photos.photos import Attribution, FoundPhoto, PhotoFile, merge_photos
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.sights import upsert_sights

PHOTO_BYTES = 80_000
ROUNDS = 5
# Four batches of a crawl: 82 MB.
TURN_PHOTOS = 4 * BATCH_PHOTOS
MIN_INTAKE, MIN_EXPORT, MAX_DISK, MAX_MEGABYTES = 0.65, 0.5, 1.15, 300
# What is known of a photo stays in memory until the export ends, its bytes do not.
MAX_MEMORY_GROWTH = 0.05
CITY = City("Q1", "bench", "Bench", "Nowhere", Place(0.0, 0.0), 10_000)
# Of its own memory, not of that of the process that started it.
EXPORT_AND_PEAK = (
    "from pathlib import Path; from sightscan.cli.main import main; failed = main();"
    " print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]);"
    " raise SystemExit(failed)"
)


def measure_photos(connection: psycopg.Connection[Any], photo_count: int) -> list[Row]:
    """Measure on a migrated warehouse that is this measure's own: it is emptied.

    `connection` is a superuser's, in autocommit; the settings name the same warehouse.
    """
    sight_id = _prepare(connection)
    intakes = [turn for _ in range(ROUNDS) for turn in _intakes(connection, sight_id, photo_count)]
    disk = _disk_ratio(connection)
    _freeze_all(connection, photo_count)
    exports = [(_copy_out(connection), _export(connection)) for _ in range(ROUNDS)]
    # Memory must be flat: a second dataset has a fifth of the photos.
    _freeze_all(connection, photo_count // 5, version=2)
    megabytes, few_megabytes = (_export_megabytes(version) for version in (1, 2))
    raw_in, ours_in = (sum(seconds) / ROUNDS for seconds in zip(*intakes, strict=True))
    raw_out, ours_out = (statistics.median(seconds) for seconds in zip(*exports, strict=True))
    intake, export = (
        statistics.median(raw / ours for raw, ours in rounds) for rounds in (intakes, exports)
    )
    return [
        Row.at_least("photos in, rate by that of a raw COPY", intake, "ratio", MIN_INTAKE),
        Row("photos in", photo_count / ours_in, "photos/s"),
        Row("raw COPY in", photo_count / raw_in, "photos/s"),
        Row.at_least("export, rate by that of a raw COPY and files", export, "ratio", MIN_EXPORT),
        Row("photos exported", photo_count / ours_out, "photos/s"),
        Row("raw COPY out and the same files", photo_count / raw_out, "photos/s"),
        Row.below(
            f"most memory of an export of {photo_count:,} photos", megabytes, "MB", MAX_MEGABYTES
        ),
        Row.at_most(
            f"what each further photo adds to it, from {photo_count // 5:,} on, of its bytes",
            (megabytes - few_megabytes) * 1024**2 / (photo_count * 4 / 5) / PHOTO_BYTES,
            "ratio",
            MAX_MEMORY_GROWTH,
        ),
        Row.at_most("size on disk by the photos' bytes", disk, "ratio", MAX_DISK),
    ]


def batches(photo_count: int) -> Iterator[list[FoundPhoto]]:
    """Yield photos of random bytes, the same at each call, as a crawl would hand them over."""
    dice = Random(0)  # noqa: S311 - repeatable, not secret
    for start in range(0, photo_count, BATCH_PHOTOS):
        numbers = range(start, min(start + BATCH_PHOTOS, photo_count))
        yield [_photo(number, dice.randbytes(PHOTO_BYTES)) for number in numbers]


def _photo(number: int, content: bytes) -> FoundPhoto:
    sha256 = hashlib.sha256(content).digest()
    page = f"https://commons.example/wiki/File:Gate_{number}.jpg"
    return FoundPhoto(
        PhotoFile(sha256, content, 640, 480, "image/jpeg", sha256),
        Attribution(
            url=f"https://upload.example/commons/{number:08}/Gate.jpg",
            page_url=page,
            source="wikimedia_commons",
            licence="cc-by-sa-4.0",
            licence_url="https://creativecommons.org/licenses/by-sa/4.0",
            author="A. Author",
            title=f"Gate {number}",
            query="Gate",
        ),
        datetime.now(UTC),
        etag=f'"{number}"',
    )


def _prepare(connection: psycopg.Connection[Any]) -> int:
    connection.execute("drop table if exists public.raw_photo")
    connection.execute("create table public.raw_photo (sha256 bytea, bytes bytea)")
    connection.execute("alter table public.raw_photo alter column bytes set storage external")
    add_city(connection, CITY)
    sights = [Sight(None, CITY.city_id, "Gate", 1, wikidata_id="Q2")]
    return upsert_sights(connection, CITY.city_id, sights)[0].sight_id or 0


def _intakes(
    connection: psycopg.Connection[Any], sight_id: int, photo_count: int
) -> Iterator[tuple[float, float]]:
    """Yield for each turn the seconds of one binary COPY of its photos, and of their intake."""
    connection.execute("truncate public.raw_photo")
    connection.execute("truncate core.photo cascade")
    connection.execute("checkpoint")
    drawn = batches(photo_count)
    while turn := list(islice(drawn, TURN_PHOTOS // BATCH_PHOTOS)):
        yield _copy_in(connection, turn), _take_in(connection, sight_id, turn)


def _copy_in(connection: psycopg.Connection[Any], turn: Sequence[Sequence[FoundPhoto]]) -> float:
    started = time.perf_counter()
    with connection.transaction(), connection.cursor() as cursor:
        copying = cursor.copy("copy public.raw_photo from stdin with (format binary)")
        with copying as copy:
            copy.set_types(["bytea", "bytea"])
            for photo in chain.from_iterable(turn):
                copy.write_row((photo.file.sha256, photo.file.content))
    return time.perf_counter() - started


def _take_in(
    connection: psycopg.Connection[Any], sight_id: int, turn: Sequence[Sequence[FoundPhoto]]
) -> float:
    """Return the seconds in which photos are merged as by a crawl, which waits for the disk once."""
    started = time.perf_counter()
    for batch in turn:
        merge_photos(connection, sight_id, batch, [], waits_for_disk=False)
    write_to_disk(connection)
    return time.perf_counter() - started


def _disk_ratio(connection: psycopg.Connection[Any]) -> float:
    """Return the size of all tables of photos, indexes included, by the photos' own bytes."""
    row = connection.execute(
        "select (pg_total_relation_size('core.photo') + pg_total_relation_size('core.photo_blob')"
        " + pg_total_relation_size('core.photo_source') + pg_total_relation_size('load.photo'))"
        " / sum(byte_count)::float8 from core.photo"
    ).fetchone()
    return float(row[0]) if row else 0.0


def _freeze_all(connection: psycopg.Connection[Any], photo_count: int, version: int = 1) -> None:
    tenth = photo_count // 10
    connection.execute(
        "insert into core.dataset (city_id, dataset_version, sha256, class_names, sight_ids,"
        " train_count, val_count, test_count, dag_id, run_id)"
        " values (%s, %s, sha256(%s::text::bytea), '{Gate}', '{1}', %s, %s, %s, 'city_bench', 'bench')",
        (CITY.city_id, version, version, photo_count - 2 * tenth, tenth, tenth),
    )
    connection.execute(
        "insert into core.dataset_photo (city_id, dataset_version, sha256, split)"
        " select 'Q1', %s, sha256, (array['val', 'test', 'train', 'train', 'train', 'train',"
        " 'train', 'train', 'train', 'train'])[1 + row_number() over () %% 10] from core.photo"
        " order by sha256 limit %s",
        (version, photo_count),
    )
    connection.execute(
        "insert into core.dataset_box select 'Q1', %s, sha256, 0, 0, 0.1, 0.1, 0.9, 0.9"
        " from core.dataset_photo where dataset_version = %s",
        (version, version),
    )
    connection.execute("analyze")


def _copy_out(connection: psycopg.Connection[Any]) -> float:
    """Return the seconds of one binary COPY of all photos, each written to a file beside its label."""
    with tempfile.TemporaryDirectory(prefix="sightscan-bench-") as folder:
        started = time.perf_counter()
        with connection.cursor() as cursor:
            copying = cursor.copy("copy public.raw_photo to stdout with (format binary)")
            with copying as copy:
                copy.set_types(["bytea", "bytea"])
                for sha256, content in copy.rows():
                    name = sha256.hex()
                    Path(folder, f"{name}.jpg").write_bytes(content)
                    Path(folder, f"{name}.txt").write_text("0 0.5 0.5 0.8 0.8\n", "utf-8")
        return time.perf_counter() - started


def _export(connection: psycopg.Connection[Any]) -> float:
    with tempfile.TemporaryDirectory(prefix="sightscan-bench-") as folder:
        started = time.perf_counter()
        export_dataset(connection, CITY.city_id, 1, Path(folder))
        return time.perf_counter() - started


def _export_megabytes(version: int) -> float:
    """Return the most memory that the export command has at a time."""
    with tempfile.TemporaryDirectory(prefix="sightscan-bench-") as folder:
        done = subprocess.run(
            [
                *(sys.executable, "-c", EXPORT_AND_PEAK),
                *("dataset", "export", CITY.slug, "--version", str(version), "--to", folder),
            ],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'plugins'}"},
        )
    return int(done.stdout.split()[-1]) / 1024
