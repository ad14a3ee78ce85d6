"""What only a GPU does: mixed precision, its memory, and the way back from it. Skipped where there is none."""

import json
from pathlib import Path

import pytest
import torch
from drawn_dataset import run_trainer, write_dataset

from trainer.memory import batches_of, halve_until_it_fits
from trainer.selfcheck import check_host

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA here"),
]


def test_epoch_of_mixed_precision_learns_and_its_export_answers_alike(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "dataset", {"train": 16, "val": 6, "test": 6}, epochs=1)
    done = run_trainer(dataset, tmp_path / "model")
    # The export is compared with the network, which was taken back from the GPU.
    assert done.returncode == 0, done.stderr
    assert "differs from torch by at most" in done.stdout
    result = json.loads((tmp_path / "model" / "result.json").read_text())
    assert result["device"] == torch.cuda.get_device_name()
    line = json.loads((tmp_path / "model" / "progress.jsonl").read_text().splitlines()[0])
    assert 0 < line["box_loss"] < 10


def test_memory_that_runs_out_halves_the_batch_and_is_free_again() -> None:
    free_bytes = torch.cuda.mem_get_info()[0]
    tried = []

    def take(batch_size: int) -> int:
        tried.append(batch_size)
        with batches_of(batch_size):
            # A photo of a third each: two fit, and no more than three.
            held = torch.empty(batch_size * free_bytes // 3, dtype=torch.uint8, device="cuda")
        return int(held.numel())

    assert halve_until_it_fits(8, take) == 2 * free_bytes // 3
    assert tried == [8, 4, 2]
    torch.cuda.empty_cache()
    assert torch.cuda.memory_allocated() == 0


@pytest.mark.parametrize("batch_size", [16, 0])
def test_self_check_passes_and_tells_the_memory(tmp_path: Path, batch_size: int) -> None:
    said = check_host(
        tmp_path, architecture="yolov5s", image_size=640, batch_size=batch_size, expects_cuda=True
    )
    assert torch.cuda.get_device_name() in said
    assert "GiB of its memory" in said
