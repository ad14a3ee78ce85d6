"""The tasks beside the cities' own DAGs: registry and the reaper; marts.py has those of the marts."""

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
    from sightscan.operators.warehouse import open_warehouse

    with open_warehouse() as connection, open_client(settings(), connection) as client:
        report = resolve_requests(connection, client)
    logger.info("resolved=%d refused=%d merged=%d", report.resolved, report.refused, report.merged)
    return report.resolved


# A take-down waits for batches in flight, which take seconds.
@task(execution_timeout=timedelta(minutes=10))
def remove_withdrawn_photos() -> int:
    """Take down what people take back of what they contributed."""
    from sightscan.operators.warehouse import open_warehouse
    from sightscan.warehouse.takedowns.withdrawals import remove_withdrawn_photos as remove

    with open_warehouse() as connection:
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
    from sightscan.operators.warehouse import open_warehouse
    from sightscan.warehouse.registry.cities import list_cities

    with open_warehouse() as connection:
        cities = list_cities(connection)
    write_snapshot(cities)
    return len(cities)


# Stopping takes a minute or two on EC2; all instances in turn stay well below this.
@task(execution_timeout=timedelta(seconds=STOP_SECONDS))
def stop_idle_instances() -> list[str]:
    """Stop what runs without a living lease, and free the leases of runs that are over or late."""
    from sightscan.operators.reaper import reap

    return reap(get_current_context())
