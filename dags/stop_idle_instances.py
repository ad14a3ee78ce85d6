"""### The reaper: no lease, no running GPU.

Stops every instance of MTS_EC2_INSTANCE_ID, and every other that is held or billed, that runs without
a lease, or with one that is past its deadline or belongs to a run that is over or cannot go on (its
DAG is paused, or no task of it has been at work for ten minutes); brings the sessions in line with
what EC2 says, so that the bill is known, and frees the lease. Without the warehouse it stops what is
past the deadline in its tags, and is red. Where no GPU is set up, it finds nothing to do. It is the
net under the teardown of each city's DAG.

**May it be run again?** Yes, at any time.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag
from airflow.timetables.trigger import CronTriggerTimetable

from sightscan.operators import priorities, upkeep
from sightscan.operators.retries import RETRY_POLICY
from sightscan.operators.run_conf import RUN_TYPES


@dag(
    # A forgotten GPU costs five cents a minute.
    schedule=CronTriggerTimetable("*/5 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    allowed_run_types=RUN_TYPES,
    doc_md=__doc__,
    tags=["upkeep"],
    default_args={
        "owner": "sightscan",
        "retries": 2,
        "retry_delay": timedelta(seconds=20),
        "retry_policy": RETRY_POLICY,
        **priorities.STOP,
    },
)
def stop_idle_instances() -> None:
    """Wire the task."""
    upkeep.stop_idle_instances()


stop_idle_instances()
