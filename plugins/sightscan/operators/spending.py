"""Money goes first: whatever spends has an estimate that is open, also in a run that was cleared."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowFailException

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sightscan.operators.work import CityWork

logger = logging.getLogger(__name__)

CALLING_TASKS = ("discover_sights", "label_photos")
# Whoever leases and starts nothing pays nothing.
SPENDING_TASKS = (*CALLING_TASKS, "start_instance")
DONE_STATES = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


def estimate_run(work: CityWork) -> str:
    """Estimate the run anew, if a task that spends is still to come; return a sentence.

    Labelling that is done counts with what it has cost. Nothing is estimated where nothing will be
    spent: publishing again must not be refused for a GPU that is not asked for. Nor while the run
    holds an instance: its deadline is in the open estimate, and a refusal would skip the stop.

    Raises:
        AirflowFailException: the run might pass a budget. No other try would find another.

    """
    from sightscan.spend.estimate import authorise_spend
    from sightscan.warehouse.models.instances import lease_of
    from sightscan.warehouse.spend.budgets import end_estimate, has_open_estimate

    due = _due_tasks(work)
    if not due:
        return "nothing that is still to come spends money"
    lease = lease_of(work.connection, work.run)
    if lease is not None and has_open_estimate(work.connection, work.run):
        return (
            f"the estimate holds: {lease.instance_id} is leased until {lease.deadline_at} at most"
        )
    config = work.config
    if not due.intersection(CALLING_TASKS):
        config = config.with_overrides({"max_google_vision_calls_per_run": 0})
    estimate = authorise_spend(work.connection, config, work.city, work.run)
    work.save_report("estimate_spend", asdict(estimate))
    if estimate.refusal:
        # It ends here: the run is not concluded, and others must not wait for what it never spends.
        end_estimate(work.connection, work.run)
        raise AirflowFailException(estimate.refusal)
    return estimate.sentence


def require_estimate(work: CityWork) -> None:
    """Return if the run's estimate is open; estimate it anew if it has ended, and it will spend.

    For tasks of a run that was cleared without its estimate, as "only failed" does.

    Raises:
        AirflowFailException: the run might pass a budget.

    """
    from sightscan.warehouse.spend.budgets import has_open_estimate

    if not has_open_estimate(work.connection, work.run):
        logger.info("%s", estimate_run(work))


def _due_tasks(work: CityWork) -> set[str]:
    """Return which tasks that spend have not ended, in this run."""
    run = work.run
    states: Mapping[str, Mapping[str, str | None]] = get_current_context()["ti"].get_task_states(
        dag_id=run.dag_id, task_ids=list(SPENDING_TASKS), run_ids=[run.run_id]
    )
    found = states.get(run.run_id, {})
    return {task_id for task_id in SPENDING_TASKS if found.get(task_id) not in DONE_STATES}
