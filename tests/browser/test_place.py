"""place.js: what cannot be seen from where a person stands is not named; numbers in, numbers out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

# A degree of latitude is 111.2 km: 0.001 of it are 111 m.
HERE = {"latitude": 0.0, "longitude": 0.0, "accuracy": 20, "heading": None}


def sight(number: int, north: float, view_meters: float | None = 1500) -> dict[str, Any]:
    return {"class": number, "latitude": north, "longitude": 0.0, "view_meters": view_meters}


def found(number: int, confidence: float, rival: tuple[int, float] | None = None) -> dict[str, Any]:
    other = None if rival is None else {"class": rival[0], "confidence": rival[1]}
    box = [270, 0, 370, 100]
    return {"class": number, "confidence": confidence, "score": 0.7, "box": box, "rival": other}


def judge(
    page: Page, detections: list[Any], sights: list[Any], **standing: Any
) -> list[tuple[int, float]]:
    judged = page.evaluate(
        "(given) => import('/browser/place.js').then((m) => m.judgeByPlace(...given))",
        [detections, 640, sights, HERE | standing],
    )
    return [(one["class"], round(one["confidence"], 3)) for one in judged]


def test_sight_that_cannot_be_seen_from_there_is_not_named(blank: Page) -> None:
    assert judge(blank, [found(0, 0.99)], [sight(0, 0.02)]) == []


def test_sight_beside_which_a_person_stands_is_surer(blank: Page) -> None:
    # Four times as likely here as anywhere: odds of 1 become odds of 4.
    assert judge(blank, [found(0, 0.5)], [sight(0, 0.001)]) == [(0, 0.8)]


def test_of_two_that_look_alike_the_one_that_can_be_seen_is_named(blank: Page) -> None:
    alike = [found(0, 0.5, rival=(1, 0.4))]
    assert judge(blank, alike, [sight(0, 0.02), sight(1, 0.001)]) == [(1, 0.941)]
    assert judge(blank, alike, [sight(0, 0.001), sight(1, 0.02)]) == [(0, 0.952)]


def test_other_one_has_to_be_likely_to_be_named(blank: Page) -> None:
    assert judge(blank, [found(0, 0.7, rival=(1, 0.05))], [sight(0, 0.02), sight(1, 0.009)]) == []


def test_sight_at_the_edge_of_what_can_be_seen_has_to_be_likely(blank: Page) -> None:
    # 1,314 m as near as it may be, of 1,500 from where it is seen: half as likely as anywhere.
    far = [sight(0, 0.012)]
    assert judge(blank, [found(0, 0.9)], far) == [(0, 0.817)]
    assert judge(blank, [found(0, 0.55)], far) == []


@pytest.mark.parametrize("north", [0.001, 0.02])
def test_place_that_is_known_badly_neither_excludes_nor_speaks_for_a_sight(
    blank: Page, north: float
) -> None:
    # It may be beside the sight, and it may be where the sight cannot be seen.
    assert judge(blank, [found(0, 0.6)], [sight(0, north)], accuracy=3000) == [(0, 0.6)]


def test_nearness_counts_as_far_as_it_is_sure(blank: Page) -> None:
    # 611 m at most, of 1,500: 3.06 times as likely as anywhere, as near as it may be 4 times.
    assert judge(blank, [found(0, 0.5)], [sight(0, 0.001)], accuracy=500) == [(0, 0.753)]


@pytest.mark.parametrize(
    "unknown", [sight(0, 0.02, view_meters=None), sight(0, 0.02) | {"latitude": None}, sight(7, 0)]
)
def test_sight_of_which_no_place_is_known_is_named_as_without(
    blank: Page, unknown: dict[str, Any]
) -> None:
    assert judge(blank, [found(0, 0.3)], [unknown]) == [(0, 0.3)]


def test_compass_speaks_for_what_lies_ahead_and_against_what_lies_behind(blank: Page) -> None:
    north = [sight(0, 0.004)]
    ((_, without),) = judge(blank, [found(0, 0.5)], north)
    ((_, ahead),) = judge(blank, [found(0, 0.5)], north, heading=0)
    ((_, behind),) = judge(blank, [found(0, 0.5)], north, heading=180)
    # A compass may be wrong, so it alone makes a name less sure, and takes none.
    assert ahead > without > behind > 0


def test_compass_tells_two_apart_that_look_alike(blank: Page) -> None:
    alike = [found(0, 0.5, rival=(1, 0.4))]
    both = [sight(0, 0.004), sight(1, -0.004)]
    assert [named for named, _ in judge(blank, alike, both, heading=0)] == [0]
    assert [named for named, _ in judge(blank, alike, both, heading=180)] == [1]


@pytest.mark.parametrize("heading", range(0, 360, 15))
def test_compass_takes_no_name_and_changes_one_only_for_what_is_likelier_than_all_else(
    blank: Page, heading: int
) -> None:
    # The own one 55 m to the north, another far behind whoever looks at it.
    both = [sight(0, 0.0005), sight(1, -0.005)]
    ((named, confidence),) = judge(blank, [found(0, 0.3, rival=(1, 0.05))], both, heading=heading)
    assert named == 0 or confidence >= 0.5


def test_compass_makes_a_name_less_sure_and_leaves_it(blank: Page) -> None:
    both = [sight(0, 0.0005), sight(1, -0.005)]
    ((named, confidence),) = judge(blank, [found(0, 0.3, rival=(1, 0.05))], both, heading=205)
    assert (named, confidence < 0.3) == (0, True)


def test_name_that_the_distance_leaves_at_the_edge_is_left_by_the_compass(blank: Page) -> None:
    ((named, confidence),) = judge(blank, [found(0, 0.9)], [sight(0, 0.012)], heading=180)
    assert (named, confidence < 0.5) == (0, True)


def test_compass_says_nothing_to_who_stands_beside_it(blank: Page) -> None:
    beside = [sight(0, 0.0001)]
    assert judge(blank, [found(0, 0.5)], beside, heading=180) == [(0, 0.8)]


@pytest.mark.parametrize(
    ("angles", "heading"),
    [
        # Held upright, screen to the person: turned by 0, 90 and 270 degrees to the left.
        ((0, 90, 0), 0),
        ((90, 90, 0), 270),
        ((270, 90, 0), 90),
        # Across, the upper edge to the left.
        ((0, 0, -90), 90),
        # Flat on a table: the camera sees the ground.
        ((0, 0, 0), None),
    ],
)
def test_heading_is_that_of_the_camera(
    blank: Page, angles: tuple[float, float, float], heading: float | None
) -> None:
    found = blank.evaluate(
        "(angles) => import('/browser/place.js').then((m) => m.headingOf(...angles))", list(angles)
    )
    assert found == (None if heading is None else pytest.approx(heading, abs=1e-6))


def test_distance_and_bearing_are_those_of_the_sphere(blank: Page) -> None:
    lisbon = {"latitude": 38.7223, "longitude": -9.1393}
    porto = {"latitude": 41.1579, "longitude": -8.6291}
    meters, degrees = blank.evaluate(
        "(two) => import('/browser/place.js').then((m) => [m.distanceMeters(...two), m.bearingDegrees(...two)])",
        [lisbon, porto],
    )
    assert meters == pytest.approx(274_300, rel=0.002)
    assert degrees == pytest.approx(8.95, abs=0.2)


def test_nearest_city_is_first_and_one_without_a_place_last(blank: Page) -> None:
    cities = [
        {"slug": "nowhere", "latitude": None, "longitude": None},
        {"slug": "far", "latitude": 40, "longitude": 0},
        {"slug": "near", "latitude": 1, "longitude": 1},
    ]
    order = blank.evaluate(
        "(given) => import('/browser/place.js').then((m) => m.nearestFirst(...given).map((one) => one.slug))",
        [cities, HERE],
    )
    assert order == ["near", "far", "nowhere"]
