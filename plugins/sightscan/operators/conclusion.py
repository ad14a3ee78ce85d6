"""How a run ended: its summary in the log, and its colour."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowFailException

from sightscan.operators.work import CityWork, city_work
from sightscan.warehouse.marts.run_reports import CRAWL_TASK, list_reports

# Of a crawl's report, in the order in which they are shown.
COUNTS = ("expected", "received", "known", "kept", "shared", "duplicate", "failed")
logger = logging.getLogger(__name__)

FAILED_STATES = frozenset({"failed", "upstream_failed", "removed"})


def conclude(slug: str) -> str:
    """Log what every task reported; return one sentence.

    Raises:
        AirflowFailException: a task of the run failed, or the run was marked failed by hand.

    """
    from sightscan.warehouse.spend.budgets import end_estimate

    failed = _failed_tasks(get_current_context())
    with city_work(slug) as work:
        reports = list_reports(work.connection, work.run)
        for task_id, subject, report in reports:
            if task_id != CRAWL_TASK:
                logger.info("%s %s %s", task_id, subject, _as_counts(report))
        crawled = [
            (subject, report) for task_id, subject, report in reports if task_id == CRAWL_TASK
        ]
        for line in crawl_table(crawled):
            logger.info("%s", line)
        if crawled:
            logger.info(
                "the photos as pictures: Browse > Photos, /sightscan/gallery/?city=%s", slug
            )
        end_estimate(work.connection, work.run)
        if failed:
            _end_training(work, f"failed: {', '.join(failed)}")
    if failed:
        msg = f"failed: {', '.join(failed)}; open the log of the first of them"
        raise AirflowFailException(msg)
    return f"{slug}: all tasks ended well"


def crawl_table(reports: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Return what was crawled, one line a sight and one for each source of it, in columns."""
    if not reports:
        return []
    head = ("sight", "source", *COUNTS, "rejected", "left out", "per second", "problem")
    rows: list[tuple[str, ...]] = [head]
    for subject, report in reports:
        rows.append(_crawl_row(subject, "all", report))
        rows.extend(
            _crawl_row("", str(source["source"]), source) for source in report.get("sources", ())
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _crawl_row(subject: str, source: str, report: Mapping[str, Any]) -> tuple[str, ...]:
    rejected, left_out = (
        ", ".join(f"{reason} {count}" for reason, count in sorted(report.get(name, {}).items()))
        for name in ("rejected", "left_out")
    )
    rate = report["kept"] / max(float(report["seconds"]), 0.001)
    counts = (str(report.get(name, "")) for name in COUNTS)
    problem = str(report.get("problem") or "")
    return (subject, source, *counts, rejected, left_out, f"{rate:.1f}", problem)


def _end_training(work: CityWork, error: str) -> None:
    """Note the end of a training whose task could not do so itself: killed, or timed out."""
    from sightscan.warehouse.models.trainings import find_training, finish_training

    training = find_training(work.connection, work.run)
    if training is not None and training.state in ("requested", "running"):
        finish_training(work.connection, training.training_id, error=error)


def _failed_tasks(context: Any) -> list[str]:
    instance = context["ti"]
    run_id = context["run_id"]
    states: Mapping[str, Mapping[str, str]] = instance.get_task_states(
        dag_id=instance.dag_id, run_ids=[run_id]
    )
    own = instance.task_id
    failed = sorted(
        task_id
        for task_id, state in states.get(run_id, {}).items()
        if task_id != own and state in FAILED_STATES
    )
    if not failed and instance.get_dagrun_state(instance.dag_id, run_id) == "failed":
        return ["the run itself, marked failed by hand"]
    return failed


def _as_counts(report: Mapping[str, object]) -> str:
    return " ".join(f"{name}={value}" for name, value in report.items())
