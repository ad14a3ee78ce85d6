"""The detector: boxes where the patches are, whatever the shape of the photo."""

from functools import partial

import numpy as np
import pytest

from sightscan.errors import LastingPublicationError, PublicationError
from sightscan.publish.detector import OnnxDetector
from sightscan.publish.onnx_trial import try_onnx
from tests.cities.colour_city import FIXTURES
from tests.model_files import BAD_MODELS, SLOW_MODEL


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
    (detections,) = detector.detect([picture(width, height)], confidence=0.25)
    assert detections.boxes[0] == pytest.approx([1 / 3, 1 / 3, 2 / 3, 2 / 3], abs=0.03)
    assert detector.class_names[detections.classes[0]] == "Torre do Relógio"


def test_photos_of_several_shapes_keep_their_order(detector: OnnxDetector) -> None:
    grey = np.full((50, 70, 3), 128, np.uint8)
    photos = [picture(100, 80), grey, *[picture(90 + n, 60) for n in range(10)], grey]
    counts = [len(one.scores) for one in detector.detect(photos, confidence=0.25)]
    assert counts == [1, 0, *[1] * 10, 0]


def test_sights_that_overlap_do_not_suppress_each_other(detector: OnnxDetector) -> None:
    pixels = np.full((120, 160, 3), 128, np.uint8)
    pixels[20:100:2, 30:130] = (208, 32, 32)
    pixels[21:100:2, 30:130] = (32, 48, 208)
    big = pixels.repeat(8, axis=0).repeat(8, axis=1)
    (detections,) = detector.detect([big], confidence=0.25)
    assert sorted(detections.classes) == [0, 2]


def test_no_photos_give_no_detections(detector: OnnxDetector) -> None:
    assert detector.detect([]) == []


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
