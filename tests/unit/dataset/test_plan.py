"""What a dataset is made of: classes, boxes, and what is left out."""

import hashlib
from collections.abc import Sequence

import pytest

from sightscan.box import Box
from sightscan.city import Sight
from sightscan.dataset.plan import DatasetPlan, plan_dataset
from sightscan.errors import DatasetError
from sightscan.warehouse.models.datasets import (
    BackgroundPhoto,
    LabelledPhoto,
    PlacedPhoto,
    SightBox,
)

BOX = Box(0.1, 0.1, 0.6, 0.7)


def sight(sight_id: int, name: str) -> Sight:
    return Sight(sight_id, "Q64", name, rank=sight_id, wikidata_id=f"Q{sight_id}00")


def photo(name: str, *boxes: SightBox) -> LabelledPhoto:
    digest = hashlib.sha256(name.encode()).digest()
    return LabelledPhoto(digest, digest, "image/jpeg", boxes)


def photos_of(sight_id: int, count: int) -> list[LabelledPhoto]:
    return [photo(f"{sight_id} {number}", SightBox(sight_id, BOX)) for number in range(count)]


def plan(
    photos: list[LabelledPhoto],
    sights: list[Sight],
    placed: dict[bytes, PlacedPhoto] | None = None,
    backgrounds: Sequence[BackgroundPhoto] = (),
) -> DatasetPlan:
    return plan_dataset(
        photos,
        sights,
        placed or {},
        min_photos_per_class=5,
        seed="Q64",
        backgrounds=backgrounds,
    )


def test_rare_sight_is_no_class_and_its_photos_are_no_negatives() -> None:
    made = plan([*photos_of(1, 8), *photos_of(2, 4)], [sight(1, "Tower"), sight(2, "Gate")])
    assert made.class_names == ("Tower",)
    assert len(made.photos) == 8
    assert made.left_out_count == 4


def test_box_of_a_rare_sight_is_left_out_of_a_photo_of_a_class() -> None:
    both = photo("both", SightBox(2, Box(0.7, 0.1, 0.9, 0.5)), SightBox(1, BOX))
    made = plan([*photos_of(1, 8), both], [sight(1, "Tower"), sight(2, "Gate")])
    (found,) = (one for one in made.photos if one.sha256 == both.sha256)
    assert [(one.class_number, one.box) for one in found.boxes] == [(0, BOX)]


def test_equal_names_are_told_apart_by_wikidata_id() -> None:
    made = plan([*photos_of(1, 8), *photos_of(2, 8)], [sight(1, "Rathaus"), sight(2, "Rathaus")])
    assert made.class_names == ("Rathaus (Q100)", "Rathaus (Q200)")


@pytest.mark.parametrize(
    ("other", "count"),
    [
        (Box(0.11, 0.1, 0.6, 0.71), 1),
        (Box(0.1, 0.1, 0.6, 0.42), 1),  # of BOX, a little more than half
        (Box(0.2, 0.2, 0.3, 0.3), 1),
        (Box(0.4, 0.1, 0.9, 0.7), 1),
        (Box(0.7, 0.1, 0.9, 0.7), 2),
    ],
    ids=["alike", "half", "a part", "overlapping", "beside"],
)
def test_one_building_seen_twice_is_one_box(other: Box, count: int) -> None:
    twice = photo("twice", SightBox(1, BOX), SightBox(1, other))
    made = plan([*photos_of(1, 8), twice], [sight(1, "Tower")])
    (found,) = (one for one in made.photos if one.sha256 == twice.sha256)
    assert len(found.boxes) == count
    assert found.boxes[0].box == BOX


def test_no_sight_with_enough_photos_says_which_is_nearest() -> None:
    with pytest.raises(DatasetError, match=r"nearest is 'Gate' with 4"):
        plan([*photos_of(1, 2), *photos_of(2, 4)], [sight(1, "Tower"), sight(2, "Gate")])


def test_nothing_labelled_says_so() -> None:
    with pytest.raises(DatasetError, match="no photo has an accepted box"):
        plan([], [sight(1, "Tower")])


def test_copies_of_one_photo_cannot_be_split() -> None:
    copies = [
        LabelledPhoto(one.sha256, b"c" * 32, one.media_type, one.boxes) for one in photos_of(1, 8)
    ]
    with pytest.raises(DatasetError, match="no photo of a sight for val and test"):
        plan(copies, [sight(1, "Tower")])


def test_side_with_photos_without_a_sight_alone_is_empty() -> None:
    copies = [
        LabelledPhoto(one.sha256, b"c" * 32, one.media_type, one.boxes) for one in photos_of(1, 8)
    ]
    digests = [hashlib.sha256(f"stranger {number}".encode()).digest() for number in range(100)]
    strangers = [BackgroundPhoto(one, one, "image/jpeg", 1, None) for one in digests]
    with pytest.raises(DatasetError, match="no photo of a sight for val and test: 8 photos of 1"):
        plan(copies, [sight(1, "Tower")], backgrounds=strangers)


def test_sight_seen_only_on_test_photos_is_no_class() -> None:
    tower, gate = photos_of(1, 8), photos_of(2, 6)
    placed = {one.sha256: PlacedPhoto("test", one.cluster_sha256, was_tried=True) for one in gate}
    made = plan([*tower, *gate], [sight(1, "Tower"), sight(2, "Gate")], placed)
    assert made.class_names == ("Tower",)
