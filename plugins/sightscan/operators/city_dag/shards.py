"""Which file of `dags/` shows a city's DAG.

Airflow parses files, each in a process of its own with a time-out, and marks as stale what a parse
did not show. Sixteen files instead of one: what breaks or kills a parse hides a sixteenth of the
cities, and a file's parse takes seconds with thousands of them.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from airflow.sdk import get_parsing_context

from sightscan.operators.registry import read_snapshot

if TYPE_CHECKING:
    from airflow.sdk import DAG

# The files cities_00.py to cities_15.py of dags/. A city moves to another when this changes, which
# costs it a new version of its DAG and no history.
SHARD_COUNT: Final = 16


def shard_of(slug: str) -> int:
    """Return the number of the file that shows a city's DAG, 0 to 15."""
    return int.from_bytes(hashlib.sha256(slug.encode()).digest()[:8]) % SHARD_COUNT


def build_shard(dag_file: str) -> "dict[str, DAG]":
    """Return the DAGs that a file `cities_<number>.py` shows, by id.

    A worker runs one DAG and gets only that one; the parser gets them all.
    """
    shard = int(Path(dag_file).stem.removeprefix("cities_"))
    wanted = get_parsing_context().dag_id
    cities = [
        city
        for city in read_snapshot()
        if shard_of(city.slug) == shard and wanted in (None, f"city_{city.slug}")
    ]
    if not cities:
        # What follows is imported in each of the parser's processes: half a second.
        return {}
    from sightscan.operators.city_dag.graph import build_city_dag

    return {f"city_{city.slug}": build_city_dag(city) for city in cities}
