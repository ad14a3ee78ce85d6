"""Photos are looked at once; whatever is told of a model afterwards is what the whole answer says."""

from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_dataset import write_dataset
from numpy.typing import NDArray

from trainer.answers import read_split
from trainer.dataset_folder import read_dataset
from trainer.decoding import IDENTITY, Decoding, decode, decode_everything
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
            assert np.array_equal(result.detections[:, :4], found.boxes)
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
