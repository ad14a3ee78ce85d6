"""Labels of one answer that cannot all be true: one sight boxed twice, two sights in one box.

Each rule looks at two labels at a time, and at nothing but what they say: the order of the answer
does not matter, and nothing is accepted that was not before, so that judging twice changes nothing.
"""

from collections.abc import Sequence
from dataclasses import replace

from sightscan.box import is_alike, is_apart, is_one_claim, is_within
from sightscan.warehouse.labels.labels import LabelRow


def hold_back_rivals(
    labels: Sequence[LabelRow], query_sight_ids: frozenset[int]
) -> tuple[LabelRow, ...]:
    """Return the labels of one answer, in their order, with those held back that others dispute."""

    def is_claimed(label: LabelRow, other: LabelRow) -> bool:
        is_only_one_searched = (
            label.sight_id in query_sight_ids and other.sight_id not in query_sight_ids
        )
        return _is_claimed_by(label, other) and not is_only_one_searched

    # The first that applies.
    rules = (
        ("boxes_disagree", _is_doubtful),
        ("same_sight_twice", _gives_way),
        ("two_sights_in_one_box", is_claimed),
    )

    def reason_against(label: LabelRow) -> str | None:
        others = [other for other in labels if other is not label]
        return next(
            (reason for reason, rule in rules if any(rule(label, other) for other in others)), None
        )

    return tuple(
        replace(label, state="held_back", reason=reason)
        if label.state == "accepted" and (reason := reason_against(label))
        else label
        for label in labels
    )


def _are_of_one_sight(label: LabelRow, other: LabelRow) -> bool:
    return label.state == other.state == "accepted" and label.sight_id == other.sight_id


def _is_doubtful(label: LabelRow, other: LabelRow) -> bool:
    """Tell whether two answers of equal standing disagree on where one sight is.

    A part that is boxed within the whole is no doubt, unless the part is the surer of the two.
    """
    surer, less_sure = sorted((label, other), key=_rank, reverse=True)
    return (
        _are_of_one_sight(label, other)
        and _is_identified(label) == _is_identified(other)
        and not is_apart(label.box, other.box)
        and not is_alike(label.box, other.box)
        and not is_within(less_sure.box, surer.box)
    )


def _gives_way(label: LabelRow, other: LabelRow) -> bool:
    """Tell whether the other one is of the same sight, and the surer.

    What is apart is another part of the sight, if more than a name says that it is the sight.
    """
    is_name_only = _is_identified(other) and not _is_identified(label)
    return (
        _are_of_one_sight(label, other)
        and _rank(label) < _rank(other)
        and (is_name_only or not is_apart(label.box, other.box))
    )


def _is_claimed_by(label: LabelRow, other: LabelRow) -> bool:
    """Tell whether the other one is another sight, of ours or not, in about the same box.

    "Eiffel Tower" and "Trocadéro Gardens" around the same pixels: a detector would learn that the
    tower is a garden. Scores do not tell which it is: the provider's are per sight. A claim counts
    also if it is itself held back.
    """
    return other.sight_id != label.sight_id and is_one_claim(label.box, other.box)


def _is_identified(label: LabelRow) -> bool:
    """Tell whether the provider said more than a name: which entity it is, or where."""
    return label.mid is not None or label.place is not None


def _rank(label: LabelRow) -> tuple[object, ...]:
    """Return what the surer of two labels of one sight has more of; no two are equal.

    What follows the score only keeps the order of the answer out of it.
    """
    box = label.box
    place = (label.place.latitude, label.place.longitude) if label.place else ()
    says = (box.area, box.x1, box.y1, box.x2, box.y2, label.description, label.mid or "", place)
    return (_is_identified(label), label.score, *says, -label.annotation_number)
