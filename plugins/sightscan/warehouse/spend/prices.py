"""What each paid call and each GPU hour costs, and from which day on: include/prices.yaml."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import yaml

from sightscan.errors import SettingsError
from sightscan.handmade import decode_text
from sightscan.settings import Settings

GPU_HOUR = "ec2.gpu_hour"


@dataclass(frozen=True, slots=True)
class PriceStep:
    """What a unit costs of which more than `above_units` were used before it in the month."""

    above_units: int
    usd_per_unit: float


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """A price for each unit (for Google Vision: an image), by how many the month has had.

    Free units come first, then `usd_per_unit`, then the volume prices; all count from the month's
    first unit, whichever city asks.
    """

    free_units_per_month: int
    usd_per_unit: float
    volume_prices: tuple[PriceStep, ...] = ()

    @property
    def steps(self) -> tuple[PriceStep, ...]:
        """Return the price as steps, the lowest first; it begins at the month's first unit."""
        paid = PriceStep(self.free_units_per_month, self.usd_per_unit)
        free = (PriceStep(0, 0.0),) if self.free_units_per_month else ()
        return (*free, paid, *self.volume_prices)

    def usd_of(self, units: int, used_this_month: int) -> float:
        """Return what `units` more cost in US dollars, after `used_this_month` of this month."""
        last = used_this_month + units
        ends = [step.above_units for step in self.steps[1:]] + [last]
        return sum(
            max(min(end, last) - max(step.above_units, used_this_month), 0) * step.usd_per_unit
            for step, end in zip(self.steps, ends, strict=True)
        )


def unit_price(config: Settings, name: str, on: date | None = None) -> UnitPrice:
    """Return the price of a unit in force on a day, such as of `google_vision.landmark_detection`.

    The day is today (UTC) if none is given.

    Raises:
        SettingsError: the price file is missing, or has no such price.

    """
    return _read_unit_price(config, name, _entry(config, name, on))


def dearest_unit_usd(config: Settings, name: str, *, most_units: int | None) -> float:
    """Return the most that a unit may cost from today on, of the `most_units` first ones of a month.

    Others may use up the cheap ones before, a month may turn, and an announced price come into force.

    Raises:
        SettingsError: the price file is missing, or has no such price.

    """
    return max(
        (
            step.usd_per_unit
            for entry in _entries_ahead(config, name)
            for step in _read_unit_price(config, name, entry).steps
            if most_units is None or step.above_units < most_units
        ),
        default=0.0,
    )


def _read_unit_price(config: Settings, name: str, entry: Mapping[str, Any]) -> UnitPrice:
    volume = entry.get("volume_prices", [])
    if not isinstance(volume, list) or not all(isinstance(step, dict) for step in volume):
        msg = f"{config.prices_file}: {name}.volume_prices must be a list, but is {volume!r}"
        raise SettingsError(msg)
    price = UnitPrice(
        free_units_per_month=int(_amount(config, name, entry, "free_units_per_month")),
        usd_per_unit=_amount(config, name, entry, "usd_per_unit"),
        volume_prices=tuple(
            PriceStep(
                int(_amount(config, name, step, "above_units")),
                _amount(config, name, step, "usd_per_unit"),
            )
            for step in volume
        ),
    )
    if any(lower.above_units >= upper.above_units for lower, upper in pairwise(price.steps)):
        msg = (
            f"{config.prices_file}: the volume prices of {name} must begin above its free units "
            "and rise; correct above_units"
        )
        raise SettingsError(msg)
    return price


def gpu_price_per_hour_usd(config: Settings, instance_type: str | None = None) -> float:
    """Return the price of an hour of a GPU instance; MTS_PRICE_PER_HOUR_USD goes first.

    That of its type, such as `ec2.g4dn.xlarge`; `ec2.gpu_hour` if the type has none, or is unknown.

    Raises:
        SettingsError: the price file is missing, or has no such price.

    """
    if config.mts_price_per_hour_usd is not None:
        return config.mts_price_per_hour_usd
    name = f"ec2.{instance_type}"
    if instance_type is None or name not in _price_list(config):
        name = GPU_HOUR
    return _amount(config, name, _entry(config, name, None), "usd_per_hour")


def dearest_gpu_price_per_hour_usd(
    config: Settings, instance_types: Collection[str | None]
) -> float:
    """Return the most that an hour of instances of these types may cost, from today on.

    None is a type that nobody knows yet: then the dearest of the price list.

    Raises:
        SettingsError: the price file is missing, or has no such price.

    """
    if config.mts_price_per_hour_usd is not None:
        return config.mts_price_per_hour_usd
    prices = _price_list(config)
    names = {GPU_HOUR}
    if known := [f"ec2.{name}" for name in instance_types if name is not None]:
        names = {name if name in prices else GPU_HOUR for name in known}
    if None in instance_types:
        names |= {name for name in prices if str(name).startswith("ec2.")}
    return max(
        _amount(config, name, entry, "usd_per_hour")
        for name in names
        for entry in _entries_ahead(config, name)
    )


def _price_list(config: Settings) -> Mapping[str, Any]:
    path = config.prices_file
    try:
        prices = yaml.safe_load(decode_text(path.read_bytes()))
    except (OSError, yaml.YAMLError) as error:
        msg = f"the prices cannot be read from {path}: {error}; check PRICES_FILE"
        raise SettingsError(msg) from None
    return prices if isinstance(prices, dict) else {}


def _entry(config: Settings, name: str, on: date | None) -> Mapping[str, Any]:
    """Return the newest entry of this name that is valid on the day."""
    day = on or datetime.now(UTC).date()
    valid = [entry for entry in _entries(config, name) if entry["valid_from"] <= day]
    if not valid:
        msg = f"{config.prices_file} has no price {name!r} for {day}; add the one that was in force then"
        raise SettingsError(msg)
    return max(valid, key=lambda entry: entry["valid_from"])


def _entries_ahead(config: Settings, name: str) -> list[Mapping[str, Any]]:
    """Return the entry of this name that is valid today, and those that will be."""
    now = _entry(config, name, None)
    return [entry for entry in _entries(config, name) if entry["valid_from"] >= now["valid_from"]]


def _entries(config: Settings, name: str) -> list[Mapping[str, Any]]:
    path = config.prices_file
    entries = _price_list(config).get(name)
    if not isinstance(entries, list) or not entries:
        msg = f"{path} has no price {name!r}; add it as a list, with valid_from and source"
        raise SettingsError(msg)
    for entry in entries:
        valid_from = entry.get("valid_from") if isinstance(entry, dict) else None
        if type(valid_from) is not date:
            msg = f"{path}: each price of {name!r} needs valid_from, a day such as 2026-11-22"
            raise SettingsError(msg)
    return entries


def _amount(config: Settings, name: str, entry: Mapping[str, Any], key: str) -> float:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        msg = f"{config.prices_file}: {name}.{key} must be a number from 0 on, but is {value!r}"
        raise SettingsError(msg)
    return float(value)
