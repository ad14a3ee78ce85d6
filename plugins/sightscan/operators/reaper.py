"""The reaper: no lease, no running GPU."""

from __future__ import annotations

import logging
from typing import Any

from airflow.providers.amazon.aws.hooks.ec2 import EC2Hook

from sightscan.operators.connections import AWS_CONNECTION
from sightscan.settings import settings

logger = logging.getLogger(__name__)

LIVE_RUN_STATES = frozenset({"queued", "running"})
BILLED_STATES = frozenset({"pending", "running"})


def reap(context: Any) -> list[str]:
    """Stop instances without a living lease, then free dead leases; return what was stopped.

    In this order: a run that waits must not lease a machine on which a dead run's job still trains.
    """
    from sightscan.warehouse.connection import connect
    from sightscan.warehouse.instances import close_session, list_leases, release_lease

    config = settings()
    hook = EC2Hook(aws_conn_id=AWS_CONNECTION)
    with connect(config, autocommit=True) as connection:
        leases = {lease.instance_id: lease for lease in list_leases(connection)}
        dead = {id_: why for id_, lease in leases.items() if (why := _why_dead(context, lease))}
        idle = [id_ for id_ in config.instance_ids if id_ not in leases or id_ in dead]
        stopped = [id_ for id_ in idle if hook.get_instance_state(id_) in BILLED_STATES]
        for instance_id in stopped:
            why = dead.get(instance_id, "nobody holds a lease on it")
            logger.warning("%s runs, but %s: stopping it", instance_id, why)
            hook.get_instance(instance_id).stop()
        for instance_id in stopped:
            hook.wait_for_state(
                instance_id=instance_id,
                target_state="stopped",
                check_interval=config.mts_check_interval_seconds,
            )
        for instance_id in idle:
            # Also those that stopped by themselves: a session without an end has no price.
            close_session(connection, instance_id, stopped_by="reaper")
        for instance_id, why in dead.items():
            lease = leases[instance_id]
            logger.warning("freeing the lease of %s on %s: %s", lease.run_id, instance_id, why)
            release_lease(connection, dag_id=lease.dag_id, run_id=lease.run_id)
    return stopped


def _why_dead(context: Any, lease: Any) -> str | None:
    if lease.is_expired:
        return f"its deadline {lease.deadline_at:%Y-%m-%d %H:%M} has passed"
    state = context["ti"].get_dagrun_state(lease.dag_id, lease.run_id)
    # The state may be a string or Airflow's enumeration of strings: equal, but not alike in text.
    return None if state in LIVE_RUN_STATES else f"its run is {getattr(state, 'value', state)}"
