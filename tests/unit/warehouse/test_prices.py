"""Prices come from one file, with the free units of a month."""

from __future__ import annotations

from pathlib import Path

import pytest

from sightscan.errors import SettingsError
from sightscan.settings import read_settings
from sightscan.warehouse.prices import UnitPrice, gpu_price_per_hour_usd, unit_price


@pytest.mark.parametrize(
    ("units", "used", "usd"), [(10, 0, 0), (10, 95, 2.5), (10, 200, 5), (0, 200, 0)]
)
def test_only_units_above_the_free_ones_cost(units: int, used: int, usd: float) -> None:
    assert UnitPrice(100, 0.5).usd_of(units, used) == usd


def test_the_repositorys_prices_can_be_read() -> None:
    config = read_settings()
    assert unit_price(config, "google_vision.landmark_detection").usd_per_unit == 0.0015
    assert gpu_price_per_hour_usd(config) > 0


def test_the_operators_price_of_a_gpu_hour_goes_first() -> None:
    assert gpu_price_per_hour_usd(read_settings(mts_price_per_hour_usd=0.25)) == 0.25


@pytest.mark.parametrize(
    "text", ["", "x: [", "ec2.gpu_hour: 3", "ec2.gpu_hour: {usd_per_hour: cheap}"]
)
def test_missing_or_senseless_price_is_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="prices"):
        gpu_price_per_hour_usd(read_settings(prices_file=path))
