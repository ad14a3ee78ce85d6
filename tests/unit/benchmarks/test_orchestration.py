"""What the benchmark of Airflow counts: time in which a task worked, and processor time of a family."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from benchmarks.orchestration.registry import write_snapshot
from benchmarks.orchestration.running import seconds_worked
from benchmarks.processor_time import cpu_seconds
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
