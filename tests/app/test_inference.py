from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import GREEN, RED, draw_patches

from detector_app.errors import ModelRefused
from detector_app.models.inference import load_detector
from tests.model_files import GOOD_METADATA, edit, field, metadata

if TYPE_CHECKING:
    from detector_app.models.inference import Detector


@pytest.mark.parametrize("size", [(1200, 800), (400, 700), (160, 160), (90, 120)])
def test_patch_is_named_and_boxed_in_pixels_of_the_picture(
    detector: Detector, size: tuple[int, int]
) -> None:
    width, height = size
    corners = (0.2 * width, 0.3 * height, 0.6 * width, 0.8 * height)
    (found,) = detector.detect(np.asarray(draw_patches(size, {RED: corners})), 0.25)
    assert found.name == "Torre do Relógio"
    # One pixel of the model's input, seen in the picture.
    grain = max(size) / detector.image_size
    assert (found.x1, found.y1, found.x2, found.y2) == pytest.approx(corners, abs=1.5 * grain + 1)


def test_two_sights_are_found_in_one_picture(detector: Detector) -> None:
    picture = draw_patches((640, 480), {RED: (50, 50, 250, 400), GREEN: (300, 100, 600, 300)})
    found = detector.detect(np.asarray(picture), 0.25)
    assert {one.name for one in found} == {"Torre do Relógio", "Green Gate"}


def test_sight_that_is_not_shown_is_never_named(onnx: bytes) -> None:
    detector = load_detector(onnx, ["Green Gate", "Rosa Palast"])
    picture = draw_patches((640, 480), {RED: (50, 50, 250, 400), GREEN: (300, 100, 600, 300)})
    found = detector.detect(np.asarray(picture), 0.25)
    assert [one.name for one in found] == ["Green Gate"]
    assert detector.shown_names == ("Green Gate", "Rosa Palast")


def test_picture_without_a_sight_gives_nothing(detector: Detector) -> None:
    assert detector.detect(np.asarray(draw_patches((320, 240), {})), 0.25) == ()


def test_sight_is_shown_from_its_own_threshold_on_and_as_sure_as_the_table_says(
    onnx: bytes, detector: Detector
) -> None:
    picture = np.asarray(
        draw_patches((640, 480), {RED: (50, 50, 250, 400), GREEN: (300, 100, 600, 300)})
    )
    score = {one.name: one.confidence for one in detector.detect(picture)}
    read = {
        "version": 1,
        "overlap": 0.45,
        "calibration": [[0, 0], [1, 0.5]],
        # By half of the score: the gate is below its threshold.
        "thresholds": [0.2, 0.51, 1, 1, 1],
    }
    calibrated = load_detector(onnx + metadata("decoding", json.dumps(read)))
    assert (detector.has_thresholds, calibrated.has_thresholds) == (False, True)
    (found,) = calibrated.detect(picture)
    assert found.name == "Torre do Relógio"
    assert found.confidence == pytest.approx(score["Torre do Relógio"] / 2)
    assert {one.name for one in calibrated.detect(picture, 0.1)} == set(score)


def test_detector_gives_the_same_from_many_threads(detector: Detector) -> None:
    pixels = np.asarray(draw_patches((320, 240), {GREEN: (40, 40, 200, 200)}))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: detector.detect(pixels, 0.25), range(16)))
    assert len(set(answers)) == 1


def test_model_that_answers_with_other_classes_is_refused(onnx: bytes) -> None:
    # Its output says nothing of their number, as the trainer's.
    content = edit(
        onnx, (7, 12, 2, 1, 2), lambda now: now.replace(field(1, field(1, 10)), field(1, b""))
    )
    names = content.replace(b'"Green Gate", ', b"".ljust(14))
    with pytest.raises(ModelRefused, match=r"shape \[1, 5, 10\], expected \[1, boxes, 9\]"):
        load_detector(names)


def test_graph_that_the_runtime_does_not_know_is_refused(onnx: bytes) -> None:
    # An operator of ours, without what it needs.
    with pytest.raises(ModelRefused, match="cannot be loaded"):
        load_detector(onnx.replace(b"Sigmoid", b"Reshape"))


def test_sights_have_the_names_that_their_file_gives_them_in_a_language(onnx: bytes) -> None:
    detector = load_detector(onnx + metadata("sights", GOOD_METADATA["sights"]))
    german = detector.names_in("de")
    assert list(german) == list(detector.class_names)
    # The last one's are not known, nor is French of any.
    assert list(german.values()) == ["Grünes Tor"] * 4 + [detector.class_names[4]]
    assert detector.names_in("fr") == {name: name for name in detector.class_names}
