"""Photos without sights: how many, from where, and on which side."""

import hashlib
from collections import Counter
from itertools import chain

import pytest

from sightscan.dataset.backgrounds import background_targets, split_backgrounds
from sightscan.dataset_folder import Split
from sightscan.warehouse.models.datasets import BackgroundPhoto, PlacedPhoto

COUNTS: dict[Split, int] = {"train": 320, "val": 40, "test": 60}
SEED = "Q64"


def photos_of(
    subject: str | None, count: int, *, source: int = 1, links: frozenset[bytes] = frozenset()
) -> list[BackgroundPhoto]:
    return [
        BackgroundPhoto(digest, digest, "image/jpeg", source, subject, links)
        for digest in (_hash(f"{source} {subject} {number}") for number in range(count))
    ]


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


@pytest.mark.parametrize(
    ("available", "expected"),
    [
        (0, {"train": 0, "val": 0, "test": 0}),
        (20, {"train": 10, "val": 6, "test": 4}),
        # A tenth of training, a third for thresholds, all others judge.
        (100, {"train": 36, "val": 33, "test": 31}),
        (250, {"train": 36, "val": 50, "test": 164}),
        (300, {"train": 50, "val": 50, "test": 200}),
        (1000, {"train": 80, "val": 50, "test": 200}),
    ],
)
def test_a_fifth_of_training_and_200_that_judge(available: int, expected: dict[Split, int]) -> None:
    assert background_targets(COUNTS, available) == expected


def test_no_subject_is_learnt_and_judged_where_there_are_enough() -> None:
    subjects = {f"sight {number}": photos_of(f"sight {number}", 10) for number in range(60)}
    splits = split_backgrounds([*chain(*subjects.values())], {}, COUNTS, SEED)
    assert Counter(splits.values()) == {"test": 200, "train": 80, "val": 50}
    divided = [
        subject
        for subject, photos in subjects.items()
        if len({splits[one.sha256] for one in photos if one.sha256 in splits}) > 1
    ]
    assert not divided


def test_first_sources_come_first() -> None:
    photos = [
        *photos_of("far", 250),
        *photos_of(None, 300, source=2),
        *photos_of("x", 90, source=4),
    ]
    splits = split_backgrounds(photos, {}, COUNTS, SEED)
    sources = Counter(one.source for one in photos if one.sha256 in splits)
    assert sources == {1: 250, 2: 80}


def test_burst_stays_together_and_never_exceeds_the_share() -> None:
    burst = photos_of(None, 150, links=frozenset({_hash("burst")}))
    splits = split_backgrounds([*burst, *photos_of(None, 200, source=2)], {}, COUNTS, SEED)
    assert len({splits.get(one.sha256) for one in burst}) == 1
    assert Counter(splits.values())["train"] <= 137


def test_placed_ones_keep_their_side_and_leave_training_when_linked_to_test() -> None:
    free, (judging, learning) = photos_of("far", 20), photos_of("near", 2)
    joined = {
        one.sha256: PlacedPhoto(side, _hash("joined"), was_tried=True)
        for one, side in ((judging, "test"), (learning, "train"))
    }
    placed: dict[bytes, PlacedPhoto] = {
        **joined,
        free[0].sha256: PlacedPhoto("val", free[0].cluster_sha256, was_tried=True),
    }
    photos = [
        BackgroundPhoto(one.sha256, _hash("joined"), one.media_type, 1, one.subject)
        for one in (judging, learning)
    ]
    splits = split_backgrounds([*photos, *free], placed, COUNTS, SEED)
    assert (splits[judging.sha256], splits[free[0].sha256]) == ("test", "val")
    assert learning.sha256 not in splits


def test_background_of_the_burst_of_a_test_photo_does_not_train() -> None:
    (rejected,) = photos_of(None, 1, source=3, links=frozenset({_hash("burst")}))
    judging = PlacedPhoto(
        "test", _hash("tower"), was_tried=False, links=frozenset({_hash("burst")})
    )
    splits = split_backgrounds(
        [rejected, *photos_of("far", 1000)], {_hash("tower photo"): judging}, COUNTS, SEED
    )
    assert splits.get(rejected.sha256, "test") == "test"
