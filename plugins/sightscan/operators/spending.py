"""Money goes first: whatever spends has an estimate that is open and covers it, also once cleared."""

from __future__ import annotations

import logging
from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowFailException, AirflowRuntimeError

from sightscan.operators.dead_runs import LIVE_RUN_STATES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

    from sightscan.operators.work import CityWork
    from sightscan.run import Run
    from sightscan.settings import Settings
    from sightscan.spend.estimate import SpendEstimate

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
    That of a city that was retired since goes on, too.

    Raises:
        AirflowFailException: the run might pass a budget, or its city is retired. No other try would
            find another.

    """
    from sightscan.spend.estimate import authorise_spend
    from sightscan.warehouse.models.instances import lease_of
    from sightscan.warehouse.spend.budgets import find_promise

    due = _due_tasks(work)
    if not due:
        return "nothing that is still to come spends money"
    lease = lease_of(work.connection, work.run)
    if lease is not None and find_promise(work.connection, work.run):
        return (
            f"the estimate holds: {lease.instance_id} is leased until {lease.deadline_at} at most"
        )
    _require_active(work)
    estimate = authorise_spend(work.connection, _config_of(work, due), work.city, work.run)
    work.save_report("estimate_spend", asdict(estimate))
    _raise_refusal(work, estimate)
    return estimate.sentence


def require_estimate(work: CityWork) -> None:
    """Return if the run's estimate is open; estimate it anew if it has ended, and it will spend.

    For tasks of a run that was cleared without its estimate, as "only failed" does.

    Raises:
        AirflowFailException: the run might pass a budget.

    """
    from sightscan.warehouse.spend.budgets import find_promise

    if find_promise(work.connection, work.run) is None:
        logger.info("%s", estimate_run(work))


def confirm_estimate(work: CityWork, instance_type: str | None = None) -> None:
    """Return if the run may lease an instance, or start one of this type: just before it does.

    Its estimate may be hours old: the run may have leased one before, settings, prices or budgets
    may have changed, or the instance may be dearer than those that were known. Nor is the
    estimate asked where "only failed" clears the lease alone.

    Raises:
        AirflowFailException: the run might pass a budget, or its city is retired and the instance that
            it holds does not run.

    """
    from sightscan.spend.estimate import confirm_spend
    from sightscan.warehouse.models.instances import find_open_session, lease_of

    due = _due_tasks(work)
    # A lease that no start follows costs nothing, and nobody would conclude its estimate.
    if due:
        lease = lease_of(work.connection, work.run)
        if lease is None or find_open_session(work.connection, lease.instance_id) is None:
            _require_active(work)
        estimate = confirm_spend(
            work.connection,
            _config_of(work, due),
            work.city,
            work.run,
            instance_type=instance_type,
        )
        _raise_refusal(work, estimate)


def _require_active(work: CityWork) -> None:
    if work.city.state != "active":
        # Its DAG refuses triggers; a run from before that somebody clears would spend all the same.
        _refuse(
            work,
            f"{work.city.name} is retired, and nothing is spent on it; to bring it back: "
            f"sightscan city add {work.city.city_id}",
        )


def _raise_refusal(work: CityWork, estimate: SpendEstimate) -> None:
    if estimate.refusal:
        _refuse(work, estimate.refusal)


def _refuse(work: CityWork, why: str) -> NoReturn:
    from sightscan.warehouse.spend.budgets import end_estimate

    # It ends here: the run is not concluded, and others must not wait for what it never spends.
    end_estimate(work.connection, work.run)
    raise AirflowFailException(why)


def _config_of(work: CityWork, due: set[str]) -> Settings:
    """Return the settings of a run that calls nobody any more, if no such task is to come."""
    if due.intersection(CALLING_TASKS):
        return work.config
    return work.config.with_overrides({"max_google_vision_calls_per_run": 0})


def end_dead_estimates(connection: psycopg.Connection[Any], context: Any) -> list[Run]:
    """End the estimates of runs that are over or deleted without an end; return these runs.

    Whoever deletes a run, or its DAG, deletes `conclude_run`, too. What still runs for it counts on.
    """
    from sightscan.warehouse.spend.budgets import end_estimate, list_open_estimates

    dead = [run for run in list_open_estimates(connection) if not _is_alive(context["ti"], run)]
    for run in dead:
        logger.warning("%s %s is over: its estimate is ended", run.dag_id, run.run_id)
        end_estimate(connection, run)
    return dead


def _is_alive(ti: Any, run: Run) -> bool:
    try:
        return ti.get_dagrun_state(run.dag_id, run.run_id) in LIVE_RUN_STATES
    except AirflowRuntimeError as error:
        if (error.error.detail or {}).get("status_code") == HTTPStatus.NOT_FOUND:
            return False
        raise


def _due_tasks(work: CityWork) -> set[str]:
    """Return which tasks that spend have not ended, in this run."""
    run = work.run
    states: Mapping[str, Mapping[str, str | None]] = get_current_context()["ti"].get_task_states(
        dag_id=run.dag_id, task_ids=list(SPENDING_TASKS), run_ids=[run.run_id]
    )
    found = states.get(run.run_id, {})
    return {task_id for task_id in SPENDING_TASKS if found.get(task_id) not in DONE_STATES}
