"""What building and serialising the DAGs of many cities takes, by processor time."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.orchestration.registry import parsing_environment
from benchmarks.report import Row
from sightscan.settings import REPOSITORY

MAX_CITY_MILLISECONDS = 12
MAX_CITY_KILOBYTES = 20
MAX_FILE_SECONDS = 5
MAX_WORKER_MILLISECONDS = 60

File = Mapping[str, float]


def measure_building(counts: Sequence[int]) -> list[Row]:
    """Measure at each number of cities, and a worker's part and the slowest file at the most."""
    with tempfile.TemporaryDirectory(prefix="sightscan-bench-") as folder:
        environment = parsing_environment(Path(folder), Path(folder) / "cities.json")
        command = [sys.executable, "-m", "benchmarks.orchestration.one_parse", *map(str, counts)]
        done = subprocess.run(
            command,
            env={**os.environ, **environment},
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    # Plugins of others may print, before it.
    measured = json.loads(done.stdout.splitlines()[-1])
    files = {int(count): of_count for count, of_count in measured["files"].items()}
    most = max(files)
    return [
        *(row for count in sorted(files) for row in _rows_of(count, files[count])),
        Row.at_most(
            f"the slowest of {len(files[most])} files at {most:,} cities, imports and all",
            max(file["first"] + file["seconds"] for file in files[most]),
            "s",
            MAX_FILE_SECONDS,
        ),
        Row("of this imports and the first DAG", _mean(files[most], "first"), "s"),
        Row.at_most(
            f"building the DAG of one of {most:,} cities in a worker, beyond imports",
            measured["worker"]["seconds"] * 1000,
            "ms",
            MAX_WORKER_MILLISECONDS,
        ),
        Row("the same with imports", measured["worker"]["first"] * 1000, "ms"),
    ]


def _rows_of(count: int, files: Sequence[File]) -> list[Row]:
    seconds = sum(file["seconds"] for file in files)
    return [
        Row.at_most(
            f"{count:,} cities: building and serialising a city's DAG",
            seconds / count * 1000,
            "ms",
            MAX_CITY_MILLISECONDS,
        ),
        Row.at_most(
            f"{count:,} cities: a city's DAG as Airflow keeps it",
            sum(file["bytes"] for file in files) / count / 1000,
            "KB",
            MAX_CITY_KILOBYTES,
        ),
    ]


def _mean(files: Sequence[File], name: str) -> float:
    return sum(file[name] for file in files) / len(files)
