"""The check of pauses: of an active city whose DAG is paused nothing runs by itself, and nothing turns red.

A pause is a person's, so it is no fault until a run does not come over it. One that shall last is said to
by a silence of the city, which has an end and a reason, or by retiring it. A retired city's DAG need not
be paused: it plans nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sightscan.alerts.kinds import DOCTOR
from sightscan.city import dag_id_of
from sightscan.services.doctor.airflow_database import as_moment, open_airflow_database
from sightscan.services.doctor.installation import Installation, InstallationCheck, open_warehouse
from sightscan.services.question import CheckFailedError, first_few
from sightscan.warehouse.incidents.silences import list_silences
from sightscan.warehouse.registry.cities import list_active_cities

# Of a city that never ran, Airflow has the next run always in the future; by default it runs weekly.
MAX_UNTIL_FIRST_RUN = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class _PausedCity:
    slug: str
    recorded_at: datetime
    due_at: datetime | None
    last_run_at: datetime | None

    def waits_in_vain(self, now: datetime) -> bool:
        """Tell whether a run would have come but for the pause."""
        if self.last_run_at is None:
            return now - self.recorded_at > MAX_UNTIL_FIRST_RUN
        return self.due_at is not None and self.due_at <= now

    def __str__(self) -> str:
        """Return its DAG, and when that ran last by itself."""
        last = "never ran by itself"
        if self.last_run_at is not None:
            last = f"ran last on {self.last_run_at:%Y-%m-%d}"
        return f"{dag_id_of(self.slug)} {last}"


def look_for_pauses(installation: Installation) -> str:
    """Name the active cities whose runs do not come since their DAG is paused."""
    with open_airflow_database(installation) as database:
        paused = {
            str(dag_id): (as_moment(due_at), as_moment(last_run_at))
            for dag_id, due_at, last_run_at in database.rows("doctor/list_paused_dags")
        }
    with open_warehouse(installation) as connection:
        active = list_active_cities(connection)
        silent_until = {
            silence.subject: silence.ends_at
            for silence in list_silences(connection)
            if silence.subject and silence.kind in (None, DOCTOR.name)
        }
    cities = [
        _PausedCity(slug, recorded_at, *paused[dag_id])
        for slug, recorded_at in active.items()
        if (dag_id := dag_id_of(slug)) in paused
    ]
    told = [city for city in cities if dag_id_of(city.slug) not in silent_until]
    late = [city for city in told if city.waits_in_vain(installation.now())]
    if late:
        msg = (
            f"{len(late)} active cities are paused in Airflow, and their runs do not come "
            f"({first_few([str(city) for city in late])})"
        )
        raise CheckFailedError(msg, _advice(late[0].slug), [city.slug for city in late])
    silent = [
        f"{dag_id} (silence until {silent_until[dag_id]:%Y-%m-%d})"
        for city in cities
        if (dag_id := dag_id_of(city.slug)) in silent_until
    ]
    named = [dag_id_of(city.slug) for city in told] + silent
    if named:
        return f"paused, and no run is missed: {first_few(named)}"
    return f"none of {len(active)} active cities is paused"


def _advice(slug: str) -> str:
    dag_id = dag_id_of(slug)
    return (
        f"each: `airflow dags unpause {dag_id}`, or the switch on its page in Airflow; if it shall not run "
        f"any more, `sightscan city disable {slug}`; if it shall wait, `sightscan alerts silence "
        f'{DOCTOR.name} {dag_id} --days 30 --reason "..."`'
    )


CHECKS = (
    InstallationCheck(
        name="pauses",
        service="Airflow's database",
        asks="which active cities are paused",
        why="a paused city does not run, and nothing turns red",
        expected="none whose run is due, unless a silence of it says that it shall wait",
        advice="`airflow dags unpause`, or the switch on the page of the DAG",
        ask=look_for_pauses,
    ),
)
