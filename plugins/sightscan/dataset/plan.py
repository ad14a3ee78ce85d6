"""What a dataset of a city would be if it were frozen now. Pure; deciding and freezing share it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sightscan.box import is_apart
from sightscan.city import Sight
from sightscan.dataset.backgrounds import split_backgrounds
from sightscan.dataset.split import SplitPhoto, split_photos
from sightscan.dataset_folder import SPLITS, FrozenBox, FrozenPhoto, FrozenSight, Split
from sightscan.errors import DatasetError
from sightscan.warehouse.models.datasets import (
    BackgroundPhoto,
    LabelledPhoto,
    PlacedPhoto,
    SightBox,
)


@dataclass(frozen=True, slots=True)
class DatasetPlan:
    """A dataset without a version; photos sorted by hash.

    `left_out_count` is of photos whose sights are all too rare, or that link two sides of the split.
    """

    class_names: tuple[str, ...]
    sights: tuple[FrozenSight, ...]
    photos: tuple[FrozenPhoto, ...]
    left_out_count: int
    # What binds each photo to others: its cluster and its bursts.
    links: Mapping[bytes, frozenset[bytes]]

    @property
    def sight_ids(self) -> tuple[int, ...]:
        """Return the ids of the sights, in the order of the classes."""
        return tuple(sight.id for sight in self.sights)

    def count(self, split: Split) -> int:
        """Return the number of photos of sights in a split: without one, nothing is learnt or judged."""
        return sum(photo.split == split and not photo.is_background for photo in self.photos)


def plan_dataset(
    photos: Sequence[LabelledPhoto],
    sights: Sequence[Sight],
    placed: Mapping[bytes, PlacedPhoto],
    *,
    min_photos_per_class: int,
    seed: str,
    backgrounds: Sequence[BackgroundPhoto] = (),
) -> DatasetPlan:
    """Return the dataset that the photos make, given where earlier photos are.

    Sights with fewer photos are no classes; a photo that shows no class is left out (as a photo of
    nothing it would teach that the building on it is none); a box of no class is to be ignored.

    Raises:
        DatasetError: no sight has enough photos, or a split would be empty.

    """
    names = {sight.sight_id: sight for sight in sights if sight.sight_id is not None}
    usable = [photo for photo in photos if photo.sight_ids & names.keys()]
    classes = {
        sight
        for sight, count in count_photos(usable).items()
        # A sight that was dropped may still be on a photo of another.
        if count >= min_photos_per_class and sight in names
    }
    splits: dict[bytes, Split] = {}
    while classes:
        splits = split_photos(_of_classes(usable, classes), placed, seed)
        learnable = {
            sight
            for photo in usable
            if splits.get(photo.sha256) == "train"
            for sight in photo.sight_ids & classes
        }
        if learnable == classes:
            break
        # All photos of a sight are test photos, or copies of them: it cannot be learnt without a leak.
        classes = learnable
    if not classes:
        raise DatasetError(_no_class_sentence(usable, names, min_photos_per_class))
    sight_ids = tuple(sorted(classes))
    class_numbers = {sight_id: number for number, sight_id in enumerate(sight_ids)}
    frozen = [
        FrozenPhoto(
            photo.sha256,
            photo.media_type,
            splits[photo.sha256],
            tuple(
                FrozenBox(class_numbers[one.sight_id], one.box)
                for one in _fold_boxes(photo.boxes)
                if one.sight_id in class_numbers
            ),
            tuple(one.box for one in _fold_boxes(photo.boxes) if one.sight_id not in class_numbers),
        )
        for photo in usable
        if photo.sha256 in splits
    ]
    without_sights = _place_backgrounds(frozen, photos, backgrounds, placed, seed)
    used: list[LabelledPhoto | BackgroundPhoto] = [*photos, *backgrounds]
    plan = DatasetPlan(
        class_names=_class_names([names[sight_id] for sight_id in sight_ids]),
        sights=tuple(_frozen_sight(names[sight_id]) for sight_id in sight_ids),
        photos=tuple(sorted([*frozen, *without_sights], key=lambda photo: photo.sha256)),
        left_out_count=len(photos) - len(frozen),
        links={photo.sha256: photo.links | {photo.cluster_sha256} for photo in used},
    )
    _require_splits(plan)
    return plan


def count_photos(photos: Iterable[LabelledPhoto]) -> Counter[int]:
    """Return the number of photos of each sight."""
    return Counter(sight for photo in photos for sight in photo.sight_ids)


def _of_classes(photos: Iterable[LabelledPhoto], classes: set[int]) -> list[SplitPhoto]:
    return [
        SplitPhoto(
            photo.sha256,
            photo.cluster_sha256,
            photo.sight_ids & classes,
            photo.links,
            photo.is_reviewed,
        )
        for photo in photos
        if photo.sight_ids & classes
    ]


def _place_backgrounds(
    frozen: Sequence[FrozenPhoto],
    labelled: Iterable[LabelledPhoto],
    backgrounds: Sequence[BackgroundPhoto],
    placed: Mapping[bytes, PlacedPhoto],
    seed: str,
) -> list[FrozenPhoto]:
    """Return the backgrounds that go with photos of sights."""
    splits = {photo.sha256: photo.split for photo in frozen}
    beside = {
        photo.sha256: PlacedPhoto(
            splits[photo.sha256], photo.cluster_sha256, was_tried=False, links=photo.links
        )
        for photo in labelled
        if photo.sha256 in splits
    }
    counts: dict[Split, int] = {split: list(splits.values()).count(split) for split in SPLITS}
    # A photo with a label of whatever sight is none, though an older answer had nothing on it.
    known = {photo.sha256 for photo in labelled}
    chosen = split_backgrounds(
        [photo for photo in backgrounds if photo.sha256 not in known],
        {**placed, **beside},
        counts,
        seed,
    )
    return [
        FrozenPhoto(photo.sha256, photo.media_type, chosen[photo.sha256], ())
        for photo in backgrounds
        if photo.sha256 in chosen
    ]


def _frozen_sight(sight: Sight) -> FrozenSight:
    return FrozenSight(
        id=sight.sight_id or 0,
        wikidata_id=sight.wikidata_id,
        names={"en": sight.name, **sight.names},
        latitude=sight.place.latitude if sight.place else None,
        longitude=sight.place.longitude if sight.place else None,
        is_asymmetric=sight.is_asymmetric,
    )


def _fold_boxes(boxes: Sequence[SightBox]) -> list[SightBox]:
    """Keep the surest of boxes of one sight that are not apart; the order is that of the input.

    Labelling holds repetitions back within one answer; a second answer, or a person who accepts
    both, brings them back, and a detector would learn to find one building twice.
    """
    kept: list[SightBox] = []
    for one in boxes:
        if not any(
            one.sight_id == other.sight_id and not is_apart(one.box, other.box) for other in kept
        ):
            kept.append(one)
    return kept


def _class_names(sights: Sequence[Sight]) -> tuple[str, ...]:
    """Return a name for each sight; where two bear the same, the Wikidata id tells them apart."""
    bearers = Counter(sight.name for sight in sights)
    return tuple(
        sight.name
        if bearers[sight.name] == 1
        else f"{sight.name} ({sight.wikidata_id or f'sight {sight.sight_id}'})"
        for sight in sights
    )


def _no_class_sentence(
    photos: Sequence[LabelledPhoto], names: Mapping[int, Sight], min_photos_per_class: int
) -> str:
    counts = count_photos(photos)
    counts = Counter({sight: count for sight, count in counts.items() if sight in names})
    if not counts:
        return "no photo has an accepted box of a sight: crawl and label photos first"
    sight_id, count = min(counts.items(), key=lambda item: (-item[1], item[0]))
    return (
        f"no sight has {min_photos_per_class} labelled photos that may train (the nearest is "
        f"{names[sight_id].name!r} with {count}): label more, or lower MIN_IMAGE_NUMBER_PER_LABEL"
    )


def _require_splits(plan: DatasetPlan) -> None:
    empty = [split for split in SPLITS if plan.count(split) == 0]
    if empty:
        msg = (
            f"the split would have no photo of a sight for {' and '.join(empty)}: "
            f"{sum(map(plan.count, SPLITS))} photos of {len(plan.class_names)} sights are too few "
            "groups of near-duplicates, at least 3 are needed for a sight; crawl and label more"
        )
        raise DatasetError(msg)
