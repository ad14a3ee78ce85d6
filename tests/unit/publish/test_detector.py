"""The detector: boxes where the patches are, whatever the shape of the photo."""

import json
from functools import partial

import numpy as np
import pytest

from sightscan.errors import LastingPublicationError, PublicationError
from sightscan.publish.detector import OnnxDetector
from sightscan.publish.onnx_trial import try_onnx
from tests.cities.colour_city import FIXTURES
from tests.model_files import BAD_MODELS, SLOW_MODEL, metadata


@pytest.fixture(scope="module")
def detector() -> OnnxDetector:
    return OnnxDetector((FIXTURES / "colours.onnx").read_bytes())


def picture(width: int, height: int) -> np.ndarray:
    """Return a grey photo with a red patch over the middle third of each side."""
    pixels = np.full((height, width, 3), 128, np.uint8)
    pixels[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3] = (208, 32, 32)
    return pixels


@pytest.mark.parametrize(
    ("width", "height"), [(160, 160), (640, 480), (120, 400), (90, 60), (1601, 333)]
)
def test_box_is_relative_to_the_photo(detector: OnnxDetector, width: int, height: int) -> None:
    detections = detector.show(picture(width, height))
    assert detections.boxes[0] == pytest.approx([1 / 3, 1 / 3, 2 / 3, 2 / 3], abs=0.03)
    assert detector.class_names[detections.classes[0]] == "Torre do Relógio"


def test_place_counts_for_each_of_its_sights_and_is_shown_under_one_name(
    detector: OnnxDetector,
) -> None:
    pixels = np.full((120, 160, 3), 128, np.uint8)
    pixels[20:100:2, 30:130] = (208, 32, 32)
    pixels[21:100:2, 30:130] = (32, 48, 208)
    big = pixels.repeat(8, axis=0).repeat(8, axis=1)
    answer = detector.read(big)
    assert sorted(answer.counted.classes[answer.counted.scores > 0.25]) == [0, 2]
    assert len(answer.shown.classes) == 1


@pytest.mark.parametrize(("width", "height"), [(160, 160), (640, 480), (90, 60)])
def test_what_is_read_for_people_is_what_they_are_shown(
    detector: OnnxDetector, width: int, height: int
) -> None:
    answer, shown = detector.read(picture(width, height)), detector.show(picture(width, height))
    assert len(shown.scores) == 1
    assert (answer.shown.boxes == shown.boxes).all()
    assert (answer.shown.scores == shown.scores).all()
    # A box that is shown is one that counts.
    assert answer.counted.boxes[0] == pytest.approx(shown.boxes[0])


def test_model_that_says_how_it_is_read_is_read_so(detector: OnnxDetector) -> None:
    (before,) = detector.show(picture(160, 160)).scores
    read = {
        "version": 1,
        "overlap": 0.45,
        "calibration": [[0, 0], [1, 0.5]],
        "thresholds": [0.1, 1, 1, 1, 1],
    }
    onnx = (FIXTURES / "colours.onnx").read_bytes() + metadata("decoding", json.dumps(read))
    (after,) = OnnxDetector(onnx).show(picture(160, 160)).scores
    assert after == pytest.approx(before / 2)
    read["thresholds"] = [float(before) / 2 + 0.01, 0, 0, 0, 0]
    onnx = (FIXTURES / "colours.onnx").read_bytes() + metadata("decoding", json.dumps(read))
    assert 0 not in OnnxDetector(onnx).show(picture(160, 160)).classes


@pytest.mark.parametrize(
    "case",
    ["empty", "external in 33 bits", "loop", "function", "huge number", "fixed sides"],
)
def test_model_that_the_trainer_does_not_export_is_refused(case: str) -> None:
    content, words = BAD_MODELS[case]
    with pytest.raises(
        LastingPublicationError, match=rf"model\.onnx is not run, because .*{words}"
    ):
        OnnxDetector(content)


def test_model_is_tried_where_it_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sightscan.publish.detector.try_onnx", partial(try_onnx, max_seconds=3))
    with pytest.raises(PublicationError, match="did not answer a picture within 3 seconds") as told:
        OnnxDetector(SLOW_MODEL)
    # The machine may have been busy: it is tried again.
    assert type(told.value) is PublicationError
