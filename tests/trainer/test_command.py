"""The command line: what the pipeline relies on when it gives bad input or ends a run."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from drawn_dataset import REPOSITORY, run_trainer, trainer_command, write_dataset, write_request
from safetensors.torch import load_file


def test_bad_request_ends_with_status_2_and_one_sentence(dataset_dir: Path, tmp_path: Path) -> None:
    write_request(dataset_dir, image_size=100)
    done = run_trainer(dataset_dir, tmp_path / "model")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "BadRequest: image_size must be a multiple of 32 pixels, but is 100\n"


def test_missing_dataset_ends_with_status_2(tmp_path: Path) -> None:
    done = run_trainer(tmp_path / "nowhere", tmp_path / "model")
    assert done.returncode == 2
    assert "request.json is missing" in done.stderr


def test_bad_input_is_found_before_torch_is_imported(dataset_dir: Path, tmp_path: Path) -> None:
    write_request(dataset_dir, epochs=0)
    program = (
        "import sys; from trainer.__main__ import main; status = main(sys.argv[1:])\n"
        "sys.exit(9 if 'torch' in sys.modules else status)"
    )
    command = [sys.executable, "-c", program, str(dataset_dir), str(tmp_path / "model")]
    assert subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=False).returncode == 2


def test_model_folder_that_is_a_file_ends_with_status_2(dataset_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "model").write_text("")
    done = run_trainer(dataset_dir, tmp_path / "model")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


@pytest.mark.slow
def test_unreadable_photo_ends_with_status_2_and_its_name(
    dataset_dir: Path, tmp_path: Path
) -> None:
    photo = min((dataset_dir / "images" / "test").iterdir())
    photo.write_bytes(b"not a photo")
    done = run_trainer(dataset_dir, tmp_path / "model")
    assert done.returncode == 2
    assert photo.name in done.stderr
    assert not (tmp_path / "model" / "result.json").exists()


@pytest.mark.slow
def test_killed_training_goes_on_and_ends_as_if_never_killed(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "dataset", {"train": 16, "val": 4, "test": 4}, epochs=4)
    assert run_trainer(dataset, tmp_path / "whole").returncode == 0

    interrupted = tmp_path / "interrupted"
    for epoch in (1, 2):
        _run_until(dataset, interrupted, f"epoch {epoch}/4", signal.SIGKILL)
        assert not (interrupted / "result.json").exists()
    done = run_trainer(dataset, interrupted)
    assert done.returncode == 0, done.stderr
    assert "going on after epoch 2 of 4" in done.stdout
    epochs = [
        json.loads(line)["epoch"]
        for line in (interrupted / "progress.jsonl").read_text().splitlines()
    ]
    assert epochs == [1, 2, 3, 4]
    whole, resumed = (
        load_file(folder / "weights.safetensors") for folder in (tmp_path / "whole", interrupted)
    )
    assert all(torch.equal(tensor, whole[name]) for name, tensor in resumed.items())


@pytest.mark.slow
def test_sigterm_ends_at_once_and_leaves_the_checkpoint(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "dataset", {"train": 8, "val": 4, "test": 4}, epochs=200)
    status = _run_until(dataset, tmp_path / "model", "epoch   1/200", signal.SIGTERM)
    assert status == 128 + signal.SIGTERM
    assert (tmp_path / "model" / "checkpoints" / "last.pt").is_file()
    assert not (tmp_path / "model" / "result.json").exists()


@pytest.mark.slow
def test_checkpoint_of_another_request_is_ignored(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "dataset", {"train": 8, "val": 4, "test": 4}, epochs=200)
    _run_until(dataset, tmp_path / "model", "epoch   1/200", signal.SIGKILL)
    write_request(dataset, epochs=1)
    done = run_trainer(dataset, tmp_path / "model")
    assert done.returncode == 0, done.stderr
    assert "checkpoint ignored: it is of another dataset, request or trainer" in done.stdout
    assert json.loads((tmp_path / "model" / "result.json").read_text())["epochs_completed"] == 1


@pytest.mark.slow
def test_time_limit_ends_the_training_but_not_the_model(tmp_path: Path) -> None:
    dataset = write_dataset(
        tmp_path / "dataset", {"train": 16, "val": 4, "test": 4}, epochs=2000, time_limit_seconds=2
    )
    done = run_trainer(dataset, tmp_path / "model")
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "model" / "result.json").read_text())
    assert result["stopped_by"] == "time_limit"
    assert 1 <= result["epochs_completed"] < 2000


def _run_until(dataset: Path, model: Path, line_start: str, end: signal.Signals) -> int:
    """Start the trainer, send it a signal once it has printed a line, and return its status."""
    process = subprocess.Popen(
        trainer_command(dataset, model),
        cwd=REPOSITORY,
        env=os.environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(line_start):
            break
    process.send_signal(end)
    return process.wait(timeout=120)
