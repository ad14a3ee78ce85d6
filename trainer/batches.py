"""Batches of augmented photos, each photo a function of (seed, epoch, place in the epoch) alone."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from trainer.augmentation import augmented_sample
from trainer.photos import PhotoStore
from trainer.recipe import Recipe

Sample = tuple[Tensor, Tensor]


class _Place(NamedTuple):
    """All that a sample depends on, so that processes which prepare them need no news between epochs."""

    epoch: int
    place: int
    photo: int
    allow_mosaic: bool


class Batches:
    """The batches of all epochs; the processes that prepare them live as long as this does."""

    def __init__(
        self, store: PhotoStore, recipe: Recipe, *, seed: int, batch_size: int, workers: int
    ) -> None:
        """`workers` processes prepare batches; 0 prepares them here."""
        self._order = _Order(store, recipe, seed, batch_size)
        self._loader: DataLoader[Sample] = DataLoader(
            _AugmentedPhotos(store, recipe, seed),
            batch_sampler=self._order,
            num_workers=workers,
            collate_fn=_collate,
            pin_memory=torch.cuda.is_available(),
            persistent_workers=workers > 0,
            worker_init_fn=_share_no_cores,
        )

    def __len__(self) -> int:
        """Return how many batches an epoch has."""
        return len(self._order)

    def of_epoch(self, epoch: int, *, allow_mosaic: bool) -> Iterator[Sample]:
        """Yield (images, targets): uint8 (n, 3, size, size) RGB; (boxes, 6) photo, class, cx, cy, w, h, relative."""
        self._order.epoch, self._order.allow_mosaic = epoch, allow_mosaic
        yield from self._loader


def balanced_order(weights: NDArray[np.float64], chance: np.random.Generator) -> NDArray[np.int64]:
    """Draw as many photos as there are, each about as often as it weighs; of equal weight, each once."""
    count = len(weights)
    ends = np.cumsum(weights) / weights.sum() * count
    drawn = np.searchsorted(ends, np.arange(count) + chance.random()).clip(max=count - 1)
    return chance.permutation(drawn)


def photo_weights(store: PhotoStore, balance: float) -> NDArray[np.float64]:
    """Weigh each photo by its rarest sight, (photos,); photos without a sight keep their share.

    `balance` from 0, every photo the same, to 1, every sight the same; the square root between them
    is that of LVIS (Gupta et al. 2019, repeat factor sampling).
    """
    shown = [np.unique(store.boxes(index)[:, 0].astype(int)) for index in range(len(store))]
    counts = np.bincount(np.concatenate(shown))
    weights = np.array([max(counts[each] ** -balance, default=0.0) for each in shown])
    with_sight = weights > 0
    weights[with_sight] /= weights[with_sight].mean()
    weights[~with_sight] = 1.0
    return weights


class _Order:
    """The places of one epoch after the other, batch by batch."""

    epoch = 0
    allow_mosaic = False

    def __init__(self, store: PhotoStore, recipe: Recipe, seed: int, batch_size: int) -> None:
        self._weights = photo_weights(store, recipe.balance)
        self._seed, self._batch_size = seed, batch_size

    def __len__(self) -> int:
        return math.ceil(len(self._weights) / self._batch_size)

    def __iter__(self) -> Iterator[list[_Place]]:
        chance = np.random.default_rng((self._seed, self.epoch))
        order = balanced_order(self._weights, chance).tolist()
        places = [
            _Place(self.epoch, place, index, self.allow_mosaic) for place, index in enumerate(order)
        ]
        for start in range(0, len(places), self._batch_size):
            yield places[start : start + self._batch_size]


class _AugmentedPhotos(Dataset[Sample]):
    def __init__(self, store: PhotoStore, recipe: Recipe, seed: int) -> None:
        self._store, self._recipe, self._seed = store, recipe, seed

    def __getitem__(self, place: _Place) -> Sample:
        chance = np.random.default_rng((self._seed, place.epoch, place.place))
        pixels, boxes = augmented_sample(
            self._store, place.photo, self._recipe, chance, allow_mosaic=place.allow_mosaic
        )
        targets = np.zeros((len(boxes), 6), dtype=np.float32)
        targets[:, 1] = boxes[:, 0]
        targets[:, 2:4] = (boxes[:, 1:3] + boxes[:, 3:5]) / 2 / self._store.image_size
        targets[:, 4:6] = (boxes[:, 3:5] - boxes[:, 1:3]) / self._store.image_size
        return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))), torch.from_numpy(
            targets
        )


def _share_no_cores(_worker: int) -> None:
    # Torch gives a preparing process one thread; OpenCV would take all cores in each.
    cv2.setNumThreads(1)


def _collate(samples: list[Sample]) -> Sample:
    for position, (_, targets) in enumerate(samples):
        targets[:, 0] = position
    return torch.stack([image for image, _ in samples]), torch.cat(
        [targets for _, targets in samples]
    )
