"""Labels that core would refuse: sanitised where they can be, and held back with a reason.

A provider's answer may say anything, and one label must not cost its batch.
"""

from __future__ import annotations

import math
import struct
from dataclasses import replace
from typing import TYPE_CHECKING

from sightscan.box import Box
from sightscan.warehouse.text import clean_text

if TYPE_CHECKING:
    from sightscan.warehouse.labels.labels import LabelRow

MAX_NUMBER = 32_767
STATES = ("accepted", "held_back", "unmatched")


def sanitise_label(label: LabelRow) -> LabelRow | None:
    """Return the label as core takes it; None if nothing can be made of it.

    What was accepted and had to be changed is held back. The first thing that was wrong is its
    reason.
    """
    if not 0 <= label.annotation_number <= MAX_NUMBER:
        return None
    box = _sanitised_box(label.box)
    score = _within(label.score, 0.0, 1.0)
    is_placed = label.place is None or label.place.is_on_earth
    is_accepted = label.state == "accepted"
    faults = (
        ("unknown_state", label.state not in STATES),
        ("impossible_score", score != label.score),
        ("impossible_box", box != label.box),
        ("impossible_place", not is_placed),
        ("degenerate_box", is_accepted and _is_empty(box)),
        ("no_sight", is_accepted and label.sight_id is None),
        ("no_reason", label.state in ("held_back", "unmatched") and label.reason is None),
    )
    fault = next((reason for reason, applies in faults if applies), None)
    state = label.state
    if fault is not None and state != "unmatched":
        state = "held_back" if label.sight_id is not None else "unmatched"
    return replace(
        label,
        box=box,
        score=score,
        place=label.place if is_placed else None,
        state=state,
        reason=fault or clean_text(label.reason),
        description=clean_text(label.description),
        mid=clean_text(label.mid),
    )


def _sanitised_box(box: Box) -> Box:
    xs = sorted(_within(edge, 0.0, 1.0) for edge in (box.x1, box.x2))
    ys = sorted(_within(edge, 0.0, 1.0) for edge in (box.y1, box.y2))
    return Box(xs[0], ys[0], xs[1], ys[1])


def _is_empty(box: Box) -> bool:
    """Tell whether the box has no area once its edges are stored in 32 bits."""
    x1, y1, x2, y2 = struct.unpack("4f", struct.pack("4f", box.x1, box.y1, box.x2, box.y2))
    return bool(x1 >= x2 or y1 >= y2)


def _within(number: float, least: float, most: float) -> float:
    return least if math.isnan(number) else min(max(number, least), most)
