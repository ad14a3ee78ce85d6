"""A dataset of drawn photos, discs and squares, and the trainer run on it as the pipeline runs it."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

REPOSITORY = Path(__file__).resolve().parents[2]
CLASS_NAMES = ("Round Tower", "Square Hall")
REQUEST: dict[str, Any] = {
    "epochs": 1,
    "image_size": 64,
    "batch_size": 8,
    "seed": 7,
    "weights": None,
    "time_limit_seconds": 600,
    "architecture": "yolov5n",
}


def draw_photo(class_index: int, chance: np.random.Generator) -> tuple[bytes, str]:
    """Draw a disc or a square on a plain ground; return the PNG and its YOLO label."""
    width, height = 96, 72
    pixels = np.full((height, width, 3), chance.integers(150, 255, 3), dtype=np.uint8)
    side = int(chance.integers(28, 52))
    x, y = int(chance.integers(0, width - side)), int(chance.integers(0, height - side))
    colour = tuple(int(value) for value in chance.integers(0, 110, 3))
    if class_index == 0:
        cv2.circle(pixels, (x + side // 2, y + side // 2), side // 2, colour, -1)
    else:
        cv2.rectangle(pixels, (x, y), (x + side - 1, y + side - 1), colour, -1)
    numbers = ((x + side / 2) / width, (y + side / 2) / height, side / width, side / height)
    label = f"{class_index} " + " ".join(f"{number:.6f}" for number in numbers) + "\n"
    return cv2.imencode(".png", pixels)[1].tobytes(), label


def write_dataset(folder: Path, counts: dict[str, int], seed: int = 0, **request: Any) -> Path:
    """Write a dataset folder of drawn photos, sights in turn, and its request."""
    chance = np.random.default_rng(seed)
    for split, count in counts.items():
        (folder / "images" / split).mkdir(parents=True)
        (folder / "labels" / split).mkdir(parents=True)
        for number in range(count):
            content, label = draw_photo(number % len(CLASS_NAMES), chance)
            name = hashlib.sha256(content).hexdigest()
            (folder / "images" / split / f"{name}.png").write_bytes(content)
            (folder / "labels" / split / f"{name}.txt").write_text(label)
    manifest = {
        "city": "testville",
        "version": 3,
        "class_names": list(CLASS_NAMES),
        "sight_ids": [11, 12],
        "counts": counts,
        "sha256": hashlib.sha256(f"{counts}{seed}".encode()).hexdigest(),
    }
    (folder / "dataset.json").write_text(json.dumps(manifest))
    write_request(folder, **request)
    return folder


def write_request(folder: Path, **changes: Any) -> None:
    """Write request.json: the usual one with changes."""
    (folder / "request.json").write_text(json.dumps({**REQUEST, **changes}))


def trainer_command(dataset_dir: Path, model_dir: Path) -> list[str]:
    """The command that the pipeline sends to the host."""
    return [sys.executable, "-m", "trainer", str(dataset_dir), str(model_dir)]


def run_trainer(
    dataset_dir: Path, model_dir: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the trainer as the pipeline does, to its end."""
    return subprocess.run(
        trainer_command(dataset_dir, model_dir),
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
