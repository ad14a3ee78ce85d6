"""Rivals of one answer: the order does not matter, judging twice changes nothing, one sight is boxed once."""

from dataclasses import replace
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from sightscan.box import Box, is_apart, is_one_claim
from sightscan.city import Place
from sightscan.label.rivals import hold_back_rivals
from sightscan.warehouse.labels.labels import LabelRow

# Coarse edges, so that boxes often touch, agree, or lie in each other.
tenths = st.integers(0, 10).map(lambda tenth: tenth / 10)
boxes = st.builds(
    lambda x1, y1, x2, y2: Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)),
    tenths, tenths, tenths, tenths,
).filter(lambda box: box.area > 0)  # fmt: skip
reads = st.builds(
    LabelRow,
    call_id=st.just(9),
    annotation_number=st.just(0),
    city_id=st.just("Q64"),
    sha256=st.just(b"\1" * 32),
    sight_id=st.sampled_from([1, 2]),
    description=st.sampled_from(["Tour Eiffel", "Eiffel Tower"]),
    mid=st.sampled_from([None, "/m/tower"]),
    score=st.sampled_from([0.5, 0.6, 0.7]),
    box=boxes,
    place=st.sampled_from([None, Place(48.8584, 2.2945)]),
    state=st.just("accepted"),
    reason=st.none(),
)
not_accepted = st.one_of(
    reads.map(lambda label: replace(label, state="held_back", reason="low_score")),
    reads.map(
        lambda label: replace(label, sight_id=None, state="unmatched", reason="no_such_sight")
    ),
)
answers = st.lists(st.one_of(reads, not_accepted), max_size=5)
searched = st.frozensets(st.sampled_from([1, 2]))


def numbered(labels: list[LabelRow]) -> list[LabelRow]:
    return [replace(label, annotation_number=number) for number, label in enumerate(labels)]


def outcomes(labels: list[LabelRow], query_sight_ids: frozenset[int]) -> list[str]:
    """Return what became of the labels, whatever their numbers."""
    judged = hold_back_rivals(numbered(labels), query_sight_ids)
    return sorted(repr(replace(label, annotation_number=0)) for label in judged)


@given(
    answers.flatmap(lambda labels: st.tuples(st.just(labels), st.permutations(labels))), searched
)
def test_order_of_the_answer_does_not_matter(
    orders: tuple[list[LabelRow], list[LabelRow]], query_sight_ids: frozenset[int]
) -> None:
    one, other = orders
    assert outcomes(one, query_sight_ids) == outcomes(other, query_sight_ids)


@given(answers, searched)
def test_judging_twice_changes_nothing(
    labels: list[LabelRow], query_sight_ids: frozenset[int]
) -> None:
    once = hold_back_rivals(numbered(labels), query_sight_ids)
    assert hold_back_rivals(once, query_sight_ids) == once


@given(answers, searched)
def test_only_accepted_labels_change_and_only_to_held_back(
    labels: list[LabelRow], query_sight_ids: frozenset[int]
) -> None:
    before = numbered(labels)
    for label, judged in zip(before, hold_back_rivals(before, query_sight_ids), strict=True):
        assert judged == label or (
            label.state == "accepted"
            and replace(judged, state="accepted", reason=None) == label
            and judged.state == "held_back"
        )


@given(answers, searched)
def test_one_sight_is_boxed_once_unless_apart_and_one_box_has_one_sight(
    labels: list[LabelRow], query_sight_ids: frozenset[int]
) -> None:
    judged = hold_back_rivals(numbered(labels), query_sight_ids)
    accepted = [label for label in judged if label.state == "accepted"]
    for one, other in combinations(accepted, 2):
        if one.sight_id == other.sight_id:
            assert is_apart(one.box, other.box)
        else:
            assert not is_one_claim(one.box, other.box)


@given(reads, searched)
def test_order_does_not_matter_between_labels_that_differ_in_one_thing(
    label: LabelRow, query_sight_ids: frozenset[int]
) -> None:
    for changed in (
        {"place": None},
        {"mid": None},
        {"description": "Eiffelturm"},
        {"score": 0.4},
        {"box": Box(0.0, 0.0, 1.0, 1.0)},
    ):
        both = [label, replace(label, **changed)]
        assert outcomes(both, query_sight_ids) == outcomes(both[::-1], query_sight_ids)


@given(reads)
def test_what_is_said_twice_in_the_same_words_is_accepted_once(label: LabelRow) -> None:
    judged = hold_back_rivals(numbered([label, label]), frozenset())
    assert [each.reason for each in judged] == [None, "same_sight_twice"]
