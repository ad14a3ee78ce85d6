"""Which photos without sights train, choose and judge: how many, and on which side each one is.

A detector that never saw another building gives each one the name of a sight. How many it sees and by
how many it is judged: decision 38.

- As for other photos, what is linked is never divided, and what was placed keeps its side or leaves.
- What one subject shows (a sight of another city) is on one side as far as the counts allow it: to
  know the sights that it was shown is not to know strangers.
- Sources in their order; within one, lots are drawn by subject, then by unit.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sightscan.dataset.split import Units, draw_lot
from sightscan.dataset_folder import Split
from sightscan.warehouse.models.datasets import BackgroundPhoto, PlacedPhoto

# Of all photos of training.
BACKGROUND_SHARE = 0.2
MIN_BACKGROUND_SHARE = 0.1
MAX_BACKGROUND_SHARE = 0.3
# Thresholds are chosen on them. If none of 50 gets a name, less than 5.8 % of all such do (95 %); to show
# that less than 2 % do would take 149.
VAL_BACKGROUNDS = 50
TEST_BACKGROUNDS = 200


def split_backgrounds(
    photos: Sequence[BackgroundPhoto],
    placed: Mapping[bytes, PlacedPhoto],
    counts: Mapping[Split, int],
    seed: str,
) -> dict[bytes, Split]:
    """Return the split of each background that is used, beside `counts` photos with sights.

    `placed` has the photos with sights of this dataset, too.
    """
    chosen = _Chosen(photos, placed, seed)
    caps = {
        "train": _beside(counts["train"], MAX_BACKGROUND_SHARE),
        "val": max(_beside(counts["val"], MAX_BACKGROUND_SHARE), VAL_BACKGROUNDS),
    }
    chosen.keep_placed(caps)
    targets = background_targets(counts, chosen.available())
    chosen.draft(sum(max(targets[split] - chosen.count(split), 0) for split in targets))
    for split in ("test", "val", "train"):
        chosen.fill(split, targets[split], caps.get(split))
    return chosen.splits


def background_targets(counts: Mapping[Split, int], available: int) -> dict[Split, int]:
    """Return how many backgrounds each side should have, of so many.

    If there are too few: first the least that trains, and a third for thresholds, then those that
    judge.
    """
    targets: dict[Split, int] = {
        "train": min(_beside(counts["train"], MIN_BACKGROUND_SHARE), available // 2),
        "val": min(VAL_BACKGROUNDS, available // 3),
        "test": 0,
    }
    wanted: dict[Split, int] = {
        "test": TEST_BACKGROUNDS,
        "train": _beside(counts["train"], BACKGROUND_SHARE),
        "val": VAL_BACKGROUNDS,
    }
    for split, count in wanted.items():
        spare = max(available - sum(targets.values()), 0)
        targets[split] += min(max(count - targets[split], 0), spare)
    return targets


class _Chosen:
    """The backgrounds that have a side, and the units that wait for one."""

    def __init__(
        self, photos: Sequence[BackgroundPhoto], placed: Mapping[bytes, PlacedPhoto], seed: str
    ) -> None:
        self.splits: dict[bytes, Split] = {}
        self._photos, self._placed, self._seed = photos, placed, seed
        self._units = Units(photos, placed)
        self._waiting: dict[bytes, list[BackgroundPhoto]] = {}
        self._subject_sides: defaultdict[str, set[Split]] = defaultdict(set)

    def keep_placed(self, caps: Mapping[str, int]) -> None:
        """Keep what was placed, as many as a side may have; the others wait, unless they link two."""
        for photo in sorted(self._photos, key=lambda photo: draw_lot(photo.sha256, self._seed)):
            known = self._placed.get(photo.sha256)
            if known is None:
                unit = self._units.of(photo)
                if len(self._units.sides(unit)) <= 1:
                    self._waiting.setdefault(unit, []).append(photo)
            elif self._units.keeps(known) and (
                self.count(known.split) < caps.get(known.split, len(self._photos))
            ):
                self._place(photo, known.split)

    def available(self) -> int:
        """Return how many there are, placed or waiting."""
        return len(self.splits) + sum(map(len, self._waiting.values()))

    def count(self, split: Split) -> int:
        """Return how many a side has."""
        return sum(each == split for each in self.splits.values())

    def draft(self, needed: int) -> None:
        """Let only as many wait as are needed, from the first sources."""
        drafted: dict[bytes, list[BackgroundPhoto]] = {}
        for unit in sorted(
            self._waiting, key=lambda unit: (self._first(unit).source, self._turn(unit))
        ):
            if sum(map(len, drafted.values())) >= needed:
                break
            drafted[unit] = self._waiting[unit]
        self._waiting = drafted

    def fill(self, split: Split, target: int, cap: int | None) -> None:
        """Move units to a side until it has its target."""

        def order(unit: bytes) -> tuple[int, bytes, bytes]:
            sides = self._subject_sides.get(self._first(unit).subject or "", set())
            return 0 if sides == {split} else 2 if sides else 1, *self._turn(unit)

        for unit in sorted(self._waiting, key=order):
            count = self.count(split) + len(self._waiting[unit])
            if self.count(split) >= target:
                return
            if self._units.sides(unit) <= {split} and (cap is None or count <= cap):
                for photo in self._waiting.pop(unit):
                    self._place(photo, split)

    def _place(self, photo: BackgroundPhoto, split: Split) -> None:
        self.splits[photo.sha256] = split
        if photo.subject is not None:
            self._subject_sides[photo.subject].add(split)

    def _first(self, unit: bytes) -> BackgroundPhoto:
        return min(self._waiting[unit], key=lambda photo: (photo.source, photo.sha256))

    def _turn(self, unit: bytes) -> tuple[bytes, bytes]:
        subject = self._first(unit).subject
        by_subject = draw_lot(unit if subject is None else subject.encode(), self._seed)
        return by_subject, draw_lot(unit, self._seed)


def _beside(count: int, share: float) -> int:
    """Return how many backgrounds are a share of all, beside `count` others."""
    return round(count * share / (1 - share))
