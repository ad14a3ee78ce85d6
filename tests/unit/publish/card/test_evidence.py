"""Which boxes are right, what wrong ones lie on, and that it is what COCO's own reading says."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.box import Box
from sightscan.publish.card.evidence import (
    bin_confidences,
    calibration_error,
    count_confusions,
    match_photo,
    rank_photos,
)
from sightscan.publish.coco import IGNORED
from sightscan.publish.detector import Detections
from sightscan.publish.shown import collect_shown
from sightscan.warehouse.models.cards import JudgedPhotoRow

TOWER, BRIDGE = 0, 1
LEFT, RIGHT, FAR = [0.0, 0.0, 0.4, 0.8], [0.5, 0.0, 0.9, 0.8], [0.0, 0.9, 0.1, 1.0]
NAMES = ("tower", "bridge", "gate")


def photo(
    truths: Sequence[Sequence[float]] = (),
    shown: Sequence[Sequence[float]] = (),
    ignored: Sequence[Sequence[float]] = (),
    name: str = "photo",
    *,
    is_here: bool = True,
) -> JudgedPhotoRow:
    return JudgedPhotoRow(
        sha256=hashlib.sha256(name.encode()).digest(),
        shown=[list(one) for one in shown],
        truths=[list(one) for one in truths],
        ignored=[list(one) for one in ignored],
        is_here=is_here,
        licence=None,
        author=None,
        page_url=None,
    )


def test_each_box_that_is_there_counts_once() -> None:
    read = match_photo(
        photo(
            truths=[[TOWER, *LEFT], [BRIDGE, *RIGHT]],
            shown=[
                [TOWER, 0.9, *LEFT],
                [TOWER, 0.8, *LEFT],
                [TOWER, 0.7, *RIGHT],
                [BRIDGE, 0.6, *FAR],
            ],
        ),
        (),
    )
    assert [(one.is_right, one.lies_on) for one in read.shown] == [
        (True, TOWER),
        (False, -1),
        (False, BRIDGE),
        (False, -1),
    ]
    assert read.missed == ()
    assert read.mark == pytest.approx(1 / 5)
    assert count_confusions([read], 2) == [[1, 0, 0], [1, 0, 0], [1, 1, 0]]


def test_what_got_no_name_is_in_the_last_column() -> None:
    read = match_photo(photo(truths=[[TOWER, *LEFT], [BRIDGE, *RIGHT]]), ())
    assert count_confusions([read], 2) == [[0, 0, 1], [0, 0, 1], [0, 0, 0]]


def test_hidden_sights_are_not_shown_and_ignored_regions_do_not_count() -> None:
    shown = [[TOWER, 0.9, *LEFT], [BRIDGE, 0.8, *RIGHT]]
    read = match_photo(photo(shown=shown, ignored=[[0.4, 0.0, 1.0, 1.0]]), {TOWER})
    assert read.shown == ()
    assert read.mark == 1


def test_names_of_one_confidence_are_counted_together() -> None:
    read = match_photo(
        photo(
            truths=[[TOWER, *LEFT]],
            shown=[[TOWER, 1.0, *LEFT], [BRIDGE, 0.95, *RIGHT], [BRIDGE, 0.31, *FAR]],
        ),
        (),
    )
    bins = {one.least: one for one in bin_confidences([read]) if one.count}
    assert {least: one.count for least, one in bins.items()} == {0.3: 1, 0.9: 2}
    assert bins[0.9].mean_confidence == pytest.approx(0.975)
    assert bins[0.9].right_share == 0.5
    assert calibration_error(bin_confidences([])) is None


def test_best_and_worst_photos_are_told_apart() -> None:
    right, wrong = [TOWER, 0.9, *LEFT], [BRIDGE, 0.8, *RIGHT]
    rows = {
        "all right": photo([[TOWER, *LEFT]], [right], name="all right"),
        "one wrong": photo([[TOWER, *LEFT]], [right, wrong], name="one wrong"),
        "missed": photo([[TOWER, *LEFT]], name="missed"),
        "false name": photo((), [wrong], name="false name"),
        "nothing": photo(name="nothing"),
        "taken down": photo((), [wrong], name="taken down", is_here=False),
    }
    names = {row.sha256: name for name, row in rows.items()}
    best, worst = rank_photos([match_photo(row, ()) for row in rows.values()], 2)
    assert [names[one.row.sha256] for one in worst] == ["false name", "missed"]
    assert [names[one.row.sha256] for one in best] == ["all right", "one wrong"]


# No two of these boxes share a half to within 0.0002, of both or of one: there rounding decides.
EDGES = (0.0, 0.1088, 0.2336, 0.4024, 0.5376, 0.6076, 0.8295, 0.9778)
spans = st.sampled_from([(least, most) for least in EDGES for most in EDGES if least < most])
boxes = st.builds(lambda across, down: (across[0], down[0], across[1], down[1]), spans, spans)
classes = st.integers(0, len(NAMES) - 1)
# Each confidence once, so that the order is the same for both.
confidences = st.lists(st.integers(1, 999), max_size=6, unique=True)


@st.composite
def rows(draw: st.DrawFn) -> JudgedPhotoRow:
    said = sorted(draw(confidences), reverse=True)
    return photo(
        truths=[[draw(classes), *draw(boxes)] for _ in range(draw(st.integers(0, 3)))],
        shown=[[draw(classes), one / 1000, *draw(boxes)] for one in said],
        ignored=[[*draw(boxes)] for _ in range(draw(st.integers(0, 1)))],
        name=str(said),
    )


@given(st.lists(rows(), min_size=1, max_size=4))
def test_reading_is_that_of_coco(photos: list[JudgedPhotoRow]) -> None:
    found = [
        Detections(
            np.array([one[2:] for one in row.shown], dtype=np.float32).reshape(-1, 4),
            np.array([one[1] for one in row.shown], dtype=np.float32),
            np.array([one[0] for one in row.shown], dtype=np.intp),
        )
        for row in photos
    ]
    truths = [
        [
            *((NAMES[int(number)], Box(*place)) for number, *place in row.truths),
            *((IGNORED, Box(*place)) for place in row.ignored),
        ]
        for row in photos
    ]
    coco = collect_shown(found, truths, NAMES)
    read = [match_photo(row, ()) for row in photos]
    ours = sorted(
        (number, NAMES[one.class_number], one.is_right)
        for number, one_photo in enumerate(read)
        for one in one_photo.shown
    )
    theirs = sorted(
        (int(number), coco.names[kind], bool(right))
        for number, kind, right in zip(coco.photos, coco.classes, coco.right, strict=True)
    )
    assert ours == theirs
    assert calibration_error(bin_confidences(read)) == (
        None if coco.calibration_error is None else pytest.approx(coco.calibration_error, abs=1e-6)
    )
    there = count_confusions(read, len(NAMES))
    assert [sum(row) for row in there[:-1]] == [
        sum(number == kind for row in photos for kind, *_ in row.truths)
        for number in range(len(NAMES))
    ]
