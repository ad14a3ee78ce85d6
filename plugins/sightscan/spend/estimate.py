"""The bill before the run: what it may cost at most, and what it will probably cost.

What it may cost at most decides: a run that could pass a budget is stopped before it spends. The
most is what its caps and leases allow, however others spend meanwhile: images and pages count with
the dearest price that they may come to have, the GPU until the reaper would have stopped it.
"""

from dataclasses import asdict, dataclass
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.run import Run
from sightscan.settings import Settings
from sightscan.spend.caps import calls_left, vision_caps
from sightscan.spend.street_photos import street_photo_limit
from sightscan.training import max_seconds_left, max_session_seconds
from sightscan.warehouse.labels.labels import list_photos_to_label
from sightscan.warehouse.models.instances import find_lease_left, list_instance_types
from sightscan.warehouse.spend.budgets import (
    RunSpend,
    find_new_photo_share,
    find_promise,
    lock_budget,
    mean_session_seconds,
    save_estimate,
    sum_usd_for_requests,
    sum_usd_in_all,
    sum_usd_of_month,
    sum_usd_of_run,
)
from sightscan.warehouse.spend.paid_calls import (
    MAX_PLACES_PAGES,
    PLACES_SEARCH,
    VISION_LANDMARKS,
    sum_calls_spent,
)
from sightscan.warehouse.spend.prices import (
    dearest_gpu_price_per_hour_usd,
    dearest_unit_usd,
    gpu_price_per_hour_usd,
    unit_price,
)

SECONDS_PER_HOUR = 3600
# Estimates are stored to a hundredth of a cent.
ROUNDING_USD = 0.0001


@dataclass(frozen=True, slots=True)
class SpendEstimate:
    """What a run may cost, with what it has spent already. Calls are images; money in US dollars.

    `probable_gpu_usd` follows earlier sessions, as if the run trains. `refusal` names the budgets
    that it might pass and what to change; empty: it may go on.
    """

    waiting_photos: int
    photo_limit: int
    most_calls: int
    probable_calls: int
    free_units_left: int
    most_vision_usd: float
    probable_vision_usd: float
    most_places_usd: float
    most_gpu_usd: float
    probable_gpu_usd: float
    most_usd: float
    probable_usd: float
    refusal: str
    sentence: str


def authorise_spend(
    connection: psycopg.Connection[Any], config: Settings, city: City, run: Run
) -> SpendEstimate:
    """Estimate a run and store it; the caller stops the run if there is a refusal.

    Exact for runs that start at once: each counts the most that the others may still spend.

    Raises:
        SettingsError: a price is missing.

    """
    with connection.transaction():
        lock_budget(connection)
        estimate = estimate_spend(connection, config, city, run)
        save_estimate(connection, run, asdict(estimate))
    return estimate


def confirm_spend(
    connection: psycopg.Connection[Any],
    config: Settings,
    city: City,
    run: Run,
    *,
    instance_type: str | None = None,
) -> SpendEstimate:
    """Estimate a run again before it spends; what it was let through with stands if that covers it.

    `instance_type` is that of the instance that it is about to start. As `authorise_spend`, exact
    for runs at once; the caller stops the run if there is a refusal.

    Raises:
        SettingsError: a price is missing.

    """
    with connection.transaction():
        lock_budget(connection)
        estimate = estimate_spend(connection, config, city, run, instance_type=instance_type)
        promise = find_promise(connection, run)
        if (
            promise is None
            or estimate.refusal
            or estimate.most_usd > promise.most_usd + ROUNDING_USD
        ):
            save_estimate(connection, run, asdict(estimate))
    return estimate


def estimate_spend(
    connection: psycopg.Connection[Any],
    config: Settings,
    city: City,
    run: Run,
    *,
    instance_type: str | None = None,
) -> SpendEstimate:
    """Estimate a run before its crawl: the photos to come count with the most there may be.

    Of a run that holds an instance, the GPU counts until its deadline.

    Raises:
        SettingsError: a price is missing.

    """
    price = unit_price(config, VISION_LANDMARKS.price_name)
    calls = sum_calls_spent(connection, VISION_LANDMARKS, run)
    street_limit = street_photo_limit(connection, config, city)
    photos = list_photos_to_label(
        connection, VISION_LANDMARKS, city.city_id, streets_wanted=street_limit > 0
    )
    waiting = len(photos)
    photo_limit = config.max_sights_per_city * config.max_images_per_sight + street_limit
    share = find_new_photo_share(connection, run)
    left = calls_left(vision_caps(config), calls)
    most = min(left, waiting + photo_limit)
    probable = min(left, waiting + round(photo_limit * (1.0 if share is None else share)))

    spent = sum_usd_of_run(connection, run)
    dearest_usd = dearest_unit_usd(
        config, VISION_LANDMARKS.price_name, most_units=config.max_google_vision_calls_per_month
    )
    most_vision_usd = spent.vision_usd + most * dearest_usd
    probable_vision_usd = spent.vision_usd + price.usd_of(probable, calls.this_month)
    most_places_usd = spent.places_usd + _most_places_usd(connection, config, run)
    most_gpu_usd = spent.gpu_usd + _most_gpu_usd(connection, config, run, instance_type)
    probable_gpu_usd = spent.gpu_usd + _probable_gpu_usd(connection, config, city)
    most_usd = most_vision_usd + most_places_usd + most_gpu_usd
    probable_usd = probable_vision_usd + most_places_usd + probable_gpu_usd
    free_units_left = max(price.free_units_per_month - calls.this_month, 0)
    return SpendEstimate(
        waiting_photos=waiting,
        photo_limit=photo_limit,
        most_calls=calls.by_run + most,
        probable_calls=calls.by_run + probable,
        free_units_left=free_units_left,
        most_vision_usd=round(most_vision_usd, 4),
        probable_vision_usd=round(probable_vision_usd, 4),
        most_places_usd=round(most_places_usd, 4),
        most_gpu_usd=round(most_gpu_usd, 4),
        probable_gpu_usd=round(probable_gpu_usd, 4),
        most_usd=round(most_usd, 4),
        probable_usd=round(probable_usd, 4),
        refusal=_refusal(connection, config, run, most_usd=most_usd, spent=spent),
        sentence=(
            f"{city.name}: at most {most_usd:.2f} USD ({calls.by_run + most} Vision images for "
            f"{most_vision_usd:.2f} USD, Places {most_places_usd:.2f} USD, GPU {most_gpu_usd:.2f} "
            f"USD), probably {probable_usd:.2f} USD ({calls.by_run + probable} images for "
            f"{probable_vision_usd:.2f} USD, GPU {probable_gpu_usd:.2f} USD if it trains); "
            f"{waiting} photos wait already, {free_units_left} images are still free this month, "
            f"{calls.by_city} of the city's {config.max_google_vision_calls_per_new_city} calls "
            "are spent"
        ),
    )


def _most_places_usd(connection: psycopg.Connection[Any], config: Settings, run: Run) -> float:
    """Return what discovery may pay for the pages of one question; nothing without a key."""
    if config.maps_key is None:
        return 0.0
    calls = sum_calls_spent(connection, PLACES_SEARCH, run)
    left_of_city = config.max_places_calls_per_city - calls.by_city
    pages = max(min(MAX_PLACES_PAGES - calls.by_run, left_of_city), 0)
    return pages * dearest_unit_usd(config, PLACES_SEARCH.price_name, most_units=None)


def _most_gpu_usd(
    connection: psycopg.Connection[Any], config: Settings, run: Run, instance_type: str | None
) -> float:
    """Return what the GPU may still cost: of what is leased until the reaper has stopped it."""
    held = find_lease_left(connection, run)
    if held is None:
        instance_ids = config.listed_instance_ids
        seconds = max_session_seconds(config.mts_time_limit_seconds)
    else:
        instance_ids = (held[0],)
        seconds = max_seconds_left(held[1])
    types = list_instance_types(connection, instance_ids) or {None}
    per_hour = dearest_gpu_price_per_hour_usd(
        config, types if instance_type is None else {instance_type}
    )
    return per_hour * seconds / SECONDS_PER_HOUR


def _probable_gpu_usd(connection: psycopg.Connection[Any], config: Settings, city: City) -> float:
    """Return what the GPU will cost if it takes as long as before; the whole limit if none did."""
    earlier_seconds = mean_session_seconds(connection, city.city_id, epochs=config.mts_epochs)
    seconds = (
        config.mts_time_limit_seconds
        if earlier_seconds is None
        else min(earlier_seconds, max_session_seconds(config.mts_time_limit_seconds))
    )
    return gpu_price_per_hour_usd(config) * seconds / SECONDS_PER_HOUR


def _refusal(
    connection: psycopg.Connection[Any],
    config: Settings,
    run: Run,
    *,
    most_usd: float,
    spent: RunSpend,
) -> str:
    """Return which budgets the run might pass, and what to change; empty if none."""
    refusals = []
    if config.max_usd_per_run is not None and most_usd > config.max_usd_per_run:
        refusals.append(
            f"the run may cost {most_usd:.2f} USD, more than MAX_USD_PER_RUN="
            f"{config.max_usd_per_run:g}"
        )
    if config.max_usd_per_month is not None:
        month = sum_usd_of_month(connection, run)
        # What this run has spent is in the month's sum already.
        further_usd = most_usd - spent.usd
        total_usd = month.spent_usd + month.under_way_usd + further_usd
        if total_usd > config.max_usd_per_month:
            refusals.append(
                f"{month.spent_usd:.2f} USD are spent this month, other runs under way may still "
                f"cost {month.under_way_usd:.2f} USD, and this one {further_usd:.2f} USD: "
                f"{total_usd:.2f} USD, more than MAX_USD_PER_MONTH={config.max_usd_per_month:g}"
            )
    if config.max_usd_in_all is not None:
        spent_usd = sum_usd_in_all(connection)
        under_way_usd = sum_usd_of_month(connection, run).under_way_usd
        further_usd = most_usd - spent.usd
        total_usd = spent_usd + under_way_usd + further_usd
        if total_usd > config.max_usd_in_all:
            refusals.append(
                f"{spent_usd:.2f} USD are spent in all, other runs under way may still cost "
                f"{under_way_usd:.2f} USD, and this one {further_usd:.2f} USD: {total_usd:.2f} USD, "
                f"more than MAX_USD_IN_ALL={config.max_usd_in_all:g}"
            )
    requests = sum_usd_for_requests(connection, run.city_id)
    if requests.is_let_in:
        total_usd = requests.others_usd + requests.own_usd + most_usd - spent.usd
        if total_usd > config.max_usd_per_month_for_requests:
            refusals.append(
                f"nobody has approved the city, and it would use up {total_usd:.2f} USD of this "
                "month's budget for requests together with others, more than "
                f"MAX_USD_PER_MONTH_FOR_REQUESTS={config.max_usd_per_month_for_requests:g} "
                f"(`sightscan city approve {run.city_id}` takes it off that budget)"
            )
    if not refusals:
        return ""
    so_far = f"{spent.usd:.2f} USD were spent so far" if spent.usd else "nothing was spent"
    return (
        f"{'; '.join(refusals)}; {so_far}: lower vision_calls (or sights and "
        "photos_per_sight, or minutes) in the trigger form, or MTS_TIME_LIMIT_SECONDS, or raise the "
        "budget"
    )
