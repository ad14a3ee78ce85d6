"""When two boxes of one sight are one building that was boxed twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.box import Box, intersection_over_union, is_same_spot

WHOLE = Box(0.0, 0.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (WHOLE, Box(0.0, 0.0, 0.51, 1.0), True),
        (Box(0.0, 0.0, 0.6, 1.0), Box(0.202, 0.0, 0.802, 1.0), False),  # overlap 0.496
        (Box(0.0, 0.0, 0.6, 1.0), Box(0.198, 0.0, 0.798, 1.0), True),  # overlap 0.504
        # A small one, of which 79 and 81 % lie in the large one.
        (Box(0.0, 0.0, 0.5, 1.0), Box(0.421, 0.4, 0.521, 0.5), False),
        (Box(0.0, 0.0, 0.5, 1.0), Box(0.419, 0.4, 0.519, 0.5), True),
        (Box(0.0, 0.0, 0.5, 0.5), Box(0.5, 0.5, 1.0, 1.0), False),
        # What has no area is nowhere.
        (WHOLE, Box(0.3, 0.3, 0.3, 0.8), False),
    ],
)
def test_same_spot(one: Box, other: Box, *, same: bool) -> None:
    assert (is_same_spot(one, other), is_same_spot(other, one)) == (same, same)


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
