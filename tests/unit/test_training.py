"""A training as values: its hash is the trainer's, its weights carry theirs."""

from dataclasses import replace

import pytest

from sightscan.errors import TrainingError
from sightscan.training import TrainingRequest, weights_name

REQUEST = TrainingRequest(
    epochs=3, image_size=160, batch_size=8, seed=1, time_limit_seconds=60, architecture="yolov5n"
)


def test_stored_request_is_the_request() -> None:
    assert TrainingRequest.from_json(REQUEST.to_json()) == REQUEST


def test_any_other_value_is_another_hash() -> None:
    others = [
        replace(REQUEST, epochs=4),
        replace(REQUEST, seed=2),
        replace(REQUEST, patience=2),
        replace(REQUEST, weights=weights_name(b"\x01" * 32, ".pt")),
        replace(REQUEST, weights=weights_name(b"\x02" * 32, ".pt")),
    ]
    assert len({REQUEST.sha256, *(other.sha256 for other in others)}) == 6


def test_name_of_weights_carries_their_hash() -> None:
    request = replace(REQUEST, weights=weights_name(b"\x0a" * 32, ".safetensors"))
    assert request.weights_sha256 == b"\x0a" * 32


def test_name_without_a_hash_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"weights 'yolov5n\.pt' carry no hash"):
        _ = replace(REQUEST, weights="yolov5n.pt").sha256
