"""Tests of the trainer run in the trainer's own environment, on a city drawn by drawn_dataset.py."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drawn_dataset import CLASS_NAMES, run_trainer, write_dataset

from trainer.isolation import SWITCHES

pytest_plugins = ("tests.loopback_only",)

# The switches only: the audit hook of the isolation cannot be taken back, and pytest is not to be
# isolated.
os.environ.update(SWITCHES)


@pytest.fixture
def dataset_dir(tmp_path: Path) -> Path:
    """A dataset that can be trained on: 8 training photos, 4 for validation, 4 for the test."""
    return write_dataset(tmp_path / "dataset", {"train": 8, "val": 4, "test": 4})


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """A training really done, once for all tests: (dataset folder, model folder, what it printed)."""
    root = tmp_path_factory.mktemp("finished")
    dataset = write_dataset(root / "dataset", {"train": 16, "val": 6, "test": 6}, epochs=2)
    done = run_trainer(dataset, root / "model")
    assert done.returncode == 0, done.stderr
    return dataset, root / "model", done.stdout


@pytest.fixture
def network() -> Callable[..., Any]:
    """Build a small network; torch is imported only by the tests that need it."""

    def build(class_names: tuple[str, ...] = CLASS_NAMES, seed: int = 0) -> Any:
        from trainer.network import build_network  # noqa: PLC0415 - takes seconds; few tests need it

        return build_network("yolov5n", class_names, seed)

    return build
