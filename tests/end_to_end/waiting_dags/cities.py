"""The DAGs of cities and of the reaper as Airflow has them, but for their work: crawls never end."""

import runpy
import threading
from pathlib import Path
from typing import Any

from sightscan.operators import stages, upkeep
from sightscan.operators.instances import StopInstanceOperator

DAGS_FOLDER = Path(__file__).resolve().parents[3] / "dags"


def estimate(slug: str) -> None:
    del slug


def discover(slug: str) -> list[int]:
    del slug
    return [1, 2, 3]


def crawl(slug: str, sight_id: int) -> None:
    del slug, sight_id
    threading.Event().wait()


def register(slug: str, instance_id: str, host: str) -> None:
    del slug, instance_id, host


def reap() -> None:
    """Find nothing to stop."""


def stop(operator: StopInstanceOperator, context: Any) -> None:
    del operator, context


stages.estimate_spend.function = estimate
stages.discover_sights.function = discover
stages.crawl_photos.function = crawl
stages.register_model.function = register
upkeep.stop_idle_instances.function = reap
StopInstanceOperator.execute = stop  # type: ignore[method-assign]

for name in (
    *sorted(path.name for path in DAGS_FOLDER.glob("cities_*.py")),
    "stop_idle_instances.py",
):
    runpy.run_path(str(DAGS_FOLDER / name))
