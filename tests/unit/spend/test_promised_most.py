"""What a run is promised to cost at most is the most that it can cost, whatever is set."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from airflow.sdk.definitions.context import Context
from airflow.sdk.execution_time.context import set_current_context
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sightscan.city import City, Place
from sightscan.operators.instances import ReserveInstanceOperator
from sightscan.run import Run
from sightscan.settings import settings
from sightscan.spend.caps import vision_caps
from sightscan.spend.estimate import authorise_spend
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.spend.budgets import sum_usd_of_run
from sightscan.warehouse.spend.paid_calls import VISION_LANDMARKS, reserve_calls
from sightscan.warehouse.spend.prices import unit_price

CITY = City("Q1", "one", "One", "X", Place(1, 1), 1_000)
OTHER_CITY = City("Q2", "two", "Two", "X", Place(1, 1), 1_000)
RUN = "run"
# What a run's bill can depend on, beside what was spent before it.
SETTINGS = st.fixed_dictionaries(
    {
        "MTS_TIME_LIMIT_SECONDS": st.integers(60, 7 * 24 * 3600),
        "MTS_PRICE_PER_HOUR_USD": st.integers(0, 4_000).map(lambda cents: cents / 100),
        "MTS_HOST_TIMEOUT_SECONDS": st.integers(1, 7_200),
        "MTS_CHECK_INTERVAL_SECONDS": st.integers(1, 600),
        "MTS_EPOCHS": st.integers(1, 2_000),
        "MAX_GOOGLE_VISION_CALLS_PER_NEW_CITY": st.integers(0, 40),
        "MAX_GOOGLE_VISION_CALLS_PER_RUN": st.integers(0, 40),
        "MAX_SIGHTS_PER_CITY": st.integers(1, 5),
        "MAX_IMAGES_PER_SIGHT": st.integers(0, 6),
    }
)
FORGET = (
    "delete from core.instance_lease",
    "delete from core.instance_session",
    "delete from core.paid_call",
    "delete from core.spend_estimate",
)


@given(chosen=SETTINGS, used_before=st.sampled_from([0, 990, 1_000]))
@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whole_lease_and_all_calls_cost_no_more_than_was_promised(
    warehouse: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
    chosen: Mapping[str, float],
    used_before: int,
) -> None:
    city = add_city(warehouse, CITY)
    for text in FORGET:
        warehouse.execute(text)
    spend_before(warehouse, used_before)
    with monkeypatch.context() as patched:
        patched.setenv("MTS_EC2_INSTANCE_ID", "i-1")
        for name, value in chosen.items():
            patched.setenv(name, str(value))
        with task_of(city):
            config = settings()
            promised = authorise_spend(warehouse, config, city, Run(city.city_id, city.dag_id, RUN))
            ReserveInstanceOperator(task_id="reserve_instance", slug=city.slug).execute(Context())
    # More photos than the run may find: the caps and the estimate's limit hold, nothing else.
    reserve_calls(
        warehouse,
        VISION_LANDMARKS,
        Run(city.city_id, city.dag_id, RUN),
        [bytes([number]) * 32 for number in range(promised.photo_limit)],
        caps=vision_caps(config),
        price=unit_price(config, VISION_LANDMARKS.price_name),
    )
    # From the moment of the lease to its deadline, and until the reaper has come and stopped it.
    warehouse.execute(
        "insert into core.instance_session (instance_id, city_id, dag_id, run_id,"
        " price_per_hour_usd, started_at, running_at, stopped_at, stopped_by)"
        " select instance_id, city_id, dag_id, run_id, %s, leased_at, leased_at,"
        " deadline_at + interval '25 min', 'reaper' from core.instance_lease",
        [chosen["MTS_PRICE_PER_HOUR_USD"]],
    )
    spent = sum_usd_of_run(warehouse, Run(city.city_id, city.dag_id, RUN))
    assert warehouse.execute("select count(*) from core.instance_session").fetchone() == (1,)
    # Sums are told to a hundredth of a cent.
    assert spent.gpu_usd <= promised.most_gpu_usd + 0.0001
    assert spent.usd <= promised.most_usd + 0.0001


def spend_before(warehouse: psycopg.Connection[Any], units: int) -> None:
    """Let another city use up so many of the month's units."""
    add_city(warehouse, OTHER_CITY)
    if units:
        warehouse.execute(
            "insert into core.paid_call (provider, feature, subject_sha256, attempt, city_id,"
            " dag_id, run_id, state, price_usd, unit_count, answer, settled_at) values"
            " ('google_vision', 'landmark_detection', sha256('before'), 1, 'Q2', 'd', 'r',"
            " 'succeeded', 0, %s, '{}', now())",
            [units],
        )


@contextmanager
def task_of(city: City) -> Iterator[None]:
    """Be a task of the city's run, as Airflow tells it."""
    context: Any = {
        "params": {},
        "dag": SimpleNamespace(dag_id=city.dag_id),
        "run_id": RUN,
    }
    settings.cache_clear()
    with set_current_context(context):
        yield
    settings.cache_clear()
