"""A take-down that is killed leaves all or nothing, and again completes it."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.counts import Counts
from sandbox.web import WebServer
from sandbox.world.city_facts import facts_of
from sandbox.world.world import World
from sightscan.crawl.crawl import crawl_photos
from tests.cities.crawled_city import settings_for, store_sights
from tests.cities.small_world import draw_small_world

REPOSITORY = Path(__file__).resolve().parents[2]
# It dies at the statement that it is told, as a killed process does.
KILLED = """
import os, signal, sys
from sightscan.warehouse.takedowns import takedowns as removals
fatal, photo = sys.argv[1:]
def statement(name, known=removals.statement):
    if name == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    return known(name)
removals.statement = statement
from sightscan.cli.main import main
sys.exit(main(["photos", "remove", photo, "--reason", "asked", "--yes"]))
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return draw_small_world(tmp_path_factory.mktemp("world") / "small")


@pytest.fixture(autouse=True)
def python_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PYTHONPATH", f"{REPOSITORY / 'plugins'}{os.pathsep}{REPOSITORY}")
    return


def remove(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sightscan", "photos", "remove", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def downloads(counts: Counts) -> int:
    asked = counts.snapshot().get("commons", {})
    return asked.get("file_downloads", 0) + asked.get("thumbnail_downloads", 0)


def stored(warehouse: psycopg.Connection[Any], sha256: bytes) -> tuple[Any, ...]:
    """Say of the photo, its bytes, its sources and its tombstone whether they are there, 1 or 0."""
    row = warehouse.execute(
        "select (select count(*) from core.photo where sha256 = %(it)s),"
        " (select count(*) from core.photo_blob where sha256 = %(it)s),"
        " (select count(distinct sha256) from core.photo_source where sha256 = %(it)s),"
        " (select count(*) from core.removed_photo where sha256 = %(it)s)",
        {"it": sha256},
    ).fetchone()
    assert row is not None
    return tuple(row)


@pytest.mark.parametrize(
    "fatal",
    [
        "takedowns/insert_removed_urls",
        "takedowns/delete_removed_photos",
        "takedowns/list_photo_uses",
    ],
)
def test_killed_before_its_commit_it_has_done_nothing_and_again_completes(
    warehouse: psycopg.Connection[Any], world: World, fatal: str
) -> None:
    with WebServer(world, facts_of(world), Counts()) as web:
        city, sights = store_sights(warehouse, facts_of(world))
        crawl_photos(warehouse, settings_for(web, max_images_per_sight=4), city, sights[0])
    row = warehouse.execute("select sha256 from core.photo order by sha256 limit 1").fetchone()
    assert row is not None
    photo = bytes(row[0])
    killed = subprocess.run([sys.executable, "-c", KILLED, fatal, photo.hex()], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert stored(warehouse, photo) == (1, 1, 1, 0)
    assert remove(photo.hex(), "--reason", "asked", "--yes").returncode == 0
    assert stored(warehouse, photo) == (0, 0, 0, 1)


def test_object_that_a_killed_take_down_left_is_deleted_by_the_next(
    warehouse: psycopg.Connection[Any], world: World, tmp_path: Path
) -> None:
    with WebServer(world, facts_of(world), Counts()) as web:
        city, sights = store_sights(warehouse, facts_of(world))
        crawl_photos(warehouse, settings_for(web, max_images_per_sight=4), city, sights[0])
    file = tmp_path / "object"
    file.write_bytes(b"bytes")
    row = warehouse.execute(
        "update core.photo_blob set bytes = null, uri = %s"
        " where sha256 = (select min(sha256::text)::bytea from core.photo) returning sha256",
        (file.as_uri(),),
    ).fetchone()
    assert row is not None
    photo = bytes(row[0])
    fatal = "takedowns/list_removed_objects"
    killed = subprocess.run([sys.executable, "-c", KILLED, fatal, photo.hex()], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (stored(warehouse, photo), file.exists()) == ((0, 0, 0, 1), True)
    assert "objects=1" in remove(photo.hex(), "--reason", "asked", "--yes").stdout
    assert not file.exists()


def test_next_crawl_fetches_nothing_of_it(warehouse: psycopg.Connection[Any], world: World) -> None:
    counts = Counts()
    with WebServer(world, facts_of(world), counts) as web:
        config = settings_for(web)
        city, sights = store_sights(warehouse, facts_of(world))
        for sight in sights:
            crawl_photos(warehouse, config, city, sight)
        fetched = downloads(counts)
        # The first one shows a sight, the last one both.
        for shown in (world.photos[0], world.photos[-1]):
            photo = hashlib.sha256(shown.path.read_bytes()).digest()
            output = remove(photo.hex(), "--reason", "asked", "--yes")
            assert (output.returncode, output.stderr) == (0, "")
        for sight in sights:
            assert crawl_photos(warehouse, config, city, sight).kept == 0
        assert downloads(counts) == fetched


def test_without_yes_and_without_a_person_nothing_is_removed(
    warehouse: psycopg.Connection[Any], world: World
) -> None:
    output = remove("https://a.example/castle.jpg", "--reason", "asked")
    assert output.returncode == 2
    assert "--dry-run" in output.stderr
    assert warehouse.execute("select count(*) from core.removed_url").fetchone() == (0,)


def test_address_of_which_nothing_is_stored_is_said_so(
    warehouse: psycopg.Connection[Any], world: World
) -> None:
    output = remove("https://a.example/castle.jpg", "--reason", "asked", "--yes")
    assert "nothing is stored of https://a.example/castle.jpg" in output.stdout
    assert warehouse.execute("select count(*) from core.removed_url").fetchone() == (1,)


def test_what_is_no_photo_is_one_sentence(warehouse: psycopg.Connection[Any], world: World) -> None:
    output = remove("castle.jpg", "--reason", "asked", "--yes")
    assert (output.returncode, output.stderr.count("\n")) == (2, 1)
    assert "'castle.jpg' is no photo" in output.stderr
