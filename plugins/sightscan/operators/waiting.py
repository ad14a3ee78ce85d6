"""Runs that wait for an instance and cannot go on give up their places."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowRuntimeError

from sightscan.operators.dead_runs import LIVE_RUN_STATES

if TYPE_CHECKING:
    import psycopg

    from sightscan.run import Run

logger = logging.getLogger(__name__)


def drop_dead_requests(connection: psycopg.Connection[Any], context: Any) -> None:
    """Take runs out of the queue that are over or deleted, or whose DAG is paused.

    The trigger of a paused DAG waits on, but its task would not be started when its turn came. A
    run that goes on later asks anew.
    """
    from sightscan.warehouse.models.lease_queue import leave_queue, list_waiting

    for waiting in list_waiting(connection):
        why = _why_dead(context["ti"], waiting.run)
        if why is not None:
            logger.warning("%s %s waits no longer: %s", waiting.run.dag_id, waiting.run.run_id, why)
            leave_queue(connection, waiting.run)


def _why_dead(ti: Any, run: Run) -> str | None:
    try:
        state = ti.get_dagrun_state(run.dag_id, run.run_id)
        is_paused = ti.get_dag(run.dag_id).is_paused
    except AirflowRuntimeError as error:
        if (error.error.detail or {}).get("status_code") == HTTPStatus.NOT_FOUND:
            return "it was deleted"
        raise
    if state not in LIVE_RUN_STATES:
        return f"it is {getattr(state, 'value', state)}"
    return "its DAG is paused" if is_paused else None
