import os
import subprocess
from typing import NoReturn

import pytest

from detector_app.models.onnx_file import check_onnx
from detector_app.models.onnx_trial import OnnxTrialError, try_onnx
from tests.model_files import SLOW_MODEL


def test_good_model_passes(onnx: bytes) -> None:
    try_onnx(onnx, image_size=160, fields=10)


def test_model_that_takes_for_ever_is_stopped() -> None:
    check_onnx(SLOW_MODEL)
    with pytest.raises(OnnxTrialError, match="did not answer a picture within 3 seconds"):
        try_onnx(SLOW_MODEL, image_size=160, fields=10, max_seconds=3)


def test_picture_that_takes_too_much_memory_is_refused(onnx: bytes) -> None:
    # 100,000 x 100,000 pixels: 120 GB.
    with pytest.raises(OnnxTrialError, match="Unable to allocate"):
        try_onnx(onnx, image_size=100_000, fields=10)


def test_graph_that_the_runtime_does_not_know_is_refused(onnx: bytes) -> None:
    with pytest.raises(OnnxTrialError, match="cannot be loaded and run"):
        try_onnx(onnx.replace(b"Sigmoid", b"Sigmoit"), image_size=160, fields=10)


def test_answer_of_another_shape_is_refused(onnx: bytes) -> None:
    with pytest.raises(OnnxTrialError, match=r"shape \[1, 5, 10\], expected \[1, boxes, 9\]"):
        try_onnx(onnx, image_size=160, fields=9)


def test_process_that_dies_is_told(onnx: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    with pytest.raises(OnnxTrialError, match="ended"):
        try_onnx(onnx, image_size=160, fields=10)


def test_trial_knows_no_password(onnx: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "secret")
    given: dict[str, str] = {}

    def watch(*_: object, env: dict[str, str], **__: object) -> NoReturn:
        given.update(env)
        raise BrokenPipeError

    monkeypatch.setattr(subprocess, "run", watch)
    with pytest.raises(OnnxTrialError, match="before it had read it"):
        try_onnx(onnx, image_size=160, fields=10)
    assert given["PATH"] == os.environ["PATH"]
    assert "PGPASSWORD" not in given
