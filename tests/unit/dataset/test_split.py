"""Splitting photos: what must hold for any photos, clusters and earlier datasets."""

import hashlib
import random
from collections import Counter, defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.dataset.split import SplitPhoto, split_photos
from sightscan.dataset_folder import Split
from sightscan.warehouse.models.datasets import PlacedPhoto

SEED = "Q64"


def photo(number: int, cluster: int, *sights: int) -> SplitPhoto:
    return SplitPhoto(_hash(f"photo {number}"), _hash(f"cluster {cluster}"), frozenset(sights))


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _placed(splits: dict[bytes, Split], photos: list[SplitPhoto]) -> dict[bytes, PlacedPhoto]:
    clusters = {one.sha256: one.cluster_sha256 for one in photos}
    return {
        sha256: PlacedPhoto(split, clusters[sha256], was_tried=True)
        for sha256, split in splits.items()
    }


# Photos of up to 4 sights in up to 30 clusters; one photo may show two sights.
many_photos = st.lists(
    st.tuples(st.integers(0, 30), st.sets(st.integers(1, 4), min_size=1, max_size=2)),
    min_size=1,
    max_size=80,
).map(
    lambda rows: [photo(number, cluster, *sights) for number, (cluster, sights) in enumerate(rows)]
)


@given(many_photos)
def test_cluster_is_never_divided(photos: list[SplitPhoto]) -> None:
    splits = split_photos(photos, {}, SEED)
    sides = defaultdict(set)
    for one in photos:
        sides[one.cluster_sha256].add(splits[one.sha256])
    assert all(len(found) == 1 for found in sides.values())


@given(many_photos, st.randoms(use_true_random=False))
def test_order_of_photos_does_not_matter(photos: list[SplitPhoto], dice: random.Random) -> None:
    shuffled = photos.copy()
    dice.shuffle(shuffled)
    assert split_photos(shuffled, {}, SEED) == split_photos(photos, {}, SEED)


@given(many_photos, st.integers(0, 80))
def test_earlier_splits_never_change(photos: list[SplitPhoto], known_count: int) -> None:
    known = photos[:known_count]
    earlier = split_photos(known, {}, SEED)
    later = split_photos(photos, _placed(earlier, known), SEED)
    assert {sha256: later[sha256] for sha256 in earlier} == earlier


@given(many_photos, st.integers(0, 80))
def test_new_copy_goes_to_the_side_of_its_cluster(
    photos: list[SplitPhoto], known_count: int
) -> None:
    known = photos[:known_count]
    earlier = split_photos(known, {}, SEED)
    sides = {one.cluster_sha256: earlier[one.sha256] for one in known}
    later = split_photos(photos, _placed(earlier, known), SEED)
    for one in photos:
        if one.cluster_sha256 in sides:
            assert later[one.sha256] == sides[one.cluster_sha256]


@given(many_photos)
def test_every_sight_can_train(photos: list[SplitPhoto]) -> None:
    splits = split_photos(photos, {}, SEED)
    trained = {s for one in photos if splits[one.sha256] == "train" for s in one.sight_ids}
    assert trained == {s for one in photos for s in one.sight_ids}


@given(st.lists(st.integers(3, 200), min_size=1, max_size=6))
def test_photos_without_copies_reach_the_shares(counts: list[int]) -> None:
    photos = [
        photo(1000 * sight + number, 1000 * sight + number, sight)
        for sight, count in enumerate(counts, start=1)
        for number in range(count)
    ]
    splits = split_photos(photos, {}, SEED)
    for sight, count in enumerate(counts, start=1):
        found = Counter(splits[one.sha256] for one in photos if sight in one.sight_ids)
        # Three photos are one each; from four on, training has at least half.
        assert found["train"] >= (count / 2 if count > 3 else 1)
        assert found["val"] >= 1
        assert found["test"] >= (10 if count >= 60 else max(1, 0.14 * count))
        assert found["test"] <= max(10, 0.15 * count + 1)


def test_25_photos_of_a_sight_make_4_test_3_val_18_train() -> None:
    photos = [photo(number, number, 1) for number in range(25)]
    assert Counter(split_photos(photos, {}, SEED).values()) == {"test": 4, "val": 3, "train": 18}


@pytest.mark.parametrize(("count", "test_count"), [(59, 9), (60, 10), (66, 10), (67, 11)])
def test_sight_of_60_photos_has_at_least_10_in_test(count: int, test_count: int) -> None:
    splits = split_photos([photo(number, number, 1) for number in range(count)], {}, SEED)
    assert Counter(splits.values())["test"] == test_count


@pytest.mark.parametrize(("in_test", "in_val", "in_train"), [(3, 2, 5), (4, 1, 5), (5, 1, 4)])
def test_val_leaves_training_half_of_a_sight_but_has_one(
    in_test: int, in_val: int, in_train: int
) -> None:
    photos = [photo(number, number, 1) for number in range(10)]
    placed: dict[bytes, Split] = {one.sha256: "test" for one in photos[:in_test]}
    splits = split_photos(photos, _placed(placed, photos), SEED)
    assert Counter(splits.values()) == {"test": in_test, "val": in_val, "train": in_train}


def test_new_photo_that_links_test_and_train_is_left_out() -> None:
    known = {
        photo(1, 1, 1).sha256: PlacedPhoto("test", _hash("cluster 1"), was_tried=True),
        photo(2, 1, 1).sha256: PlacedPhoto("train", _hash("cluster 1"), was_tried=True),
    }
    photos = [photo(1, 1, 1), photo(2, 1, 1), photo(3, 1, 1), photo(4, 4, 1)]
    splits = split_photos(photos, known, SEED)
    assert photos[2].sha256 not in splits
    assert splits[photos[0].sha256] == "test"


@pytest.mark.parametrize(
    ("sides", "staying"),
    [
        (("test", "train"), "test"),
        (("test", "val"), "test"),
        (("val", "train"), "val"),
        (("train", "test", "val"), "test"),
    ],
)
@pytest.mark.parametrize("is_burst", [False, True], ids=["copies", "a burst"])
def test_what_proves_to_be_linked_leaves_training_never_test(
    sides: tuple[Split, ...], staying: Split, *, is_burst: bool
) -> None:
    photos = [
        SplitPhoto(
            _hash(f"photo {number}"),
            _hash(f"cluster {number if is_burst else 'joined'}"),
            frozenset({1}),
            frozenset({_hash("burst")} if is_burst else ()),
        )
        for number in range(len(sides))
    ]
    known = {
        one.sha256: PlacedPhoto(side, one.cluster_sha256, was_tried=True, links=one.links)
        for one, side in zip(photos, sides, strict=True)
    }
    others = [photo(number, number, 1) for number in range(10, 30)]
    splits = split_photos([*photos, *others], known, SEED)
    assert [splits[one.sha256] for one in photos if one.sha256 in splits] == [staying]


def test_burst_of_one_author_is_on_one_side_also_through_copies() -> None:
    burst = [
        SplitPhoto(
            _hash(f"photo {number}"),
            _hash(f"cluster {number // 2}"),
            frozenset({1}),
            # Every second one has lost its date: only its copy is bound to the others.
            frozenset({_hash("burst")} if number % 2 else ()),
        )
        for number in range(10)
    ]
    others = [photo(number, number, 1) for number in range(10, 60)]
    splits = split_photos([*others, *burst], {}, SEED)
    assert len({splits[one.sha256] for one in burst}) == 1


def test_what_people_decided_judges_first() -> None:
    photos = [replace(photo(number, number, 1), is_reviewed=number < 6) for number in range(60)]
    splits = split_photos(photos, {}, SEED)
    assert Counter(splits[one.sha256] for one in photos[:6]) == {"test": 6}
    assert Counter(splits.values())["test"] == 10


def test_copy_of_a_test_photo_that_is_labelled_no_more_still_does_not_train() -> None:
    gone = photo(1, 1, 1)
    known = {gone.sha256: PlacedPhoto("test", gone.cluster_sha256, was_tried=True)}
    photos = [photo(2, 1, 1), *(photo(number, number, 1) for number in range(3, 20))]
    assert split_photos(photos, known, SEED)[photos[0].sha256] == "test"


def test_another_city_draws_other_lots() -> None:
    photos = [photo(number, number, 1) for number in range(60)]
    assert split_photos(photos, {}, "Q64") != split_photos(photos, {}, "Q1754")
