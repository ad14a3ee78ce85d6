"""An answer that was paid for is read, whatever it lacks: each annotation becomes a landmark."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.box import Box
from sightscan.city import Place
from sightscan.label.landmarks import Landmark, answer_of, landmarks_of

GOOD: dict[str, Any] = {
    "mid": "/m/gate",
    "description": "Gate",
    "score": 0.8,
    "bounding_poly": {"vertices": [{"x": 10}, {"x": 90, "y": 50}]},
    "locations": [{"lat_lng": {"latitude": 52.5, "longitude": 13.4}}],
}
BOX, NONE = Box(0.1, 0.0, 0.9, 0.5), Box(0.0, 0.0, 0.0, 0.0)
READ = Landmark(0, "Gate", "/m/gate", 0.8, BOX, (Place(52.5, 13.4),))

# What is odd about an annotation, and what is read of it: the fields that differ from the good one.
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "null score": ({"score": None}, {"score": 0.0}),
    "score as a text": ({"score": "0.8"}, {}),
    "score that is no number, as protobuf writes it": ({"score": "NaN"}, {"score": 0.0}),
    "endless score": ({"score": "Infinity"}, {"score": 0.0}),
    "null description": ({"description": None}, {"description": ""}),
    "description with markup": ({"description": "Ga\0te\u202e"}, {}),
    "null mid": ({"mid": None}, {"mid": None}),
    "mid of another kind": ({"mid": 7}, {"mid": None}),
    "null box": ({"bounding_poly": None}, {"box": NONE}),
    "null vertices": ({"bounding_poly": {"vertices": None}}, {"box": NONE}),
    "vertices of another kind": ({"bounding_poly": {"vertices": "x"}}, {"box": NONE}),
    "null vertex": ({"bounding_poly": {"vertices": [None, {"x": 90, "y": 50}]}}, {"box": Box(0.0, 0.0, 0.9, 0.5)}),
    "vertex that is no number": ({"bounding_poly": {"vertices": [{"x": "NaN"}, {"x": 90, "y": 50}]}}, {"box": NONE}),
    "null locations": ({"locations": None}, {"places": ()}),
    "null place": ({"locations": [None, {"lat_lng": None}, {}]}, {"places": ()}),
    "latitude that is no number": ({"locations": [{"lat_lng": {"latitude": "NaN", "longitude": 1}}]}, {"places": ()}),
    "place beyond the pole": ({"locations": [{"lat_lng": {"latitude": 91, "longitude": 1}}]}, {"places": ()}),
}  # fmt: skip


def landmarks(annotations: object) -> tuple[Landmark, ...]:
    return landmarks_of(answer_of(100, 100, {"landmark_annotations": annotations}))


@pytest.mark.parametrize("case", CASES)
def test_annotation_is_read_as_far_as_it_goes(case: str) -> None:
    changes, differences = CASES[case]
    odd, good = landmarks([GOOD | changes, GOOD])
    for name in ("description", "mid", "score", "box", "places"):
        assert getattr(odd, name) == differences.get(name, getattr(READ, name)), name
    assert (odd.number, good.number) == (0, 1)
    assert good.box == BOX


@pytest.mark.parametrize("odd", [None, 7, "text", [], {}])
def test_what_is_no_annotation_keeps_its_number(odd: Any) -> None:
    first, second = landmarks([odd, GOOD])
    assert first == Landmark(0, "", None, 0.0, NONE, ())
    assert (second.number, second.mid) == (1, "/m/gate")


@pytest.mark.parametrize("annotations", [None, 7, "text", {}])
def test_what_is_no_list_of_annotations_is_none(annotations: object) -> None:
    assert landmarks(annotations) == ()


NAMES = st.sampled_from([
    *("description", "mid", "score", "bounding_poly", "vertices", "x", "y", "locations"),
    *("lat_lng", "latitude", "longitude"),
])  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(ANYTHING, max_size=4))
def test_no_answer_is_lost(annotations: list[Any]) -> None:
    assert [each.number for each in landmarks(annotations)] == [*range(len(annotations))]
