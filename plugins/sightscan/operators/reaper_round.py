"""One round of the reaper, with an open warehouse: first all that must stop is told to, then waited for."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from airflow.sdk.exceptions import AirflowRuntimeError

from sightscan.errors import InstanceError, SettingsError, WarehouseError
from sightscan.operators.dead_runs import why_dead
from sightscan.operators.handover import tell_untaken_to_stop
from sightscan.settings import settings, sound_settings
from sightscan.training import REAPER_INTERVAL_SECONDS, STOP_SECONDS
from sightscan.warehouse.models.instances import (
    InstanceLease,
    InstanceSession,
    claim_instance,
    end_claim,
    find_open_session,
    list_claimed_instances,
    list_leases,
    settle_session,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sightscan.instance_sight import InstanceSight
    from sightscan.operators.gpu_pool import GpuPool

logger = logging.getLogger(__name__)

# For all that stop, together: the next round, or the next try, looks at them anew.
MAX_WAIT_SECONDS = REAPER_INTERVAL_SECONDS


@dataclass(frozen=True, slots=True)
class _Stopping:
    """An instance that was told to stop, or stops already; `claim` holds it, unless a run does."""

    instance_id: str
    session: InstanceSession | None
    had_to_stop: bool
    claim: str | None


class ReaperRound:
    """A round. What goes wrong with one instance is noted, and the others are looked at.

    Into `trouble` comes what may leave a machine on, into `stopped` what stopped by this round.
    """

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        pool: GpuPool,
        context: Any,
        *,
        trouble: list[str],
        stopped: list[str],
    ) -> None:
        """Keep what it works with; nothing is asked yet."""
        self._unkept: list[str] = []
        self._connection = connection
        self._pool = pool
        self._context = context
        self._trouble = trouble
        self._stopped = stopped
        self._pending: list[_Stopping] = []

    def make(self, instance_ids: Sequence[str]) -> None:
        """Stop what no living run holds, free dead leases, and take dead runs out of the queue.

        Raises:
            psycopg.Error: the warehouse went away in the midst of it.
            WarehouseError: it did not take what it was told, or no price is known.

        """
        from sightscan.operators.waiting import drop_dead_requests

        try:
            for instance_id in instance_ids:
                with self._noting(instance_id):
                    self._stop_if_idle(instance_id)
            with self._noting("what was handed over"):
                self._stop_untaken()
            with self._noting("the queue"):
                drop_dead_requests(self._connection, self._context)
            self._await_stopped()
        finally:
            for left in self._pending:
                if left.claim is not None and not self._connection.closed:
                    self._end_claim(left, is_stopped=False)
        if self._unkept:
            raise WarehouseError("; ".join(self._unkept))

    @contextmanager
    def _noting(self, what: str) -> Iterator[None]:
        try:
            yield
        except (AirflowRuntimeError, InstanceError) as error:
            logger.warning("%s: %s", what, error)
            self._trouble.append(f"{what}: {error}")
        except (SettingsError, psycopg.Error) as error:
            if self._connection.closed:
                raise
            logger.warning("%s: %s", what, error)
            self._unkept.append(f"{what}: {error}")

    def _stop_if_idle(self, instance_id: str) -> None:
        """Tell one instance to stop, unless a living run holds it."""
        session = find_open_session(self._connection, instance_id)
        sight = self._pool.look_at(instance_id)
        leases = list_leases(self._connection)
        lease = next((one for one in leases if one.instance_id == instance_id), None)
        if lease is None:
            is_left_over = instance_id in list_claimed_instances(self._connection)
            why = "nobody holds a lease on it" if sight.is_on or is_left_over else None
        elif sight.is_terminated:
            why = "EC2 has terminated it"
        else:
            why = why_dead(self._connection, self._context["ti"], lease)
        if why is not None:
            self._stop_claimed(instance_id, lease, why)
        # The holder closes the session of what it stops; of the rest, nobody else hears.
        elif lease is None or sight.is_on or sight.stopped_itself:
            settle_session(self._connection, settings(), sight, session)

    def _stop_claimed(self, instance_id: str, lease: InstanceLease | None, why: str) -> None:
        """Stop an instance that nobody can lease meanwhile; leave it if it was leased before that."""
        claim = str(self._context["run_id"])
        if not claim_instance(
            self._connection, instance_id, claim=claim, seconds=STOP_SECONDS, lease=lease
        ):
            logger.info("%s was leased or freed while it was looked at: left alone", instance_id)
            return
        if lease is not None:
            logger.warning("taking %s from %s: %s", instance_id, lease.run.run_id, why)
        # Held from here on, also if what follows fails.
        held = _Stopping(instance_id, None, had_to_stop=False, claim=claim)
        try:
            told = self._tell_to_stop(held, why)
        except BaseException:
            self._end_claim(held, is_stopped=False)
            raise
        self._pending.append(told)

    def _tell_to_stop(self, held: _Stopping, why: str) -> _Stopping:
        instance_id = held.instance_id
        session = find_open_session(self._connection, instance_id)
        # Anew: its holder may have stopped it since.
        sight = self._pool.look_at(instance_id)
        if sight.is_on:
            logger.warning("%s runs, but %s: stopping it", instance_id, why)
            try:
                self._pool.stop(instance_id)
            finally:
                # What runs is billed, be it only until now, and be it that it cannot be stopped.
                settle_session(self._connection, settings(), sight, session)
            session = find_open_session(self._connection, instance_id)
        return _Stopping(instance_id, session, had_to_stop=sight.is_on, claim=held.claim)

    def _stop_untaken(self) -> None:
        told, trouble = tell_untaken_to_stop(self._connection, self._pool)
        self._trouble += trouble
        self._pending += [
            _Stopping(instance_id, session, had_to_stop=True, claim=None)
            for instance_id, session in told
        ]

    def _await_stopped(self) -> None:
        """Wait for all of them together, no longer than the common deadline.

        EC2 may refuse to say how one is, and say it at the next look: what it said last is told of
        those alone that are still waited for in the end.
        """
        refusals: dict[str, str] = {}
        deadline = time.monotonic() + MAX_WAIT_SECONDS
        while True:
            for stopping in tuple(self._pending):
                try:
                    sight = self._pool.look_at(stopping.instance_id)
                except InstanceError as error:
                    logger.warning("%s: %s", stopping.instance_id, error)
                    refusals[stopping.instance_id] = f" ({error})"
                    continue
                refusals.pop(stopping.instance_id, None)
                if sight.has_ended:
                    with self._noting(stopping.instance_id):
                        self._settle_stopped(stopping, sight)
            seconds_left = deadline - time.monotonic()
            if not self._pending or seconds_left <= 0:
                break
            time.sleep(min(sound_settings().mts_check_interval_seconds, seconds_left))
        self._trouble += [
            f"{stopping.instance_id}: told to stop, and not stopped after {MAX_WAIT_SECONDS} s"
            f"{refusals.get(stopping.instance_id, '')}"
            for stopping in self._pending
        ]

    def _settle_stopped(self, stopping: _Stopping, sight: InstanceSight) -> None:
        self._pending.remove(stopping)
        self._settle(stopping, sight)
        if stopping.had_to_stop:
            self._stopped.append(stopping.instance_id)

    def _settle(self, stopping: _Stopping, sight: InstanceSight) -> None:
        is_settled = False
        try:
            settle_session(
                self._connection,
                settings(),
                sight,
                stopping.session,
                stopped_by="reaper" if stopping.had_to_stop else None,
            )
            is_settled = True
        finally:
            self._end_claim(stopping, is_stopped=is_settled)

    def _end_claim(self, stopping: _Stopping, *, is_stopped: bool) -> None:
        if stopping.claim is not None:
            end_claim(
                self._connection, stopping.instance_id, claim=stopping.claim, is_stopped=is_stopped
            )
