"""What people are shown, measured: by sight, on photos without one, and where nobody has to look."""

import json

import cv2
import numpy as np
import pytest

from sightscan.box import Box
from sightscan.publish.detector import OnnxDetector
from tests.cities.colour_city import FIXTURES, draw_patch
from tests.judged_photos import read
from tests.model_files import metadata

RED, GREEN = "Torre do Relógio", "Green Gate"
GREY = cv2.imencode(".png", np.full((90, 120, 3), 128, np.uint8))[1].tobytes()
COLOURS = (FIXTURES / "colours.onnx").read_bytes()


@pytest.fixture(scope="module")
def detector() -> OnnxDetector:
    return OnnxDetector(COLOURS)


def test_precision_recall_and_false_alarms(detector: OnnxDetector) -> None:
    red, red_box = draw_patch(RED, "one")
    green, green_box = draw_patch(GREEN, "two")
    photos = [
        (red, [(RED, red_box)]),
        (green, [(GREEN, green_box), (RED, Box(0, 0, 0.1, 0.1))]),
        (GREY, []),
        # Nobody expected a tower here.
        (red, []),
    ]
    shown = read(detector, photos).measure_shipped()
    assert (shown["precision"], shown["recall"]) == pytest.approx((2 / 3, 2 / 3))
    assert (shown["false_alarms"], shown["background_photos"], shown["photos"]) == (0.5, 2, 4)
    by_name = {one["name"]: one for one in shown["per_class"]}
    assert (by_name[RED]["precision"], by_name[RED]["recall"]) == (0.5, 0.5)
    assert (by_name[GREEN]["precision"], by_name[GREEN]["recall"]) == (1, 1)
    assert (by_name["Blue Mosque"]["precision"], by_name["Blue Mosque"]["recall"]) == (None, None)


def test_sight_that_the_model_does_not_know_is_never_found(detector: OnnxDetector) -> None:
    red, box = draw_patch(RED, "one")
    shown = read(detector, [(red, [(RED, box), ("Bridge", Box(0.8, 0.8, 1, 1))])]).measure_shipped()
    assert (shown["precision"], shown["recall"]) == (1, 0.5)
    (bridge,) = (one for one in shown["per_class"] if one["name"] == "Bridge")
    assert (bridge["threshold"], bridge["recall"]) == (None, 0)


def test_sure_names_that_are_right_are_calibrated(detector: OnnxDetector) -> None:
    red, box = draw_patch(RED, "one")
    photos = [(red, [(RED, box)])]
    said = {"version": 1, "overlap": 0.45, "thresholds": [0.3] * 5}
    for confidence in (0.95, 0.35):
        table = {"calibration": [[0.5, 0], [0.9, confidence], [1, confidence]]}
        onnx = COLOURS + metadata("decoding", json.dumps(said | table))
        shown = read(OnnxDetector(onnx), photos).measure_shipped()
        assert shown["expected_calibration_error"] == pytest.approx(1 - confidence)


def test_what_is_found_in_an_ignored_region_is_neither_right_nor_wrong(
    detector: OnnxDetector,
) -> None:
    red, box = draw_patch(RED, "one")
    green, green_box = draw_patch(GREEN, "two")
    photos = [(red, [(RED, box)]), (green, [("", green_box)])]
    shown = read(detector, photos).measure_shipped()
    assert (shown["precision"], shown["recall"], shown["background_photos"]) == (1, 1, 0)
    # The same colour in both, so that the sight is one that the photos show.
    other, other_box = draw_patch(RED, "three")
    for truth, is_forgiven in (("", True), (GREEN, False)):
        photos = [(red, [(RED, box)]), (other, [(truth, other_box)])]
        measure = read(detector, photos).measure
        (of_red,) = (one for one in measure.per_class if one.name == RED)
        assert (of_red.boxes, of_red.photos) == (1, 1)
        assert sum(measure.evidence[RED].right[:, 0]) == 1
        assert (len(measure.evidence[RED].photos) == 1) is is_forgiven


def test_no_photos_measure_nothing(detector: OnnxDetector) -> None:
    shown = read(detector, []).measure_shipped()
    assert (shown["photos"], shown["precision"], shown["milliseconds"]) == (0, None, None)


def test_sight_that_is_not_shown_is_neither_right_nor_a_false_alarm(detector: OnnxDetector) -> None:
    red, box = draw_patch(RED, "one")
    green, green_box = draw_patch(GREEN, "two")
    photos = [(red, [(RED, box)]), (green, [(GREEN, green_box)]), (red, []), (green, [])]
    shown = read(detector, photos).measure_shipped([RED])
    assert (shown["names"], shown["precision"], shown["recall"]) == (2, 0.5, 0.5)
    assert shown["false_alarms"] == 0.5
