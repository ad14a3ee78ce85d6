"""What request.json may ask for, and how a wrong one is refused."""

from pathlib import Path
from typing import Any

import pytest
from drawn_dataset import REQUEST, write_request

from trainer.errors import BadRequest
from trainer.request import hash_request, parse_request, read_request


def test_request_is_read_with_all_its_values(dataset_dir: Path) -> None:
    request = read_request(dataset_dir)
    assert {key: getattr(request, key) for key in REQUEST} == REQUEST


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("epochs", 0),
        ("epochs", "ten"),
        ("epochs", True),
        ("epochs", 1.5),
        ("image_size", 100),
        ("image_size", 32),
        ("batch_size", -1),
        ("batch_size", 513),
        ("patience", -1),
        ("patience", None),
        ("seed", None),
        ("time_limit_seconds", 0),
        ("architecture", "yolov9"),
        ("weights", "../secret.pt"),
        ("weights", "model.onnx"),
        ("weights", 5),
    ],
)
def test_wrong_value_is_named_with_its_key(key: str, value: Any) -> None:
    with pytest.raises(BadRequest, match=key) as caught:
        parse_request({**REQUEST, key: value})
    assert str(value) in str(caught.value)


def test_missing_key_is_named() -> None:
    with pytest.raises(BadRequest, match="lacks seed"):
        parse_request({key: value for key, value in REQUEST.items() if key != "seed"})


def test_misspelt_key_is_refused_rather_than_ignored() -> None:
    with pytest.raises(BadRequest, match="unknown keys epoch"):
        parse_request({**REQUEST, "epoch": 3})


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "null"])
def test_junk_is_refused(dataset_dir: Path, text: str) -> None:
    (dataset_dir / "request.json").write_text(text)
    with pytest.raises(BadRequest, match=r"request\.json"):
        read_request(dataset_dir)


def test_missing_weights_file_is_refused(dataset_dir: Path) -> None:
    write_request(dataset_dir, weights="parent.safetensors")
    with pytest.raises(BadRequest, match=r"parent\.safetensors"):
        read_request(dataset_dir)


def test_hash_follows_the_bytes_of_the_weights(dataset_dir: Path) -> None:
    write_request(dataset_dir, weights="parent.safetensors")
    (dataset_dir / "parent.safetensors").write_bytes(b"one")
    before = hash_request(read_request(dataset_dir), dataset_dir)
    (dataset_dir / "parent.safetensors").write_bytes(b"two")
    assert hash_request(read_request(dataset_dir), dataset_dir) != before


def test_hash_does_not_follow_the_order_of_keys() -> None:
    there, back = dict(REQUEST), dict(reversed(REQUEST.items()))
    assert hash_request(parse_request(there), Path()) == hash_request(parse_request(back), Path())
