"""Prices come from one file: free units, volume prices, days from which they are in force."""

import itertools
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sightscan.city import City, Place
from sightscan.errors import SettingsError
from sightscan.run import Run
from sightscan.settings import Settings, read_settings
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.spend.paid_calls import VISION_LANDMARKS, Caps, reserve_calls
from sightscan.warehouse.spend.prices import (
    PriceStep,
    UnitPrice,
    gpu_price_per_hour_usd,
    unit_price,
)

VISION = "google_vision.landmark_detection"


@pytest.mark.parametrize(
    ("units", "used", "usd"), [(10, 0, 0), (10, 95, 2.5), (10, 200, 5), (0, 200, 0)]
)
def test_only_units_above_the_free_ones_cost(units: int, used: int, usd: float) -> None:
    assert UnitPrice(100, 0.5).usd_of(units, used) == usd


def plain_usd(price: UnitPrice, ordinal: int) -> float:
    """Return what the n-th unit of a month costs, the plain way."""
    if ordinal <= price.free_units_per_month:
        return 0.0
    usd = price.usd_per_unit
    for step in price.volume_prices:
        if ordinal > step.above_units:
            usd = step.usd_per_unit
    return usd


@st.composite
def price_lists(draw: st.DrawFn) -> UnitPrice:
    free, *above = sorted(draw(st.sets(st.integers(0, 60), min_size=1, max_size=4)))
    usd = st.sampled_from([0.0, 0.25, 0.5, 1.5])
    return UnitPrice(free, draw(usd), tuple(PriceStep(units, draw(usd)) for units in above))


@given(price=price_lists(), used=st.integers(0, 70), units=st.integers(0, 70))
def test_price_of_many_is_the_sum_of_the_prices_of_each(
    price: UnitPrice, used: int, units: int
) -> None:
    each = [plain_usd(price, used + number) for number in range(1, units + 1)]
    assert price.usd_of(units, used) == sum(each)


@given(price=price_lists(), batches=st.lists(st.integers(1, 20), max_size=5))
@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_each_call_has_the_price_of_its_number_in_the_month(
    warehouse: psycopg.Connection[Any], price: UnitPrice, batches: list[int]
) -> None:
    warehouse.execute("delete from core.paid_call")
    add_city(warehouse, City("Q1", "one", "One", "X", Place(1, 1), 1_000))
    run = Run("Q1", "d", "r")
    subjects = (number.to_bytes(32) for number in itertools.count())
    for size in batches:
        batch = list(itertools.islice(subjects, size))
        reserve_calls(warehouse, VISION_LANDMARKS, run, batch, caps=Caps(city=10_000), price=price)
    rows = warehouse.execute("select price_usd from core.paid_call order by subject_sha256")
    expected = [plain_usd(price, number) for number in range(1, sum(batches) + 1)]
    assert [float(usd) for (usd,) in rows] == expected


def test_the_repositorys_prices_can_be_read() -> None:
    config = read_settings()
    vision = unit_price(config, VISION)
    # The first 1,000 are free, then 1.50 USD per 1,000, from five million on 0.60.
    assert vision.usd_of(6_000_000, 0) == pytest.approx(4_999_000 * 0.0015 + 1_000_000 * 0.0006)
    assert unit_price(config, "google_places.text_search_pro").usd_per_unit > 0
    assert gpu_price_per_hour_usd(config) > 0


def test_the_operators_price_of_a_gpu_hour_goes_first() -> None:
    assert gpu_price_per_hour_usd(read_settings(mts_price_per_hour_usd=0.25)) == 0.25


def write_prices(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "prices.yaml"
    path.write_text(text, encoding="utf-8")
    return read_settings(prices_file=path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_prices_are_read_as_editors_save_them(tmp_path: Path, encoding: str) -> None:
    config = write_prices(
        tmp_path, "# café\np: [{valid_from: 2026-01-01, free_units_per_month: 0, usd_per_unit: 1}]"
    )
    config.prices_file.write_bytes(config.prices_file.read_text("utf-8").encode(encoding))
    assert unit_price(config, "p").usd_per_unit == 1


@pytest.mark.parametrize(("day", "usd"), [("2026-05-31", 1), ("2026-06-01", 2), ("2027-01-01", 2)])
def test_price_is_that_in_force_on_the_day(tmp_path: Path, day: str, usd: int) -> None:
    config = write_prices(
        tmp_path,
        "p: [{valid_from: 2026-06-01, free_units_per_month: 0, usd_per_unit: 2},"
        " {valid_from: 2026-01-01, free_units_per_month: 0, usd_per_unit: 1}]",
    )
    assert unit_price(config, "p", on=date.fromisoformat(day)).usd_per_unit == usd


def test_day_before_all_prices_is_a_sentence(tmp_path: Path) -> None:
    config = write_prices(
        tmp_path, "p: [{valid_from: 2026-06-01, free_units_per_month: 0, usd_per_unit: 2}]"
    )
    with pytest.raises(SettingsError, match="2026-05-31"):
        unit_price(config, "p", on=date(2026, 5, 31))


@pytest.mark.parametrize("above", [5, 10])
def test_volume_price_that_does_not_begin_above_the_free_units_is_refused(
    tmp_path: Path, above: int
) -> None:
    config = write_prices(
        tmp_path,
        "p: [{valid_from: 2026-01-01, free_units_per_month: 10, usd_per_unit: 2,"
        f" volume_prices: [{{above_units: {above}, usd_per_unit: 1}}]}}]",
    )
    with pytest.raises(SettingsError, match="above_units"):
        unit_price(config, "p")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x: [",
        "ec2.gpu_hour: 3",
        "ec2.gpu_hour: [{usd_per_hour: 3}]",
        "ec2.gpu_hour: [{valid_from: 2026-01-01, usd_per_hour: cheap}]",
        "ec2.gpu_hour: [{valid_from: 2026-01-01, usd_per_hour: -1}]",
        "ec2.gpu_hour: [{valid_from: 2026-01-01, usd_per_hour: true}]",
    ],
)
def test_missing_or_senseless_price_is_a_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="prices"):
        gpu_price_per_hour_usd(write_prices(tmp_path, text))
