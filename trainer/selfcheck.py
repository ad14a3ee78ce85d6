"""Train on drawn photos for one epoch and export it: what a host cannot do shows before anything is uploaded.

The whole of a training at the asked size and batch, with mixed precision and the processes that load photos
where there is CUDA: a driver that does not fit, too little shared memory in a container, a broken wheel or
too little GPU memory are found in a minute, not after hours of upload.

    python -m trainer.selfcheck --architecture yolov5s --image-size 640 --batch-size 16

In a container, whose entry point is the trainer: `python -m trainer --selfcheck ...`, with the same words.
"""

import argparse
import hashlib
import json
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainer.errors import TrainerError
from trainer.isolation import isolate_process
from trainer.request import ARCHITECTURES

_CLASS_NAMES = ("Round Tower", "Square Hall")
# Batches of an epoch: enough for more than one process to load photos.
_BATCHES = 2
_PHOTOS_OF_AN_OPEN_BATCH = 64
# As many as are looked at at once, in float32: where a training batch fits, they may not.
_HELD_OUT_PHOTOS = 16
# By the module in which it broke: what a person knows it as.
_PARTS = {
    "batches": "the loader",
    "photos": "the loader",
    "memory": "the memory",
    "export": "the export",
    "evaluation": "the measuring",
}


class SelfCheckFailed(TrainerError):
    """The host cannot train as asked; the sentence names what failed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Check this host; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m trainer --selfcheck", description=__doc__)
    parser.add_argument("--architecture", choices=ARCHITECTURES, required=True)
    parser.add_argument("--image-size", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True, help="0: as many as fit")
    parser.add_argument("--expect-cuda", action="store_true", help="fail where there is none")
    parser.add_argument("--seconds", type=int, default=0, help="end after so many (0: never)")
    given = parser.parse_args(arguments)
    # By the kernel: a driver that hangs answers no Python.
    signal.alarm(given.seconds)
    with tempfile.TemporaryDirectory() as scratch:
        isolate_process(Path(scratch) / "scratch")
        try:
            said = check_host(
                Path(scratch),
                architecture=given.architecture,
                image_size=given.image_size,
                batch_size=given.batch_size,
                expects_cuda=given.expect_cuda,
            )
        except TrainerError as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            return error.exit_status
    print(said, flush=True)
    return 0


def check_host(
    scratch: Path, *, architecture: str, image_size: int, batch_size: int, expects_cuda: bool
) -> str:
    """Train and export in `scratch` as asked; return a sentence about what fits.

    Raises:
        SelfCheckFailed: something does not work here; the sentence names the part.

    """
    # The process is isolated by now; torch takes seconds.
    import torch  # noqa: PLC0415 - see above

    if expects_cuda and not torch.cuda.is_available():
        msg = (
            "the device failed: the host has a GPU, but torch "
            f"{torch.__version__} finds no CUDA; check the driver, the container toolkit and --gpus all"
        )
        raise SelfCheckFailed(msg)
    dataset_dir, model_dir = scratch / "dataset", scratch / "model"
    count = (batch_size or _PHOTOS_OF_AN_OPEN_BATCH) * _BATCHES
    try:
        _write_dataset(dataset_dir, image_size, count)
        _write_request(dataset_dir, architecture, image_size, batch_size)
        result = _train(dataset_dir, model_dir)
    except Exception as error:
        words = f"{type(error).__name__}: {error}"
        msg = f"{_part_of(error)} failed: {' '.join(words.split())[:400]}"
        raise SelfCheckFailed(msg) from error
    memory = ""
    if torch.cuda.is_available():
        taken = torch.cuda.max_memory_allocated() / 2**30
        memory = (
            f" with {taken:.1f} of {torch.cuda.mem_get_info()[1] / 2**30:.1f} GiB of its memory"
        )
    asked = batch_size or "as many as fit"
    return (
        f"self-check passed: {architecture} at {image_size} px on {result['device']}, batches of "
        f"{result['batch_size']} (asked: {asked}){memory}"
    )


def _train(dataset_dir: Path, model_dir: Path) -> dict[str, Any]:
    from trainer.run import run  # noqa: PLC0415 - imports torch

    run(dataset_dir, model_dir)
    result: dict[str, Any] = json.loads((model_dir / "result.json").read_text(encoding="utf-8"))
    return result


def _write_dataset(folder: Path, image_size: int, train_count: int) -> None:
    """Draw a plain shape on noise for each photo, the two classes in turn."""
    import cv2  # noqa: PLC0415 - as torch
    import numpy as np  # noqa: PLC0415 - as torch

    counts = {"train": train_count, "val": _HELD_OUT_PHOTOS, "test": _HELD_OUT_PHOTOS}
    chance = np.random.default_rng(0)
    for split, count in counts.items():
        for kind in ("images", "labels"):
            (folder / kind / split).mkdir(parents=True)
        for number in range(count):
            pixels = chance.integers(0, 255, (image_size, image_size, 3), dtype=np.uint8)
            low, high = image_size // 4, image_size * 3 // 4
            pixels[low:high, low:high] = (40, 90, 200) if number % 2 else (200, 90, 40)
            content = cv2.imencode(".png", pixels)[1].tobytes()
            name = hashlib.sha256(content).hexdigest()
            (folder / "images" / split / f"{name}.png").write_bytes(content)
            (folder / "labels" / split / f"{name}.txt").write_text(
                f"{number % 2} 0.5 0.5 0.5 0.5\n"
            )
    manifest = {
        "city": "self-check",
        "version": 1,
        "class_names": list(_CLASS_NAMES),
        "counts": counts,
        "sha256": "0" * 64,
    }
    (folder / "dataset.json").write_text(json.dumps(manifest), encoding="utf-8")


def _write_request(folder: Path, architecture: str, image_size: int, batch_size: int) -> None:
    """Ask for one epoch from weights, as it is trained at full size."""
    from safetensors.torch import save_file  # noqa: PLC0415 - imports torch

    from trainer.network import build_network  # noqa: PLC0415 - imports torch

    network = build_network(architecture, _CLASS_NAMES, seed=0)
    weights = folder / "weights.safetensors"
    save_file(network.state_dict(), weights, metadata={"architecture": architecture})
    request = {
        "epochs": 1,
        "image_size": image_size,
        "batch_size": batch_size,
        "seed": 0,
        "time_limit_seconds": 3600,
        "architecture": architecture,
        "weights": weights.name,
    }
    (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")


def _part_of(error: Exception) -> str:
    """Name the part of the trainer in which it broke, the innermost first."""
    modules = [
        Path(frame.filename).stem
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).parent == Path(__file__).parent
    ]
    # Photos are loaded by processes of torch's, whose frames are not ours.
    if "DataLoader" in str(error):
        return "the loader"
    return next((_PARTS[name] for name in reversed(modules) if name in _PARTS), "a training step")


if __name__ == "__main__":
    sys.exit(main())
