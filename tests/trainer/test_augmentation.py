"""Changed photos keep their boxes on their sights, and chance is a function of seed, epoch and photo."""

import hashlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from trainer.augmentation import augmented_sample
from trainer.dataset_folder import Box, LabelledPhoto
from trainer.photos import PhotoStore
from trainer.recipe import Recipe

COLOURS_KEPT = replace(Recipe(), hue=0.0, saturation=0.0, brightness=0.0)


@pytest.fixture
def store(tmp_path: Path) -> PhotoStore:
    """Four black photos, each with one white block under its box."""
    photos = []
    for number in range(4):
        pixels = np.zeros((96, 128, 3), np.uint8)
        x, y = 20 + 10 * number, 16 + 5 * number
        pixels[y : y + 40, x : x + 48] = 255
        content = cv2.imencode(".png", pixels)[1].tobytes()
        path = tmp_path / f"{hashlib.sha256(content).hexdigest()}.png"
        path.write_bytes(content)
        box = Box(0, (x + 24) / 128, (y + 20) / 96, 48 / 128, 40 / 96)
        photos.append(LabelledPhoto(path.stem, path, (box,)))
    return PhotoStore(photos, 128, 1 << 24)


@pytest.mark.parametrize("mosaic", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(8))
def test_boxes_enclose_their_sights(store: PhotoStore, mosaic: float, seed: int) -> None:
    recipe = replace(COLOURS_KEPT, mosaic=mosaic, rotation_degrees=0.0)
    pixels, boxes = augmented_sample(
        store, 0, recipe, np.random.default_rng(seed), allow_mosaic=True
    )
    white = pixels.min(axis=2) > 128
    covered = np.zeros_like(white)
    for x1, y1, x2, y2 in np.round(boxes[:, 1:]).astype(int):
        assert white[y1:y2, x1:x2].mean() > 0.9
        covered[max(y1 - 1, 0) : y2 + 1, max(x1 - 1, 0) : x2 + 1] = True
    # Slivers of sights that were cut away have no box; nothing larger may lack one.
    assert (white & ~covered).sum() < 0.1 * 48 * 40 * 4


@pytest.mark.parametrize("seed", range(4))
def test_boxes_lie_in_the_picture(store: PhotoStore, seed: int) -> None:
    _, boxes = augmented_sample(
        store, 1, Recipe(mosaic=1.0), np.random.default_rng(seed), allow_mosaic=True
    )
    assert ((boxes[:, 1:] >= 0) & (boxes[:, 1:] <= store.image_size)).all()


def test_same_chance_gives_the_same_sample(store: PhotoStore) -> None:
    once = augmented_sample(store, 2, Recipe(), np.random.default_rng(5), allow_mosaic=True)
    again = augmented_sample(store, 2, Recipe(), np.random.default_rng(5), allow_mosaic=True)
    assert (once[0] == again[0]).all()
    assert (once[1] == again[1]).all()


def test_photos_in_memory_are_never_changed(store: PhotoStore) -> None:
    before = [store.pixels(index).copy() for index in range(len(store))]
    for seed in range(10):
        augmented_sample(
            store, seed % 4, Recipe(mosaic=0.5), np.random.default_rng(seed), allow_mosaic=True
        )
    assert all((store.pixels(index) == before[index]).all() for index in range(len(store)))


def test_photo_of_nothing_stays_one(tmp_path: Path) -> None:
    content = cv2.imencode(".png", np.zeros((50, 70, 3), np.uint8))[1].tobytes()
    path = tmp_path / f"{hashlib.sha256(content).hexdigest()}.png"
    path.write_bytes(content)
    store = PhotoStore([LabelledPhoto(path.stem, path, ())], 64, 0)
    for mosaic in (0.0, 1.0):
        _, boxes = augmented_sample(
            store, 0, Recipe(mosaic=mosaic), np.random.default_rng(0), allow_mosaic=True
        )
        assert boxes.shape == (0, 5)


@pytest.mark.parametrize("mosaic", [0.0, 1.0])
def test_asymmetric_sight_is_never_seen_in_a_mirror(store: PhotoStore, mosaic: float) -> None:
    """Neither alone nor within a mosaic; the others still are."""
    recipe = replace(COLOURS_KEPT, flip_left_right=1.0, mosaic=mosaic)

    def pixels(*asymmetric: int) -> np.ndarray:
        strict = PhotoStore(store.photos, 128, 1 << 24, asymmetric=frozenset(asymmetric))
        return augmented_sample(strict, 0, recipe, np.random.default_rng(3), allow_mosaic=True)[0]

    assert (pixels(0) == pixels(1)[:, ::-1]).all()
    assert (pixels(1) == pixels()).all()
    assert (pixels(0) != pixels()).any()
