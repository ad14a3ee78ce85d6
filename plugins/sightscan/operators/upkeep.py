"""The tasks beside the cities' own DAGs: registry and the reaper; marts.py has those of the marts."""

import logging
from datetime import timedelta
from typing import Any

import psycopg
from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowRuntimeError

from sightscan.errors import ServiceError, SettingsError, SightScanError, WarehouseError
from sightscan.operators.alerts import tell_stop_failed
from sightscan.settings import settings
from sightscan.training import STOP_SECONDS

logger = logging.getLogger(__name__)


# Each request is a few calls to Wikidata, whose limits may make us wait.
@task(execution_timeout=timedelta(minutes=30))
def resolve_city_requests() -> int:
    """Turn the inbox into cities that wait, or into refusals; let in what the budget allows."""
    from sightscan.discover.requests import resolve_requests
    from sightscan.discover.wikidata import open_client
    from sightscan.operators.warehouse import open_warehouse
    from sightscan.spend.requests import let_in_what_fits, note_waits

    config = settings()
    with open_warehouse() as connection, open_client(config, connection) as client:
        report = resolve_requests(connection, client)
        let_in = let_in_what_fits(connection, config)
        note_waits(connection, config)
    logger.info(
        "resolved=%d refused=%d merged=%d waiting=%d let_in=%d",
        report.resolved,
        report.refused,
        report.merged,
        report.waiting,
        len(let_in),
    )
    if report.trouble:
        raise ServiceError(report.trouble)
    return report.resolved


# A take-down waits for batches in flight, which take seconds.
@task(execution_timeout=timedelta(minutes=10))
def remove_withdrawn_photos() -> int:
    """Take down what people take back of what they contributed, and reports that are too old."""
    from sightscan.operators.warehouse import open_warehouse
    from sightscan.warehouse.labels.reports import delete_old_reports
    from sightscan.warehouse.takedowns.withdrawals import remove_withdrawn_photos as remove

    with open_warehouse() as connection:
        report = remove(connection)
        old_count = delete_old_reports(connection)
    logger.info("removed=%d left=%d old_reports=%d", report.removed, report.left, old_count)
    if report.left:
        logger.warning(
            "%d withdrawals in load.withdrawal are about photos that nobody contributed: nothing "
            "was removed; look at them, and use `sightscan photos remove` where it is right",
            report.left,
        )
    return report.removed


# A photo takes a second to be looked at, and a round takes 200.
@task(execution_timeout=timedelta(minutes=20))
def take_in_contributions() -> int:
    """Have people review what others share in the app."""
    from sightscan.crawl.contributions import take_in_contributions as take_in
    from sightscan.operators.warehouse import open_warehouse

    with open_warehouse() as connection:
        report = take_in(connection, settings())
    logger.info("taken=%d refused=%d", report.taken, report.refused)
    return report.taken


# Whatever became of the requests: a city that is registered gets its DAG.
@task(execution_timeout=timedelta(minutes=5), trigger_rule="all_done")
def write_registry_snapshot() -> int:
    """Write the registry's snapshot, from which the cities' DAGs are built."""
    from sightscan.operators.registry import write_snapshot
    from sightscan.operators.warehouse import open_warehouse
    from sightscan.warehouse.registry.snapshot import reading_for_snapshot

    with open_warehouse() as connection, reading_for_snapshot(connection) as registry:
        write_snapshot(registry)
    context: Any = get_current_context()
    # This task is the last: the run is as red as the one before it.
    if context["ti"].xcom_pull(task_ids="resolve_city_requests") is None:
        msg = "the snapshot is written, but resolve_city_requests failed: open its log"
        raise AirflowFailException(msg)
    return len(registry.cities)


def _end_dead_estimates(context: Any) -> None:
    """Free what dead runs do not spend; no trouble with that is trouble with the instances."""
    from sightscan.operators.spending import end_dead_estimates
    from sightscan.operators.warehouse import open_warehouse

    try:
        with open_warehouse() as connection:
            end_dead_estimates(connection, context)
    except (SightScanError, psycopg.Error, AirflowRuntimeError) as error:
        logger.warning("the estimates of dead runs are ended in the next round: %s", error)


# Stopping takes a minute or two on EC2; all instances in turn stay well below this.
@task(execution_timeout=timedelta(seconds=STOP_SECONDS), on_failure_callback=tell_stop_failed)
def stop_idle_instances() -> list[str]:
    """Stop what runs without a living lease, and free the leases of runs that are over or late."""
    from sightscan.operators.airflow_seen import WAREHOUSE_TROUBLE
    from sightscan.operators.reaper import reap

    context: Any = get_current_context()
    try:
        return reap(context)
    except (SettingsError, WarehouseError) as error:
        # The scheduler, who sees that it failed, sees by this that no stop did.
        context["ti"].xcom_push(WAREHOUSE_TROUBLE, str(error))
        raise
    finally:
        _end_dead_estimates(context)
