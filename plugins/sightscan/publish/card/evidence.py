"""What a model showed on its test photos, box by box: which are right, and what the wrong ones lie on.

Boxes are matched as in COCO at an overlap of a half: each, surest first, takes the box of its own
class that it overlaps most, of those that none took before. Pure.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sightscan.box import ALIKE_IOU, Box, intersection_over_union
from sightscan.publish.shown import CONFIDENCE_BINS
from sightscan.warehouse.models.cards import JudgedPhotoRow

# Of the matrix: what is no sight, and what got no name.
NOTHING = -1


@dataclass(frozen=True, slots=True)
class ShownBox:
    """A box that people are shown, and the overlap with the truth that it found; None: it is wrong.

    `lies_on` is the class of the truth under it: its own, another that it is taken for, or NOTHING.
    """

    class_number: int
    confidence: float
    box: Box
    overlap: float | None
    lies_on: int

    @property
    def is_right(self) -> bool:
        """Tell whether it names what is there."""
        return self.overlap is not None


@dataclass(frozen=True, slots=True)
class MatchedPhoto:
    """A test photo: what is there, what was shown, and which of what is there got no name.

    What is shown within an ignored region is neither right nor wrong, and left out.
    """

    row: JudgedPhotoRow
    truths: tuple[tuple[int, Box], ...]
    shown: tuple[ShownBox, ...]
    missed: tuple[int, ...]

    @property
    def mark(self) -> float:
        """Return the overlaps of right boxes by the count of boxes that are there or wrong, 0 to 1.

        Of a photo without sights: 1 if nothing is shown, else 0.
        """
        wrong = sum(not one.is_right for one in self.shown)
        count = len(self.truths) + wrong
        return sum(one.overlap or 0 for one in self.shown) / count if count else 1.0


@dataclass(frozen=True, slots=True)
class ConfidenceBin:
    """Names whose confidence is from `least` on and below the next bin's; means are 0 without any."""

    least: float
    count: int
    mean_confidence: float
    right_share: float


def match_photo(row: JudgedPhotoRow, hidden_classes: Collection[int]) -> MatchedPhoto:
    """Match what was shown on a photo with what is there; hidden classes are not shown."""
    truths = tuple((int(number), Box(*edges)) for number, *edges in row.truths)
    ignored = [Box(*edges) for edges in row.ignored]
    free = set(range(len(truths)))
    boxes = [
        (int(number), confidence, Box(*edges))
        for number, confidence, *edges in row.shown
        if number not in hidden_classes
    ]
    overlaps: list[float | None] = []
    for number, _, box in boxes:
        found = [(intersection_over_union(box, truths[one][1]), one) for one in sorted(free)]
        alike = [pair for pair in found if truths[pair[1]][0] == number and pair[0] >= ALIKE_IOU]
        overlap, taken = max(alike, default=(None, None))
        free -= {taken}
        overlaps.append(overlap)
    shown = []
    for (number, confidence, box), overlap in zip(boxes, overlaps, strict=True):
        lies_on = number
        if overlap is None:
            if any(_is_within(box, region) for region in ignored):
                continue
            under = [(intersection_over_union(box, truths[one][1]), one) for one in sorted(free)]
            share, taken = max(under, default=(0.0, None))
            lies_on = NOTHING
            if taken is not None and share >= ALIKE_IOU:
                free -= {taken}
                lies_on = truths[taken][0]
        shown.append(ShownBox(number, confidence, box, overlap, lies_on))
    missed = tuple(truths[one][0] for one in sorted(free))
    return MatchedPhoto(row, truths, tuple(shown), missed)


def count_confusions(photos: Sequence[MatchedPhoto], class_count: int) -> list[list[int]]:
    """Return how often what is there (rows) is shown as what (columns), `class_count` + 1 each way.

    The last row is where nothing is, the last column what got no name. Each box that is there
    counts once, so does each that is shown.
    """
    pairs = Counter(
        pair
        for photo in photos
        for pair in (
            *((one.lies_on, one.class_number) for one in photo.shown),
            *((missed, NOTHING) for missed in photo.missed),
        )
    )
    numbers = [*range(class_count), NOTHING]
    return [[pairs[there, said] for said in numbers] for there in numbers]


def bin_confidences(photos: Sequence[MatchedPhoto]) -> list[ConfidenceBin]:
    """Return how often names of each confidence are right."""
    bins: list[list[ShownBox]] = [[] for _ in range(CONFIDENCE_BINS)]
    for photo in photos:
        for one in photo.shown:
            bins[min(int(one.confidence * CONFIDENCE_BINS), CONFIDENCE_BINS - 1)].append(one)
    return [
        ConfidenceBin(
            least=number / CONFIDENCE_BINS,
            count=len(some),
            mean_confidence=sum(one.confidence for one in some) / len(some) if some else 0.0,
            right_share=sum(one.is_right for one in some) / len(some) if some else 0.0,
        )
        for number, some in enumerate(bins)
    ]


def calibration_error(bins: Sequence[ConfidenceBin]) -> float | None:
    """Return how far confidences are from the share that is right, weighted; None without names."""
    count = sum(one.count for one in bins)
    off = sum(one.count * abs(one.mean_confidence - one.right_share) for one in bins)
    return off / count if count else None


def rank_photos(
    photos: Sequence[MatchedPhoto], most: int
) -> tuple[list[MatchedPhoto], list[MatchedPhoto]]:
    """Return the best and the worst photos by their marks, of those that are still here.

    The best show a sight; of those that are equally bad, the surest wrong name comes first. No photo
    is in both, and none that has nothing wrong is among the worst.
    """
    here = [photo for photo in photos if photo.row.is_here]
    worst = sorted((photo for photo in here if _has_fault(photo)), key=_badness)[:most]
    taken = {photo.row.sha256 for photo in worst}
    best = [photo for photo in here if photo.truths and photo.row.sha256 not in taken]
    best.sort(key=lambda photo: (-photo.mark, photo.row.sha256))
    return [photo for photo in best if photo.mark > 0][:most], worst


def _has_fault(photo: MatchedPhoto) -> bool:
    return bool(photo.missed) or any(not one.is_right for one in photo.shown)


def _badness(photo: MatchedPhoto) -> tuple[float, float, bytes]:
    surest = max((one.confidence for one in photo.shown if not one.is_right), default=0.0)
    return (photo.mark, -surest, photo.row.sha256)


def _is_within(box: Box, region: Box) -> bool:
    """Tell whether half of a box is in a region, as COCO reads what it ignores."""
    width = min(box.x2, region.x2) - max(box.x1, region.x1)
    height = min(box.y2, region.y2) - max(box.y1, region.y1)
    return box.area > 0 and max(width, 0) * max(height, 0) / box.area >= ALIKE_IOU
