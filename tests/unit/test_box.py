"""How two boxes of one photo lie to each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.box import (
    Box,
    intersection_over_union,
    is_alike,
    is_apart,
    is_one_claim,
    is_within,
    share_of_smaller,
)

WHOLE = Box(0.0, 0.0, 1.0, 1.0)


LEFT = Box(0.0, 0.0, 0.5, 1.0)
NOWHERE = Box(0.3, 0.3, 0.3, 0.8)


@pytest.mark.parametrize(
    ("one", "other", "are"),
    [
        # The same box, its half and the rest, with a hair of both.
        (LEFT, LEFT, {"alike", "within", "claim"}),
        (WHOLE, Box(0.0, 0.0, 0.51, 1.0), {"alike", "within", "claim"}),
        (WHOLE, Box(0.0, 0.0, 0.49, 1.0), {"within", "claim"}),
        # One that is a quarter of the whole, a little more and a little less.
        (WHOLE, Box(0.0, 0.0, 0.5, 0.51), {"within", "claim"}),
        (WHOLE, Box(0.0, 0.0, 0.5, 0.49), {"within"}),
        # Boxes of one size that share 52 and 48 % of each: overlaps of 0.351 and 0.316.
        (LEFT, Box(0.24, 0.0, 0.74, 1.0), {"claim"}),
        (LEFT, Box(0.26, 0.0, 0.76, 1.0), set()),
        # A small one, of which 81, 79, 16 and 14 % lie in the large one.
        (LEFT, Box(0.419, 0.4, 0.519, 0.5), {"within"}),
        (LEFT, Box(0.421, 0.4, 0.521, 0.5), set()),
        (LEFT, Box(0.484, 0.4, 0.584, 0.5), set()),
        (LEFT, Box(0.486, 0.4, 0.586, 0.5), {"apart"}),
        (LEFT, Box(0.5, 0.5, 1.0, 1.0), {"apart"}),
        # What has no area is nowhere.
        (WHOLE, NOWHERE, {"apart"}),
        (NOWHERE, NOWHERE, {"apart"}),
    ],
)
def test_how_two_boxes_lie(one: Box, other: Box, are: set[str]) -> None:
    for first, second in ((one, other), (other, one)):
        found = {
            "alike": is_alike(first, second),
            "within": is_within(first, second) or is_within(second, first),
            "claim": is_one_claim(first, second),
            "apart": is_apart(first, second),
        }
        assert {name for name, holds in found.items() if holds} == are


def test_the_larger_box_is_never_within_the_smaller() -> None:
    assert is_within(LEFT, WHOLE)
    assert not is_within(WHOLE, LEFT)


share = st.floats(0, 1)
boxes = st.builds(
    lambda x1, y1, x2, y2: Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)),
    share, share, share, share,
)  # fmt: skip


@given(boxes, boxes)
def test_overlap_is_a_share_and_the_same_from_both_sides(one: Box, other: Box) -> None:
    overlap = intersection_over_union(one, other)
    assert 0 <= overlap <= 1
    assert overlap == intersection_over_union(other, one)
    assert 0 <= share_of_smaller(one, other) <= 1
    assert share_of_smaller(one, other) == share_of_smaller(other, one)


@given(boxes, boxes)
def test_boxes_that_agree_are_not_apart(one: Box, other: Box) -> None:
    if is_alike(one, other) or is_within(one, other) or is_one_claim(one, other):
        assert not is_apart(one, other)
