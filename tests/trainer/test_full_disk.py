"""What no model needs ends no training: pictures, progress, checkpoints and the log."""

import json
import os
import resource
import subprocess
from pathlib import Path

import pytest
import torch
from drawn_dataset import REPOSITORY, trainer_command, write_dataset

from trainer import drawing
from trainer.checkpoint import CheckpointFolder
from trainer.model_folder import RunIdentity
from trainer.progress import EpochRecord, append_progress, write_progress

EPOCH = EpochRecord(1, 50, 8.0, 0.05, 0.01, 0.02, 0.61, 0.34)
IDENTITY = RunIdentity("ab" * 32, "cd" * 32, "ef" * 32)


@pytest.mark.slow
def test_training_that_can_write_its_model_alone_ends_with_it(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "dataset", {"train": 8, "val": 4, "test": 4}, epochs=2)
    model = tmp_path / "model"
    for name in ("progress.jsonl", "progress.tmp", "curves.png", "confusion_matrix.png"):
        (model / name / "in the way").mkdir(parents=True)
    (model / "checkpoints").write_text("in the way")
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            trainer_command(dataset, model),
            cwd=REPOSITORY,
            env=os.environ,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=240,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    result = json.loads((model / "result.json").read_text())
    assert result["epochs_completed"] == 2
    assert all((model / name).is_file() for name in result["files"])


def test_checkpoint_that_does_not_fit_leaves_the_one_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoints = CheckpointFolder(tmp_path, IDENTITY)
    checkpoints.save({"epoch": 1})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        checkpoints.save({"epoch": 2, "tensor": torch.ones(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "the checkpoint could not be written" in capsys.readouterr().out
    assert checkpoints.load() == {"epoch": 1}
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["last.pt"]


def test_progress_that_cannot_be_written_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "progress.jsonl").mkdir()
    write_progress(tmp_path, [EPOCH])
    append_progress(tmp_path, EPOCH)
    assert capsys.readouterr().out.count("progress.jsonl could not be written") == 2


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("a glyph")])
def test_picture_that_cannot_be_drawn_leaves_nothing_behind(
    tmp_path: Path, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "curves.png"
    path.write_bytes(b"of another training")
    with drawing.no_model_lost_for(path):
        assert not path.exists()
        path.write_bytes(b"half")
        raise error
    assert "curves.png could not be drawn" in capsys.readouterr().out
    assert not path.exists()
