"""The reaper: no lease, no running GPU; and what EC2 knows of starts and stops is in the books."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import psycopg
from airflow.sdk.exceptions import AirflowRuntimeError

from sightscan.errors import InstanceError, SettingsError, WarehouseError
from sightscan.operators.gpu_pool import open_pool
from sightscan.settings import settings, sound_settings
from sightscan.training import STOP_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sightscan.operators.gpu_pool import GpuPool
    from sightscan.warehouse.models.instances import InstanceLease

logger = logging.getLogger(__name__)

LIVE_RUN_STATES = frozenset({"queued", "running"})
AT_WORK = frozenset({"queued", "running", "restarting", "deferred"})
WAITS_FOR_ITSELF = frozenset({"up_for_retry", "up_for_reschedule"})
# A run of which no task is at work is dead after so long. The reaper looks every five minutes, so a
# little less than what is said: the third look finds it, however the rounds jitter. Of a paused DAG
# nothing goes on: two looks. A retry may wait for eleven minutes, and one may follow another.
MAX_QUIET_SECONDS = 570
MAX_QUIET_PAUSED_SECONDS = 240
MAX_QUIET_RETRYING_SECONDS = 1800


def reap(context: Any) -> list[str]:
    """Stop instances without a living lease, then free dead leases; return what was stopped.

    In this order: a run that waits must not lease a machine on which a dead run's job still trains.
    Leased instances that are no longer in MTS_EC2_INSTANCE_ID count, too. Without the warehouse,
    what is past the deadline in its tags is stopped; the books follow.

    Raises:
        InstanceError: an instance could not be stopped; the others were.
        WarehouseError: the warehouse is away.

    """
    from sightscan.operators.handover import stop_what_is_not_taken_up
    from sightscan.operators.waiting import drop_dead_requests
    from sightscan.operators.warehouse import open_warehouse
    from sightscan.warehouse.models.instances import list_claimed_instances, list_leases

    config = sound_settings()
    pool = open_pool()
    stopped, trouble = [], []
    try:
        with open_warehouse() as connection:
            books = _Round(connection, pool, context)
            held = [lease.instance_id for lease in list_leases(connection)]
            claimed = list_claimed_instances(connection)
            for instance_id in dict.fromkeys([*config.instance_ids, *held, *sorted(claimed)]):
                try:
                    if books.stop_if_idle(instance_id):
                        stopped.append(instance_id)
                except (AirflowRuntimeError, InstanceError) as error:
                    trouble.append(f"{instance_id}: {error}")
            try:
                stopped += stop_what_is_not_taken_up(connection, pool)
                drop_dead_requests(connection, context)
            except (AirflowRuntimeError, InstanceError) as error:
                trouble.append(str(error))
    except (SettingsError, WarehouseError, psycopg.Error) as error:
        late = _stop_by_tags(pool, config.instance_ids)
        msg = f"{error}; stopped by the deadline in their tags: {', '.join(late) or 'none'}"
        raise WarehouseError(msg) from error
    if trouble:
        msg = f"not all idle instances could be stopped ({'; '.join(trouble)}); look at them in EC2"
        raise InstanceError(msg)
    return stopped


class _Round:
    """One look at all instances, with an open warehouse."""

    def __init__(self, connection: psycopg.Connection[Any], pool: GpuPool, context: Any) -> None:
        self._connection = connection
        self._pool = pool
        self._context = context

    def stop_if_idle(self, instance_id: str) -> bool:
        """Stop one instance unless a living run holds it; return whether it had to be stopped."""
        from sightscan.warehouse.models.instances import (
            find_open_session,
            list_claimed_instances,
            list_leases,
            settle_session,
        )

        session = find_open_session(self._connection, instance_id)
        sight = self._pool.look_at(instance_id)
        leases = list_leases(self._connection)
        lease = next((one for one in leases if one.instance_id == instance_id), None)
        if lease is None:
            is_left_over = instance_id in list_claimed_instances(self._connection)
            why = "nobody holds a lease on it" if sight.is_on or is_left_over else None
        else:
            why = "EC2 has terminated it" if sight.is_terminated else self._why_dead(lease)
        if why is not None:
            return self._stop_claimed(instance_id, lease, why)
        # The holder closes the session of what it stops; of the rest, nobody else hears.
        if lease is None or sight.is_on or sight.stopped_itself:
            settle_session(self._connection, settings(), sight, session)
        return False

    def _stop_claimed(self, instance_id: str, lease: InstanceLease | None, why: str) -> bool:
        """Stop an instance that nobody can lease meanwhile; leave it if it was leased before that."""
        from sightscan.warehouse.models.instances import claim_instance, end_claim

        claim = str(self._context["run_id"])
        if not claim_instance(
            self._connection, instance_id, claim=claim, seconds=STOP_SECONDS, lease=lease
        ):
            logger.info("%s was leased or freed while it was looked at: left alone", instance_id)
            return False
        if lease is not None:
            logger.warning("taking %s from %s: %s", instance_id, lease.run.run_id, why)
        is_stopped = False
        try:
            had_to_stop = self._stop(instance_id, why)
            is_stopped = True
        finally:
            end_claim(self._connection, instance_id, claim=claim, is_stopped=is_stopped)
        return had_to_stop

    def _stop(self, instance_id: str, why: str) -> bool:
        from sightscan.warehouse.models.instances import find_open_session, settle_session

        session = find_open_session(self._connection, instance_id)
        # Anew: its holder may have stopped it since.
        sight = self._pool.look_at(instance_id)
        had_to_stop = sight.is_on
        if had_to_stop:
            logger.warning("%s runs, but %s: stopping it", instance_id, why)
            try:
                self._pool.stop(instance_id)
            finally:
                # What runs is billed, be it only until now, and be it that it cannot be stopped.
                settle_session(self._connection, settings(), sight, session)
            session = find_open_session(self._connection, instance_id)
        if not sight.has_ended:
            self._pool.await_stopped(instance_id)
            sight = self._pool.look_at(instance_id)
        settle_session(
            self._connection,
            settings(),
            sight,
            session,
            stopped_by="reaper" if had_to_stop else None,
        )
        return had_to_stop

    def _why_dead(self, lease: InstanceLease) -> str | None:
        """Return why a run cannot go on, None if it may."""
        if lease.is_expired:
            return f"its deadline {lease.deadline_at:%Y-%m-%d %H:%M} has passed"
        ti = self._context["ti"]
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
        return self._why_quiet(lease, list(tasks.values()), is_paused=is_paused)

    def _why_quiet(
        self, lease: InstanceLease, states: Iterable[Any], *, is_paused: bool
    ) -> str | None:
        """Tell that nothing of a run is at work for too long: the scheduler starts nothing more.

        So it is with a paused or vanished DAG, whose runs stay "running". A training that is under
        way is at work: its task is deferred until it ends.
        """
        from sightscan.warehouse.models.instances import note_quiet

        is_quiet = AT_WORK.isdisjoint(states)
        seconds = note_quiet(self._connection, lease.run, is_quiet=is_quiet)
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


def _stop_by_tags(pool: GpuPool, instance_ids: Iterable[str]) -> list[str]:
    """Stop what is past the deadline that its start left in EC2; return what was told to stop."""
    stopped = []
    for instance_id in instance_ids:
        try:
            sight = pool.look_at(instance_id)
            deadline_at = sight.deadline_at
            if sight.is_on and deadline_at is not None and deadline_at <= datetime.now(UTC):
                logger.warning("%s is past its deadline %s: stopping it", instance_id, deadline_at)
                pool.stop(instance_id)
                stopped.append(instance_id)
        except InstanceError:
            logger.exception("%s could not be looked at or stopped; look at it in EC2", instance_id)
    return stopped
