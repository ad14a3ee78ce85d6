"""`make bench-orchestration`: what Airflow takes for many cities, measured in one run.

It builds and serialises the DAGs of up to 3,000 cities, lets a real DAG processor show 1,000 beside a
busy core, asks a whole Airflow for cities and kills its scheduler, and runs ten cities through one on
Celery; prints the table and writes var/bench/orchestration.json. Some 50 minutes; `--quick` measures the
same, smaller, in some fifteen.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import report
from benchmarks.ending import end_as_by_ctrl_c
from benchmarks.orchestration.asking import measure_asking
from benchmarks.orchestration.building import measure_building
from benchmarks.orchestration.running import measure_running
from benchmarks.orchestration.showing import Patience, measure_showing
from benchmarks.report import Row
from tests.cluster.cluster import require_redis


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    registries: tuple[int, ...]
    shown_cities: int
    shown: Patience
    requests: int
    running_cities: int


WHOLE = Sizes(
    registries=(10, 100, 1_000, 3_000),
    shown_cities=1_000,
    shown=Patience(parses=10, least_seconds=300, most_seconds=1_500),
    requests=24,
    running_cities=10,
)
QUICK = Sizes(
    registries=(10, 100),
    shown_cities=50,
    shown=Patience(parses=3, least_seconds=60, most_seconds=300),
    requests=6,
    running_cities=3,
)
PARTS = ("building", "showing", "asking", "running")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; return 0, or 1 if a bound does not hold."""
    parser = argparse.ArgumentParser(
        prog="make bench-orchestration", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, some fifteen minutes")
    parser.add_argument("--only", choices=PARTS, help="measure one part, and write no file")
    given = parser.parse_args(arguments)
    end_as_by_ctrl_c()
    parts = [given.only] if given.only else PARTS
    if "running" in parts:
        # Now, not after half an hour.
        try:
            require_redis()
        except RuntimeError as error:
            parser.exit(2, f"error: {error}\n")
    rows = measure(QUICK if given.quick else WHOLE, parts)
    return report.show(rows) if given.only else report.publish("orchestration", rows)


def measure(sizes: Sizes, parts: Sequence[str] = PARTS) -> list[Row]:
    """Measure some parts, or all."""
    measures = {
        "building": lambda: measure_building(sizes.registries),
        "showing": lambda: measure_showing(sizes.shown_cities, sizes.shown),
        "asking": lambda: measure_asking(sizes.requests),
        "running": lambda: measure_running(sizes.running_cities),
    }
    return report.measure_parts(measures, parts)


if __name__ == "__main__":
    sys.exit(main())
