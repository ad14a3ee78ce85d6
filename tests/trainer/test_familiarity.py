"""What looks familiar: descriptions are means of a box's parts, and only what is like a sight keeps its score."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from drawn_dataset import write_dataset
from torch import Tensor

from trainer import familiarity
from trainer import network as yolo
from trainer.dataset_folder import read_dataset
from trainer.familiarity import (
    FamiliarDetector,
    compare,
    describe,
    normalise,
    remember,
)
from trainer.photos import PhotoStore


def test_box_is_described_by_the_means_of_its_quarters() -> None:
    features = torch.arange(16.0).reshape(1, 1, 4, 4)
    # Cells are 16 pixels wide: the whole map, then the two middle rows of its left half.
    boxes = torch.tensor([[[32.0, 32, 64, 64], [16, 32, 32, 32]]])
    assert describe(features, boxes).round(decimals=3).tolist() == [
        [[2.5, 4.5, 10.5, 12.5], [4, 5, 8, 9]]
    ]


def test_cells_count_by_how_much_of_them_a_part_covers() -> None:
    features = torch.tensor([0.0, 1, 2, 3]).reshape(1, 1, 1, 4)
    # Across: from 0.5 to 2 and from 2 to 3.5 cells.
    described = describe(features, torch.tensor([[[32.0, 8, 48, 16]]]))
    assert described[0, 0].tolist() == pytest.approx([2 / 3, 7 / 3] * 2, abs=1e-4)


def test_what_reaches_out_of_the_picture_is_left_out() -> None:
    features = torch.rand(1, 3, 4, 6, generator=torch.Generator().manual_seed(0))
    whole, beyond = torch.tensor([[[48.0, 32, 96, 64]]]), torch.tensor([[[38.0, 32, 116, 64]]])
    assert torch.allclose(describe(features, whole), describe(features, beyond), atol=1e-5)


def test_boxes_of_several_photos_are_described_each_on_its_own() -> None:
    features = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    boxes = torch.tensor([[[20.0, 30, 16, 24], [40, 30, 30, 40]]]).expand(2, -1, -1)
    both = describe(features, boxes)
    for each in range(2):
        assert torch.allclose(both[each], describe(features[each : each + 1], boxes[:1])[0])


def test_likeness_is_the_mean_of_the_three_nearest_of_each_class() -> None:
    mean, deviation = torch.zeros(2), torch.ones(2)
    kept = normalise(
        torch.tensor([[[1.0, 0], [1, 0], [1, 0], [-1, 0]], [[0, 1], [0, 1], [1, 0], [-1, 0]]]),
        mean,
        deviation,
    )
    likeness = compare(torch.tensor([[[5.0, 0]]]), mean, deviation, kept)
    assert likeness[0, 0].tolist() == pytest.approx([1, 1 / 3], abs=1e-5)


@pytest.fixture
def store(tmp_path: Path) -> PhotoStore:
    folder = write_dataset(tmp_path / "dataset", {"train": 16, "val": 1, "test": 1})
    return PhotoStore(read_dataset(folder).train, 64, 0)


def test_boxes_and_class_scores_stay_and_objectness_only_falls(
    network: Callable[..., Any], store: PhotoStore
) -> None:
    detector = network()
    memory = remember(detector, store, 2)
    assert memory is not None
    images = np.random.default_rng(0).random((2, 3, 96, 128), dtype=np.float32)
    before = yolo.detect(detector, images)
    after = yolo.detect(FamiliarDetector(detector, memory), images)
    kept = [0, 1, 2, 3, 5, 6]
    assert torch.equal(before[..., kept], after[..., kept])
    assert (after[..., 4] <= before[..., 4]).all()
    # The last one of them has nothing left, nor has one that is equal to it.
    compared = (after[..., 4] > 0).sum(1)
    assert (compared < 200).all()
    assert (compared > 100).all()


def test_pictures_may_have_fewer_rows_than_are_compared(
    network: Callable[..., Any], store: PhotoStore
) -> None:
    detector = network()
    memory = remember(detector, store, 2)
    assert memory is not None
    answer = yolo.detect(FamiliarDetector(detector, memory), np.zeros((1, 3, 32, 32), np.float32))
    assert answer.shape == (1, 63, 7)
    assert 0 < (answer[..., 4] > 0).sum() < 63


def test_who_is_compared_last_makes_no_step(network: Callable[..., Any], store: PhotoStore) -> None:
    detector = network()
    memory = remember(detector, store, 2)
    assert memory is not None
    images = np.random.default_rng(0).random((1, 3, 96, 128), dtype=np.float32)
    last = np.sort(yolo.detect(detector, images)[0, :, 4])[-200]
    after = yolo.detect(FamiliarDetector(detector, memory), images)[0, :, 4]
    before = yolo.detect(detector, images)[0, :, 4]
    assert (after <= (before - last).clamp(min=0)).all()


def test_a_likeness_of_the_own_boxes_is_more_familiar_than_one_of_others(
    network: Callable[..., Any], store: PhotoStore
) -> None:
    memory = remember(network(), store, 2)
    assert memory is not None
    assert memory.kept.shape[:2] == (2, 8)
    assert memory.steepness > 0
    # Between what is like and what is not lies even odds.
    assert -1 < -memory.offset / memory.steepness < 1


def test_too_few_boxes_are_no_memory(network: Callable[..., Any], tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "dataset", {"train": 8, "val": 1, "test": 1})
    assert remember(network(), PhotoStore(read_dataset(folder).train, 64, 0), 2) is None


def test_one_sight_with_nothing_beside_it_is_no_memory(
    network: Callable[..., Any], store: PhotoStore
) -> None:
    alone = [photo for photo in store.photos if photo.boxes[0].class_index == 0] * 2
    assert remember(network(), PhotoStore(alone, 64, 0), 1) is None


def test_memory_is_of_the_photos_that_there_is_time_for(
    network: Callable[..., Any], store: PhotoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A second each time that somebody looks: when it begins, and before each photo.
    monkeypatch.setattr(familiarity, "time", SimpleNamespace(monotonic=count().__next__))
    monkeypatch.setattr(familiarity, "MAX_REMEMBERING_SECONDS", 12)
    memory = remember(network(), store, 2)
    assert memory is not None
    # Of the sights in turn.
    assert memory.kept.shape[:2] == (2, 6)


def test_photos_of_a_rare_sight_that_come_last_are_not_missed(
    network: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_dataset(tmp_path / "dataset", {"train": 40, "val": 1, "test": 1})
    photos = sorted(read_dataset(folder).train, key=lambda photo: photo.boxes[0].class_index)
    # Eighteen of one sight, a photo without any, two of the other.
    photos = [*photos[:18], replace(photos[18], boxes=()), *photos[38:]]
    store = PhotoStore(photos, 64, 0)
    network = network()
    seen: list[int] = []
    described = familiarity._describe_photo

    def describe_photo(asked: Any, all_photos: PhotoStore, index: int) -> Any:
        seen.append(index)
        return described(asked, all_photos, index)

    monkeypatch.setattr(familiarity, "_describe_photo", describe_photo)
    monkeypatch.setattr(familiarity, "time", SimpleNamespace(monotonic=count().__next__))
    monkeypatch.setattr(familiarity, "MAX_REMEMBERING_SECONDS", 14)
    memory = remember(network, store, 2)
    assert memory is not None
    assert memory.kept.shape[:2] == (2, 11)
    # The rarest first, those without a sight among them.
    assert seen[:7] == [18, 19, 0, 20, 1, 2, 3]


def test_without_time_there_is_no_memory(
    network: Callable[..., Any], store: PhotoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(familiarity, "MAX_REMEMBERING_SECONDS", -1)
    assert remember(network(), store, 2) is None


@pytest.fixture
def bursts() -> tuple[Tensor, list[int], list[str]]:
    """Two sights, four bursts of four each: photos of one burst are nearly equal, bursts are not alike."""
    chance = torch.Generator().manual_seed(0)
    scenes = torch.randn(8, 64, generator=chance).repeat_interleave(4, dim=0)
    features = scenes + 0.01 * torch.randn(32, 64, generator=chance)
    units = [f"burst {scene}" for scene in range(8) for _ in range(4)]
    normal = normalise(features, features.mean(0), features.std(0))
    return normal, [0] * 16 + [1] * 16, units


def test_photo_is_not_compared_with_what_was_taken_beside_it(
    bursts: tuple[Tensor, list[int], list[str]],
) -> None:
    normal, classes, units = bursts
    labels = np.array(classes)
    alone = familiarity._fit(normal, labels, 2, units=[str(place) for place in range(32)])
    together = familiarity._fit(normal, labels, 2, units=units)
    assert alone is not None
    assert together is not None

    def known(fitted: tuple[float, float], likeness: float) -> float:
        return float(torch.sigmoid(torch.tensor(fitted[0] * likeness + fitted[1])))

    # Only copies are familiar to who learnt from copies: here, nothing else tells the sights apart.
    assert known(alone, 0.3) < 0.2
    assert known(together, 0.3) == pytest.approx(0.5, abs=0.1)


def test_sights_of_one_burst_each_say_nothing_of_how_alike_their_photos_are(
    bursts: tuple[Tensor, list[int], list[str]],
) -> None:
    normal, classes, _ = bursts
    units = [str(one) for one in classes]
    assert familiarity._fit(normal, np.array(classes), 2, units=units) is None


def test_memory_knows_the_units_of_its_photos(
    network: Callable[..., Any], store: PhotoStore
) -> None:
    detector = network()
    apart = remember(detector, store, 2)
    pairs = [replace(one, unit=f"pair {number // 4}") for number, one in enumerate(store.photos)]
    together = remember(detector, PhotoStore(pairs, 64, 0), 2)
    assert apart is not None
    assert together is not None
    assert torch.equal(apart.kept, together.kept)
    assert (apart.steepness, apart.offset) != (together.steepness, together.offset)
    one = [replace(photo, unit="all") for photo in store.photos]
    assert remember(detector, PhotoStore(one, 64, 0), 2) is None
