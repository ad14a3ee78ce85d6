"""What each paid call and each GPU hour costs: include/prices.yaml, read at run time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from sightscan.errors import SettingsError
from sightscan.settings import Settings

GPU_HOUR = "ec2.gpu_hour"


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """A price for each unit (for Google Vision: an image) above the free ones of a month."""

    free_units_per_month: int
    usd_per_unit: float

    def usd_of(self, units: int, used_this_month: int) -> float:
        """Return what `units` more cost in US dollars, after `used_this_month` of this month."""
        free_units = max(self.free_units_per_month - used_this_month, 0)
        return max(units - free_units, 0) * self.usd_per_unit


def unit_price(config: Settings, name: str) -> UnitPrice:
    """Return the price of a unit, such as of `google_vision.landmark_detection`.

    Raises:
        SettingsError: the price file is missing, or has no such price.

    """
    entry = _entry(config, name)
    return UnitPrice(
        free_units_per_month=int(_amount(config, name, entry, "free_units_per_month")),
        usd_per_unit=_amount(config, name, entry, "usd_per_unit"),
    )


def gpu_price_per_hour_usd(config: Settings) -> float:
    """Return the price of an hour of the GPU instance; MTS_PRICE_PER_HOUR_USD goes first.

    Raises:
        SettingsError: the price file is missing, or has no such price.

    """
    if config.mts_price_per_hour_usd is not None:
        return config.mts_price_per_hour_usd
    return _amount(config, GPU_HOUR, _entry(config, GPU_HOUR), "usd_per_hour")


def _entry(config: Settings, name: str) -> dict[str, Any]:
    path = config.prices_file
    try:
        prices = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        msg = f"the prices cannot be read from {path}: {error}; check PRICES_FILE"
        raise SettingsError(msg) from None
    entry = prices.get(name) if isinstance(prices, dict) else None
    if not isinstance(entry, dict):
        msg = f"{path} has no price {name!r}; add it with its date and source"
        raise SettingsError(msg)
    return entry


def _amount(config: Settings, name: str, entry: dict[str, Any], key: str) -> float:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        msg = f"{config.prices_file}: {name}.{key} must be a number from 0 on, but is {value!r}"
        raise SettingsError(msg)
    return float(value)
