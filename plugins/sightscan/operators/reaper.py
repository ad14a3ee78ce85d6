"""The reaper: no lease, no running GPU; and what EC2 knows of starts and stops is in the books."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
from airflow.sdk.exceptions import AirflowRuntimeError

from sightscan.errors import InstanceError, SettingsError, WarehouseError
from sightscan.operators.gpu_pool import open_pool
from sightscan.settings import sound_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sightscan.operators.gpu_pool import GpuPool

logger = logging.getLogger(__name__)


def reap(context: Any) -> list[str]:
    """Stop instances without a living lease, then free dead leases; return what was stopped.

    In this order: a run that waits must not lease a machine on which a dead run's job still trains.
    All are told to stop before any is waited for, so that none that hangs keeps another on. Instances
    that are held or billed and no longer in MTS_EC2_INSTANCE_ID, which may be empty, count, too.
    Without the warehouse, or where its books refuse, what is past the deadline in its tags is
    stopped, also if no setting names it; the books follow.

    Raises:
        InstanceError: an instance could not be stopped, or has not stopped yet; the others were.
        WarehouseError: the warehouse is away, or its books of an instance could not be kept; all
            that is past its deadline was told to stop.
        SettingsError: what leads to the warehouse makes no sense; the same was told to stop.

    """
    from sightscan.operators.reaper_round import ReaperRound
    from sightscan.operators.warehouse import open_warehouse
    from sightscan.warehouse.models.machines import list_machines

    instance_ids: Sequence[str] = sound_settings().listed_instance_ids
    pool = open_pool()
    trouble: list[str] = []
    stopped: list[str] = []
    try:
        with open_warehouse() as connection:
            instance_ids = [each.instance_id for each in list_machines(connection, instance_ids)]
            round_ = ReaperRound(connection, pool, context, trouble=trouble, stopped=stopped)
            round_.make(instance_ids)
    except (AirflowRuntimeError, SettingsError, WarehouseError, psycopg.Error) as error:
        marked, unlisted = _find_marked(pool)
        late, more = _stop_by_tags(pool, dict.fromkeys((*instance_ids, *marked)))
        trouble += more
        msg = (
            f"{error}; stopped by the deadline in their tags: {', '.join(late) or 'none'}{unlisted}"
        )
        if trouble:
            msg += f"; {'; '.join(trouble)}; look at them in EC2"
            raise InstanceError(msg) from error
        # A setting that makes no sense is no more sense at the next try; the next round stops again.
        kind = SettingsError if isinstance(error, SettingsError) else WarehouseError
        raise kind(msg) from error
    if trouble:
        msg = f"not all idle instances could be stopped ({'; '.join(trouble)}); look at them in EC2"
        raise InstanceError(msg)
    return stopped


def _find_marked(pool: GpuPool) -> tuple[list[str], str]:
    """Return what is on and bears the tags of a run, also if nobody names it any more; or why that is not known.

    No tag says which deployment started a machine. One of another that shares the account is past its
    deadline for its own reaper as well, which would stop it in its next round.

    Where there is no machine at all, nobody may have set EC2 up: that it does not answer then is no GPU
    that could not be stopped. Those that are named are asked for one by one.
    """
    try:
        return [sight.instance_id for sight in pool.list_marked()], ""
    except InstanceError as error:
        logger.exception("EC2 does not list what runs by its tags")
        return [], f"; what no setting names could not be found: {error}"


def _stop_by_tags(pool: GpuPool, instance_ids: Iterable[str]) -> tuple[list[str], list[str]]:
    """Stop what is past the deadline that its start left in EC2.

    Returns what was told to stop, and what went wrong with others.
    """
    stopped, trouble = [], []
    for instance_id in instance_ids:
        try:
            sight = pool.look_at(instance_id)
            deadline_at = sight.deadline_at
            if sight.is_on and deadline_at is not None and deadline_at <= datetime.now(UTC):
                logger.warning("%s is past its deadline %s: stopping it", instance_id, deadline_at)
                pool.stop(instance_id)
                stopped.append(instance_id)
        except InstanceError as error:
            logger.exception("%s could not be looked at or stopped", instance_id)
            trouble.append(f"{instance_id} could not be looked at or stopped: {error}")
    return stopped, trouble
