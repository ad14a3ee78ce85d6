"""Batches of augmented photos, each a function of (seed, epoch, index) alone."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from trainer.augmentation import augmented_sample
from trainer.photos import PhotoStore
from trainer.recipe import Recipe

Sample = tuple[Tensor, Tensor]


def epoch_batches(
    store: PhotoStore,
    recipe: Recipe,
    *,
    seed: int,
    epoch: int,
    batch_size: int,
    workers: int,
    allow_mosaic: bool,
) -> Iterator[Sample]:
    """Yield (images, targets) of one epoch: uint8 (n, 3, size, size) RGB; (boxes, 6) photo, class, cx, cy, w, h.

    Targets are relative to the image. `workers` processes prepare batches; 0 prepares them here.
    """
    order = np.random.default_rng((seed, epoch)).permutation(len(store)).tolist()
    loader = DataLoader(
        _AugmentedEpoch(store, recipe, seed, epoch, allow_mosaic=allow_mosaic),
        batch_size=batch_size,
        sampler=order,
        num_workers=workers,
        collate_fn=_collate,
        pin_memory=torch.cuda.is_available(),
    )
    yield from loader


def batch_count(photo_count: int, batch_size: int) -> int:
    """Return how many batches an epoch has."""
    return -(-photo_count // batch_size)


class _AugmentedEpoch(Dataset[Sample]):
    def __init__(
        self, store: PhotoStore, recipe: Recipe, seed: int, epoch: int, *, allow_mosaic: bool
    ) -> None:
        self._store, self._recipe, self._seed, self._epoch = store, recipe, seed, epoch
        self._allow_mosaic = allow_mosaic

    def __len__(self) -> int:
        return len(self._store)

    def __getitem__(self, index: int) -> Sample:
        chance = np.random.default_rng((self._seed, self._epoch, index))
        pixels, boxes = augmented_sample(
            self._store, index, self._recipe, chance, allow_mosaic=self._allow_mosaic
        )
        targets = np.zeros((len(boxes), 6), dtype=np.float32)
        targets[:, 1] = boxes[:, 0]
        targets[:, 2:4] = (boxes[:, 1:3] + boxes[:, 3:5]) / 2 / self._store.image_size
        targets[:, 4:6] = (boxes[:, 3:5] - boxes[:, 1:3]) / self._store.image_size
        return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))), torch.from_numpy(
            targets
        )


def _collate(samples: list[Sample]) -> Sample:
    for position, (_, targets) in enumerate(samples):
        targets[:, 0] = position
    return torch.stack([image for image, _ in samples]), torch.cat(
        [targets for _, targets in samples]
    )
