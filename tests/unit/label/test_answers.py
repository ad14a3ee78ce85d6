"""Answers become labels: accepted, held back with a reason, or unmatched; never lost."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.box import Box
from sightscan.city import City, Place, Sight
from sightscan.label.answers import read_labels
from sightscan.label.landmarks import answer_of
from sightscan.label.matching import SightIndex
from sightscan.warehouse.labels.labels import LabelRow, StoredAnswer

HERE = Place(52.5163, 13.3777)
FAR = Place(36.1126, -115.1728)
ACROSS_TOWN = Place(52.5400, 13.3777)
CITY = City("Q64", "berlin", "Berlin", "Germany", Place(52.5167, 13.3833), 10_000)
GATE = Sight(1, "Q64", "Brandenburg Gate", 1, place=HERE, freebase_id="/m/gate")
TOWER = Sight(2, "Q64", "Eiffel Tower", 2, place=HERE)
INDEX = SightIndex(CITY, (GATE, TOWER))
EIFFEL: dict[str, Any] = {"mid": None, "description": "Eiffel Tower"}


def annotation(
    box: tuple[float, float, float, float] = (100, 50, 400, 250),
    mid: str | None = "/m/gate",
    description: str = "Brandenburg Gate",
    score: float = 0.8,
    place: Place | None = HERE,
) -> dict[str, Any]:
    """Return an annotation as proto3 writes it in JSON: zeros are left out."""
    x1, y1, x2, y2 = box
    corners = [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
    full = {
        "mid": mid,
        "description": description,
        "score": score,
        "bounding_poly": {
            "vertices": [
                {name: value for name, value in (("x", x), ("y", y)) if value} for x, y in corners
            ]
        },
    }
    if place is not None:
        point = {"latitude": place.latitude, "longitude": place.longitude}
        full["locations"] = [{"lat_lng": point}]
    return {name: value for name, value in full.items() if value}


def read(
    *annotations: dict[str, Any], query_sight_ids: frozenset[int] = frozenset({1})
) -> list[LabelRow]:
    response = {"landmark_annotations": list(annotations)} if annotations else {}
    answer = StoredAnswer(9, b"\1" * 32, answer_of(500, 250, response), query_sight_ids)
    return list(read_labels(answer, INDEX, min_score=0.3))


def test_an_answer_with_all_of_it_is_accepted() -> None:
    (label,) = read(annotation())
    assert (label.state, label.sight_id, label.mid, label.place) == ("accepted", 1, "/m/gate", HERE)


def test_box_is_relative_to_the_size_as_sent() -> None:
    (label,) = read(annotation((100, 50, 400, 250)))
    assert label.box == Box(0.2, 0.2, 0.8, 1.0)


def test_box_at_the_left_and_top_edge_survives_missing_zeros() -> None:
    (label,) = read(annotation((0, 0, 250, 125)))
    assert (label.state, label.box) == ("accepted", Box(0.0, 0.0, 0.5, 0.5))


def test_box_that_leaves_the_photo_is_clipped() -> None:
    (label,) = read(annotation((-40, -9, 600, 300)))
    assert (label.state, label.box) == ("accepted", Box(0.0, 0.0, 1.0, 1.0))


def test_empty_answer_has_no_labels() -> None:
    assert read() == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"place": FAR}, "outside_city"),
        ({"score": 0.29}, "low_score"),
        ({"score": 0.0}, "low_score"),
        ({"box": (100, 50, 100, 250)}, "degenerate_box"),
        ({"box": (600, 50, 900, 250)}, "degenerate_box"),
        ({"box": (100, 50, 103, 250)}, "degenerate_box"),
        ({"mid": None, "description": "Eiffel Tower", "place": FAR}, "outside_city"),
        ({"mid": None, "description": "Eiffel Tower", "place": None}, "no_place"),
        ({"mid": None, "place": ACROSS_TOWN}, "contradicts_place"),
    ],
)
def test_what_is_held_back(changed: dict[str, Any], reason: str) -> None:
    (label,) = read(annotation(**changed))
    assert (label.state, label.reason) == ("held_back", reason)
    assert label.sight_id is not None


def test_annotation_without_a_box_is_held_back_not_lost() -> None:
    bare = annotation()
    del bare["bounding_poly"]
    (label,) = read(bare)
    assert label.reason == "degenerate_box"


def test_other_sight_than_the_one_searched_for_is_fine_at_its_place() -> None:
    (label,) = read(annotation(), query_sight_ids=frozenset({2}))
    assert label.state == "accepted"


def test_other_sight_than_the_one_searched_for_at_another_place_is_held_back() -> None:
    (label,) = read(annotation(place=ACROSS_TOWN), query_sight_ids=frozenset({2}))
    assert label.reason == "contradicts_search"


def test_id_and_search_term_outweigh_a_place_across_town() -> None:
    (label,) = read(annotation(place=ACROSS_TOWN))
    assert label.state == "accepted"


def test_name_without_place_is_enough_if_it_was_searched_for() -> None:
    (label,) = read(annotation(mid=None, place=None))
    assert label.state == "accepted"


def test_unknown_landmark_is_kept_as_unmatched() -> None:
    (label,) = read(annotation(mid="/m/else", description="Reichstag"))
    assert (label.state, label.reason, label.sight_id) == ("unmatched", "no_such_sight", None)


def test_same_sight_twice_keeps_the_better_score() -> None:
    labels = read(
        annotation((100, 50, 400, 250), score=0.5), annotation((110, 50, 400, 250), score=0.9)
    )
    assert [(label.state, label.reason) for label in labels] == [
        ("held_back", "same_sight_twice"),
        ("accepted", None),
    ]


@pytest.mark.parametrize(
    ("shift", "of_one_sight", "of_two_sights"),
    [
        # Of the smaller 14, 16, 48, 52, 65 and 67 %; overlaps of 0.07, 0.07, 0.32, 0.35, 0.49, 0.51.
        (266, [None, None], [None, None]),
        (263, ["boxes_disagree"] * 2, [None, None]),
        (156, ["boxes_disagree"] * 2, [None, None]),
        (144, ["boxes_disagree"] * 2, ["two_sights_in_one_box"] * 2),
        (103, ["boxes_disagree"] * 2, ["two_sights_in_one_box"] * 2),
        (97, [None, "same_sight_twice"], ["two_sights_in_one_box"] * 2),
    ],
)
def test_boxes_that_overlap_ever_more(
    shift: int, of_one_sight: list[str | None], of_two_sights: list[str | None]
) -> None:
    left, right = (0, 50, 300, 250), (shift, 50, 300 + shift, 250)
    one = read(annotation(left, score=0.9), annotation(right), query_sight_ids=frozenset({3}))
    two = read(annotation(left), annotation(right, **EIFFEL), query_sight_ids=frozenset({3}))
    assert [label.reason for label in one] == of_one_sight
    assert [label.reason for label in two] == of_two_sights


def test_part_of_a_sight_inside_its_box_is_held_back() -> None:
    labels = read(annotation(), annotation((200, 60, 260, 120), score=0.6))
    assert [label.reason for label in labels] == [None, "same_sight_twice"]


def test_part_that_is_surer_than_its_whole_is_a_doubt() -> None:
    labels = read(annotation(), annotation((200, 60, 260, 120), score=0.9))
    assert [label.reason for label in labels] == ["boxes_disagree"] * 2


@pytest.mark.parametrize(
    ("box", "mid", "place", "reasons"),
    [
        # The better score is that of the box from 100 to 400; the other's is 0.5.
        ((110, 50, 400, 250), "/m/gate", HERE, ["same_sight_twice", None]),
        ((300, 50, 480, 250), "/m/gate", HERE, ["same_sight_twice", None]),
        ((420, 50, 480, 250), "/m/gate", HERE, ["same_sight_twice", None]),
        ((300, 50, 480, 250), "/m/gate", None, ["same_sight_twice", None]),
        ((300, 50, 480, 250), None, HERE, ["same_sight_twice", None]),
        # None is more than a name.
        ((300, 50, 480, 250), None, None, ["boxes_disagree"] * 2),
        ((420, 50, 480, 250), None, None, [None, None]),
    ],
)
def test_name_alone_gives_way_to_an_answer_that_says_which_sight_or_where(
    box: tuple[float, float, float, float],
    mid: str | None,
    place: Place | None,
    reasons: list[str | None],
) -> None:
    labels = read(annotation(mid=None, place=None), annotation(box, mid, score=0.5, place=place))
    assert [label.reason for label in labels] == reasons


def test_two_boxes_of_a_sight_apart_from_each_other_stay() -> None:
    labels = read(annotation((0, 50, 100, 250)), annotation((300, 50, 400, 250)))
    assert [label.state for label in labels] == ["accepted", "accepted"]


WHOLE = (0, 0, 500, 250)


@pytest.mark.parametrize(
    ("query_sight_ids", "reasons"),
    [
        ({1}, [None, "two_sights_in_one_box"]),
        ({2}, ["two_sights_in_one_box", None]),
        ({1, 2}, ["two_sights_in_one_box"] * 2),
        ({3}, ["two_sights_in_one_box"] * 2),
    ],
)
def test_one_box_for_two_sights_is_the_one_that_was_searched_for(
    query_sight_ids: set[int], reasons: list[str | None]
) -> None:
    labels = read(
        annotation(WHOLE), annotation(WHOLE, **EIFFEL), query_sight_ids=frozenset(query_sight_ids)
    )
    assert [label.reason for label in labels] == reasons


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"mid": "/m/else", "description": "Pariser Platz"}, "two_sights_in_one_box"),
        ({**EIFFEL, "score": 0.1}, "two_sights_in_one_box"),
        (
            {"mid": "/m/else", "description": "Las Vegas Strip", "place": FAR},
            "two_sights_in_one_box",
        ),
        ({"score": 0.1}, None),
    ],
    ids=["of no sight of ours", "not sure", "far away", "the sight itself"],
)
def test_box_of_a_sight_that_was_not_searched_for_must_be_its_own(
    other: dict[str, Any], reason: str | None
) -> None:
    first, *_ = read(annotation(WHOLE), annotation(WHOLE, **other), query_sight_ids=frozenset({3}))
    assert first.reason == reason


def test_loose_boxes_of_two_sights_are_one_box_too() -> None:
    labels = read(annotation((100, 50, 400, 250)), annotation((95, 45, 410, 250), **EIFFEL))
    assert [label.reason for label in labels] == [None, "two_sights_in_one_box"]


def test_sight_in_front_of_a_larger_one_stays() -> None:
    labels = read(annotation(WHOLE), annotation((200, 50, 300, 250), **EIFFEL))
    assert [label.sight_id for label in labels if label.state == "accepted"] == [1, 2]


def test_sight_that_fills_the_photo_is_accepted() -> None:
    (label,) = read(annotation(WHOLE))
    assert (label.state, label.box) == ("accepted", Box(0.0, 0.0, 1.0, 1.0))


@pytest.mark.parametrize(
    "box",
    [(0, 50, 400, 250), (100, 0, 400, 250), (100, 50, 500, 250), (100, 50, 400, 250)],
    ids=["left", "top", "right", "bottom"],
)
def test_box_that_touches_an_edge_is_accepted_as_it_is(box: tuple[float, ...]) -> None:
    x1, y1, x2, y2 = box
    (label,) = read(annotation((x1, y1, x2, y2)))
    assert (label.state, label.box) == ("accepted", Box(x1 / 500, y1 / 250, x2 / 500, y2 / 250))


@pytest.mark.parametrize(
    "box",
    [(-300, 50, -10, 250), (100, -90, 400, -1), (501, 50, 900, 250), (100, 260, 400, 300)],
    ids=["left", "top", "right", "bottom"],
)
def test_box_beside_the_photo_is_held_back(box: tuple[float, ...]) -> None:
    x1, y1, x2, y2 = box
    (label,) = read(annotation((x1, y1, x2, y2)))
    assert label.reason == "degenerate_box"


def test_better_of_two_boxes_that_do_not_train_is_no_reason_to_hold_back() -> None:
    labels = read(annotation(score=0.9, place=FAR), annotation(score=0.5))
    assert [label.reason for label in labels] == ["outside_city", None]


edges = st.floats(-2_000, 2_000, allow_nan=False)


@given(
    st.lists(
        st.builds(
            annotation,
            box=st.tuples(edges, edges, edges, edges),
            mid=st.sampled_from([None, "/m/gate", "/m/x"]),
            description=st.sampled_from(["", "Eiffel Tower", "Brandenburg Gate", "é, ()|"]),
            score=st.floats(0, 1),
            place=st.sampled_from([None, HERE, FAR, ACROSS_TOWN]),
        ),
        max_size=4,
    )
)
def test_every_landmark_becomes_one_row_that_the_warehouse_takes(
    annotations: list[dict[str, Any]],
) -> None:
    labels = read(*annotations)
    assert [label.annotation_number for label in labels] == list(range(len(annotations)))
    for label in labels:
        box = label.box
        assert 0 <= box.x1 <= box.x2 <= 1
        assert 0 <= box.y1 <= box.y2 <= 1
        assert (label.reason is None) == (label.state == "accepted")
        assert label.state != "accepted" or (label.sight_id and box.area > 0)
