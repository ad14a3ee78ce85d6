"""The simulation counts what docs/choosing-photos.md defines, and nothing else."""

import random

from benchmarks.label_choice import (
    CHOOSERS,
    CityModel,
    SimulatedCity,
    simulate_city,
    weigh,
)
from sightscan.warehouse.labels.labels import CityPhoto

SMALL = CityModel("small", sight_count=8, max_photos=60)


def city_of(views: int, copies: int) -> SimulatedCity:
    """Return a city of one sight that is found on every photo; the copies are of one view."""
    clusters = [bytes([number]) for number in range(views)] + [bytes([0])] * copies
    photos = tuple(
        CityPhoto(bytes([1, number]), cluster, 960, 720, "commons", (1,), is_waiting=True)
        for number, cluster in enumerate(clusters)
    )
    return SimulatedCity(photos, {photo.sha256: frozenset({1}) for photo in photos})


def test_near_copies_count_once() -> None:
    city = city_of(views=32, copies=5)
    assert weigh(city, list(city.answers)).usable_labels == 32


def test_a_sight_below_the_minimum_counts_for_nothing() -> None:
    city = city_of(views=29, copies=5)
    found = weigh(city, list(city.answers))
    assert (found.usable_labels, found.trainable_sights) == (0, 0)
    assert found.distinct_labels == 29


def test_every_chooser_keeps_the_cap_and_pays_for_no_photo_twice() -> None:
    city = simulate_city(SMALL, seed=1)
    dice = random.Random(1)  # noqa: S311 - repeatable, not secret
    for choose in CHOOSERS.values():
        chosen = choose(city, 50, dice)
        assert len(set(chosen)) == len(chosen) <= 50


def test_the_same_seed_gives_the_same_city() -> None:
    assert simulate_city(SMALL, seed=3) == simulate_city(SMALL, seed=3)
