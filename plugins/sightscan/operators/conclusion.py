"""How a run ended: its summary in the log, and its colour."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowFailException

from sightscan.operators.work import CityWork, city_work

logger = logging.getLogger(__name__)

FAILED_STATES = frozenset({"failed", "upstream_failed", "removed"})


def conclude(slug: str) -> str:
    """Log what every task reported; return one sentence.

    Raises:
        AirflowFailException: a task of the run failed, or the run was marked failed by hand.

    """
    from sightscan.warehouse.budgets import end_estimate
    from sightscan.warehouse.reports import list_reports

    failed = _failed_tasks(get_current_context())
    with city_work(slug) as work:
        for task_id, subject, report in list_reports(
            work.connection, dag_id=work.dag_id, run_id=work.run_id
        ):
            logger.info("%s %s %s", task_id, subject, _as_counts(report))
        end_estimate(work.connection, dag_id=work.dag_id, run_id=work.run_id)
        if failed:
            _end_training(work, f"failed: {', '.join(failed)}")
    if failed:
        msg = f"failed: {', '.join(failed)}; open the log of the first of them"
        raise AirflowFailException(msg)
    return f"{slug}: all tasks ended well"


def _end_training(work: CityWork, error: str) -> None:
    """Note the end of a training whose task could not do so itself: killed, or timed out."""
    from sightscan.warehouse.trainings import find_training, finish_training

    training = find_training(work.connection, dag_id=work.dag_id, run_id=work.run_id)
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
