"""Which photo trains, which chooses the epoch, which judges: decided once, for ever.

- A near-duplicate cluster is never divided: its copies would let a model recite the test.
- A photo that was in a dataset of the city keeps its split. A new photo of a known cluster goes to
  the cluster's side; a new photo that links two sides (copies of it are in both) is left out.
- Of what is new, each sight gives about 15 % to test and 12 % to val, rounded up, at least one
  photo each; a sight with 60 photos or more has at least 10 in test. With 25 photos that makes
  4 test, 3 val, 18 train. Training keeps at least half of each sight's photos as long as the sizes
  of the clusters allow it, and always one cluster: a class that cannot be learnt cannot be judged.
- Which clusters these are follows from a hash of cluster and seed, never from the order of rows.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from sightscan.dataset_folder import Split
from sightscan.warehouse.models.datasets import PlacedPhoto

TEST_SHARE = 0.15
VAL_SHARE = 0.12
MIN_TEST_PHOTOS = 10
PHOTOS_FOR_MIN_TEST = 60
MIN_TRAIN_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class SplitPhoto:
    """What a split depends on."""

    sha256: bytes
    cluster_sha256: bytes
    sight_ids: frozenset[int]


def split_photos(
    photos: Iterable[SplitPhoto], placed: Mapping[bytes, PlacedPhoto], seed: str
) -> dict[bytes, Split]:
    """Return the split of each photo by its hash; photos that link two sides are left out."""
    sides: defaultdict[bytes, set[Split]] = defaultdict(set)
    for known in placed.values():
        sides[known.cluster_sha256].add(known.split)

    state = _State()
    for photo in photos:
        if photo.sha256 in placed:
            state.place([photo], placed[photo.sha256].split)
        elif photo.cluster_sha256 not in sides:
            state.wait(photo)
        elif len(sides[photo.cluster_sha256]) == 1:
            (side,) = sides[photo.cluster_sha256]
            state.place([photo], side)
    state.draw_lots(seed)
    # Rarest first: a common sight finds other photos, a rare one does not.
    totals = state.totals()
    sights = sorted(totals, key=lambda sight: (totals[sight], sight))
    for sight in sights:
        _fill(state, sight, "test", _test_target(totals[sight]), totals)
    for sight in sights:
        _fill(state, sight, "val", ceil(VAL_SHARE * totals[sight]), totals)
    for cluster in list(state.waiting):
        state.place(state.waiting.pop(cluster), "train")
    return state.splits


@dataclass(slots=True)
class _State:
    """Photos that have a place, and clusters that wait for one."""

    splits: dict[bytes, Split] = field(default_factory=dict)
    waiting: dict[bytes, list[SplitPhoto]] = field(default_factory=dict)
    placed_counts: Counter[tuple[Split, int]] = field(default_factory=Counter)
    waiting_counts: Counter[int] = field(default_factory=Counter)

    def wait(self, photo: SplitPhoto) -> None:
        self.waiting.setdefault(photo.cluster_sha256, []).append(photo)
        self.waiting_counts.update(photo.sight_ids)

    def draw_lots(self, seed: str) -> None:
        """Put the waiting clusters into an order that only their names and the seed decide."""
        self.waiting = {
            cluster: self.waiting[cluster]
            for cluster in sorted(self.waiting, key=lambda cluster: _lot(cluster, seed))
        }

    def place(self, photos: Sequence[SplitPhoto], split: Split) -> None:
        for photo in photos:
            self.splits[photo.sha256] = split
            self.placed_counts.update((split, sight) for sight in photo.sight_ids)

    def take(self, cluster: bytes, split: Split) -> None:
        photos = self.waiting.pop(cluster)
        self.waiting_counts.subtract(_sight_counts(photos))
        self.place(photos, split)

    def totals(self) -> Counter[int]:
        totals = Counter(self.waiting_counts)
        for (_, sight), count in self.placed_counts.items():
            totals[sight] += count
        return totals

    def left_for_train(self, cluster: bytes, sight: int) -> int:
        """Return how many photos of the sight could train if the cluster did not."""
        could = self.placed_counts["train", sight] + self.waiting_counts[sight]
        return could - _sight_counts(self.waiting[cluster])[sight]


def _fill(
    state: _State,
    sight: int,
    split: Split,
    target: int,
    totals: Mapping[int, int],
) -> None:
    """Move waiting clusters of a sight to a split until it has its target, or nothing fits."""
    clusters = [
        cluster for cluster, photos in state.waiting.items() if _sight_counts(photos)[sight]
    ]
    for cluster in clusters:
        counts = _sight_counts(state.waiting[cluster])
        fits = state.placed_counts[split, sight] + counts[sight] <= target
        if fits and all(
            state.left_for_train(cluster, other) >= ceil(MIN_TRAIN_SHARE * totals[other])
            for other in counts
        ):
            state.take(cluster, split)
    if state.placed_counts[split, sight]:
        return
    # Nothing fitted: one cluster all the same, the smallest, if every sight on it can still train.
    spare = [
        cluster
        for cluster in clusters
        if all(
            state.left_for_train(cluster, other) for other in _sight_counts(state.waiting[cluster])
        )
    ]
    if spare:
        state.take(min(spare, key=lambda cluster: len(state.waiting[cluster])), split)


def _sight_counts(photos: Iterable[SplitPhoto]) -> Counter[int]:
    return Counter(sight for photo in photos for sight in photo.sight_ids)


def _test_target(total: int) -> int:
    share = ceil(TEST_SHARE * total)
    return max(share, MIN_TEST_PHOTOS) if total >= PHOTOS_FOR_MIN_TEST else share


def _lot(cluster: bytes, seed: str) -> bytes:
    return hashlib.sha256(seed.encode() + cluster).digest()
