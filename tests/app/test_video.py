from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import av
import numpy as np
from conftest import RED, draw_patches

from detector_app.errors import DetectionFailed
from detector_app.models.detection import Detection
from detector_app.photos.overlay import choose_colours
from detector_app.video import LatestSights, make_frame_callback

if TYPE_CHECKING:
    from detector_app.models.inference import Detector


class Clock:
    """Seconds that a test moves on."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class BrokenDetector:
    """A detector whose model fails on every picture."""

    def detect(self, *_: object) -> tuple[Detection, ...]:
        msg = "the model failed; try another picture."
        raise DetectionFailed(msg)


TOWER = Detection("Tower", 0.9, 0, 0, 10, 10)
GATE = Detection("Gate", 0.6, 0, 0, 10, 10)


def record(latest: LatestSights, *detections: Detection) -> None:
    latest.record(detections, milliseconds=5.0, width=640, height=480)


def names(latest: LatestSights) -> list[str]:
    return [one.name for one in latest.read().detections]


def frame_with_a_red_patch() -> av.VideoFrame:
    picture = draw_patches((320, 240), {RED: (40, 40, 200, 200)})
    return av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")


def test_newest_sights_are_read_surest_first() -> None:
    latest = LatestSights(Clock())
    record(latest, GATE, TOWER)
    assert names(latest) == ["Tower", "Gate"]


def test_sight_seen_twice_in_a_frame_is_one_name_with_its_best_score() -> None:
    latest = LatestSights(Clock())
    record(latest, TOWER, Detection("Tower", 0.4, 50, 50, 60, 60))
    (seen,) = latest.read().detections
    assert seen.confidence == 0.9


def test_name_lingers_and_then_goes() -> None:
    clock = Clock()
    latest = LatestSights(clock)
    record(latest, TOWER)
    clock.now += 1.4
    record(latest)
    assert names(latest) == ["Tower"]
    clock.now += 0.2
    record(latest)
    assert names(latest) == []


def test_film_that_stopped_shows_nothing() -> None:
    clock = Clock()
    latest = LatestSights(clock)
    record(latest, TOWER)
    clock.now += 2.9
    assert latest.read().frame_count == 1
    clock.now += 0.2
    assert latest.read().frame_count == 0


def test_rate_is_frames_by_seconds() -> None:
    clock = Clock()
    latest = LatestSights(clock)
    for _ in range(11):
        record(latest)
        clock.now += 0.1
    assert round(latest.read().frames_per_second) == 10


def test_cleared_film_is_forgotten() -> None:
    latest = LatestSights(Clock())
    record(latest, TOWER)
    latest.clear()
    assert latest.read().detections == ()


def test_many_threads_lose_no_frame() -> None:
    latest = LatestSights()
    threads = [
        threading.Thread(target=lambda: [record(latest, TOWER) for _ in range(200)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert latest.read().frame_count == 800


def test_frame_keeps_its_size_and_gets_its_boxes(detector: Detector) -> None:
    latest = LatestSights()
    callback = make_frame_callback(detector, latest, choose_colours(detector.class_names), 0.25)
    frame = frame_with_a_red_patch()
    drawn = callback(frame)
    assert (drawn.width, drawn.height) == (frame.width, frame.height)
    assert (drawn.to_ndarray(format="rgb24") != frame.to_ndarray(format="rgb24")).any()
    assert names(latest) == ["Torre do Relógio"]


def test_failed_detection_does_not_end_the_film() -> None:
    latest = LatestSights()
    callback = make_frame_callback(BrokenDetector(), latest, {}, 0.25)  # type: ignore[arg-type]
    frame = frame_with_a_red_patch()
    assert callback(frame) is frame
    assert latest.read().error == "the model failed; try another picture."


def test_next_good_frame_takes_the_error_away(detector: Detector) -> None:
    latest = LatestSights()
    latest.record_error("broken")
    make_frame_callback(detector, latest, {}, 0.25)(frame_with_a_red_patch())
    assert latest.read().error is None
