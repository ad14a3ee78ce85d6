"""What the benchmark of Airflow counts: time in which a task worked, parses, processor time of a family."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from benchmarks.orchestration.books import Books
from benchmarks.orchestration.registry import write_snapshot
from benchmarks.orchestration.running import seconds_worked
from benchmarks.orchestration.showing import Patience, Watch
from benchmarks.processor_time import cpu_seconds
from sandbox.addresses import PostgresAddress
from sandbox.demo.airflow_api import TaskState
from sightscan.operators.registry import read_snapshot

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def task(start: float | None, end: float | None) -> TaskState:
    moments = [None if at is None else NOON + timedelta(seconds=at) for at in (start, end)]
    return TaskState("task", -1, "", "success", moments[0], moments[1], 1)


@pytest.mark.parametrize(
    ("tasks", "seconds"),
    [
        ([], 0),
        ([task(0, 3), task(5, 7)], 5),
        # Two at once are one time, and one within another adds nothing.
        ([task(0, 10), task(2, 4), task(8, 12)], 12),
        ([task(5, 7), task(0, 3)], 5),
        # Skipped, or not begun.
        ([task(0, 3), task(None, None), task(4, None)], 3),
    ],
)
def test_time_in_which_any_task_worked_is_counted_once(
    tasks: list[TaskState], seconds: float
) -> None:
    assert seconds_worked(tasks) == seconds


PARENT = """
import subprocess, sys
subprocess.run([sys.executable, "-c", "import time\\nwhile time.process_time() < 0.4: pass"], check=True)
print("ended", flush=True)
sys.stdin.read()
"""


def test_processor_time_of_a_child_that_has_ended_is_its_parents() -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ended\n"
        seconds = cpu_seconds(psutil.Process(parent.pid))
        parent.communicate()
    # The kernel counts hundredths, and cuts what is less.
    assert seconds >= 0.35


def test_made_up_cities_are_a_registry_that_the_parser_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_snapshot(tmp_path / "cities.json", 7)
    monkeypatch.setenv("REGISTRY_SNAPSHOT", str(tmp_path / "cities.json"))
    assert len({city.slug for city in read_snapshot()}) == 7


# What the benchmark reads of Airflow's database, and a parse of one of two files.
AIRFLOW = """
create table dag (dag_id text, is_stale boolean, relative_fileloc text, last_parsed_time timestamptz);
create table dag_version (dag_id text);
insert into dag values ('city_a', false, 'a.py', now()), ('city_b', false, 'b.py', now());
"""
PARSE = "update dag set last_parsed_time = clock_timestamp() where relative_fileloc = %s"


class ParsedAtEachLook(Watch):
    """Looks just after each file was parsed that is named."""

    files: tuple[str, ...] = ()

    def look(self) -> None:
        for file in self.files:
            self.connection.execute(PARSE, [file])
        super().look()


@pytest.fixture
def watch(
    empty_database: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ParsedAtEachLook]:
    monkeypatch.setattr("benchmarks.orchestration.showing.LOOK_SECONDS", 0.01)
    with empty_database.connect() as connection:
        connection.execute(AIRFLOW)
        yield ParsedAtEachLook(connection)


def test_files_are_looked_at_until_each_was_parsed_often_enough(watch: ParsedAtEachLook) -> None:
    watch.files = ("a.py", "b.py")
    assert watch.while_unchanged(Patience(4, least_seconds=0, most_seconds=60)) < 60
    assert watch.whole_parses == (4, 4)


def test_files_that_are_parsed_at_once_are_looked_at_for_the_least_time(
    watch: ParsedAtEachLook,
) -> None:
    watch.files = ("a.py", "b.py")
    assert watch.while_unchanged(Patience(1, least_seconds=0.5, most_seconds=60)) >= 0.5


def test_a_file_that_is_parsed_no_more_is_looked_at_no_longer_than_said(
    watch: ParsedAtEachLook,
) -> None:
    watch.files = ("a.py",)
    assert 0.5 <= watch.while_unchanged(Patience(1, least_seconds=0, most_seconds=0.5)) < 30
    assert watch.whole_parses[0] == 0
    assert watch.whole_parses[-1] > 1


@pytest.mark.parametrize(
    ("images", "starts", "seconds"),
    [(0, 0, 0.0), (1, 0, 0.0), (-1, 0, 0.0), (0, 1, 0.0), (0, -1, 0.0), (0, 0, 5.0), (0, 0, -5.0)],
)
def test_books_differ_by_what_either_side_has_more(
    images: int, starts: int, seconds: float
) -> None:
    before = Books(7, 7, 1, 1, 60.0, 60.0, 1)
    more = Books(17 + images, 17, 6 + starts, 6, 160.0 + seconds, 160.0, 3) - before
    assert more.models == 2
    assert (more.images_apart, more.starts_apart) == (abs(images), abs(starts))
    assert more.seconds_apart == pytest.approx(abs(seconds) / (5 + starts))
