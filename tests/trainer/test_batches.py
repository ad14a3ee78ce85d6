"""An epoch shows rare sights more often, and is the same whoever prepares its batches."""

import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from trainer.batches import Batches, balanced_order, photo_weights
from trainer.dataset_folder import Box, LabelledPhoto
from trainer.photos import PhotoStore
from trainer.recipe import FROM_WEIGHTS


@pytest.fixture
def store(tmp_path: Path) -> PhotoStore:
    """Sixteen photos of a common sight, one of a rare one, three of none."""
    photos = []
    for number, boxes in enumerate(
        [(Box(0, 0.5, 0.5, 0.5, 0.5),)] * 16 + [(Box(1, 0.5, 0.5, 0.5, 0.5),)] + [()] * 3
    ):
        content = cv2.imencode(".png", np.full((32, 32, 3), 10 * number, np.uint8))[1].tobytes()
        path = tmp_path / f"{hashlib.sha256(content).hexdigest()}.png"
        path.write_bytes(content)
        photos.append(LabelledPhoto(path.stem, path, boxes))
    return PhotoStore(photos, 32, 1 << 20)


@pytest.mark.parametrize(
    ("balance", "rare", "common"),
    [
        (0.0, 1.0, 1.0),
        (0.5, 17 / 5, 17 / 20),  # 4 : 1
        (1.0, 17 / 2, 17 / 32),  # 16 : 1
    ],
)
def test_rare_sight_weighs_more_and_photos_of_nothing_the_same(
    store: PhotoStore, balance: float, rare: float, common: float
) -> None:
    weights = photo_weights(store, balance)
    assert weights == pytest.approx(np.array([common] * 16 + [rare] + [1.0] * 3))


def test_photos_are_drawn_as_often_as_they_weigh() -> None:
    weights = np.array([0.5, 0.5, 3.0, 0.0])
    counts = Counter[int]()
    for seed in range(50):
        order = balanced_order(weights, np.random.default_rng(seed))
        assert len(order) == 4
        counts.update(order.tolist())
    assert counts[2] == 150
    assert counts[0] + counts[1] == 50
    assert 10 < counts[0] < 40


@pytest.mark.parametrize("count", [1, 3, 97, 1000])
def test_photos_of_equal_weight_are_drawn_once_each(count: int) -> None:
    for seed in range(5):
        order = balanced_order(np.full(count, 0.1), np.random.default_rng(seed))
        assert sorted(order.tolist()) == list(range(count))


def test_photo_seen_twice_in_an_epoch_is_changed_in_two_ways(store: PhotoStore) -> None:
    recipe = replace(FROM_WEIGHTS, balance=1.0, mosaic=0.0, brightness=0.4)
    batches = Batches(store, recipe, seed=1, batch_size=8, workers=0)
    rare = [
        image
        for images, targets in batches.of_epoch(0, allow_mosaic=False)
        for number, image in enumerate(images)
        if (targets[targets[:, 0] == number, 1] == 1).any()
    ]
    assert len(rare) > 4
    assert all((rare[0] != other).any() for other in rare[1:])


def test_processes_live_across_epochs_and_prepare_the_same(store: PhotoStore) -> None:
    here, there = (
        Batches(store, FROM_WEIGHTS, seed=1, batch_size=8, workers=workers) for workers in (0, 2)
    )
    assert len(here) == 3
    processes = set()
    for epoch in (0, 5):
        for expected, prepared in zip(
            here.of_epoch(epoch, allow_mosaic=True),
            there.of_epoch(epoch, allow_mosaic=True),
            strict=True,
        ):
            assert all(map(torch.equal, expected, prepared))
        processes.add(tuple(each.pid for each in there._loader._iterator._workers))
    assert len(processes) == 1
