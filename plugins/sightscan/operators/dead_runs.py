"""Whether a run that holds an instance can go on, as Airflow tells its tasks about other runs."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowRuntimeError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

    from sightscan.warehouse.models.instances import InstanceLease

LIVE_RUN_STATES = frozenset({"queued", "running"})
AT_WORK = frozenset({"queued", "running", "restarting", "deferred"})
WAITS_FOR_ITSELF = frozenset({"up_for_retry", "up_for_reschedule"})
# A run of which no task is at work is dead after so long. The reaper looks every five minutes, so a
# little less than what is said: the third look finds it, however the rounds jitter. Of a paused DAG
# nothing goes on: two looks. A retry may wait for eleven minutes, and one may follow another.
MAX_QUIET_SECONDS = 570
MAX_QUIET_PAUSED_SECONDS = 240
MAX_QUIET_RETRYING_SECONDS = 1800


def why_dead(connection: psycopg.Connection[Any], ti: Any, lease: InstanceLease) -> str | None:
    """Return why the run of a lease cannot go on, None if it may; `ti` asks Airflow."""
    if lease.is_expired:
        return f"its deadline {lease.deadline_at:%Y-%m-%d %H:%M} has passed"
    dag_id, run_id = lease.run.dag_id, lease.run.run_id
    try:
        state = ti.get_dagrun_state(dag_id, run_id)
        is_paused = ti.get_dag(dag_id).is_paused
        tasks = ti.get_task_states(dag_id, run_ids=[run_id]).get(run_id, {})
    except AirflowRuntimeError as error:
        # Whoever deletes a run, or its DAG, deletes its teardown, too: nobody else stops it.
        if (error.error.detail or {}).get("status_code") == HTTPStatus.NOT_FOUND:
            return "its run was deleted"
        raise
    # A state may be a string or Airflow's enumeration of strings: equal, but not alike in text.
    if state not in LIVE_RUN_STATES:
        return f"its run is {getattr(state, 'value', state)}"
    return _why_quiet(connection, lease, list(tasks.values()), is_paused=is_paused)


def _why_quiet(
    connection: psycopg.Connection[Any],
    lease: InstanceLease,
    states: Iterable[Any],
    *,
    is_paused: bool,
) -> str | None:
    """Tell that nothing of a run is at work for too long: the scheduler starts nothing more.

    So it is with a paused or vanished DAG, whose runs stay "running". A training that is under
    way is at work: its task is deferred until it ends.
    """
    from sightscan.warehouse.models.instances import note_quiet

    is_quiet = AT_WORK.isdisjoint(states)
    seconds = note_quiet(connection, lease.run, is_quiet=is_quiet)
    if seconds is None:
        return None
    if is_paused:
        limit = MAX_QUIET_PAUSED_SECONDS
    elif not WAITS_FOR_ITSELF.isdisjoint(states):
        limit = MAX_QUIET_RETRYING_SECONDS
    else:
        limit = MAX_QUIET_SECONDS
    if seconds < limit:
        return None
    paused = "its DAG is paused, and " if is_paused else ""
    return f"{paused}no task of its run is at work for {seconds / 60:.0f} minutes"
