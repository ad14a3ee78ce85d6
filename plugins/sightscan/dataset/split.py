"""Which photo trains, which chooses the epoch, which judges: decided once, for ever.

- What is linked is a unit, and never divided: its copies would let a model recite the test. Linked
  are near-duplicates, and the photos of a burst (one author, one sight, one day or page).
- A photo that was in a dataset of the city keeps its split, or leaves: where a unit turns out to be on
  several sides, only its photos of test stay, else those of val. A new photo of a known unit goes to
  its side; a new photo that links two sides is left out.
- Of what is new, each sight gives about 15 % to test and 12 % to val, rounded up, at least one
  photo each; a sight with 60 photos or more has at least 10 in test. With 25 photos that makes
  4 test, 3 val, 18 train. Training keeps at least half of each sight's photos as long as the sizes
  of the clusters allow it, and always one cluster: a class that cannot be learnt cannot be judged.
- Which units these are follows from a hash of unit and seed, never from the order of rows; but units
  of which people decided boxes go to test first: what judges should be right.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Protocol

from sightscan.chains import Chains
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
    links: frozenset[bytes] = frozenset()
    is_reviewed: bool = False


class Linked(Protocol):
    """What binds a photo to others: its cluster and its other links."""

    @property
    def cluster_sha256(self) -> bytes:
        """Return its near-duplicate cluster."""

    @property
    def links(self) -> frozenset[bytes]:
        """Return its bursts."""


class Units:
    """Which photos are linked, by whatever chain of links, and on which sides they are."""

    def __init__(self, photos: Iterable[Linked], placed: Mapping[bytes, PlacedPhoto]) -> None:
        """Take all photos that there are, and those that have a place."""
        self._chains = Chains()
        everything = [*photos, *placed.values()]
        for photo in everything:
            for link in photo.links:
                self._chains.link(photo.cluster_sha256, link)
        # A unit is named after its smallest cluster, so that links alone do not draw other lots.
        self._names: dict[bytes, bytes] = {}
        for photo in everything:
            root = self._chains.root(photo.cluster_sha256)
            self._names[root] = min(
                self._names.get(root, photo.cluster_sha256), photo.cluster_sha256
            )
        self._sides: defaultdict[bytes, set[Split]] = defaultdict(set)
        for known in placed.values():
            self._sides[self.of(known)].add(known.split)

    def of(self, photo: Linked) -> bytes:
        """Return the name of the unit of a photo."""
        return self._names[self._chains.root(photo.cluster_sha256)]

    def sides(self, unit: bytes) -> frozenset[Split]:
        """Return the sides on which photos of a unit are already."""
        return frozenset(self._sides.get(unit, ()))

    def keeps(self, placed: PlacedPhoto) -> bool:
        """Tell whether a placed photo stays: test before val before train."""
        sides = self.sides(self.of(placed))
        return placed.split == next(split for split in ("test", "val", "train") if split in sides)


def split_photos(
    photos: Iterable[SplitPhoto], placed: Mapping[bytes, PlacedPhoto], seed: str
) -> dict[bytes, Split]:
    """Return the split of each photo by its hash; what would be a leak is left out."""
    photos = list(photos)
    units = Units(photos, placed)
    state = _State()
    for photo in photos:
        unit = units.of(photo)
        sides = units.sides(unit)
        if photo.sha256 in placed:
            if units.keeps(placed[photo.sha256]):
                state.place([photo], placed[photo.sha256].split)
        elif not sides:
            state.wait(photo, unit)
        elif len(sides) == 1:
            state.place([photo], *sides)
    state.draw_lots(seed)
    # Rarest first: a common sight finds other photos, a rare one does not.
    totals = state.totals()
    sights = sorted(totals, key=lambda sight: (totals[sight], sight))
    for sight in sights:
        _fill(state, sight, "test", _test_target(totals[sight]), totals)
    for sight in sights:
        _fill(state, sight, "val", ceil(VAL_SHARE * totals[sight]), totals)
    for unit in list(state.waiting):
        state.place(state.waiting.pop(unit), "train")
    return state.splits


@dataclass(slots=True)
class _State:
    """Photos that have a place, and units that wait for one."""

    splits: dict[bytes, Split] = field(default_factory=dict)
    waiting: dict[bytes, list[SplitPhoto]] = field(default_factory=dict)
    placed_counts: Counter[tuple[Split, int]] = field(default_factory=Counter)
    waiting_counts: Counter[int] = field(default_factory=Counter)

    def wait(self, photo: SplitPhoto, unit: bytes) -> None:
        self.waiting.setdefault(unit, []).append(photo)
        self.waiting_counts.update(photo.sight_ids)

    def draw_lots(self, seed: str) -> None:
        """Put the waiting units into an order that only their names and the seed decide."""
        self.waiting = {
            unit: self.waiting[unit]
            for unit in sorted(self.waiting, key=lambda unit: draw_lot(unit, seed))
        }

    def place(self, photos: Sequence[SplitPhoto], split: Split) -> None:
        for photo in photos:
            self.splits[photo.sha256] = split
            self.placed_counts.update((split, sight) for sight in photo.sight_ids)

    def take(self, unit: bytes, split: Split) -> None:
        photos = self.waiting.pop(unit)
        self.waiting_counts.subtract(_sight_counts(photos))
        self.place(photos, split)

    def totals(self) -> Counter[int]:
        totals = Counter(self.waiting_counts)
        for (_, sight), count in self.placed_counts.items():
            totals[sight] += count
        return totals

    def left_for_train(self, unit: bytes, sight: int) -> int:
        """Return how many photos of the sight could train if the unit did not."""
        could = self.placed_counts["train", sight] + self.waiting_counts[sight]
        return could - _sight_counts(self.waiting[unit])[sight]

    def reviewed_share(self, unit: bytes) -> float:
        """Return of which share of a unit's photos people decided boxes."""
        photos = self.waiting[unit]
        return sum(photo.is_reviewed for photo in photos) / len(photos)


def _fill(
    state: _State,
    sight: int,
    split: Split,
    target: int,
    totals: Mapping[int, int],
) -> None:
    """Move waiting units of a sight to a split until it has its target, or nothing fits."""
    units = [unit for unit, photos in state.waiting.items() if _sight_counts(photos)[sight]]
    if split == "test":
        units.sort(key=state.reviewed_share, reverse=True)
    for unit in units:
        counts = _sight_counts(state.waiting[unit])
        fits = state.placed_counts[split, sight] + counts[sight] <= target
        if fits and all(
            state.left_for_train(unit, other) >= ceil(MIN_TRAIN_SHARE * totals[other])
            for other in counts
        ):
            state.take(unit, split)
    if state.placed_counts[split, sight]:
        return
    # Nothing fitted: one unit all the same, the smallest, if every sight on it can still train.
    spare = [
        unit
        for unit in units
        if all(state.left_for_train(unit, other) for other in _sight_counts(state.waiting[unit]))
    ]
    if spare:
        state.take(min(spare, key=lambda unit: len(state.waiting[unit])), split)


def _sight_counts(photos: Iterable[SplitPhoto]) -> Counter[int]:
    return Counter(sight for photo in photos for sight in photo.sight_ids)


def _test_target(total: int) -> int:
    share = ceil(TEST_SHARE * total)
    return max(share, MIN_TEST_PHOTOS) if total >= PHOTOS_FOR_MIN_TEST else share


def draw_lot(unit: bytes, seed: str) -> bytes:
    """Return what orders units by chance, the same for the same seed."""
    return hashlib.sha256(seed.encode() + unit).digest()
