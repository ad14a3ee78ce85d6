"""The pool of what can wait, which the scheduler itself keeps: no machine is set up without it."""

import logging
from typing import Any

from airflow.listeners import hookimpl

from sightscan.operators.priorities import WORK_POOL, parallelism_problem, work_slots

DESCRIPTION = "SightScan: crawls and all that can wait. Kept by the scheduler, see decision 29."

logger = logging.getLogger(__name__)


class PoolKeeper:
    """A listener of Airflow: looks when a part of it starts, and whenever a run starts."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._said: str | None = None

    @hookimpl
    def on_starting(self, component: Any) -> None:
        """Keep the pool from the first moment; a task's process starts, too, but has no database."""
        if type(component).__module__ == "airflow.jobs.job":
            self._keep()

    @hookimpl
    def on_dag_run_running(self, dag_run: Any, msg: str) -> None:
        """Keep the pool in the scheduler, should somebody delete or resize it: the reaper's runs do."""
        del dag_run, msg
        self._keep()

    def _keep(self) -> None:
        from airflow.configuration import conf

        parallelism = conf.getint("core", "parallelism")
        instance_count = _count_instances()
        problem = parallelism_problem(parallelism, instance_count)
        if problem is not None and problem != self._said:
            logger.warning("%s", problem)
        self._said = problem
        keep_work_pool(work_slots(parallelism, instance_count))


def keep_work_pool(slots: int) -> None:
    """Make the pool if it is missing, and give it its size if it has another; say so."""
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session

    # Not the session of this thread: the scheduler is in the middle of its own transaction.
    with create_session(scoped=False) as session:
        pool = Pool.get_pool(WORK_POOL, session=session)
        if pool is not None and (pool.slots, pool.include_deferred) == (slots, False):
            return
        if pool is None:
            logger.warning(
                "there was no pool %r, without which crawls and all else that can wait would not "
                "start: it is made, with %d slots",
                WORK_POOL,
                slots,
            )
        else:
            logger.warning(
                "the pool %r had %d slots, so that crawls could take those that stop GPUs, or too "
                "few ran: it has %d now; to change it, change [core] parallelism",
                WORK_POOL,
                pool.slots,
                slots,
            )
        Pool.create_or_update_pool(
            WORK_POOL, slots, DESCRIPTION, include_deferred=False, session=session
        )


def _count_instances() -> int:
    """Return how many GPUs may be on at once; a scheduler works without any, too."""
    # Airflow loads plugins in each process; few of them need the settings.
    from sightscan.settings import sound_settings

    return len(sound_settings().listed_instance_ids) or 1
