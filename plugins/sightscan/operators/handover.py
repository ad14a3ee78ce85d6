"""An instance that somebody waits for is not stopped: it goes, as it runs, to the next run.

And a run whose instance EC2 cannot start goes to the next instance.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow.sdk.execution_time.xcom import XCom

from sightscan.errors import InstanceError, NoCapacity

if TYPE_CHECKING:
    from typing import Any

    import psycopg

    from sightscan.operators.gpu_pool import GpuPool
    from sightscan.operators.work import CityWork
    from sightscan.warehouse.models.instances import InstanceLease, InstanceSession
    from sightscan.warehouse.models.lease_queue import WaitingRun

logger = logging.getLogger(__name__)

# Its result is where a run's instance is known, for all of its tasks.
RESERVE_TASK = "reserve_instance"
# From the hand-over to the first task of the next run: the triggerer looks every two seconds, then
# a worker has to be free. Meanwhile the instance is paid for and does nothing.
TAKE_UP_SECONDS = 5 * 60
# The host powers itself off at the deadline that its last holder left there, until the next one's
# `await_host` leaves its own.
MIN_SECONDS_LEFT = 15 * 60
# And when it has been on for a day: `PowerLimits` of trainer/host, if nobody gave it another option.
HOST_LIFE_SECONDS = 24 * 3600


def hand_over(work: CityWork, pool: GpuPool, instance_id: str) -> bool:
    """Give the instance of a run to the next that waits for it; tell whether another run holds it now.

    An earlier try may have given it, and died then. Whatever it raises, the caller stops the instance
    if EC2's tags say that it is still this run's: they change hands after the lease, so that whoever
    has the tags can stop it. Should the lease be another's by then, that run starts it anew.
    """
    from sightscan.warehouse.models.instances import lease_of, list_leases
    from sightscan.warehouse.models.lease_changes import hand_over_lease
    from sightscan.warehouse.models.lease_queue import find_successor

    lease = lease_of(work.connection, work.run)
    if lease is None:
        others = [one for one in list_leases(work.connection) if one.instance_id == instance_id]
        for other in others:
            logger.info("%s is held by %s %s", instance_id, other.run.dag_id, other.run.run_id)
        return bool(others)
    successor = find_successor(work.connection, instance_id)
    if lease.instance_id != instance_id or successor is None:
        return False
    _prepare_for_another(work, pool, lease, successor)
    given = hand_over_lease(work.connection, work.run, instance_id)
    if given is None:
        return False
    logger.info("%s runs on, for %s %s", instance_id, given.run.dag_id, given.run.run_id)
    try:
        pool.mark(
            instance_id,
            dag_id=given.run.dag_id,
            run_id=given.run.run_id,
            deadline_at=given.deadline_at,
        )
    except InstanceError as error:
        logger.warning("its tags are left to start_instance of that run: %s", error)
    return True


def move_on(work: CityWork, error: NoCapacity, instance_id: str) -> str | None:
    """Return the instance that a run holds instead of one that EC2 refused to start, if any.

    A lease is moved when EC2 has no capacity for the second time, if another instance is free. What
    `reserve_instance` returned is corrected: all tasks that follow read there which one it is.
    """
    from sightscan.warehouse.models.lease_changes import move_refused_lease

    moved = move_refused_lease(
        work.connection,
        work.run,
        instance_id,
        work.config.instance_ids,
        announce=lambda next_id: XCom.set(
            XCom.XCOM_RETURN_KEY,
            next_id,
            dag_id=work.run.dag_id,
            task_id=RESERVE_TASK,
            run_id=work.run.run_id,
        ),
    )
    if moved is not None:
        logger.warning("%s; going on with %s", error, moved)
    return moved


def tell_untaken_to_stop(
    connection: psycopg.Connection[Any], pool: GpuPool
) -> tuple[list[tuple[str, InstanceSession | None]], list[str]]:
    """Tell instances to stop that were handed over to runs which do not take them up.

    Returns them with their open sessions, and what went wrong with others. Their runs keep their
    leases: should one come, it starts its instance itself.
    """
    from sightscan.warehouse.models.instances import find_open_session
    from sightscan.warehouse.models.lease_changes import hold_next_untaken

    told: list[tuple[str, InstanceSession | None]] = []
    trouble: dict[str, str] = {}
    while True:
        instance_id = None
        try:
            # Whoever takes it up waits for the end of this, and then finds it stopping.
            with connection.transaction():
                instance_id = hold_next_untaken(
                    connection, seconds=TAKE_UP_SECONDS, left_out=list(trouble)
                )
                if instance_id is None:
                    return told, list(trouble.values())
                session = find_open_session(connection, instance_id)
                logger.warning("%s was handed over and is not taken up: stopping it", instance_id)
                pool.stop(instance_id)
        except InstanceError as error:
            # As it was before: the next round finds it, too.
            trouble[str(instance_id)] = f"{instance_id}: {error}"
        else:
            told.append((instance_id, session))


def _prepare_for_another(
    work: CityWork, pool: GpuPool, lease: InstanceLease, successor: WaitingRun
) -> None:
    """End whatever a run has left on its instance.

    Raises:
        InstanceError: it is better stopped. What ails an instance that does not answer, or on which
            a training failed, would befall one city after the other; a stop and a start may mend it.

    """
    from sightscan.train.addresses import host_address
    from sightscan.train.jobs import kill_job
    from sightscan.warehouse.models.instances import find_open_session
    from sightscan.warehouse.models.trainings import find_training

    instance_id = lease.instance_id
    training = find_training(work.connection, work.run)
    sight = pool.look_at(instance_id)
    session = find_open_session(work.connection, instance_id)
    now = datetime.now(UTC)
    msg = ""
    if training is None or training.state in {"requested", "failed"}:
        msg = "no training of this run went well there"
    elif sight.state != "running" or session is None:
        msg = f"it is {sight.state}, or nothing is known of its start"
    elif lease.deadline_at - now < timedelta(seconds=MIN_SECONDS_LEFT):
        msg = "the deadline that is written on it is near"
    elif now - session.started_at > timedelta(seconds=HOST_LIFE_SECONDS - successor.lease_seconds):
        msg = "it has been on for so long that it might power itself off under the next run"
    if msg:
        raise InstanceError(msg)
    kill_job(host_address(work.config, instance_id, pool.host_of(instance_id)))
