"""What each task of a run did, as counts: the run's summary."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from sightscan.run import Run
from sightscan.warehouse.statements import statement

# The task of a city's DAG that reports a crawl, once for each sight.
CRAWL_TASK = "crawl_photos"


def save_report(
    connection: psycopg.Connection[Any],
    run: Run,
    *,
    task_id: str,
    subject: str,
    report: Mapping[str, object],
    photos_new: int | None = None,
) -> None:
    """Store one task's report; a task that runs again replaces its own.

    `photos_new` is of a crawl: by it the next runs' estimates go.
    """
    connection.execute(
        statement("marts/save_stage_report"),
        {
            **asdict(run),
            "task_id": task_id,
            "subject": subject,
            "report": Jsonb(dict(report)),
            "photos_new": photos_new,
        },
    )


def list_reports(
    connection: psycopg.Connection[Any], run: Run
) -> list[tuple[str, str, dict[str, Any]]]:
    """Return (task id, subject, report) of a run, in the order in which they came."""
    return connection.execute(statement("marts/list_stage_reports"), asdict(run)).fetchall()


def sum_photos_kept(connection: psycopg.Connection[Any], run: Run) -> int:
    """Return how many photos a run's crawls have kept so far."""
    reports = list_reports(connection, run)
    return sum(int(report["kept"]) for task_id, _, report in reports if task_id == CRAWL_TASK)
