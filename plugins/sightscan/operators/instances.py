"""Lease, start and stop a GPU instance; it never runs without a lease."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import psycopg
from airflow.sdk import BaseOperator, Context

from sightscan.errors import (
    InstanceError,
    LastingInstanceError,
    NoCapacity,
    UnsettledStopError,
    WarehouseError,
)
from sightscan.instance_sight import RUN_TAG, InstanceSight, run_tag
from sightscan.operators.airflow_seen import WAREHOUSE_TROUBLE
from sightscan.operators.gpu_pool import GpuPool, open_pool
from sightscan.operators.handover import hand_over, move_on
from sightscan.operators.leases import require_lease
from sightscan.operators.spending import confirm_estimate
from sightscan.operators.turns import LeaseTrigger
from sightscan.operators.work import CityWork, city_work
from sightscan.training import lease_seconds

logger = logging.getLogger(__name__)


class ReserveInstanceOperator(BaseOperator):
    """Take a lease on a free GPU instance; stand in a queue for one without holding a worker slot.

    Returns the instance's id. The same run gets the same instance again.
    """

    template_fields: Sequence[str] = ()

    def __init__(self, *, slug: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.slug = slug

    def execute(self, context: Context, event: Any = None) -> str:
        """Lease an instance, or defer until one is leased to this run."""
        del context, event
        from sightscan.warehouse.models.instances import lease_instance, lease_of
        from sightscan.warehouse.models.lease_queue import list_waiting

        with city_work(self.slug) as work:
            if lease_of(work.connection, work.run) is None:
                confirm_estimate(work)
            # Its turn was noticed by whoever gave it the lease: then this returns that one.
            instance_id = lease_instance(
                work.connection,
                work.run,
                work.config.instance_ids,
                seconds=lease_seconds(work.config.mts_time_limit_seconds),
            )
            places = [waiting.run for waiting in list_waiting(work.connection)]
            if work.run in places:
                self.log.info(
                    "all of %s are leased; waiting at place %d of %d: `sightscan machines` shows "
                    "who holds them and who else waits",
                    ", ".join(work.config.instance_ids),
                    places.index(work.run) + 1,
                    len(places),
                )
        if instance_id is None:
            self.defer(trigger=LeaseTrigger(**asdict(work.run)), method_name="execute")
        return str(instance_id)


class StartInstanceOperator(BaseOperator):
    """Start the leased instance and open its session; who holds it is written onto it first.

    One that was handed over runs already, and is gone on with. If there is no capacity for it, the
    lease moves to another.
    """

    template_fields: Sequence[str] = ("instance_id",)

    def __init__(self, *, slug: str, instance_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.slug = slug
        self.instance_id = instance_id

    def execute(self, context: Context) -> None:
        """Start and wait until it runs."""
        from sightscan.warehouse.models.lease_changes import take_up_lease

        del context
        pool = open_pool()
        with city_work(self.slug) as work:
            if take_up_lease(work.connection, work.run):
                self.log.info("%s was handed over to this run as it runs", self.instance_id)
            try:
                _start(work, pool, self.instance_id)
            except NoCapacity as error:
                moved = move_on(work, error, self.instance_id)
                if moved is None:
                    raise
                self.instance_id = moved
                _start(work, pool, moved)


def _start(work: CityWork, pool: GpuPool, instance_id: str) -> None:
    from sightscan.warehouse.models.instances import (
        find_open_session,
        open_session,
        settle_session,
    )

    lease = require_lease(work, instance_id)
    if pool.look_at(instance_id).state == "stopping":
        # What is stopping cannot be started.
        logger.info("%s is still stopping; waiting", instance_id)
        pool.await_stopped(instance_id)
    # Somebody may have started it, or restarted it, meanwhile: that is billed, too.
    before = find_open_session(work.connection, instance_id)
    sight = pool.look_at(instance_id)
    if sight.is_terminated:
        msg = f"{instance_id} was terminated; correct MTS_EC2_INSTANCE_ID"
        raise LastingInstanceError(msg)
    settle_session(work.connection, work.config, sight, before)
    confirm_estimate(work, sight.instance_type)
    # Before the start: what runs can be stopped by its tags, should the warehouse be away.
    pool.mark(
        instance_id,
        dag_id=work.run.dag_id,
        run_id=work.run.run_id,
        deadline_at=lease.deadline_at,
    )
    session = open_session(
        work.connection,
        work.config,
        work.run,
        instance_id,
        instance_type=sight.instance_type,
    )
    pool.start(instance_id)
    settle_session(work.connection, work.config, pool.look_at(instance_id), session)


class StopInstanceOperator(BaseOperator):
    """Stop the leased instance, then settle the books: close its session, free the lease.

    Tags on it say whether this run holds it, so it is stopped even while the warehouse is away.
    Should the books not be settled here, the lease stays until the reaper sees that the run is over.
    If somebody waits for it, it is handed over instead, and runs on.
    """

    template_fields: Sequence[str] = ("instance_id",)

    def __init__(self, *, slug: str, instance_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.slug = slug
        self.instance_id = instance_id

    def execute(self, context: Context) -> None:
        """Stop and wait until it has stopped."""
        try:
            self._stop_and_settle(context, open_pool())
        except LastingInstanceError as error:
            # Money runs: a stop is tried again, whatever refuses it.
            raise InstanceError(str(error)) from error
        except UnsettledStopError as error:
            # The scheduler, who sees that it failed, sees by this that the stop did not.
            context["ti"].xcom_push(WAREHOUSE_TROUBLE, str(error))
            raise

    def _stop_and_settle(self, context: Context, pool: GpuPool) -> None:
        if self._is_handed_over(pool):
            return
        holder = run_tag(context["dag"].dag_id, context["run_id"])
        sight = pool.look_at(self.instance_id)
        is_ours = sight.tags.get(RUN_TAG) == holder
        if is_ours:
            self._stop(pool, sight)
        try:
            self._settle(pool)
        except (WarehouseError, psycopg.Error) as error:
            if not is_ours:
                raise
            msg = f"{self.instance_id} has stopped, but the warehouse does not know: {error}"
            raise UnsettledStopError(msg) from error

    def _settle(self, pool: GpuPool) -> None:
        from sightscan.warehouse.models.instances import (
            find_open_session,
            lease_of,
            release_lease,
            settle_session,
        )

        with city_work(self.slug) as work:
            lease = lease_of(work.connection, work.run)
            if lease is None:
                self.log.info("the lease is gone already: the reaper stopped the instance")
                return
            if lease.instance_id != self.instance_id:
                msg = (
                    f"run {work.run.run_id} holds {lease.instance_id}, but was told to stop "
                    f"{self.instance_id}; clear the task reserve_instance of this run"
                )
                raise InstanceError(msg)
            session = find_open_session(work.connection, self.instance_id)
            # Leased, but not started by this run: what runs there is nobody else's either.
            self._stop(pool, pool.look_at(self.instance_id))
            sight = pool.look_at(self.instance_id)
            settle_session(work.connection, work.config, sight, session, stopped_by="teardown")
            release_lease(work.connection, work.run)

    def _stop(self, pool: GpuPool, sight: InstanceSight) -> None:
        if not sight.has_ended:
            pool.stop(self.instance_id)
            pool.await_stopped(self.instance_id)

    def _is_handed_over(self, pool: GpuPool) -> bool:
        """Give the instance to the next run, if there is one; no trouble keeps it from being stopped."""
        try:
            with city_work(self.slug) as work:
                return hand_over(work, pool, self.instance_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the instance is better stopped
            self.log.warning("%s cannot be handed over: %s", self.instance_id, error)
            return False
