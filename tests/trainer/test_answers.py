"""Photos are looked at once; whatever is told of a model afterwards is what the whole answer says."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from drawn_dataset import write_dataset
from numpy.typing import NDArray

from tests.stopped_clock import Clock
from trainer import answers as answers_module
from trainer.answers import read_split
from trainer.dataset_folder import read_dataset
from trainer.decoding import IDENTITY, Decoding, decode, decode_everything
from trainer.evaluation import Detector
from trainer.photos import PhotoStore

DECODINGS = (
    Decoding(0.45, IDENTITY, (0.01, 0.01)),
    Decoding(0.45, ((0.0, 0.0), (0.3, 0.9), (1.0, 1.0)), (0.5, 0.8)),
)


class Recorder:
    """A detector that answers by chance, and remembers what it was asked and answered."""

    def __init__(self, rows: int) -> None:
        self._chance, self._rows = np.random.default_rng(3), rows
        self.shapes: list[tuple[int, ...]] = []
        self.answers: list[NDArray[np.float32]] = []

    def __call__(self, images: NDArray[np.float32]) -> torch.Tensor:
        rows = self._chance.random((self._rows, 7), dtype=np.float32)
        rows[:, :2] *= 64
        rows[:, 2:4] = 8 + 24 * rows[:, 2:4]
        # Most see nothing, as behind a memory; some scores are equal, one row is no number.
        rows[self._rows // 20 :, 4] = 0
        rows[:: self._rows // 20, 5:] = 0.5
        rows[3, 6] = np.nan
        rows = self._chance.permutation(rows)
        self.shapes.append(images.shape)
        self.answers.append(rows)
        return torch.from_numpy(rows[np.newaxis])


@pytest.fixture
def store(tmp_path: Path) -> PhotoStore:
    folder = write_dataset(tmp_path / "dataset", {"train": 2, "val": 3, "test": 2})
    return PhotoStore(read_dataset(folder).val, 96, 0)


@pytest.mark.parametrize("rows", [400, 120_000])
def test_answers_say_what_the_whole_answer_says(store: PhotoStore, rows: int) -> None:
    detector = Recorder(rows)
    answers = read_split(detector, store)
    readings = [(answers.count_everything(), decode_everything)] + [
        (answers.show(one), lambda given, one=one: decode(given, one)) for one in DECODINGS
    ]
    for results, read in readings:
        for result, whole in zip(results, detector.answers, strict=True):
            found = read(whole)
            # Of the photo, 96 by 72 in a picture of 96 by 96; people see no box beyond it.
            inside = found.boxes.clip((0, 12, 0, 12), (96, 84, 96, 84))
            assert np.array_equal(result.detections[:, :4], inside)
            assert not np.array_equal(inside, found.boxes)
            assert np.array_equal(result.detections[:, 4], found.confidences)
            assert np.array_equal(result.detections[:, 5], found.classes)


def test_each_photo_is_asked_about_once_and_padded_as_in_the_app(store: PhotoStore) -> None:
    detector = Recorder(400)
    answers = read_split(detector, store)
    answers.count_everything()
    answers.show(DECODINGS[0])
    assert len(detector.shapes) == len(answers.photos) == 3
    for index, shape in enumerate(detector.shapes):
        height, width = store.pixels(index).shape[:2]
        assert shape == (1, 3, -(-height // 32) * 32, -(-width // 32) * 32)
    assert answers.milliseconds > 0


def test_first_photos_are_read_and_timed_by_another_session(store: PhotoStore) -> None:
    all_threads, one_thread = Recorder(400), Recorder(400)
    answers = read_split(all_threads, store, timed=(one_thread, 2))
    assert (len(one_thread.shapes), len(all_threads.shapes), len(answers.photos)) == (2, 1, 3)
    assert read_split(all_threads, store, timed=(one_thread, 50)).milliseconds > 0
    assert (len(one_thread.shapes), len(all_threads.shapes)) == (5, 1)


def test_milliseconds_are_those_of_the_photos_that_are_timed(
    store: PhotoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(answers_module, "time", SimpleNamespace(perf_counter=clock))

    def taking(seconds: float) -> Detector:
        def answer(images: NDArray[np.float32]) -> torch.Tensor:
            clock.sleep(seconds)
            return Recorder(400)(images)

        return answer

    assert read_split(taking(2), store, timed=(taking(0.5), 1)).milliseconds == 500
    assert read_split(taking(0.5), store, timed=(taking(2), 1)).milliseconds == 2_000
