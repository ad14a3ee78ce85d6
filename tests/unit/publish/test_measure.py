"""Measuring: worked examples, and pycocotools agreed with."""

import numpy as np
import pytest

from sightscan.box import Box
from sightscan.errors import PublicationError
from sightscan.publish.average_precision import average_precision
from sightscan.publish.detector import Detections
from sightscan.publish.measure import measure_detections
from trainer.metrics import PhotoResult
from trainer.metrics import measure as measure_as_trainer

BOX = Box(0.2, 0.2, 0.6, 0.6)
NAMES = ("Tower", "Gate")


def found(*rows: tuple[Box, float, int]) -> Detections:
    return Detections(
        boxes=np.array([(b.x1, b.y1, b.x2, b.y2) for b, _, _ in rows], np.float32).reshape(-1, 4),
        scores=np.array([score for _, score, _ in rows], np.float32),
        classes=np.array([number for _, _, number in rows], np.intp),
    )


def test_exact_boxes_measure_1() -> None:
    truths = [[("Tower", BOX)], [("Gate", BOX)]]
    measure = measure_detections([found((BOX, 0.9, 0)), found((BOX, 0.8, 1))], truths, NAMES)
    assert (measure.map50, measure.map50_95) == pytest.approx((1, 1))


def test_half_of_the_photos_found_measures_about_half() -> None:
    truths = [[("Tower", BOX)], [("Tower", BOX)]]
    measure = measure_detections([found((BOX, 0.9, 0)), found()], truths, NAMES)
    # One of two found, no mistake: precision 1 up to recall 0.5, which is 51 of 101 points.
    assert measure.map50 == pytest.approx(51 / 101)


def test_surer_of_two_boxes_on_one_sight_is_right_though_the_other_is_closer() -> None:
    surer, closer = (Box(0.2, 0.2, 0.6, 0.5), 0.9, 0), (BOX, 0.3, 0)
    measure = measure_detections([found(surer, closer)], [[("Tower", BOX)]], NAMES)
    assert measure.map50 == pytest.approx(1)


def test_loose_box_counts_at_50_and_not_at_95() -> None:
    loose = Box(0.2, 0.2, 0.6, 0.5)
    measure = measure_detections([found((loose, 0.9, 0))], [[("Tower", BOX)]], NAMES)
    # Overlap 0.75: right at 0.50 to 0.75, wrong at 0.80 to 0.95.
    assert measure.map50 == pytest.approx(1)
    assert measure.map50_95 == pytest.approx(0.55, abs=0.06)


def test_class_that_the_model_does_not_know_counts_as_never_found() -> None:
    truths = [[("Tower", BOX)], [("Bridge", BOX)]]
    measure = measure_detections([found((BOX, 0.9, 0)), found()], truths, NAMES)
    assert {one.name: one.map50 for one in measure.per_class} == pytest.approx(
        {"Tower": 1, "Bridge": 0}
    )


def test_class_that_no_photo_shows_does_not_count() -> None:
    measure = measure_detections([found((BOX, 0.9, 0), (BOX, 0.9, 1))], [[("Tower", BOX)]], NAMES)
    assert measure.map50 == pytest.approx(1)


def test_photos_without_boxes_cannot_measure() -> None:
    with pytest.raises(PublicationError, match="2 test photos have no box"):
        measure_detections([found(), found()], [[], []], NAMES)


def noisy_photos(
    count: int, error: float, seed: int
) -> tuple[list[Detections], list[list[tuple[str, Box]]]]:
    """Return detections off by up to `error`, some missing, some of nothing; and the truth."""
    chance = np.random.default_rng(seed)
    detections, truths = [], []
    for number in range(count):
        truths.append([(NAMES[number % 2], BOX)])
        shift = chance.uniform(-error, error, 4)
        rows = [(Box(*np.array([0.2, 0.2, 0.6, 0.6]) + shift), chance.uniform(), number % 2)]
        rows += [(Box(0.6, 0.6, 0.9, 0.9), chance.uniform(0, 0.7), 1 - number % 2)]
        detections.append(found(*rows[chance.uniform() < 0.2 :]))
    return detections, truths


def test_evidence_drawn_once_each_gives_what_pycocotools_gives() -> None:
    detections, truths = noisy_photos(40, 0.1, seed=1)
    measure = measure_detections(detections, truths, NAMES)
    for one in measure.per_class:
        averages = average_precision(measure.evidence[one.name], np.ones((len(truths), 1)))[:, 0]
        assert averages[0] == pytest.approx(one.map50, abs=1e-6)
        assert averages.mean() == pytest.approx(one.map50_95, abs=1e-6)


def test_trainer_measures_the_same() -> None:
    detections, truths = noisy_photos(40, 0.1, seed=1)
    as_trained = measure_as_trainer(
        [
            PhotoResult(
                # Pixels of a square, as in the trainer.
                detections=np.column_stack((one.boxes * 640, one.scores, one.classes)),
                truths=np.array(
                    [
                        (NAMES.index(name), *np.multiply((box.x1, box.y1, box.x2, box.y2), 640))
                        for name, box in boxes
                    ]
                ),
            )
            for one, boxes in zip(detections, truths, strict=True)
        ],
        NAMES,
    )
    measure = measure_detections(detections, truths, NAMES)
    assert 0.1 < measure.map50 < 0.9
    assert (as_trained.map50, as_trained.map50_95) == pytest.approx(
        (measure.map50, measure.map50_95)
    )
