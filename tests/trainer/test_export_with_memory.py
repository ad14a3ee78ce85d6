"""A memory of what looks familiar is in the exported file, and no model is lost for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from drawn_dataset import REQUEST, write_dataset
from torch import nn

from trainer import export, exporting
from trainer.dataset_folder import read_dataset
from trainer.errors import ExportMismatch
from trainer.familiarity import FamiliarDetector
from trainer.photos import PhotoStore
from trainer.request import TrainingRequest


@pytest.fixture
def exported(network: Callable[..., Any], tmp_path: Path) -> Callable[[], bool]:
    """Export a network; tell whether the file compares boxes with what it remembers."""
    dataset = read_dataset(write_dataset(tmp_path / "dataset", {"train": 16, "val": 2, "test": 2}))

    def run() -> bool:
        exporting.export_with_memory(
            network(),
            dataset,
            TrainingRequest(**REQUEST),
            train_photos=PhotoStore(dataset.train, 64, 0),
            val_photos=PhotoStore(dataset.val, 64, 0),
            model_dir=tmp_path,
        )
        nodes = onnx.load(tmp_path / "model.onnx").graph.node
        return any(node.op_type == "TopK" for node in nodes)

    return run


def test_file_compares_boxes_with_what_it_remembers(exported: Callable[[], bool]) -> None:
    assert exported()


def test_model_is_exported_without_a_memory_that_cannot_be_made(
    exported: Callable[[], bool],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> None:
        msg = "no room"
        raise MemoryError(msg)

    monkeypatch.setattr(exporting, "remember", fail)
    assert not exported()
    assert "nothing says what looks familiar (MemoryError: no room)" in capsys.readouterr().out


def test_model_is_exported_without_a_memory_that_answers_otherwise_than_in_torch(
    exported: Callable[[], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = export.compare_with_torch

    def compare_strictly(path: Path, network: nn.Module, images: Any) -> float:
        if isinstance(network, FamiliarDetector):
            msg = "model.onnx differs"
            raise ExportMismatch(msg)
        return compare(path, network, images)

    monkeypatch.setattr(export, "compare_with_torch", compare_strictly)
    assert not exported()
