import numpy as np
import pytest

from detector_app.decoding import Detection, decode, overlaps, suppress_doubles
from detector_app.letterbox import fit_letterbox

NAMES = ("Tower", "Palace")
WHOLE = fit_letterbox(320, 320, image_size=320, stride=32)


def decode_rows(rows: list[list[float]], min_score: float = 0.25) -> tuple[Detection, ...]:
    return decode(
        np.array(rows, dtype=np.float32).reshape(-1, 7),
        WHOLE,
        picture_width=320,
        picture_height=320,
        class_names=NAMES,
        min_score=min_score,
    )


def test_box_is_centre_and_size_and_score_is_objectness_times_class() -> None:
    (found,) = decode_rows([[100, 120, 40, 60, 0.8, 0.9, 0.1]])
    assert (found.x1, found.y1, found.x2, found.y2) == (80, 90, 120, 150)
    assert found.name == "Tower"
    assert found.score == pytest.approx(0.72)


def test_answer_without_boxes_gives_nothing() -> None:
    assert decode_rows([]) == ()


def test_what_is_below_the_threshold_is_left_out() -> None:
    rows = [[100, 100, 40, 40, 0.5, 0.5, 0.1]]
    assert decode_rows(rows, min_score=0.25)
    assert not decode_rows(rows, min_score=0.26)


def test_surest_comes_first() -> None:
    found = decode_rows([[50, 50, 20, 20, 0.5, 1, 0], [250, 250, 20, 20, 0.9, 0, 1]])
    assert [one.name for one in found] == ["Palace", "Tower"]


def test_doubles_of_one_sight_become_one() -> None:
    found = decode_rows([[100, 100, 50, 50, 0.9, 1, 0], [103, 98, 52, 49, 0.8, 1, 0]])
    assert [one.score for one in found] == [pytest.approx(0.9)]


def test_overlapping_different_sights_both_stay() -> None:
    found = decode_rows([[100, 100, 50, 50, 0.9, 1, 0], [100, 100, 50, 50, 0.8, 0, 1]])
    assert {one.name for one in found} == {"Tower", "Palace"}


def test_same_sight_twice_apart_stays_twice() -> None:
    found = decode_rows([[60, 60, 50, 50, 0.9, 1, 0], [250, 250, 50, 50, 0.8, 1, 0]])
    assert len(found) == 2


def test_double_of_a_suppressed_box_may_stay() -> None:
    # A suppresses B; C overlaps B but not A, and B is gone.
    boxes = np.array([[0, 0, 100, 10], [50, 0, 150, 10], [105, 0, 205, 10]], dtype=np.float32)
    scores = np.array([0.9, 0.8, 0.7], dtype=np.float32)
    assert suppress_doubles(boxes, scores, np.zeros(3, dtype=np.intp), 0.3) == [0, 2]


def test_boxes_are_cut_at_the_edges_of_the_picture() -> None:
    (found,) = decode_rows([[10, 310, 60, 60, 0.9, 1, 0]])
    assert (found.x1, found.y1, found.x2, found.y2) == (0, 280, 40, 320)


def test_box_in_the_padding_alone_is_no_sight() -> None:
    wide = fit_letterbox(320, 100, image_size=320, stride=32)
    assert wide.top > 0
    rows = np.array([[100, wide.top / 2, 20, wide.top / 2, 0.9, 1, 0]], dtype=np.float32)
    found = decode(
        rows, wide, picture_width=320, picture_height=100, class_names=NAMES, min_score=0.1
    )
    assert found == ()


def test_answer_that_is_not_a_number_is_left_out() -> None:
    assert decode_rows([[float("nan"), 50, 20, 20, 0.9, 1, 0], [50, 50, 20, 20, 0.9, 1, 0]])
    assert not decode_rows([[50, 50, float("inf"), 20, 0.9, 1, 0]])


def test_overlap_is_shared_area_by_area_of_both() -> None:
    box = np.array([0, 0, 10, 10], dtype=np.float32)
    others = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]], dtype=np.float32)
    assert overlaps(box, others) == pytest.approx([1, 1 / 3, 0])
