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
    """Free dead leases, stop instances without one; return the ids of those that were stopped."""
    from sightscan.warehouse.connection import connect
    from sightscan.warehouse.instances import close_session, list_leases, release_lease

    config = settings()
    with connect(config, autocommit=True) as connection:
        for lease in list_leases(connection):
            reason = _why_dead(context, lease)
            if reason:
                logger.warning("freeing the lease of %s on %s: %s", lease.run_id, lease.instance_id, reason)
                release_lease(connection, dag_id=lease.dag_id, run_id=lease.run_id)
        leased = {lease.instance_id for lease in list_leases(connection)}
        stopped = []
        hook = EC2Hook(aws_conn_id=AWS_CONNECTION)
        for instance_id in config.instance_ids:
            if instance_id in leased:
                continue
            if hook.get_instance_state(instance_id) in BILLED_STATES:
                logger.warning("%s runs without a lease; stopping it", instance_id)
                hook.get_instance(instance_id).stop()
                stopped.append(instance_id)
        for instance_id in stopped:
            hook.wait_for_state(
                instance_id=instance_id,
                target_state="stopped",
                check_interval=config.mts_check_interval_seconds,
            )
        for instance_id in config.instance_ids:
            # Also those that stopped by themselves: a session without an end has no price.
            if instance_id not in leased:
                close_session(connection, instance_id, stopped_by="reaper")
    return stopped


def _why_dead(context: Any, lease: Any) -> str | None:
    if lease.is_expired:
        return f"its deadline {lease.deadline_at:%Y-%m-%d %H:%M} has passed"
    state = context["ti"].get_dagrun_state(lease.dag_id, lease.run_id)
    # The state may be a string or Airflow's enumeration of strings: equal, but not alike in text.
    return None if state in LIVE_RUN_STATES else f"its run is {getattr(state, 'value', state)}"
