"""Measure the crawl: photos a second beside img2dataset's, and what ten kills cost.

Both fetch the same photos from the same far server with the same number of threads, one after the
other, without resizing. Ours decodes, hashes and writes to PostgreSQL within its time; img2dataset
writes files. IMG2DATASET names its Python, of an environment of its own.
"""

import argparse
import io
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import psycopg
from PIL import Image

from benchmarks.ending import end_as_by_ctrl_c
from benchmarks.far_photo_site import CATEGORY
from benchmarks.report import Row, publish
from sandbox.postgres.server import EmbeddedPostgres
from sandbox.postgres.server import connect as connect_to
from sightscan.city import City, Place, Sight
from sightscan.settings import settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.sights import upsert_sights
from sightscan.warehouse.schema.migrate import migrate

REPOSITORY = Path(__file__).resolve().parents[1]
LATENCY_SECONDS = 0.1
THREADS = 16
PHOTO_BYTES = 150_000
KILLS = 10
CRAWL = """
import sys
from sightscan.crawl.crawl import crawl_photos
from sightscan.settings import settings
from sightscan.warehouse.registry.cities import find_city
from sightscan.warehouse.connection import connect
from sightscan.warehouse.registry.sights import read_sight
with connect(autocommit=True) as connection:
    sight = read_sight(connection, int(sys.argv[1]))
    crawl_photos(connection, settings(), find_city(connection, sight.city_id), sight)
"""


def draw_photos(folder: Path, count: int) -> int:
    """Draw photos that all differ; return their mean size in bytes."""
    generator = np.random.default_rng(4)
    sizes = []
    for number in range(count):
        coarse = generator.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        smooth = np.asarray(Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC))
        grain = generator.normal(0, 22, (480, 640, 1))
        picture = Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8))
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=86)
        (folder / f"{number:05}.jpg").write_bytes(buffer.getvalue())
        sizes.append(len(buffer.getvalue()))
    return round(sum(sizes) / len(sizes))


@contextmanager
def far_site(folder: Path) -> Iterator[str]:
    """Run the server in a process of its own, and give its address."""
    command = [sys.executable, "-m", "benchmarks.far_photo_site", str(folder), str(LATENCY_SECONDS)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait()


def store_sight(name: str) -> int:
    """Store a city with one sight; return the sight's id."""
    with connect(autocommit=True) as connection:
        number = {"whole": 1, "killed": 2}[name]
        city = City(f"Q{number}", name, name, "Nowhere", Place(0, number), 5_000)
        add_city(connection, city)
        sight = Sight(None, city.city_id, name, 1, f"Q{number}0", commons_category=CATEGORY)
        (stored,) = upsert_sights(connection, city.city_id, [sight])
        return stored.sight_id or 0


def photos_of(connection: psycopg.Connection[tuple[bytes]], sight_id: int) -> set[bytes]:
    """Return what the warehouse has of a sight."""
    query = "select sha256 from core.photo_source where sight_id = %s"
    return {row[0] for row in connection.execute(query, (sight_id,))}


def left_out_of(
    connection: psycopg.Connection[tuple[str, int]], sight_id: int
) -> list[tuple[str, int]]:
    """Return why photos of a sight were left out, and how many for each reason."""
    query = (
        "select reason, count(*)::integer from core.rejected_photo where sight_id = %s group by 1"
    )
    return connection.execute(query, (sight_id,)).fetchall()


def crawl(sight_id: int) -> subprocess.Popen[bytes]:
    """Start a crawl in a process of its own."""
    return subprocess.Popen([sys.executable, "-c", CRAWL, str(sight_id)])


def processor_seconds() -> float:
    """Return the processor time of all programs that were started here and have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def fetch_by_img2dataset(python: str, urls: list[str], folder: Path) -> tuple[float, int]:
    """Let img2dataset fetch the photos as they are; return seconds and how many it kept."""
    listed = folder / "urls.txt"
    listed.write_text("\n".join(urls) + "\n")
    arguments = {
        "url_list": str(listed),
        "output_folder": str(folder / "out"),
        "processes_count": 1,
        "thread_count": THREADS,
        "resize_mode": "no",
        # It would decode each photo and encode it again: it keeps bytes as they come, as we do.
        "disable_all_reencoding": True,
        "output_format": "files",
        "number_sample_per_shard": len(urls),
    }
    code = f"from img2dataset import download\nif __name__ == '__main__': download(**{arguments!r})"
    script = folder / "fetch.py"
    script.write_text(code)
    environment = {**os.environ, "PYTHONPATH": "", "NO_ALBUMENTATIONS_UPDATE": "1"}
    started = time.monotonic()
    subprocess.run([python, str(script)], check=True, env=environment, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - started
    return seconds, len(list((folder / "out").rglob("*.jpg")))


def counts_of(url: str) -> dict[str, int]:
    """Return how many photos the site has sent, and how many of them again."""
    counts: dict[str, int] = httpx.get(f"{url}/counts").json()
    return counts


def measure_kills(url: str, sight_id: int, whole_seconds: float) -> int:
    """Kill crawls at random moments, then let one end; return how many were killed."""
    moments = random.Random(4)  # noqa: S311 - the moments of the next run are the same
    killed = 0
    for _ in range(KILLS):
        before = counts_of(url)["fetched"]
        running = crawl(sight_id)
        while running.poll() is None and counts_of(url)["fetched"] == before:
            time.sleep(0.02)
        try:
            # Within a share of the whole since the first photo, so that there is work for ten.
            running.wait(timeout=moments.random() * whole_seconds / KILLS)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
            killed += 1
    assert crawl(sight_id).wait() == 0
    return killed


def measure(folder: Path, count: int, python: str | None) -> list[Row]:
    """Measure everything over one set of photos."""
    photos = folder / "photos"
    photos.mkdir()
    mean_bytes = draw_photos(photos, count)
    print(f"{count} photos of {mean_bytes} bytes, {LATENCY_SECONDS} s away, {THREADS} threads")
    rows = [
        Row("photos", count, "photos"),
        Row("mean photo", mean_bytes, "bytes"),
        Row("threads", THREADS, "threads"),
    ]
    with far_site(photos) as url, connect(autocommit=True) as connection:
        os.environ |= {
            "COMMONS_API_URL": f"{url}/w/api.php",
            "CRAWL_TRUSTED_ORIGINS": url,
            "CRAWL_THREADS": str(THREADS),
            "CRAWL_REQUESTS_AT_ONCE": str(THREADS),
            "CRAWL_REQUESTS_PER_SECOND": "0",
            "PHOTO_SOURCES": "wikimedia_commons",
            "CRAWL_SPOOL_FOLDER": str(folder / "spool"),
            "MAX_IMAGES_PER_SIGHT": str(count),
            "PYTHONPATH": f"{REPOSITORY / 'plugins'}{os.pathsep}{REPOSITORY}",
        }
        settings.cache_clear()
        whole, killed_sight = store_sight("whole"), store_sight("killed")
        started, spent = time.monotonic(), processor_seconds()
        assert crawl(whole).wait() == 0
        ours = time.monotonic() - started
        kept = photos_of(connection, whole)
        rows += [
            Row("sightscan", len(kept) / ours, "photos/s"),
            _time_a_photo("sightscan", spent, count),
            Row("kept", len(kept), "photos"),
        ]
        # Among thousands of drawn pictures the face filter takes some for a face.
        rows += [
            Row(f"left out: {reason}", left, "photos")
            for reason, left in left_out_of(connection, whole)
        ]
        if python is not None:
            urls = [f"{url}/photos/{path.name}" for path in sorted(photos.iterdir())]
            spent = processor_seconds()
            theirs, fetched = fetch_by_img2dataset(python, urls, folder)
            ratio = (len(kept) / ours) / (fetched / theirs)
            rows += [
                Row("img2dataset", fetched / theirs, "photos/s"),
                _time_a_photo("img2dataset", spent, count),
                Row("img2dataset kept", fetched, "photos"),
                Row.at_least("sightscan / img2dataset", ratio, "times", 1.1),
            ]
        httpx.post(f"{url}/forget")
        killed = measure_kills(url, killed_sight, ours)
        repeated = counts_of(url)["repeated"]
        same = photos_of(connection, killed_sight) == kept
        rows += [
            Row.at_least("kills", killed, "kills", KILLS),
            Row.at_least("same photos after the kills", float(same), "1 = yes", 1.0),
            Row.at_most("fetched twice", 100 * repeated / count, "% of photos", 2.0),
        ]
    return rows


def _time_a_photo(program: str, spent_before: float, count: int) -> Row:
    """Return the row of what a program has spent since then, its start included."""
    spent = 1_000 * (processor_seconds() - spent_before) / count
    # Without PostgreSQL's, whose processes are not ours.
    return Row(f"{program}, processor time", spent, "ms a photo")


def main() -> int:
    """Run the benchmark; 1 if a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=2_000)
    parser.add_argument("--img2dataset", help="the Python of an environment with img2dataset")
    arguments = parser.parse_args()
    end_as_by_ctrl_c()
    with tempfile.TemporaryDirectory() as scratch:
        server = EmbeddedPostgres(Path(scratch) / "postgres")
        try:
            address = server.start()
            os.environ |= address.environment
            with connect_to(address) as connection:
                migrate(connection, REPOSITORY / "include" / "sql")
            rows = measure(Path(scratch), arguments.photos, arguments.img2dataset)
        finally:
            server.erase()
    return publish("crawl", rows)


if __name__ == "__main__":
    sys.exit(main())
