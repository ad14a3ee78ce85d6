"""The metrics are those of YOLOv5 and COCO, checked by hand and against YOLOv5's own code."""

import numpy as np
import pytest
from yolov5.utils.metrics import ap_per_class

from trainer.metrics import (
    PhotoResult,
    average_precision,
    box_overlaps,
    confusion_matrix,
    match_detections,
    measure,
)

NAMES = ("Gate", "Tower")


def photo(detections: list[list[float]], truths: list[list[float]]) -> PhotoResult:
    return PhotoResult(
        detections=np.array(detections, dtype=np.float32).reshape(-1, 6),
        truths=np.array(truths, dtype=np.float32).reshape(-1, 5),
    )


def random_results(seed: int, classes: int = 4) -> list[PhotoResult]:
    chance = np.random.default_rng(seed)
    results = []
    for _ in range(40):
        corners = chance.uniform(0, 60, (chance.integers(0, 4), 2))
        truths = np.column_stack(
            [
                chance.integers(0, classes, len(corners)),
                corners,
                corners + chance.uniform(15, 40, corners.shape),
            ]
        )
        near = np.repeat(truths[:, 1:], 2, axis=0) + chance.normal(0, 4, (2 * len(truths), 4))
        labels = np.where(
            chance.random(len(near)) < 0.8, np.repeat(truths[:, 0], 2), chance.integers(0, classes)
        )
        detections = np.column_stack([near, chance.random(len(near)), labels])
        results.append(photo(detections.tolist(), truths.tolist()))
    return results


def test_perfect_detector_has_perfect_metrics() -> None:
    results = [photo([[0, 0, 10, 10, 0.9, index]], [[index, 0, 0, 10, 10]]) for index in (0, 1)]
    metrics = measure(results, NAMES)
    assert metrics.map50 == pytest.approx(
        0.995, abs=1e-3
    )  # the 101-point integral of YOLOv5 reaches 0.995
    assert (metrics.precision, metrics.recall) == pytest.approx((1.0, 1.0), abs=1e-3)


def test_blind_detector_has_zero_metrics() -> None:
    metrics = measure([photo([], [[0, 0, 0, 10, 10], [1, 20, 20, 30, 30]])], NAMES)
    assert (metrics.map50, metrics.map50_95, metrics.recall) == (0.0, 0.0, 0.0)


def test_right_place_with_wrong_name_counts_for_nothing() -> None:
    assert measure([photo([[0, 0, 10, 10, 0.9, 1]], [[0, 0, 0, 10, 10]])], NAMES).map50 == 0.0


def test_second_detection_of_one_sight_is_wrong() -> None:
    result = photo([[0, 0, 10, 10, 0.9, 0], [0, 0, 10, 9, 0.8, 0]], [[0, 0, 0, 10, 10]])
    assert match_detections(result)[:, 0].tolist() == [True, False]


def test_class_absent_from_the_split_has_no_metrics_and_does_not_lower_the_mean() -> None:
    metrics = measure([photo([[0, 0, 10, 10, 0.9, 0]], [[0, 0, 0, 10, 10]])], NAMES)
    gate, tower = metrics.per_class
    assert (tower.map50, tower.photos, tower.boxes) == (None, 0, 0)
    assert metrics.map50 == gate.map50


def test_photos_and_boxes_are_counted_apart() -> None:
    two_in_one = photo([], [[0, 0, 0, 9, 9], [0, 20, 20, 29, 29], [1, 40, 40, 49, 49]])
    metrics = measure([two_in_one, photo([], [])], NAMES)
    assert (metrics.photos, metrics.boxes) == (2, 3)
    assert (metrics.per_class[0].photos, metrics.per_class[0].boxes) == (1, 2)


def test_overlap_of_known_boxes() -> None:
    overlaps = box_overlaps(
        np.array([[0.0, 0, 10, 10]]), np.array([[5.0, 0, 15, 10], [20, 20, 30, 30]])
    )
    assert overlaps.tolist() == [pytest.approx([1 / 3, 0], abs=1e-6)]


def test_confusion_matrix_counts_found_confused_missed_and_invented() -> None:
    results = [
        photo([[0, 0, 10, 10, 0.9, 0]], [[0, 0, 0, 10, 10]]),  # a gate, found
        photo([[0, 0, 10, 10, 0.9, 1]], [[0, 0, 0, 10, 10]]),  # a gate, called a tower
        photo([[0, 0, 10, 10, 0.1, 1]], [[1, 0, 0, 10, 10]]),  # a tower, too unsure to be shown
        photo([[0, 0, 10, 10, 0.9, 0]], []),  # a gate where nothing is
    ]
    assert confusion_matrix(results, 2).tolist() == [[1, 0, 1], [1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize("seed", range(5))
def test_metrics_equal_those_of_yolov5(seed: int) -> None:
    results = random_results(seed)
    metrics = measure(results, [str(index) for index in range(4)])
    *_, precision, recall, _f1, ap, _classes = ap_per_class(
        np.concatenate([match_detections(result) for result in results]),
        np.concatenate([result.detections[:, 4] for result in results]),
        np.concatenate([result.detections[:, 5] for result in results]),
        np.concatenate([result.truths[:, 0] for result in results]),
        names=dict(enumerate("abcd")),
    )
    ours = [(each.map50, each.map50_95, each.precision, each.recall) for each in metrics.per_class]
    theirs = list(zip(ap[:, 0], ap.mean(1), precision, recall, strict=True))
    assert np.allclose(np.array(ours, float), np.array(theirs, float), atol=1e-6)


def test_average_precision_never_rises_when_a_right_detection_is_lost() -> None:
    recall, precision = np.array([0.25, 0.5, 0.75]), np.array([1.0, 1.0, 0.75])
    assert average_precision(recall[:2], precision[:2]) < average_precision(recall, precision)
