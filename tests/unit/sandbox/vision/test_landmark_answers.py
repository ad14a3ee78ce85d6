"""What the Vision stand-in answers, and how often it errs."""

from pathlib import Path

import pytest

from sandbox.vision.landmark_answers import NO_ERRORS, VisionErrors, landmarks_on
from sandbox.world.city_facts import facts_of
from sandbox.world.photo_recognition import KnownPicture
from sandbox.world.world import World, WorldBox, WorldPhoto

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


def test_another_seed_errs_on_other_pictures() -> None:
    empty = [
        {n for n, picture in enumerate(PICTURES) if not landmarks_on(picture, FACTS, errors)}
        for errors in (VisionErrors(), VisionErrors(seed=1))
    ]
    assert 0.05 < len(empty[0] & empty[1]) / len(empty[0]) < 0.3


def test_half_of_the_wrong_places_bear_the_name_of_the_sight() -> None:
    errors = VisionErrors(0, wrong_place=1, name_variant=0, second_bogus=0)
    assert share(errors, description="Old Tower") == pytest.approx(0.5, abs=0.05)
    assert share(errors, mid=TOWER.mid) == 1


def test_wrong_sight_is_another_one_of_the_city() -> None:
    gate = WorldPhoto("b.jpg", Path("b.jpg"), 400, 300, (WorldBox("Gate", 0, 0, 9, 9),))
    facts = facts_of(World(Path("nowhere"), "Málaga", (PHOTO, gate)))
    errors = VisionErrors(0, 0, 0, 0, 0, 0, 0, wrong_sight=1)
    (landmark,) = landmarks_on(PICTURES[0], facts, errors)
    assert (landmark.description, landmark.mid) == ("Gate", facts.of("Gate").mid)


def test_half_of_the_bogus_landmarks_are_a_neighbour_in_the_box_of_the_sight() -> None:
    gate = WorldPhoto("b.jpg", Path("b.jpg"), 400, 300, (WorldBox("Gate", 0, 0, 9, 9),))
    facts = facts_of(World(Path("nowhere"), "Málaga", (PHOTO, gate)))
    errors = VisionErrors(0, 0, 0, 0, loose_box=0, second_bogus=1)
    neighbours = [
        landmark
        for picture in PICTURES
        for landmark in landmarks_on(picture, facts, errors)
        if landmark.description == "Gate"
    ]
    assert len(neighbours) / len(PICTURES) == pytest.approx(0.5, abs=0.04)
    assert {(landmark.left, landmark.right) for landmark in neighbours} == {(0.0, 0.5)}


def test_low_scores_are_rare() -> None:
    scores = [landmarks_on(picture, FACTS, NO_ERRORS)[0].score for picture in PICTURES]
    assert 0 < sum(score < 0.3 for score in scores) / len(scores) < 0.02


def test_city_of_one_sight_has_no_wrong_sight() -> None:
    (landmark,) = landmarks_on(PICTURES[0], FACTS, VisionErrors(0, 0, 0, 0, 0, 0, 0, wrong_sight=1))
    assert landmark.description == "Old Tower"


def test_rates_are_told_by_name() -> None:
    errors = VisionErrors().changed(["wrong_place=0.2", "nothing_found=0"])
    assert (errors.wrong_place, errors.nothing_found, errors.name_variant) == (0.2, 0, 0.10)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("wrong=1", "no error 'wrong'; choose one of nothing_found, "),
        ("seed=1", "no error 'seed'"),
        ("wrong_place", "wrong_place must be a share between 0 and 1"),
        ("wrong_place=2", "got '2'"),
        ("wrong_place=often", "got 'often'"),
        ("wrong_place=nan", "got 'nan'"),
    ],
)
def test_senseless_rate_is_refused(setting: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VisionErrors().changed([setting])
