"""Budgets are never passed, whoever dies: what a dead run may still spend is kept for it, no longer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse
from airflow.utils.state import DagRunState

from sandbox.addresses import PostgresAddress
from sightscan.city import City, Place
from sightscan.operators.spending import end_dead_estimates
from sightscan.run import Run
from sightscan.settings import Settings, read_settings
from sightscan.spend.caps import explain_caps
from sightscan.spend.estimate import authorise_spend, confirm_spend
from sightscan.warehouse.models.instances import (
    InstanceLease,
    claim_instance,
    end_claim,
    lease_instance,
    lease_of,
    open_session,
    release_lease,
)
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.spend.budgets import end_estimate, find_promise
from sightscan.warehouse.spend.paid_calls import VISION_LANDMARKS, CallsSpent, Caps, reserve_calls
from sightscan.warehouse.spend.prices import UnitPrice

CITIES = [City(f"Q{n}", f"c{n}", f"C{n}", "X", Place(1, 1), 1_000) for n in range(1, 13)]
RUN = Run("Q1", CITIES[0].dag_id, "run")
OTHER = Run("Q2", CITIES[1].dag_id, "other")
DELETED = AirflowRuntimeError(
    ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"status_code": 404})
)
AWAY = AirflowRuntimeError(
    ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"status_code": 503})
)


def config(**budgets: float) -> Settings:
    """Settings by which a run may cost 6.35 USD: ten images, and 6 h 20 min of a GPU."""
    return read_settings(
        max_google_vision_calls_per_new_city=10,
        mts_price_per_hour_usd=1,
        mts_time_limit_seconds=45 * 60,
        **{"mts_ec2_instance_id": "i-1,i-2", **budgets},
    )


@pytest.fixture(autouse=True)
def cities(warehouse: psycopg.Connection[Any]) -> None:
    for city in CITIES:
        add_city(warehouse, city)


def authorise(warehouse: psycopg.Connection[Any], run: Run, **budgets: float) -> str:
    city = next(city for city in CITIES if city.city_id == run.city_id)
    return authorise_spend(warehouse, config(**budgets), city, run).refusal


def rounds(warehouse: psycopg.Connection[Any], state: Any) -> list[Run]:
    """Let the reaper look at what Airflow says of runs."""

    def get_dagrun_state(dag_id: str, run_id: str) -> Any:
        if (dag_id, run_id) != (RUN.dag_id, RUN.run_id):
            return "running"
        if isinstance(state, Exception):
            raise state
        return state

    ti = SimpleNamespace(get_dagrun_state=get_dagrun_state)
    return end_dead_estimates(warehouse, {"ti": ti})


@pytest.mark.parametrize("budget", ["max_usd_per_month", "max_usd_in_all"])
def test_runs_at_once_pass_no_budget_together(
    warehouse: psycopg.Connection[Any], warehouse_address: PostgresAddress, budget: str
) -> None:
    def start(city: City) -> str:
        with warehouse_address.connect() as connection:
            return authorise_spend(
                connection,
                config(**{budget: 20}),
                city,
                Run(city.city_id, city.dag_id, "run"),
            ).refusal

    with ThreadPoolExecutor(12) as pool:
        refusals = list(pool.map(start, CITIES))
    # Each may cost 6.35 USD: three fit.
    assert refusals.count("") == 3
    assert all(f"{budget.upper()}=20" in refusal for refusal in refusals if refusal)


def test_what_was_spent_in_other_months_counts_in_all_only(
    warehouse: psycopg.Connection[Any],
) -> None:
    warehouse.execute(
        "insert into core.instance_session (instance_id, city_id, dag_id, run_id,"
        " price_per_hour_usd, started_at, running_at, stopped_at, stopped_by) values ('i-1', 'Q1',"
        " 'd', 'r', 1, now() - interval '40 d', now() - interval '40 d',"
        " now() - interval '40 d' + interval '4 h', 'teardown')"
    )
    assert authorise(warehouse, OTHER, max_usd_per_month=10) == ""
    refusal = authorise(warehouse, OTHER, max_usd_in_all=10)
    assert "4.00 USD are spent in all" in refusal
    assert "more than MAX_USD_IN_ALL=10" in refusal
    assert authorise(warehouse, OTHER, max_usd_in_all=11) == ""


def reserve(warehouse: psycopg.Connection[Any]) -> None:
    reserve_calls(
        warehouse,
        VISION_LANDMARKS,
        RUN,
        [bytes([number]) * 32 for number in range(4)],
        caps=Caps(city=10),
        price=UnitPrice(0, 0.5),
    )


def lease(warehouse: psycopg.Connection[Any]) -> None:
    lease_instance(warehouse, RUN, ["i-1"], seconds=3600)


def start(warehouse: psycopg.Connection[Any]) -> None:
    lease(warehouse)
    open_session(warehouse, config(), RUN, "i-1", instance_type=None)


def run_on(warehouse: psycopg.Connection[Any]) -> None:
    start(warehouse)
    ran_for(warehouse, hours=1)


def ran_for(warehouse: psycopg.Connection[Any], *, hours: float) -> None:
    warehouse.execute(
        "update core.instance_session set started_at = now() - make_interval(secs => %(seconds)s),"
        " running_at = now() - make_interval(secs => %(seconds)s)",
        {"seconds": hours * 3600},
    )


def claim(warehouse: psycopg.Connection[Any]) -> None:
    """Die as the reaper, before EC2 has stopped what it took away."""
    run_on(warehouse)
    held: InstanceLease | None = lease_of(warehouse, RUN)
    assert claim_instance(warehouse, "i-1", claim="round", seconds=600, lease=held)


# After which step everything dies, and whether something may run on then.
DEATHS: dict[str, tuple[Callable[[psycopg.Connection[Any]], None] | None, bool]] = {
    "estimate": (None, False),
    "reserve of calls": (reserve, False),
    "lease": (lease, True),
    "start, before EC2 answers": (start, True),
    "running": (run_on, True),
    "the reaper's claim": (claim, True),
}


@pytest.mark.parametrize("died_after", DEATHS)
def test_what_a_dead_run_may_still_spend_is_kept_until_its_machine_is_off(
    warehouse: psycopg.Connection[Any], died_after: str
) -> None:
    step, may_run_on = DEATHS[died_after]
    # Two runs do not fit.
    budget = {"max_usd_per_month": 12.0}
    assert authorise(warehouse, RUN, **budget) == ""
    if step is not None:
        step(warehouse)
    # However long ago that was.
    warehouse.execute("update core.spend_estimate set estimated_at = now() - interval '60 d'")
    assert "MAX_USD_PER_MONTH=12" in authorise(warehouse, OTHER, **budget)
    # While Airflow cannot say, or the run lives, nothing is freed.
    with pytest.raises(AirflowRuntimeError):
        rounds(warehouse, AWAY)
    assert rounds(warehouse, DagRunState.RUNNING) == []
    assert "MAX_USD_PER_MONTH=12" in authorise(warehouse, OTHER, **budget)
    # Somebody deletes it.
    assert rounds(warehouse, DELETED) == [RUN]
    assert rounds(warehouse, DELETED) == []
    assert bool(authorise(warehouse, OTHER, **budget)) is may_run_on
    # The reaper stops the instance and settles the books.
    warehouse.execute(
        "update core.instance_session set stopped_at = now(), stopped_by = 'reaper'"
        " where stopped_at is null"
    )
    end_claim(warehouse, "i-1", claim="round", is_stopped=True)
    release_lease(warehouse, RUN)
    assert authorise(warehouse, OTHER, **budget) == ""


def test_run_that_ended_while_its_machine_could_not_be_stopped_is_under_way(
    warehouse: psycopg.Connection[Any],
) -> None:
    authorise(warehouse, RUN)
    run_on(warehouse)
    end_estimate(warehouse, RUN)
    assert authorise(warehouse, OTHER, max_usd_per_month=12)


def test_second_lease_of_a_run_is_asked_for_anew(warehouse: psycopg.Connection[Any]) -> None:
    assert authorise(warehouse, RUN, max_usd_per_run=8) == ""
    run_on(warehouse)
    # Three hours of the first lease; then it is cleared while its estimate is open.
    ran_for(warehouse, hours=3)
    warehouse.execute(
        "update core.instance_session set stopped_at = running_at + interval '3 h',"
        " stopped_by = 'teardown'"
    )
    release_lease(warehouse, RUN)
    refused = confirm_spend(warehouse, config(max_usd_per_run=8), CITIES[0], RUN).refusal
    assert "the run may cost 9.35 USD, more than MAX_USD_PER_RUN=8" in refused
    assert "3.00 USD were spent so far" in refused
    assert confirm_spend(warehouse, config(max_usd_per_run=10), CITIES[0], RUN).refusal == ""
    promise = find_promise(warehouse, RUN)
    assert promise is not None
    assert promise.most_usd == pytest.approx(9.35, abs=0.02)


def test_budget_that_is_lowered_meanwhile_holds_from_the_lease_on(
    warehouse: psycopg.Connection[Any],
) -> None:
    assert authorise(warehouse, RUN) == ""
    assert confirm_spend(warehouse, config(), CITIES[0], RUN).refusal == ""
    assert confirm_spend(warehouse, config(max_usd_in_all=5), CITIES[0], RUN).refusal


def test_instance_that_has_become_dearer_is_not_started(
    warehouse: psycopg.Connection[Any], tmp_path: Path
) -> None:
    (tmp_path / "prices.yaml").write_text(
        "google_vision.landmark_detection: [{valid_from: 2020-01-01, free_units_per_month: 0,"
        " usd_per_unit: 0}]\n"
        "ec2.gpu_hour: [{valid_from: 2020-01-01, usd_per_hour: 3}]\n"
        "ec2.small: [{valid_from: 2020-01-01, usd_per_hour: 1}]\n"
    )
    prices = read_settings(
        prices_file=tmp_path / "prices.yaml",
        mts_time_limit_seconds=45 * 60,
        mts_ec2_instance_id="i-1",
        max_usd_per_run=8,
    )
    # Not seen yet: it may be of the dearest type.
    assert "19.00 USD" in authorise_spend(warehouse, prices, CITIES[0], RUN).refusal
    warehouse.execute(
        "insert into core.instance_session (instance_id, city_id, dag_id, run_id, instance_type,"
        " price_per_hour_usd, started_at, stopped_at, stopped_by) values ('i-1', 'Q2', 'd', 'r',"
        " 'small', 1, now() - interval '1 d', now() - interval '1 d', 'teardown')"
    )
    assert authorise_spend(warehouse, prices, CITIES[0], RUN).most_usd == pytest.approx(6.3333)
    lease_instance(warehouse, RUN, ["i-1"], seconds=5 * 3600)
    for instance_type, is_refused in (("small", False), ("large, without a price", True)):
        confirmed = confirm_spend(warehouse, prices, CITIES[0], RUN, instance_type=instance_type)
        assert bool(confirmed.refusal) is is_refused


def test_cap_of_the_estimate_is_told_in_words() -> None:
    assert explain_caps(["estimate"], Caps(city=9, estimate=2), CallsSpent(3, 3, by_run=2)) == (
        "the cap of this run's estimate is reached (2 of 2 images): raise it: clear "
        "estimate_spend of this run, with everything downstream of it"
    )
