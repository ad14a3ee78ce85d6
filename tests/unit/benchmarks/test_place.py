"""The bench of the place draws what it says it draws, and counts photos at places."""

import math
from random import Random

import pytest

from benchmarks.place import Answer, Point, Tally, count, place_photo

OWN = Answer(frozenset({1}), [], 640)
STRANGER = Answer(frozenset(), [], 640)
SIGHTS = [Point(3000, 0), Point(0, 4000)]


def meters_from(place: dict[str, float], point: Point) -> float:
    here = point.as_degrees()
    return 111_195 * math.hypot(
        place["latitude"] - here["latitude"], place["longitude"] - here["longitude"]
    )


def test_own_photo_is_taken_near_its_sight_and_a_strangers_anywhere() -> None:
    random = Random(1)  # noqa: S311 - draws, no secrets
    own = [meters_from(place_photo(OWN, SIGHTS, random), SIGHTS[1]) for _ in range(300)]
    # Within 100 m, as a phone says it: with an error of tens of metres.
    assert max(own) < 250
    far = [meters_from(place_photo(STRANGER, SIGHTS, random), Point(0, 0)) for _ in range(300)]
    # Evenly over the disc: a quarter of them in its inner half.
    assert sum(distance < 2500 for distance in far) / 300 == pytest.approx(0.25, abs=0.08)


def test_compass_points_at_the_sight_four_times_of_five() -> None:
    random = Random(2)  # noqa: S311 - draws, no secrets
    off = []
    for _ in range(400):
        place = place_photo(OWN, [Point(0, 0), Point(0, 0)], random)
        back = math.degrees(math.atan2(-place["longitude"], -place["latitude"]))
        off.append(abs((place["heading"] - back + 180) % 360 - 180))
    assert 0.6 < sum(degrees < 60 for degrees in off) / 400 < 0.95


def test_photo_is_right_if_one_of_its_sights_is_named() -> None:
    answers = [OWN, OWN, STRANGER, STRANGER]
    named = [[[1], [0]], [[], [0, 1]], [[], []], [[0], []]]
    assert count(answers, named) == Tally(recall=0.5, false_names=0.25)
