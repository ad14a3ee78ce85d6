"""A training that does not fit into memory goes on with half the batch, and says so."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from drawn_dataset import write_dataset, write_request

from trainer import training
from trainer.errors import OutOfMemory, TrainingFailed
from trainer.memory import (
    BatchTooLarge,
    batches_of,
    fitting_batch_size,
    halve_until_it_fits,
    largest_batch_size,
)
from trainer.run import run

OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    MemoryError(),
    RuntimeError("CUDA error: out of memory"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: str(error)[:30])
def test_all_ways_to_say_that_memory_ran_out_are_known(error: Exception) -> None:
    with pytest.raises(BatchTooLarge), batches_of(16):
        raise error


@pytest.mark.parametrize(
    "error", [RuntimeError("CUDA error: device-side assert"), TrainingFailed("the loss became nan")]
)
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error), match=str(error)), batches_of(16):
        raise error


def test_batch_is_halved_until_it_fits(capsys: pytest.CaptureFixture[str]) -> None:
    def make(batch_size: int) -> int:
        with batches_of(batch_size):
            if batch_size > 3:
                raise MemoryError
        return batch_size

    assert halve_until_it_fits(24, make) == 3
    assert capsys.readouterr().out == (
        "out of memory with batches of 24: going on with batches of 12\n"
        "out of memory with batches of 12: going on with batches of 6\n"
        "out of memory with batches of 6: going on with batches of 3\n"
    )


def test_batch_of_one_that_does_not_fit_has_a_status_of_its_own() -> None:
    def make(batch_size: int) -> None:
        with batches_of(batch_size):
            raise MemoryError

    with pytest.raises(OutOfMemory, match="not even take batches of 1 photo") as told:
        halve_until_it_fits(16, make)
    assert told.value.exit_status == 3


@pytest.mark.parametrize(
    ("fitting", "photos", "batch_size"),
    [
        (500.0, 5_000, 64),
        (500.0, 600, 32),  # 18 steps an epoch
        (500.0, 300, 16),
        (500.0, 20, 16),  # few photos: as ever
        (23.9, 5_000, 16),
        (1.4, 5_000, 1),
        (0.3, 5_000, 1),  # it will tell how much it lacks
    ],
)
def test_batch_by_memory_leaves_an_epoch_of_enough_steps(
    fitting: float, photos: int, batch_size: int
) -> None:
    assert largest_batch_size(fitting, photos) == batch_size


def test_batch_by_memory_is_the_usual_one_where_there_is_no_gpu() -> None:
    assert fitting_batch_size(torch.nn.Linear(1, 1), 640, 5_000) == 16


@pytest.mark.slow
def test_training_goes_on_after_its_last_epoch_with_half_the_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The third epoch does not fit; nor would it after a kill, whose successor knows it."""
    real, trained = training._train_epoch, []

    def small_memory(state: Any, loss: Any, batches: Any, schedule: Any) -> Any:
        epoch, batch_size = len(state.history) + 1, schedule.request.batch_size
        losses = real(state, loss, batches, schedule)
        if epoch >= 3 and batch_size > 4:
            msg = "CUDA out of memory."
            raise torch.OutOfMemoryError(msg)
        trained.append((epoch, batch_size))
        if (epoch, len(trained)) == (4, 4):
            raise KeyboardInterrupt
        return losses

    monkeypatch.setattr(training, "_train_epoch", small_memory)
    dataset = write_dataset(tmp_path / "dataset", {"train": 16, "val": 4, "test": 4})
    write_request(dataset, epochs=4, batch_size=8)
    model = tmp_path / "model"
    with pytest.raises(KeyboardInterrupt):
        run(dataset, model)
    run(dataset, model)
    assert trained == [(1, 8), (2, 8), (3, 4), (4, 4), (4, 4)]
    assert "out of memory with batches of 8: going on with batches of 4" in capsys.readouterr().out
    result = json.loads((model / "result.json").read_text())
    assert (result["batch_size"], result["parameters"]["batch_size"]) == (4, 8)
    assert result["epochs_completed"] == 4
    assert (model / "progress.jsonl").read_text().count("\n") == 4
    assert (model / "trained").exists()
