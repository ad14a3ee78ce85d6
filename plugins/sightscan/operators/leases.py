"""No lease, no step: what works on a GPU instance holds it now, or fails with a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowFailException

if TYPE_CHECKING:
    from sightscan.operators.work import CityWork
    from sightscan.warehouse.models.instances import InstanceLease


def require_lease(work: CityWork, instance_id: str) -> InstanceLease:
    """Return the lease by which the run of this task holds the instance now.

    A lease past its deadline is no lease, though its row is still there: the reaper is about to
    stop the instance, or does so at this moment.

    Raises:
        AirflowFailException: it does not, and no other try would change that.

    """
    from sightscan.warehouse.models.instances import lease_of, list_leases

    lease = lease_of(work.connection, work.run)
    if lease is not None and lease.instance_id != instance_id:
        why = f"it holds {lease.instance_id} instead"
    elif lease is not None and lease.is_expired:
        why = f"its lease ended at {lease.deadline_at:%Y-%m-%d %H:%M} UTC"
    elif lease is None:
        holders = (
            one.run for one in list_leases(work.connection) if one.instance_id == instance_id
        )
        why = next((f"{run.dag_id} {run.run_id} holds it" for run in holders), "nobody holds it")
    else:
        return lease
    msg = (
        f"{work.run.dag_id} {work.run.run_id} does not hold instance {instance_id} ({why}), so "
        "nothing was done there; clear reserve_instance with everything downstream of it"
    )
    raise AirflowFailException(msg)
