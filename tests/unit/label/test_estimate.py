"""The bill before the run."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from sightscan.city import City, Place
from sightscan.label.estimate import estimate_spend
from sightscan.settings import read_settings
from sightscan.warehouse.cities import add_city

CITY = City("Q1", "one", "One", "X", Place(1, 1), 1_000)


@pytest.fixture
def city(warehouse: psycopg.Connection[Any]) -> City:
    return add_city(warehouse, CITY)


def test_first_run_costs_at_most_its_calls_and_the_whole_time_limit(
    warehouse: psycopg.Connection[Any], city: City
) -> None:
    config = read_settings(
        max_google_vision_calls_per_new_city=3000,
        max_sights_per_city=10,
        max_images_per_sight=200,
        mts_price_per_hour_usd=2,
        mts_time_limit_seconds=1800,
    )
    estimate = estimate_spend(warehouse, config, city)
    assert (estimate.most_calls, estimate.free_units_left) == (2000, 1000)
    assert estimate.most_usd == pytest.approx(1000 * 0.0015 + 1.0)
    assert estimate.gpu_usd == pytest.approx(1.0)
    assert "at most 2.50 USD" in estimate.sentence


def test_spent_calls_are_not_estimated_again(
    warehouse: psycopg.Connection[Any], city: City
) -> None:
    warehouse.execute(
        "insert into core.paid_call (provider, feature, subject_sha256, attempt, city_id, dag_id,"
        " run_id, state, price_usd, settled_at) values ('google_vision', 'landmark_detection', '1',"
        " 1, 'Q1', 'd', 'r', 'unknown', 0, now())"
    )
    config = read_settings(max_google_vision_calls_per_new_city=1)
    estimate = estimate_spend(warehouse, config, city)
    assert (estimate.calls_left_for_city, estimate.most_calls) == (0, 0)


def test_gpu_is_probably_what_it_was_before(warehouse: psycopg.Connection[Any], city: City) -> None:
    warehouse.execute(
        "insert into core.instance_session (instance_id, city_id, dag_id, run_id,"
        " price_per_hour_usd, started_at, running_at, stopped_at, stopped_by) values"
        " ('i-1', 'Q1', 'd', 'r', 2, now() - interval '31 min', now() - interval '30 min', now(),"
        " 'teardown')"
    )
    config = read_settings(mts_price_per_hour_usd=2)
    assert estimate_spend(warehouse, config, city).gpu_usd == pytest.approx(1.0)
