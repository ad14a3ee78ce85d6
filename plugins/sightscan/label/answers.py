"""Read an answer of Google Vision as labels: accepted, held back with a reason, or unmatched.

Pure: the same answer, sights and settings give the same labels, so that what was paid for can be
read anew without paying. Nothing is dropped: every landmark becomes a row.
"""

from dataclasses import replace

from sightscan.box import Box
from sightscan.label.landmarks import Landmark, landmarks_of
from sightscan.label.matching import Match, SightIndex
from sightscan.label.rivals import hold_back_rivals
from sightscan.warehouse.labels.labels import LabelRow, StoredAnswer

# A box with a side shorter than 1 % of the photo's shows nothing that a detector could learn.
MIN_SIDE = 0.01
# A landmark that the provider itself places so far from the sight it names is another one, or a
# guess: large parks and palaces stay within it.
DISAGREE_METERS = 1_000


def read_labels(
    answer: StoredAnswer, index: SightIndex, *, min_score: float
) -> tuple[LabelRow, ...]:
    """Return one label for each landmark of the answer, in its order."""
    labels = [
        _read(landmark, answer, index, min_score=min_score)
        for landmark in landmarks_of(answer.answer)
    ]
    return hold_back_rivals(labels, answer.query_sight_ids)


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


def _is_degenerate(box: Box) -> bool:
    return box.x2 - box.x1 < MIN_SIDE or box.y2 - box.y1 < MIN_SIDE
