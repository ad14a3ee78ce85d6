"""The weights of COCO are known by their hash, read without running them, and kept as safetensors with theirs."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from trainer import coco_weights
from trainer.coco_weights import main, make_coco_weights
from trainer.errors import BadWeights
from trainer.weights import read_weights, transfer_weights

Build = Callable[..., Any]


@pytest.fixture
def released(network: Build, tmp_path: Path) -> Path:
    """A checkpoint of 80 classes, in half precision as released ones are."""
    built = network(tuple(f"thing {number}" for number in range(80)), seed=1)
    path = tmp_path / "yolov5n.pt"
    torch.save({"epoch": -1, "model": built.half(), "ema": None}, path)
    return path


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_released_files_are_pinned() -> None:
    assert coco_weights.RELEASED_SHA256 == {
        "4f180cf23ba0717ada0badd6c685026d73d48f184d00fc159c2641284b2ac0a3": "yolov5n",
        "8b3b748c1e592ddd8868022e8732fde20025197328490623cc16c6f24d0782ee": "yolov5s",
        "61d933360ba5a7733a36764996c800287d973889d875227f5beedd2473a97a56": "yolov5m",
    }


def test_known_file_becomes_safetensors_with_its_hash_beside_it(
    released: Path, network: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coco_weights, "RELEASED_SHA256", {sha256_of(released): "yolov5n"})
    folder = tmp_path / "new" / "weights"
    made = make_coco_weights(released, folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "yolov5n.safetensors",
        "yolov5n.safetensors.sha256",
    ]
    noted = (folder / "yolov5n.safetensors.sha256").read_text()
    assert noted == f"{sha256_of(made)}  yolov5n.safetensors\n"
    with safe_open(made, framework="pt") as file:
        assert file.metadata() == {
            "architecture": "yolov5n",
            "class_names": json.dumps([None] * 80),
        }
    child = network(("thing 3", "Square Hall"), seed=2)
    untouched = child.state_dict()["model.24.m.0.weight"].view(3, 7, -1)[:, 5:].clone()
    transfer = transfer_weights(read_weights(made), child)
    assert (transfer.whole, transfer.in_part, transfer.left_out) == (343, 6, 0)
    # COCO's classes are nobody's sights, whatever they are called.
    assert torch.equal(child.state_dict()["model.24.m.0.weight"].view(3, 7, -1)[:, 5:], untouched)


def test_unknown_file_needs_the_hash_that_is_meant(released: Path, tmp_path: Path) -> None:
    with pytest.raises(
        BadWeights, match=rf"{sha256_of(released)}: expected that of yolov5n, .*SHA256="
    ):
        make_coco_weights(released, tmp_path / "weights")
    with pytest.raises(BadWeights, match="expected SHA256=00"):
        make_coco_weights(released, tmp_path / "weights", "00" * 32)
    assert not (tmp_path / "weights").exists()
    made = make_coco_weights(released, tmp_path / "weights", sha256_of(released))
    assert made.name == "yolov5n.safetensors"


def test_file_that_is_no_network_is_refused_though_its_hash_is_right(tmp_path: Path) -> None:
    junk = tmp_path / "yolov5n.pt"
    junk.write_bytes(b"<html>not found</html>")
    with pytest.raises(BadWeights, match=r"damaged or no \.pt file"):
        make_coco_weights(junk, tmp_path / "weights", sha256_of(junk))
    assert not (tmp_path / "weights").exists()


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("gone.pt", "FROM=gone.pt is no file"),
        ("http://example.org/yolov5n.pt", "must be a file or begin with https://"),
        ("file:///etc/hostname", "must be a file or begin with https://"),
        ("https://127.0.0.1:1/yolov5n.pt", "could not be fetched"),
    ],
)
def test_source_that_is_none_is_named(
    source: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([source, "--folder", str(tmp_path)]) == 2
    assert complaint in capsys.readouterr().err
