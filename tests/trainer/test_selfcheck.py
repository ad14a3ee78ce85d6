"""The self-check trains and exports for real, and names the part that fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from drawn_dataset import REPOSITORY

from trainer import selfcheck
from trainer.errors import ExportMismatch, OutOfMemory
from trainer.selfcheck import SelfCheckFailed, check_host

SMALL = ("--architecture=yolov5n", "--image-size=64", "--batch-size=2", "--seconds=250")


def run(*words: str, module: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *module, *SMALL, *words]
    return subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        # As on a machine that has a GPU and no driver.
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        timeout=280,
    )


def test_sound_host_passes() -> None:
    done = run(module=("trainer", "--selfcheck"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == (
        "self-check passed: yolov5n at 64 px on cpu, batches of 2 (asked: 2)"
    )


def test_gpu_that_torch_does_not_find_is_named() -> None:
    done = run("--expect-cuda", module=("trainer.selfcheck",))
    assert done.returncode == 1
    assert "SelfCheckFailed: the device failed: the host has a GPU, but torch" in done.stderr


@pytest.mark.parametrize(
    ("module", "error", "expected"),
    [
        ("export", ExportMismatch("differs by 1e-1"), "the export failed: ExportMismatch: differs"),
        ("memory", OutOfMemory("not even 1 photo"), "the memory failed: OutOfMemory: not even"),
        (
            "making",
            RuntimeError("CUDA error: no kernel image"),
            "a training step failed: RuntimeError: CUDA error: no kernel image",
        ),
        (
            "making",
            RuntimeError("DataLoader worker (pid 7) is killed by signal: Bus error."),
            "the loader failed: RuntimeError: DataLoader worker",
        ),
    ],
)
def test_part_that_fails_is_named(
    module: str, error: Exception, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By where it broke, which here is a file of that name."""
    place = Path(selfcheck.__file__).with_name(f"{module}.py")
    code = compile("def fail(*_): raise error", str(place), "exec")
    names = {"error": error}
    exec(code, names)  # noqa: S102 - a frame in another file
    monkeypatch.setattr(selfcheck, "_train", names["fail"])
    with pytest.raises(SelfCheckFailed, match=f"^{expected}"):
        check_host(
            tmp_path, architecture="yolov5n", image_size=64, batch_size=1, expects_cuda=False
        )
