"""### The app's inbox: city requests -> registry -> the snapshot that DAG parsing reads.

Reads what people asked for in the app (`load.city_request`), resolves each name on Wikidata, and
adds the city to the registry, where it waits, or keeps a refusal that says why. What fits
MAX_USD_PER_MONTH_FOR_REQUESTS is let in; the others wait for a person (*Browse > City requests*).
Then the registry's snapshot (REGISTRY_SNAPSHOT) is written, also if the requests are in trouble; the
DAG of a city that is let in appears with the next parse. A retired city is disabled, never dropped,
and the snapshot refuses to lose one.

Runs when something comes in or the registry changes, which the triggerer looks for every five
seconds, and every ten minutes.

Beside it, takes down what people take back of what they contributed (`load.withdrawal`; see the
runbook on take-downs), and takes in what they share (`load.contribution`), for *Review labels*.

**May it be run again?** Yes: a request is decided once, and the snapshot is replaced whole. It is red
if Wikidata answers nothing, or if the registry lacks cities that the snapshot has.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag
from airflow.timetables.assets import AssetOrTimeSchedule
from airflow.timetables.trigger import CronTriggerTimetable

from sightscan.operators import priorities, upkeep
from sightscan.operators.inbox import watched_inbox
from sightscan.operators.retries import RETRY_POLICY
from sightscan.operators.run_conf import RUN_TYPES


@dag(
    # People wait for their city: within seconds of what they ask. And by the clock, for names that
    # nobody could resolve, and in case that an event is lost.
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("*/10 * * * *", timezone="UTC"), assets=[watched_inbox()]
    ),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    allowed_run_types=RUN_TYPES,
    doc_md=__doc__,
    tags=["upkeep"],
    default_args={
        "owner": "sightscan",
        "retries": 1,
        "retry_delay": timedelta(seconds=20),
        "retry_policy": RETRY_POLICY,
        **priorities.AWAITED,
    },
)
def sync_cities() -> None:
    """Wire the tasks."""
    upkeep.resolve_city_requests() >> upkeep.write_registry_snapshot()
    # By themselves: whoever takes a photo back does not wait for Wikidata, nor who shares one. What is
    # taken back is not taken in before.
    upkeep.remove_withdrawn_photos() >> upkeep.take_in_contributions()


sync_cities()
