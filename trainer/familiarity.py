"""How familiar what is found looks, beside the training photos of the sight that it is named after.

A detector learns what tells its sights from each other and from the backgrounds that it was shown; a
building that it never saw is one of its sights to it. So each box is described by the network's own
features within it, and compared with the boxes that its sight was learnt from: its objectness is
multiplied by how familiar it looks, from 0 to 1. This is part of the exported file, whose rows are
read as before (docs/decisions/0046-what-looks-familiar.md).
"""

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import optimize
from torch import Tensor, nn

from trainer import network as yolo
from trainer.evaluation import to_network_input
from trainer.photos import PhotoStore
from trainer.progress import say

minimize: Any = optimize.minimize

Floats = NDArray[np.float64]

# The layer of the backbone where facades are shapes, not yet objects, and its stride.
_LAYER, _STRIDE = 6, 16
# Each box is described by as many parts a side, so that a tower's top is compared with tops.
_PARTS = 2
# A box is as familiar as the photos of its sight that are most like it.
_NEAREST = 3
# Of each sight at most so many boxes are kept, evenly chosen; comparing with them costs time.
MAX_KEPT_BOXES = 32
# The rows with the best objectness are compared; the others are too unsure to be shown.
MAX_COMPARED_ROWS = 200
# Fewer say nothing of how like one another photos of one sight are.
MIN_BOXES = 10
_MIN_DEVIATION = 0.05
# A training that is paid for has half an hour for all that follows its epochs, and this is done on
# the CPU, which has seconds to do for a photo if network and pictures are large.
MAX_REMEMBERING_SECONDS = 300.0
_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of the training photos.

    `mean` and `deviation` (features,): of the descriptions of all boxes. `kept` (classes, boxes,
    features): descriptions of each sight's boxes, normalised. A box of a likeness is as familiar as
    the logistic function of `steepness` * likeness + `offset` says.
    """

    mean: Tensor
    deviation: Tensor
    kept: Tensor
    steepness: float
    offset: float


class FamiliarDetector(nn.Module):
    """A detector whose objectness knows how familiar each box looks; it answers in evaluation mode only."""

    mean: Tensor
    deviation: Tensor
    kept: Tensor

    def __init__(self, network: nn.Module, memory: Memory) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", memory.mean)
        self.register_buffer("deviation", memory.deviation)
        self.register_buffer("kept", memory.kept)
        self._steepness, self._offset = memory.steepness, memory.offset
        # Of a row: its box, its objectness, its class scores.
        self._fields = [4, 1, memory.kept.shape[0]]

    @property
    def model(self) -> Any:
        """The layers of the network, as the exporter knows them."""
        return self.network.model

    def fuse(self) -> None:
        """Put what follows a convolution into it, as the exporter does."""
        self.network.fuse()  # type: ignore[operator]

    def forward(self, images: Tensor) -> tuple[Tensor]:
        """Return (n, boxes, 5 + classes), as the network does; rows that are not compared have no objectness."""
        rows, features = yolo.detect_with_map(self.network, images, _LAYER)
        boxes, objectness, classes = torch.split(rows, self._fields, -1)
        # A small picture has fewer rows; written so that the exported file counts them, too.
        rows_there = torch._shape_as_tensor(rows)[1]  # noqa: SLF001 - as torchvision's detectors do
        count = torch.minimum(torch.tensor(MAX_COMPARED_ROWS), rows_there)
        # A tensor is what the exporter needs here, whatever its types say.
        best, places = torch.topk(objectness, count, dim=1)  # type: ignore[arg-type]
        compared = boxes.gather(1, places.expand(-1, -1, 4))
        likeness = compare(describe(features, compared), self.mean, self.deviation, self.kept)
        # Of the class that the row speaks for.
        named = classes.argmax(-1, keepdim=True).gather(1, places)
        familiarity = torch.sigmoid(self._steepness * likeness.gather(2, named) + self._offset)
        # Less what the last of them has: who is the last one, two runtimes may see differently.
        above = best - best.amin(1, keepdim=True)
        known = torch.zeros_like(objectness).scatter(1, places, above * familiarity)
        return (torch.cat((boxes, known, classes), -1),)


def describe(features: Tensor, boxes: Tensor) -> Tensor:
    """Describe boxes by the means of a feature map in their parts, (n, boxes, channels * parts).

    `features` (n, channels, height, width); `boxes` (n, boxes, 4): centre x, centre y,
    width, height in pixels of the input. What reaches out of the picture is left out.
    """
    x, y, width, height = (boxes / _STRIDE).unbind(-1)
    count, channels, rows, columns = features.shape
    across, down = _shares(x, width, columns), _shares(y, height, rows)
    # How much of each part lies in each cell: (n, boxes, parts down, parts across, rows, columns).
    shares = down.unsqueeze(3).unsqueeze(-1) * across.unsqueeze(2).unsqueeze(-2)
    cells = features.reshape(count, channels, rows * columns).transpose(1, 2)
    means = shares.reshape(count, -1, rows * columns) @ cells
    return means.reshape(count, -1, _PARTS * _PARTS * channels)


def compare(described: Tensor, mean: Tensor, deviation: Tensor, kept: Tensor) -> Tensor:
    """Return how like the kept boxes of each class descriptions are, (n, boxes, classes), -1 to 1."""
    normal = normalise(described, mean, deviation).unsqueeze(1)
    # (n, classes, boxes, kept boxes)
    likeness = normal @ kept.transpose(1, 2)
    nearest = likeness.topk(_NEAREST, dim=-1).values
    return nearest.mean(-1).transpose(1, 2)


def normalise(described: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Return descriptions of which each feature counts the same, of length 1."""
    scaled = (described - mean) / deviation
    return scaled / scaled.square().sum(-1, keepdim=True).sqrt().clamp(min=_EDGE)


def _shares(middles: Tensor, lengths: Tensor, cells: int) -> Tensor:
    """Return how much of each part of a box's side lies in each cell, (n, boxes, parts, cells)."""
    places = torch.arange(cells, dtype=middles.dtype)
    low = (middles - lengths / 2).clamp(min=0)
    high = torch.minimum(middles + lengths / 2, places[-1] + 1)
    length = ((high - low) / _PARTS).unsqueeze(-1).unsqueeze(-1)
    parts = torch.arange(_PARTS, dtype=middles.dtype).unsqueeze(-1)
    begins = low.unsqueeze(-1).unsqueeze(-1) + length * parts
    shared = torch.minimum(begins + length, places + 1) - torch.maximum(begins, places)
    shared = shared.clamp(min=0)
    return shared / (shared.sum(-1, keepdim=True) + _EDGE)


def remember(network: nn.Module, photos: PhotoStore, class_count: int) -> Memory | None:
    """Learn from the training photos what looks familiar; None if they are too few to say.

    What a photo without a sight would be named, its surest row, tells what does not. Of more photos
    than there is time for, it is some of each sight.
    """
    network.eval()
    ends_at = time.monotonic() + MAX_REMEMBERING_SECONDS
    seen: dict[int, Tensor] = {}
    for index in _in_turn(photos):
        if time.monotonic() > ends_at:
            say(f"what looks familiar is learnt from {len(seen)} of {len(photos)} training photos")
            break
        seen[index] = _describe_photo(network, photos, index)
    order = sorted(seen)
    shown = [[box.class_index for box in photos.photos[index].boxes] for index in order]
    classes = np.array([each for boxes in shown for each in boxes or [class_count]], dtype=np.intp)
    units = [
        photos.photos[index].unit or photos.photos[index].sha256
        for index, boxes in zip(order, shown, strict=True)
        for _ in boxes or [class_count]
    ]
    *counts, strangers = np.bincount(classes, minlength=class_count + 1).tolist()
    if min(counts) == 0 or max(counts) <= _NEAREST or sum(counts) < MIN_BOXES:
        return None
    if class_count == 1 and not strangers:
        return None
    features = torch.cat([seen[index] for index in order])
    mean, deviation = features.mean(0), features.std(0)
    # A feature that never moved would outweigh all others as soon as it does.
    deviation = deviation.clamp(min=_MIN_DEVIATION * deviation.mean().item()).clamp(min=_EDGE)
    normal = normalise(features, mean, deviation)
    fitted = _fit(normal, classes, class_count, units=units)
    if fitted is None:
        return None
    count = min(max(counts), MAX_KEPT_BOXES)
    kept = [normal[_evenly(np.flatnonzero(classes == one), count)] for one in range(class_count)]
    return Memory(mean, deviation, torch.stack(kept), *fitted)


def _in_turn(photos: PhotoStore) -> list[int]:
    """Return the photos in an order in which the sights take turns, the rarest first.

    A photo is its rarest sight's; those without a sight are like one of another sight. Within one,
    they come by hash, which is any order.
    """
    shown = [{box.class_index for box in photo.boxes} or {-1} for photo in photos.photos]
    counts = Counter(each for sights in shown for each in sights)
    of_sight: dict[int, list[int]] = {}
    for index, sights in enumerate(shown):
        of_sight.setdefault(min(sights, key=lambda one: (counts[one], one)), []).append(index)
    turns = sorted(of_sight, key=lambda one: (counts[one], one))
    rounds = zip_longest(*(of_sight[one] for one in turns))
    return [index for taken in rounds for index in taken if index is not None]


def _describe_photo(network: nn.Module, photos: PhotoStore, index: int) -> Tensor:
    """Describe the boxes of a photo, or what is surest on one without a sight, (boxes, features)."""
    pixels, truths, _ = photos.letterboxed(index)
    image = torch.from_numpy(to_network_input(pixels[np.newaxis]))
    with torch.no_grad():
        rows, features = yolo.detect_with_map(network, image, _LAYER)
        boxes = _as_centres(truths) if len(truths) else _surest(rows)
        return describe(features, boxes)[0]


def _as_centres(truths: NDArray[np.float32]) -> Tensor:
    corners = torch.from_numpy(truths[:, 1:]).unsqueeze(0)
    return torch.cat(
        ((corners[..., :2] + corners[..., 2:]) / 2, corners[..., 2:] - corners[..., :2]), -1
    )


def _surest(rows: Tensor) -> Tensor:
    place = (rows[0, :, 4] * rows[0, :, 5:].amax(-1)).argmax()
    return rows[:, place, :4].unsqueeze(1)


def _evenly(places: NDArray[np.intp], count: int) -> list[int]:
    """Choose so many places; of too few, some are there twice."""
    chosen = np.arange(count) % len(places)
    if len(places) > count:
        chosen = np.linspace(0, len(places) - 1, count).round().astype(int)
    return [int(place) for place in places[chosen]]


def _fit(
    normal: Tensor, labels: NDArray[np.intp], class_count: int, *, units: Sequence[str]
) -> tuple[float, float] | None:
    """Return steepness and offset of the familiarity that tells a sight's own boxes from all others.

    Each box is compared with those of other units only: what was taken beside it looks like it, as
    no photo will that is asked about. Own and strange boxes count as much. None where no sight has
    enough boxes elsewhere.
    """
    numbers = np.unique(np.array(units), return_inverse=True)[1]
    likeness = (normal @ normal.T).double().numpy()
    likeness[numbers[:, np.newaxis] == numbers] = -np.inf
    own, strange = [], []
    for each in range(class_count):
        is_own = labels == each
        nearest = np.sort(likeness[:, is_own], axis=1)[:, -_NEAREST:].mean(axis=1)
        # Of fewer elsewhere, a box would be among its own nearest.
        is_known = np.isfinite(nearest)
        strange.append(nearest[~is_own & is_known])
        if is_own.sum() > _NEAREST:
            own.append(nearest[is_own & is_known])
    yes, no = np.concatenate([[], *own]), np.concatenate([[], *strange])
    if not len(yes) or not len(no):
        return None

    def surprise(guess: Floats) -> float:
        steepness, offset = math.exp(guess[0]), guess[1]
        return float(
            np.logaddexp(0, -(steepness * yes + offset)).mean()
            + np.logaddexp(0, steepness * no + offset).mean()
            # Keeps photos that can be told apart wholly from making a step.
            + 1e-3 * steepness**2
        )

    steepness, offset = minimize(surprise, np.array([1.5, 0.0]), method="BFGS").x
    return math.exp(steepness), float(offset)
