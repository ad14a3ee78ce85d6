"""A database server that is killed forgets nothing that a crawl cannot store again unasked."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from sandbox.counts import Counts
from sandbox.postgres.server import EmbeddedPostgres, PostgresAddress, connect
from sandbox.web import WebServer
from sandbox.world.city_facts import facts_of
from sightscan.crawl.crawl import crawl_photos
from sightscan.settings import read_settings, settings
from sightscan.warehouse.connection import connect as connect_to_warehouse
from sightscan.warehouse.schema.migrate import migrate
from tests.cities.crawled_city import store_sights
from tests.cities.small_world import draw_small_world
from tests.faults.test_crawl_faults import CRAWL, REPOSITORY, kept_photos
from tests.processes import is_alive
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

Warehouse = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server of its own, that can be killed, with two empty warehouses."""
    running = EmbeddedPostgres(tmp_path / "postgres")
    address = running.start()
    for database in ("undisturbed", "disturbed"):
        with connect(address) as connection:
            connection.execute(f"create database {database}")
        with connect(replace(address, database=database)) as connection:
            migrate(connection, REPOSITORY / "include" / "sql")
    yield running
    running.erase()


@contextmanager
def warehouse_of(server: EmbeddedPostgres, database: str) -> Iterator[Warehouse]:
    """Point the settings (and child processes) at a warehouse, and open it."""
    os.environ |= replace(server.superuser, database=database).environment
    settings.cache_clear()
    with connect_to_warehouse(autocommit=True) as connection:
        yield connection


def processes_of(address: PostgresAddress) -> dict[int, str]:
    """Return the server's processes by id, with what each says it does; its own first."""
    with connect(address) as connection:
        child = connection.info.backend_pid
        parent = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1]
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return {
            int(each): Path(f"/proc/{each}/cmdline").read_text() for each in (parent, *children)
        }


def end_at_once(address: PostgresAddress) -> None:
    """Kill a server so that none of its processes writes another byte."""
    processes = processes_of(address)
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, number)
    wait_until(lambda: not any(map(is_alive, processes)))


def has_gone_on_and_ended(crawl: subprocess.Popen[bytes]) -> bool:
    """Let a crawl that stands still go on, and say whether it has ended."""
    crawl.send_signal(signal.SIGCONT)
    return crawl.poll() is not None


def holds_photos_in_memory_only(warehouse: Warehouse, crawl: subprocess.Popen[bytes]) -> bool:
    """Say whether photos are committed and not on the server's disk; if so, the crawl is halted."""
    crawl.send_signal(signal.SIGSTOP)
    row = warehouse.execute(
        "select count(*) > 0 from core.photo where pg_current_wal_insert_lsn()"
        # More than what a server notes by the way.
        " - pg_current_wal_flush_lsn() > 9000 and not exists"
        " (select 1 from pg_stat_activity where backend_xid is not null)"
    ).fetchone()
    if row is not None and row[0]:
        return True
    crawl.send_signal(signal.SIGCONT)
    return False


def downloads(counts: Counts) -> int:
    return counts.snapshot()["commons"]["file_downloads"]


def test_photos_that_died_with_the_server_are_stored_from_the_spool(
    server: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = draw_small_world(tmp_path / "world")
    facts, counts = facts_of(world), Counts()
    with WebServer(world, facts, counts, latency_seconds=0.1) as web:
        for name, value in {
            "COMMONS_API_URL": web.commons_api_url,
            "CRAWL_TRUSTED_ORIGINS": web.url,
            "PHOTO_SOURCES": "wikimedia_commons",
            "CRAWL_THREADS": "1",
            "CRAWL_REQUESTS_PER_SECOND": "0",
            "CRAWL_SPOOL_FOLDER": str(tmp_path / "spool"),
            "PYTHONPATH": f"{REPOSITORY / 'plugins'}{os.pathsep}{REPOSITORY}",
        }.items():
            monkeypatch.setenv(name, value)
        for name in server.superuser.environment:
            # What is set below is forgotten in the end.
            monkeypatch.setenv(name, "")
        with warehouse_of(server, "undisturbed") as warehouse:
            city, sights = store_sights(warehouse, facts)
            crawl_photos(warehouse, read_settings(), city, sights[0])
            wanted = kept_photos(warehouse)
        asked_for = downloads(counts)
        with warehouse_of(server, "disturbed") as warehouse:
            city, sights = store_sights(warehouse, facts)
            # Who writes the log to the disk behind everybody's back sleeps from now on.
            for process, does in processes_of(server.superuser).items():
                if "walwriter" in does:
                    os.kill(process, signal.SIGSTOP)
            crawl = subprocess.Popen([sys.executable, "-c", CRAWL, str(sights[0].sight_id)])
            wait_until(lambda: holds_photos_in_memory_only(warehouse, crawl))
            seen = kept_photos(warehouse)
            end_at_once(server.superuser)
            # It may have been about to stop itself.
            wait_until(lambda: has_gone_on_and_ended(crawl))
        assert crawl.returncode != 0
        server.start()
        with warehouse_of(server, "disturbed") as warehouse:
            # Else nothing died, and nothing is shown.
            assert kept_photos(warehouse) < seen < wanted
            assert crawl_photos(warehouse, read_settings(), city, sights[0]).failed == 0
            assert kept_photos(warehouse) == wanted
    # One may have been on its way when the crawl ended, and the one whose server keeps it from us was
    # never in the spool; all others were fetched once by either crawl.
    assert downloads(counts) <= 2 * asked_for + 2
    assert list((tmp_path / "spool").iterdir()) == []
