"""What a real DAG processor makes of a registry that grows, beside a core that is busy.

No DAG may go stale, and a DAG that did not change may get no new version, however often it is parsed.
Both would be seen at once: files are parsed one after the other without a pause, and what a parse
did not show is stale after a minute, not after the hour of airflow.cfg. Airflow leaves the files that are
just being parsed out of its next round, so some are parsed half as often as others.
"""

import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psutil
import psycopg

from benchmarks.orchestration.registry import write_snapshot
from benchmarks.processor_time import cpu_seconds
from benchmarks.report import Row
from sandbox.demo.airflow_services import AirflowServices
from sandbox.ports import free_port
from sandbox.postgres.server import EmbeddedPostgres
from sandbox.processes.processes import start_kept

# Its cities are there, then the others are added.
KNOWN_SHARE = 10
LOOK_SECONDS = 2.0
# A processor that parses nothing any more is measured no longer.
MAX_SECONDS = 3600
STALE_SECONDS = 60

CITIES = r"dag_id like 'city\_%'"


class LoneProcessor(AirflowServices):
    """An Airflow of which only the DAG processor runs."""

    @property
    def environment(self) -> dict[str, str]:
        """What it is given: no pause between two parses of a file, and no patience."""
        return super().environment | {
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "0",
            "AIRFLOW__DAG_PROCESSOR__STALE_DAG_THRESHOLD": str(STALE_SECONDS),
        }


@dataclass(frozen=True, slots=True)
class Patience:
    """How long files that do not change are looked at: until each was parsed so often, within limits."""

    parses: int
    least_seconds: float
    most_seconds: float


@dataclass
class Watch:
    """What was seen of the DAGs of cities."""

    connection: psycopg.Connection[tuple[object, ...]]
    shown: int = 0
    most_stale: int = 0
    versions: int = 0
    parses: dict[str, set[datetime]] = field(default_factory=lambda: defaultdict(set))

    @property
    def whole_parses(self) -> tuple[int, ...]:
        """Return how often each file was parsed since it was first looked at, fewest first."""
        # When the first look came, a parse had just ended, or had long ended.
        return tuple(sorted(len(moments) - 1 for moments in self.parses.values()))

    def look(self) -> None:
        """Look once."""
        shown, stale = self._row(
            f"select count(*), count(*) filter (where is_stale) from dag where {CITIES}"  # noqa: S608
        )
        self.shown, self.most_stale = shown, max(self.most_stale, stale)
        (self.versions,) = self._row(f"select count(*) from dag_version where {CITIES}")  # noqa: S608
        files = self.connection.execute(
            "select relative_fileloc, max(last_parsed_time) from dag"  # noqa: S608
            f" where {CITIES} group by relative_fileloc"
        )
        for file, parsed_at in files:
            assert isinstance(parsed_at, datetime)
            self.parses[str(file)].add(parsed_at)

    def until(self, true: Callable[[], bool], what: str) -> float:
        """Look until something is true; return the seconds that it took."""
        began = time.monotonic()
        while not true():
            if time.monotonic() - began > MAX_SECONDS:
                msg = f"waited {MAX_SECONDS} s for {what}: {self}"
                raise TimeoutError(msg)
            time.sleep(LOOK_SECONDS)
            self.look()
        return time.monotonic() - began

    def while_unchanged(self, patience: Patience) -> float:
        """Look anew until each file was parsed often enough, or patience ends; return the seconds that it took."""
        self.parses.clear()
        began = time.monotonic()
        while True:
            self.look()
            seconds = time.monotonic() - began
            is_enough = min(self.whole_parses, default=0) >= patience.parses
            if seconds >= (patience.least_seconds if is_enough else patience.most_seconds):
                return seconds
            time.sleep(LOOK_SECONDS)

    def _row(self, query: str) -> tuple[int, ...]:
        row = self.connection.execute(query.encode()).fetchone()
        return tuple(int(str(value)) for value in row or ())


def measure_showing(cities: int, patience: Patience) -> list[Row]:
    """Let a DAG processor see a registry grow to so many cities, then parse it unchanged."""
    known = max(cities // KNOWN_SHARE, 1)
    with tempfile.TemporaryDirectory(prefix="sightscan-bench-") as folder:
        snapshot = Path(folder) / "cities.json"
        write_snapshot(snapshot, known)
        with _processor(Path(folder), snapshot) as (processor, connection), _busy_core(folder):
            watch = Watch(connection)
            watch.until(lambda: watch.shown == known, f"{known} cities")
            write_snapshot(snapshot, cities)
            grown = watch.until(lambda: watch.shown == cities, f"{cities} cities")
            spent = cpu_seconds(processor)
            minutes = watch.while_unchanged(patience) / 60
            spent = cpu_seconds(processor) - spent
    counts = watch.whole_parses
    mean = sum(counts) / len(counts)
    of_cities = f"{cities:,} cities beside a busy core"
    return [
        Row(f"{known:,} cities grow to {cities:,}: all are shown after", grown, "s"),
        Row.at_most(f"{of_cities}: DAGs stale within {minutes:.0f} min", watch.most_stale, "", 0),
        Row.at_least(
            f"unchanged parses within {minutes:.0f} min: of the file with fewest",
            counts[0],
            "",
            patience.parses,
        ),
        Row("of the file with most", counts[-1]),
        Row.at_most("new versions in these parses", watch.versions - cities, "", 0),
        Row("processor time for all files once, with Airflow's tables", spent / max(mean, 1), "s"),
    ]


@contextmanager
def _processor(
    folder: Path, snapshot: Path
) -> Iterator[tuple[psutil.Process, psycopg.Connection[tuple[object, ...]]]]:
    server = EmbeddedPostgres(folder / "postgres")
    services: LoneProcessor | None = None
    try:
        address = server.start()
        services = LoneProcessor(
            folder / "airflow",
            free_port(),
            {
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": address.url(),
                "REGISTRY_SNAPSHOT": str(snapshot),
            },
        )
        (folder / "airflow").mkdir()
        subprocess.run(
            ["airflow", "db", "migrate"],
            env=services.environment,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        part = services.start_part("dag-processor")
        with address.connect() as connection:
            yield psutil.Process(part.subreaper.pid), connection
    finally:
        if services is not None:
            services.stop()
        server.erase()


@contextmanager
def _busy_core(folder: str) -> Iterator[None]:
    """Keep one core as busy as a training does."""
    busy = start_kept(
        "busy core",
        [sys.executable, "-c", "while True: pass"],
        environment={},
        folder=Path(folder),
        log_path=Path(folder) / "busy.log",
    )
    try:
        yield
    finally:
        busy.stop()
