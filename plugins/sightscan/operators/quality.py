"""Data checks as tasks see them: what must hold turns them red, the rest warns."""

import logging
from typing import Any

import psycopg
from airflow.sdk.exceptions import AirflowFailException

logger = logging.getLogger(__name__)


def judge_marts(
    connection: psycopg.Connection[Any], *, dag_id: str, run_id: str, city_id: str | None = None
) -> list[str]:
    """Run all data checks, of one city or of all; return the names of those that warn.

    Of one city they look at everything, of all cities at what changed, and once a day at everything.

    Raises:
        AirflowFailException: a check that must hold does not; the rows are in the log.

    """
    from sightscan.warehouse.marts.check_runs import run_checks, run_city_checks

    results = (
        run_checks(connection, dag_id=dag_id, run_id=run_id)
        if city_id is None
        else run_city_checks(connection, city_id, dag_id=dag_id, run_id=run_id)
    )
    broken = [result for result in results if result.offending_count]
    for result in broken:
        logger.warning(
            "%s: %d rows, such as %s", result.name, result.offending_count, result.sample
        )
    failed = [result.name for result in broken if result.severity == "fail"]
    if failed:
        msg = f"data checks failed: {', '.join(failed)}; the rows are in this log"
        raise AirflowFailException(msg)
    whole_count = sum(result.asked_count is None for result in results)
    logger.info("checks=%d whole=%d warned=%d", len(results), whole_count, len(broken))
    return [result.name for result in broken]
