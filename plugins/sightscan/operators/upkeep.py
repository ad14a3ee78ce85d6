"""The tasks beside the cities' own DAGs: registry, marts and the reaper."""

from __future__ import annotations

import logging
from datetime import timedelta

from airflow.sdk import get_current_context, task

from sightscan.settings import settings
from sightscan.training import STOP_SECONDS

logger = logging.getLogger(__name__)


# Each request is a few calls to Wikidata, whose limits may make us wait.
@task(execution_timeout=timedelta(minutes=30))
def resolve_city_requests() -> int:
    """Turn the inbox into cities of the registry, or into refusals that say why."""
    from sightscan.discover.requests import resolve_requests
    from sightscan.discover.wikidata import open_client
    from sightscan.warehouse.connection import connect

    with connect(autocommit=True) as connection, open_client(settings()) as client:
        report = resolve_requests(connection, client)
    logger.info("resolved=%d refused=%d merged=%d", report.resolved, report.refused, report.merged)
    return report.resolved


# A take-down waits for batches in flight, which take seconds.
@task(execution_timeout=timedelta(minutes=10))
def remove_withdrawn_photos() -> int:
    """Take down what people take back of what they contributed."""
    from sightscan.warehouse.connection import connect
    from sightscan.warehouse.takedowns.withdrawals import remove_withdrawn_photos as remove

    with connect(autocommit=True) as connection:
        report = remove(connection)
    logger.info("removed=%d left=%d", report.removed, report.left)
    if report.left:
        logger.warning(
            "%d withdrawals in load.withdrawal are about photos that nobody contributed: nothing "
            "was removed; look at them, and use `sightscan photos remove` where it is right",
            report.left,
        )
    return report.removed


@task(execution_timeout=timedelta(minutes=5))
def write_registry_snapshot() -> int:
    """Write the registry's snapshot, from which the cities' DAGs are built."""
    from sightscan.operators.registry import write_snapshot
    from sightscan.warehouse.connection import connect
    from sightscan.warehouse.registry.cities import list_cities

    with connect(autocommit=True) as connection:
        cities = list_cities(connection)
    write_snapshot(cities)
    return len(cities)


# One interval's rows and nothing else, so that a backfill in any order gives the same marts.
@task(execution_timeout=timedelta(minutes=50))
def refresh_interval() -> dict[str, int]:
    """Compute the hourly marts anew for this run's data interval."""
    from sightscan.warehouse.connection import connect
    from sightscan.warehouse.marts.hourly_facts import refresh_hourly_marts

    context = get_current_context()
    run = context["dag_run"]
    # A run by hand may have no interval: it then refreshes the hour before it was asked for.
    end = run.data_interval_end or run.run_after.replace(minute=0, second=0, microsecond=0)
    start = run.data_interval_start
    if start is None or start >= end:
        start = end - timedelta(hours=1)
    with connect(autocommit=True) as connection:
        counts = refresh_hourly_marts(connection, start, end)
    logger.info("from=%s to=%s %s", start, end, counts)
    return counts


@task(execution_timeout=timedelta(minutes=30))
def check_marts() -> int:
    """Run the data checks; fail with the offending rows in the log if one of them must hold."""
    from sightscan.operators.quality import judge_marts
    from sightscan.warehouse.connection import connect

    context = get_current_context()
    with connect(autocommit=True) as connection:
        warned = judge_marts(
            connection, dag_id=context["dag"].dag_id, run_id=str(context["run_id"])
        )
    return len(warned)


# Stopping takes a minute or two on EC2; all instances in turn stay well below this.
@task(execution_timeout=timedelta(seconds=STOP_SECONDS))
def stop_idle_instances() -> list[str]:
    """Stop what runs without a living lease, and free the leases of runs that are over or late."""
    from sightscan.operators.reaper import reap

    return reap(get_current_context())
