"""### Hourly: the marts of this hour, then the data checks.

Computes the hourly facts anew for the run's own data interval (and the two hours before it, for
rows that were in flight, and each older hour that a label or a call belongs to that changed
meanwhile), one transaction a mart, and runs the checks of `include/sql/checks` about what changed
since the last run and what they found bad, and once a day about everything:
`fail` turns the run red with the offending rows in the log, `warn` warns; results are kept in
`core.check_result`. *Rendered Templates* of each task shows its SQL, the interval and the
connection, which is `sightscan_warehouse`.

**Backfill**, in any order, twice, or two at once:
`airflow backfill create --dag-id refresh_data_marts --from-date 2026-11-01 --to-date 2026-11-02`;
without Airflow, and for all of history: `sightscan warehouse refresh-marts --all`

**May it be run again?** Yes: an interval is deleted and written in one transaction.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag
from airflow.timetables.interval import CronDataIntervalTimetable

from sightscan.operators import priorities
from sightscan.operators.marts import CheckMartsOperator, RefreshMartsOperator
from sightscan.operators.retries import RETRY_POLICY


@dag(
    schedule=CronDataIntervalTimetable("@hourly", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=4,
    doc_md=__doc__,
    tags=["upkeep"],
    default_args={
        "owner": "sightscan",
        "retries": 2,
        "retry_delay": timedelta(seconds=20),
        "retry_policy": RETRY_POLICY,
        **priorities.MARTS,
    },
)
def refresh_data_marts() -> None:
    """Wire the tasks."""
    refreshed = RefreshMartsOperator(
        task_id="refresh_interval", execution_timeout=timedelta(minutes=50)
    )
    checked = CheckMartsOperator(task_id="check_marts", execution_timeout=timedelta(minutes=30))
    refreshed >> checked


refresh_data_marts()
