"""No lease, no step: who holds an instance may work on it, and who does not is told why."""

from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException

from sightscan.city import City, Place
from sightscan.operators.leases import require_lease
from sightscan.operators.work import CityWork
from sightscan.run import Run
from sightscan.settings import settings
from sightscan.warehouse.models.instances import lease_instance
from sightscan.warehouse.registry.cities import add_city

CITY = City("Q8851", "malaga", "Málaga", "Spain", Place(36.72, -4.42), 8_000)
OWN = Run("Q8851", "city_malaga", "run 1")
# Another DAG's run of the same name is another run.
OTHER = Run("Q8851", "city_ronda", "run 1")


@pytest.fixture
def work(warehouse: psycopg.Connection[Any]) -> CityWork:
    add_city(warehouse, CITY)
    return CityWork(connection=warehouse, city=CITY, config=settings(), run=OWN, params={})


def test_the_run_that_holds_the_instance_may_go_on(work: CityWork) -> None:
    lease_instance(work.connection, OWN, ["i-1"], seconds=60)
    lease_instance(work.connection, OTHER, ["i-2"], seconds=60)
    require_lease(work, "i-1")


@pytest.mark.parametrize(
    ("leases", "why"),
    [
        ([], "nobody holds it"),
        ([(OTHER, "i-1", 60)], "city_ronda run 1 holds it"),
        ([(OTHER, "i-2", 60)], "nobody holds it"),
        ([(OWN, "i-2", 60)], "it holds i-2 instead"),
        ([(OWN, "i-2", 60), (OTHER, "i-1", 60)], "it holds i-2 instead"),
        # The reaper may be stopping it at this moment.
        ([(OWN, "i-1", -1)], r"its lease ended at \d{4}-\d\d-\d\d \d\d:\d\d UTC"),
    ],
)
def test_everybody_else_is_told_why_not(
    work: CityWork, leases: list[tuple[Run, str, int]], why: str
) -> None:
    for run, instance_id, seconds in leases:
        lease_instance(work.connection, run, [instance_id], seconds=60)
        work.connection.execute(
            "update core.instance_lease set leased_at = now() - interval '1 h',"
            " deadline_at = now() + make_interval(secs => %s) where dag_id = %s",
            [seconds, run.dag_id],
        )
    with pytest.raises(
        AirflowFailException,
        match=rf"^city_malaga run 1 does not hold instance i-1 \({why}\), so nothing was done there; "
        "clear reserve_instance with everything downstream of it$",
    ):
        require_lease(work, "i-1")
