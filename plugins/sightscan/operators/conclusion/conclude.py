"""How a run ended: its summary in the log, its note, and its colour."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowFailException

from sightscan.operators.conclusion.failures import (
    ERROR_KEY,
    FailedTask,
    graph_order,
    list_failed,
    sentence_of,
)
from sightscan.operators.work import CityWork, city_work
from sightscan.warehouse.marts.run_reports import CRAWL_TASK, list_reports

if TYPE_CHECKING:
    from sightscan.operators.conclusion.note import Report, RunSummary

# Of a crawl's report, in the order in which they are shown.
COUNTS = ("expected", "received", "known", "kept", "shared", "duplicate", "failed")
CONCLUDING_TASK: Final = "conclude_run"
NOTE_KEY: Final = "note"
ENDED_WELL: Final = "all tasks ended well"
logger = logging.getLogger(__name__)


def conclude(slug: str) -> str:
    """Log what every task reported, leave the run's note as an XCom; return one sentence.

    Raises:
        AirflowFailException: a task of the run failed, or the run was marked failed by hand.

    """
    from sightscan.warehouse.spend.budgets import end_estimate

    context: Any = get_current_context()
    failure = _failure(context)
    with city_work(slug) as work:
        reports = list_reports(work.connection, work.run)
        _log(slug, reports)
        end_estimate(work.connection, work.run)
        if failure:
            _end_training(work, failure)
        _leave_note(context, work, reports, failure)
    if failure:
        raise AirflowFailException(failure)
    return f"{slug}: {ENDED_WELL}"


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


def _log(slug: str, reports: Sequence[Report]) -> None:
    for task_id, subject, report in reports:
        if task_id != CRAWL_TASK:
            logger.info("%s %s %s", task_id, subject, _as_counts(report))
    crawled = [(subject, report) for task_id, subject, report in reports if task_id == CRAWL_TASK]
    for line in crawl_table(crawled):
        logger.info("%s", line)
    if crawled:
        logger.info("the photos as pictures: Browse > Photos, /sightscan/gallery/?city=%s", slug)


def _as_counts(report: Mapping[str, object]) -> str:
    return " ".join(f"{name}={value}" for name, value in report.items())


def _leave_note(context: Any, work: CityWork, reports: Sequence[Report], failure: str) -> None:
    """Leave the run's note; no trouble with its figures changes how the run ended."""
    from sightscan.operators.conclusion.note import outcome_note, write_note

    note = outcome_note("Failed", failure) if failure else outcome_note("Done", ENDED_WELL)
    try:
        summary = _summarise(work, reports, failure)
        note = write_note(summary)
        _announce_left_over(context, work.city.slug, summary)
    except Exception:
        logger.exception("the run's note goes without its figures")
    context["ti"].xcom_push(key=NOTE_KEY, value=note)


def _summarise(work: CityWork, reports: Sequence[Report], failure: str) -> RunSummary:
    from sightscan.operators.conclusion.note import RunSummary
    from sightscan.warehouse.marts.city_standing import find_city_standing
    from sightscan.warehouse.spend.budgets import sum_usd_of_run

    estimates = [report for task_id, _, report in reports if task_id == "estimate_spend"]
    return RunSummary(
        failure=failure,
        reports=reports,
        standing=find_city_standing(work.connection, work.city.city_id),
        spend=sum_usd_of_run(work.connection, work.run),
        most_usd=estimates[-1]["most_usd"] if estimates else None,
        links=_links(work),
    )


def _announce_left_over(context: Any, slug: str, summary: RunSummary) -> None:
    """Announce a model that an earlier run left unjudged and that `decide_training` put in place.

    That task ends as skipped where nothing is trained, and what is skipped tells nothing.
    """
    from sightscan.operators.assets import MODEL, announce

    judged = {task_id: report for task_id, _, report in summary.reports}.get("publish_model")
    if judged is None or not judged["published"]:
        return
    states = _task_states(context)
    if states.get("publish_model") != "success":
        announce(MODEL, slug, version=summary.standing.model_version, map50=judged["map50"])


def _links(work: CityWork) -> dict[str, str]:
    """Return where the run's work is seen: pages beside the UI, by their path, and the app."""
    from airflow.sdk.configuration import conf

    # Whatever name somebody knows this Airflow by, it is the host that they are at.
    base = urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")
    city = f"?city={quote(work.city.slug)}"
    app_url = work.config.app_url.rstrip("/")
    return {
        "review labels": f"{base}/sightscan/review/{city}",
        "photos": f"{base}/sightscan/gallery/{city}",
        "models": f"{base}/sightscan/models/{city}",
        "app": f"{app_url}/{city}" if app_url else "",
    }


def _end_training(work: CityWork, error: str) -> None:
    """Note the end of a training whose task could not do so itself: killed, or timed out."""
    from sightscan.warehouse.models.trainings import find_training, finish_training

    training = find_training(work.connection, work.run)
    if training is not None and training.state in ("requested", "running"):
        finish_training(work.connection, training.training_id, error=error)


def _failure(context: Any) -> str:
    """Return what failed first in the graph's order, and why; empty if nothing did."""
    instance = context["ti"]
    others = {key: state for key, state in _task_states(context).items() if key != instance.task_id}
    failed = list_failed(graph_order(context["dag"].task_group), others)
    # A run that goes on is running until this task has ended.
    if instance.get_dagrun_state(instance.dag_id, context["run_id"]) == "failed":
        at_work = f"; {failed[0].name} was at work" if failed else ""
        return f"the run was marked failed by hand{at_work}"
    return sentence_of(failed, _error_of(instance, failed[0])) if failed else ""


def _task_states(context: Any) -> Mapping[str, str | None]:
    instance, run_id = context["ti"], context["run_id"]
    states: Mapping[str, Mapping[str, str | None]] = instance.get_task_states(
        dag_id=instance.dag_id, run_ids=[run_id]
    )
    return states.get(run_id, {})


def _error_of(instance: Any, failed: FailedTask) -> str | None:
    found = instance.xcom_pull(task_ids=failed.task_id, map_indexes=failed.map_index, key=ERROR_KEY)
    return str(found) if found else None
