"""What the Vision stand-in answers, and how often it errs."""

from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.vision.landmark_answers import NO_ERRORS, Landmark, VisionErrors, landmarks_on
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
    empty = share(replace(NO_ERRORS, nothing_found=0.1))
    assert empty == pytest.approx(0.1, abs=0.03)


def test_wrong_places_have_another_id() -> None:
    errors = replace(NO_ERRORS, wrong_place=0.2)
    assert share(errors, mid=TOWER.mid) == pytest.approx(0.2, abs=0.04)


def test_variant_names_keep_the_id() -> None:
    errors = replace(NO_ERRORS, name_variant=0.5)
    assert share(errors, mid=TOWER.mid) == 0


def test_variant_names_come_about_as_often_as_set() -> None:
    errors = replace(NO_ERRORS, name_variant=0.3)
    assert share(errors, description="Old Tower") == pytest.approx(0.3, abs=0.04)


def test_loose_boxes_stay_within_the_set_share_of_their_size() -> None:
    errors = replace(NO_ERRORS, loose_box=0.06, beyond_picture=1)
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
    errors = replace(NO_ERRORS, second_bogus=1)
    landmarks = landmarks_on(PICTURES[0], FACTS, errors)
    assert [landmark.mid == TOWER.mid for landmark in landmarks] == [True, False]


def test_another_seed_errs_on_other_pictures() -> None:
    empty = [
        {n for n, picture in enumerate(PICTURES) if not landmarks_on(picture, FACTS, errors)}
        for errors in (VisionErrors(), VisionErrors(seed=1))
    ]
    assert 0.05 < len(empty[0] & empty[1]) / len(empty[0]) < 0.3


def test_half_of_the_wrong_places_bear_the_name_of_the_sight() -> None:
    errors = replace(NO_ERRORS, wrong_place=1)
    assert share(errors, description="Old Tower") == pytest.approx(0.5, abs=0.05)
    assert share(errors, mid=TOWER.mid) == 1


def test_wrong_sight_is_another_one_of_the_city() -> None:
    gate = WorldPhoto("b.jpg", Path("b.jpg"), 400, 300, (WorldBox("Gate", 0, 0, 9, 9),))
    facts = facts_of(World(Path("nowhere"), "Málaga", (PHOTO, gate)))
    errors = replace(NO_ERRORS, wrong_sight=1)
    (landmark,) = landmarks_on(PICTURES[0], facts, errors)
    assert (landmark.description, landmark.mid) == ("Gate", facts.of("Gate").mid)


def test_half_of_the_bogus_landmarks_are_a_neighbour_in_the_box_of_the_sight() -> None:
    gate = WorldPhoto("b.jpg", Path("b.jpg"), 400, 300, (WorldBox("Gate", 0, 0, 9, 9),))
    facts = facts_of(World(Path("nowhere"), "Málaga", (PHOTO, gate)))
    errors = replace(NO_ERRORS, second_bogus=1)
    neighbours = [
        landmark
        for picture in PICTURES
        for landmark in landmarks_on(picture, facts, errors)
        if landmark.description == "Gate"
    ]
    assert len(neighbours) / len(PICTURES) == pytest.approx(0.5, abs=0.04)
    assert {(landmark.left, landmark.right) for landmark in neighbours} == {(0.0, 0.5)}


def second_ones(errors: VisionErrors) -> list[tuple[Landmark, Landmark]]:
    """Return the true landmark and the other of each picture, with the errors that make another."""
    gate = WorldPhoto("b.jpg", Path("b.jpg"), 400, 300, (WorldBox("Gate", 0, 0, 9, 9),))
    facts = facts_of(World(Path("nowhere"), "Málaga", (PHOTO, gate)))
    pairs = []
    for picture in PICTURES:
        one, other = landmarks_on(picture, facts, errors)
        is_first = one.edges == pytest.approx((0.0, 0.2, 0.5, 260 / 300))
        pairs.append((one, other) if is_first else (other, one))
    return pairs


def test_half_neighbour_has_the_box_with_one_side_further_out() -> None:
    pairs = second_ones(replace(NO_ERRORS, half_neighbour=1))
    assert {other.sight for _, other in pairs} == {"Gate"}
    assert {(other.left, other.top, other.bottom) for _, other in pairs} == {(0.0, 0.2, 260 / 300)}
    rights = sorted(other.right for _, other in pairs)
    # 120 % of the side would leave the picture.
    assert (rights[0], rights[-1]) == (pytest.approx(0.5, abs=0.01), 1.0)


def test_nameless_twin_has_a_foreign_name_and_another_box() -> None:
    pairs = second_ones(replace(NO_ERRORS, nameless_twin=1))
    assert {(other.sight, other.mid, other.latitude) for _, other in pairs} == {
        ("Old Tower", "", None)
    }
    assert "Old Tower" not in {other.description for _, other in pairs}
    assert {one.mid for one, _ in pairs} == {TOWER.mid}
    assert {one.score < other.score for one, other in pairs} == {True, False}


def test_nameless_twin_may_have_the_true_box() -> None:
    pairs = second_ones(replace(NO_ERRORS, nameless_twin=1, nameless_is_right=1))
    assert {one.mid for one, _ in pairs} == {""}
    assert {other.mid for _, other in pairs} == {TOWER.mid}


def test_placed_twin_has_the_id_in_another_box_at_another_place() -> None:
    pairs = second_ones(replace(NO_ERRORS, placed_twin=1))
    assert {other.mid for _, other in pairs} == {TOWER.mid}
    assert all(one.latitude != other.latitude for one, other in pairs)


@pytest.mark.parametrize("error", ["nameless_twin", "placed_twin", "half_neighbour"])
def test_boxes_of_second_ones_stay_in_the_picture(error: str) -> None:
    for _, other in second_ones(replace(NO_ERRORS, **{error: 1.0})):
        assert 0 <= other.left < other.right <= 1
        assert 0 <= other.top < other.bottom <= 1


def test_id_and_place_are_missing_together_about_as_often_as_set() -> None:
    errors = replace(NO_ERRORS, nameless=0.2)
    assert share(errors, latitude=None) == pytest.approx(0.8, abs=0.04)
    assert share(errors, mid="") == pytest.approx(0.8, abs=0.04)


def test_low_scores_are_rare() -> None:
    scores = [landmarks_on(picture, FACTS, NO_ERRORS)[0].score for picture in PICTURES]
    assert 0 < sum(score < 0.3 for score in scores) / len(scores) < 0.02


def test_city_of_one_sight_has_no_wrong_sight() -> None:
    (landmark,) = landmarks_on(PICTURES[0], FACTS, replace(NO_ERRORS, wrong_sight=1))
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
