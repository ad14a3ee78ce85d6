"""Publication reads the exported file with its own code, and comes to the figures that the trainer states."""

import json
from pathlib import Path
from typing import Any

import pytest
from drawn_dataset import CLASS_NAMES, run_trainer, write_dataset

from sightscan.box import Box
from sightscan.publish.detector import OnnxDetector
from sightscan.publish.reading import Entrant, JudgedPhoto, Reading, read_photos
from trainer.dataset_folder import read_dataset

pytestmark = pytest.mark.slow
# Threads and libraries round otherwise; beyond it, one of the two reads another file or other photos.
TOLERANCE = 0.005


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A training long enough for a model that finds something: (dataset folder, model folder)."""
    root = tmp_path_factory.mktemp("learnt")
    dataset = write_dataset(root / "dataset", {"train": 32, "val": 8, "test": 12}, epochs=16)
    done = run_trainer(dataset, root / "model")
    assert done.returncode == 0, done.stderr
    return dataset, root / "model"


def read(folder: Path, onnx: Path) -> Reading:
    """Read the test photos of a dataset folder as publication does."""
    photos = [
        (
            JudgedPhoto(
                bytes.fromhex(photo.sha256),
                tuple(
                    (
                        CLASS_NAMES[box.class_index],
                        Box(
                            box.center_x - box.width / 2,
                            box.center_y - box.height / 2,
                            box.center_x + box.width / 2,
                            box.center_y + box.height / 2,
                        ),
                    )
                    for box in photo.boxes
                ),
            ),
            photo.path.read_bytes(),
        )
        for photo in read_dataset(folder).test
    ]
    (reading,) = read_photos([Entrant(OnnxDetector(onnx.read_bytes()), CLASS_NAMES)], photos)
    return reading


@pytest.mark.parametrize("name", ["model.onnx", "live.onnx"])
def test_publication_measures_what_the_trainer_measured(
    learnt: tuple[Path, Path], name: str
) -> None:
    result: dict[str, Any] = json.loads((learnt[1] / "result.json").read_text())
    told = result if name == "model.onnx" else result["live"]
    test, measure = told["metrics"]["test"], read(learnt[0], learnt[1] / name).measure
    # A model that finds nothing would agree with whatever finds nothing.
    assert test["map50"] > 0.02
    assert (measure.map50, measure.map50_95) == (
        pytest.approx(test["map50"], abs=TOLERANCE),
        pytest.approx(test["map50_95"], abs=TOLERANCE),
    )
    of_sights = {one["name"]: one["map50_95"] for one in test["per_class"]}
    assert {one.name: one.map50_95 for one in measure.per_class} == pytest.approx(
        of_sights, abs=TOLERANCE
    )
