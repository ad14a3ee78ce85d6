"""Read an answer of Google Vision as labels: accepted, held back with a reason, or unmatched.

Pure: the same answer, sights and settings give the same labels, so that what was paid for can be
read anew without paying. Nothing is dropped: every landmark becomes a row.
"""

from collections.abc import Sequence
from dataclasses import replace

from sightscan.box import Box, intersection_over_union, is_same_spot
from sightscan.label.landmarks import Landmark, landmarks_of
from sightscan.label.matching import Match, SightIndex
from sightscan.warehouse.labels.labels import LabelRow, StoredAnswer

# A box with a side shorter than 1 % of the photo's shows nothing that a detector could learn.
MIN_SIDE = 0.01
# A landmark that the provider itself places so far from the sight it names is another one, or a
# guess: large parks and palaces stay within it.
DISAGREE_METERS = 1_000
# Boxes of two sights that are that much alike are one box. A dome and its church, a gate and its
# square share less; boxes of one sight need to share less to be a repetition (`is_same_spot`).
TWO_SIGHTS_IOU = 0.7


def read_labels(
    answer: StoredAnswer, index: SightIndex, *, min_score: float
) -> tuple[LabelRow, ...]:
    """Return one label for each landmark of the answer, in its order."""
    labels = [
        _read(landmark, answer, index, min_score=min_score)
        for landmark in landmarks_of(answer.answer)
    ]
    return _hold_back_shared_boxes(_hold_back_repetitions(labels), answer.query_sight_ids)


def _read(
    landmark: Landmark, answer: StoredAnswer, index: SightIndex, *, min_score: float
) -> LabelRow:
    match = index.match(landmark)
    sight = match.sight
    near = sight.place if sight is not None and sight.place is not None else index.city.place
    label = LabelRow(
        call_id=answer.call_id,
        annotation_number=landmark.number,
        city_id=index.city.city_id,
        sha256=answer.sha256,
        sight_id=None if sight is None else sight.sight_id,
        description=landmark.description,
        mid=landmark.mid,
        score=landmark.score,
        box=landmark.box,
        place=landmark.place_nearest_to(near),
        state="unmatched",
        reason=match.reason,
    )
    if sight is None:
        return label
    reason = _reason_to_hold_back(
        landmark, match, answer.query_sight_ids, index, min_score=min_score
    )
    return replace(label, state="accepted" if reason is None else "held_back", reason=reason)


def _reason_to_hold_back(
    landmark: Landmark,
    match: Match,
    query_sight_ids: frozenset[int],
    index: SightIndex,
    *,
    min_score: float,
) -> str | None:
    sight = match.sight
    if sight is None:
        return match.reason
    is_searched = sight.sight_id in query_sight_ids
    distance = None if sight.place is None else landmark.distance_meters(sight.place)
    is_elsewhere = distance is not None and distance > DISAGREE_METERS
    checks = (
        ("degenerate_box", _is_degenerate(landmark.box)),
        ("outside_city", index.is_outside(landmark)),
        ("contradicts_search", is_elsewhere and not is_searched),
        # Two churches of one name: only the id would outweigh the place.
        ("contradicts_place", is_elsewhere and match.how == "name"),
        # A name alone, of a landmark that is nowhere, needs the search term's word for it.
        ("no_place", match.how == "name" and not landmark.places and not is_searched),
        ("low_score", landmark.score < min_score),
    )
    return next((reason for reason, applies in checks if applies), None)


def _hold_back_repetitions(labels: Sequence[LabelRow]) -> tuple[LabelRow, ...]:
    """Keep the best-scored box where one sight was boxed twice at the same spot."""
    kept: list[LabelRow] = []
    repeated: set[int] = set()
    accepted = (label for label in labels if label.state == "accepted")
    for label in sorted(accepted, key=lambda each: (-each.score, each.annotation_number)):
        if any(
            other.sight_id == label.sight_id and is_same_spot(other.box, label.box)
            for other in kept
        ):
            repeated.add(label.annotation_number)
        else:
            kept.append(label)
    return tuple(
        replace(label, state="held_back", reason="same_sight_twice")
        if label.annotation_number in repeated
        else label
        for label in labels
    )


def _hold_back_shared_boxes(
    labels: Sequence[LabelRow], query_sight_ids: frozenset[int]
) -> tuple[LabelRow, ...]:
    """Keep one sight where several claim one box: the only one that was searched for, or none.

    "Eiffel Tower" and "Trocadéro Gardens" around the same pixels: a detector would learn that the
    tower is a garden. Scores do not tell which it is: the provider's are per sight. A claim counts
    also if it is of no sight of ours, or itself held back.
    """
    doubtful = {
        label.annotation_number
        for label in labels
        for other in labels
        if label.state == "accepted"
        and other.sight_id != label.sight_id
        and intersection_over_union(label.box, other.box) > TWO_SIGHTS_IOU
        and not (label.sight_id in query_sight_ids and other.sight_id not in query_sight_ids)
    }
    return tuple(
        replace(label, state="held_back", reason="two_sights_in_one_box")
        if label.annotation_number in doubtful
        else label
        for label in labels
    )


def _is_degenerate(box: Box) -> bool:
    return box.x2 - box.x1 < MIN_SIDE or box.y2 - box.y1 < MIN_SIDE
