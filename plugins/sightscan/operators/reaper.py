"""The reaper: no lease, no running GPU."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowRuntimeError
from botocore.exceptions import BotoCoreError, ClientError

from sightscan.errors import InstanceError
from sightscan.operators.connections import AWS_CONNECTION
from sightscan.settings import settings

if TYPE_CHECKING:
    import psycopg
    from airflow.providers.amazon.aws.hooks.ec2 import EC2Hook

logger = logging.getLogger(__name__)

LIVE_RUN_STATES = frozenset({"queued", "running"})
BILLED_STATES = frozenset({"pending", "running"})
# Looks at the state, one each MTS_CHECK_INTERVAL_SECONDS; EC2 stops an instance in a minute or two.
STOP_LOOKS = 120


def reap(context: Any) -> list[str]:
    """Stop instances without a living lease, then free dead leases; return what was stopped.

    In this order: a run that waits must not lease a machine on which a dead run's job still trains.
    Leased instances that are no longer in MTS_EC2_INSTANCE_ID count, too.

    Raises:
        InstanceError: an instance could not be stopped; the others were.

    """
    from sightscan.operators.hooks import InstanceHook
    from sightscan.operators.warehouse import open_warehouse
    from sightscan.warehouse.models.instances import list_leases

    config = settings()
    hook = InstanceHook(aws_conn_id=AWS_CONNECTION)
    stopped, trouble = [], []
    with open_warehouse() as connection:
        leased = [lease.instance_id for lease in list_leases(connection)]
        for instance_id in dict.fromkeys([*config.instance_ids, *leased]):
            try:
                if _stop_if_idle(connection, hook, context, instance_id):
                    stopped.append(instance_id)
            except (AirflowRuntimeError, BotoCoreError, ClientError) as error:
                trouble.append(f"{instance_id}: {error}")
    if trouble:
        msg = f"not all idle instances could be stopped ({'; '.join(trouble)}); look at them in EC2"
        raise InstanceError(msg)
    return stopped


def _stop_if_idle(
    connection: psycopg.Connection[Any], hook: EC2Hook, context: Any, instance_id: str
) -> bool:
    """Stop one instance unless a living run holds it; return whether it had to be stopped."""
    from sightscan.warehouse.models.instances import (
        close_session,
        find_open_session,
        list_leases,
        release_lease,
    )

    # Read anew: stopping the one before took a minute, in which this one may have been leased.
    lease = next((one for one in list_leases(connection) if one.instance_id == instance_id), None)
    why = "nobody holds a lease on it" if lease is None else _why_dead(context, lease)
    if why is None:
        return False
    session = find_open_session(connection, instance_id)
    state = hook.get_instance_state(instance_id)
    has_to_stop = state in BILLED_STATES
    if has_to_stop:
        logger.warning("%s runs, but %s: stopping it", instance_id, why)
        instance = hook.get_instance(instance_id)
        instance.stop()
        delay = settings().mts_check_interval_seconds
        instance.wait_until_stopped(WaiterConfig={"Delay": delay, "MaxAttempts": STOP_LOOKS})
    if session is not None:
        # Also of one that stopped by itself: a session without an end has no price.
        close_session(
            connection,
            instance_id,
            stopped_by="reaper",
            session_id=session.session_id,
            has_run=state == "running",
        )
    if lease is not None:
        logger.warning("freeing the lease of %s on %s: %s", lease.run.run_id, instance_id, why)
        release_lease(connection, lease.run)
    return has_to_stop


def _why_dead(context: Any, lease: Any) -> str | None:
    if lease.is_expired:
        return f"its deadline {lease.deadline_at:%Y-%m-%d %H:%M} has passed"
    try:
        state = context["ti"].get_dagrun_state(lease.run.dag_id, lease.run.run_id)
    except AirflowRuntimeError as error:
        # Whoever deletes a run deletes its teardown, too: nobody else stops its instance.
        if (error.error.detail or {}).get("status_code") == HTTPStatus.NOT_FOUND:
            return "its run was deleted"
        raise
    # The state may be a string or Airflow's enumeration of strings: equal, but not alike in text.
    return None if state in LIVE_RUN_STATES else f"its run is {getattr(state, 'value', state)}"
