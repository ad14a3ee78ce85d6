"""What the Vision stand-in answers, and how often it errs."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.city_facts import facts_of
from sandbox.landmark_answers import NO_ERRORS, VisionErrors, landmarks_on
from sandbox.photo_recognition import KnownPicture
from sandbox.world import World, WorldBox, WorldPhoto

BOX = WorldBox("Old Tower", 0.0, 60.0, 200.0, 260.0)
PHOTO = WorldPhoto("a.jpg", Path("a.jpg"), 400, 300, (BOX,))
FACTS = facts_of(World(Path("nowhere"), "Málaga", (PHOTO,)))
TOWER = FACTS.of("Old Tower")
PICTURES = [KnownPicture(f"picture {n}", 400, 300, (BOX,)) for n in range(1500)]


def share(errors: VisionErrors, **conditions: object) -> float:
    """Return the share of pictures whose first landmark has none of the expected values."""
    wrong = 0
    for picture in PICTURES:
        first = landmarks_on(picture, FACTS, errors)[:1]
        wrong += not first or any(getattr(first[0], k) != v for k, v in conditions.items())
    return wrong / len(PICTURES)


def test_without_errors_the_box_is_exact() -> None:
    (landmark,) = landmarks_on(PICTURES[0], FACTS, NO_ERRORS)
    edges = (landmark.left, landmark.top, landmark.right, landmark.bottom)
    assert edges == pytest.approx((0.0, 0.2, 0.5, 260 / 300))


def test_same_picture_gets_the_same_answer() -> None:
    errors = VisionErrors()
    assert landmarks_on(PICTURES[7], FACTS, errors) == landmarks_on(PICTURES[7], FACTS, errors)


def test_nothing_is_found_about_as_often_as_set() -> None:
    empty = share(VisionErrors(nothing_found=0.1, wrong_place=0, mid_missing=0, second_bogus=0))
    assert empty == pytest.approx(0.1, abs=0.03)


def test_wrong_places_have_another_id() -> None:
    errors = VisionErrors(nothing_found=0, wrong_place=0.2, mid_missing=0, second_bogus=0)
    assert share(errors, mid=TOWER.mid) == pytest.approx(0.2, abs=0.04)


def test_variant_names_keep_the_id() -> None:
    errors = VisionErrors(0, 0, name_variant=0.5, mid_missing=0, second_bogus=0)
    assert share(errors, mid=TOWER.mid) == 0


def test_variant_names_come_about_as_often_as_set() -> None:
    errors = VisionErrors(0, 0, name_variant=0.3, mid_missing=0, second_bogus=0)
    assert share(errors, description="Old Tower") == pytest.approx(0.3, abs=0.04)


def test_loose_boxes_stay_within_the_set_share_of_their_size() -> None:
    errors = VisionErrors(0, 0, 0, 0, loose_box=0.06, beyond_picture=1, second_bogus=0)
    lefts = [landmarks_on(picture, FACTS, errors)[0].left for picture in PICTURES]
    assert max(map(abs, lefts)) <= 0.06 * 0.5


def test_some_boxes_leave_the_picture() -> None:
    lefts = [landmarks_on(p, FACTS, VisionErrors(0, 0))[0].left for p in PICTURES]
    assert min(lefts) < 0


def test_many_boxes_touch_the_picture() -> None:
    errors = VisionErrors(0, 0, second_bogus=0)
    lefts = [landmarks_on(picture, FACTS, errors)[0].left for picture in PICTURES]
    assert lefts.count(0.0) > 300


def test_bogus_landmark_scores_lower_than_the_true_one() -> None:
    errors = VisionErrors(0, 0, second_bogus=1)
    landmarks = landmarks_on(PICTURES[0], FACTS, errors)
    assert [landmark.mid == TOWER.mid for landmark in landmarks] == [True, False]
