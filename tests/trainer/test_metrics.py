"""The metrics on worked examples; tests/unit/publish holds them against publication's."""

import numpy as np
import pytest

from trainer.metrics import PhotoResult, collect_names, confusion_matrix, measure, measure_shown

NAMES = ("Gate", "Tower")


def photo(
    detections: list[list[float]],
    truths: list[list[float]],
    ignored: tuple[list[float], ...] = (),
) -> PhotoResult:
    return PhotoResult(
        detections=np.array(detections, dtype=np.float32).reshape(-1, 6),
        truths=np.array(truths, dtype=np.float32).reshape(-1, 5),
        ignored=np.array(ignored, dtype=np.float32).reshape(-1, 4),
    )


def test_perfect_detector_has_perfect_metrics() -> None:
    results = [photo([[0, 0, 10, 10, 0.9, index]], [[index, 0, 0, 10, 10]]) for index in (0, 1)]
    metrics = measure(results, NAMES)
    assert (metrics.map50, metrics.map50_95) == pytest.approx((1, 1))
    assert (metrics.precision, metrics.recall) == (1, 1)


def test_blind_detector_has_zero_metrics() -> None:
    metrics = measure([photo([], [[0, 0, 0, 10, 10], [1, 20, 20, 30, 30]])], NAMES)
    assert (metrics.map50, metrics.map50_95, metrics.recall) == (0.0, 0.0, 0.0)


def test_right_place_with_wrong_name_counts_for_nothing() -> None:
    assert measure([photo([[0, 0, 10, 10, 0.9, 1]], [[0, 0, 0, 10, 10]])], NAMES).map50 == 0.0


def test_second_detection_of_one_sight_is_wrong() -> None:
    results = [
        photo([[0, 0, 10, 10, 0.9, 0], [0, 0, 10, 9, 0.8, 0]], [[0, 0, 0, 10, 10]]),
        photo([[0, 0, 10, 10, 0.7, 0]], [[0, 0, 0, 10, 10]]),
    ]
    # Precision 1 up to recall 0.5, which is 51 of 101 points, then 2 of 3.
    assert measure(results, NAMES).map50 == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_surer_of_two_boxes_on_one_sight_is_right_though_the_other_is_closer() -> None:
    result = photo([[0, 0, 10, 8, 0.9, 0], [0, 0, 10, 10, 0.8, 0]], [[0, 0, 0, 10, 10]])
    assert measure([result], NAMES).map50 == pytest.approx(1)


def test_loose_box_counts_up_to_its_overlap() -> None:
    metrics = measure([photo([[0, 0, 10, 7.8, 0.9, 0]], [[0, 0, 0, 10, 10]])], NAMES)
    # Overlap 0.78: right at 0.50 to 0.75, six of ten.
    assert (metrics.map50, metrics.map50_95) == pytest.approx((1, 0.6))


def test_precision_and_recall_are_those_of_the_one_score_that_suits_the_sights_best() -> None:
    here, there, nowhere = [0, 0, 10, 10], [20, 20, 30, 30], [50, 50, 60, 60]
    results = [
        photo(
            [
                [*here, 0.9, 0],
                [*nowhere, 0.7, 0],
                [*there, 0.5, 0],
                [*nowhere, 0.3, 0],
            ],
            [[0, *here], [0, *there]],
        ),
        photo([[*here, 0.9, 1], [*nowhere, 0.6, 1], [*there, 0.55, 1]], [[1, *here]]),
    ]
    metrics = measure(results, NAMES)
    gate, tower = metrics.per_class
    # The gate by itself would be best from 0.5 on: precision 2/3, recall 1. From there on two of
    # three towers are wrong; above 0.7, F1 is 2/3 for the gate and 1 for the tower.
    assert (gate.precision, gate.recall, tower.precision, tower.recall) == (1, 0.5, 1, 1)
    assert (metrics.precision, metrics.recall) == (1, 0.75)
    alone = measure(results[:1], NAMES)
    assert (alone.precision, alone.recall) == pytest.approx((2 / 3, 1))


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


def test_confusion_matrix_counts_found_confused_missed_and_invented() -> None:
    results = [
        photo([[0, 0, 10, 10, 0.9, 0]], [[0, 0, 0, 10, 10]]),  # a gate, found
        photo([[0, 0, 10, 10, 0.9, 1]], [[0, 0, 0, 10, 10]]),  # a gate, called a tower
        photo([], [[1, 0, 0, 10, 10]]),  # a tower, missed
        photo([[0, 0, 10, 10, 0.9, 0]], []),  # a gate where nothing is
        # A gate that is a tower too, and surer so: the other is of nothing.
        photo([[0, 0, 10, 10, 0.3, 0], [0, 0, 10, 9, 0.9, 1]], [[0, 0, 0, 10, 10]]),
        photo([], []),
    ]
    assert confusion_matrix(results, 2).tolist() == [[1, 0, 2], [2, 0, 0], [0, 1, 0]]


def test_what_is_found_in_an_ignored_region_is_neither_right_nor_wrong() -> None:
    gate, elsewhere = [0, 0, 0, 10, 10], [0.0, 20, 10, 30]
    detections = [[0, 0, 10, 10, 0.5, 0], [0, 20, 10, 30, 0.9, 0], [1, 21, 9, 29, 0.8, 1]]
    plain, forgiven = photo(detections, [gate]), photo(detections, [gate], (elsewhere,))
    assert measure([plain], NAMES).map50 == pytest.approx(0.5)
    assert measure([forgiven], NAMES).map50 == pytest.approx(1)
    assert measure([forgiven], NAMES).precision == 1
    assert measure([forgiven], NAMES).boxes == 1
    assert confusion_matrix([plain], 2)[:, 2].tolist() == [1, 1, 0]
    assert confusion_matrix([forgiven], 2).tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert collect_names([forgiven], 2).scores.tolist() == [0.5]


def test_box_that_is_half_in_an_ignored_region_is_wrong() -> None:
    result = photo([[0, 0, 10, 10, 0.9, 0]], [], ([0.0, 0, 10, 4.9],))
    assert collect_names([result], 2).right.tolist() == [False]


def test_what_is_shown_is_measured_by_sight_and_on_photos_without_one() -> None:
    gate, tower = [0, 0, 0, 10, 10], [1, 20, 20, 30, 30]
    results = [
        photo([[0, 0, 10, 10, 0.95, 0], [20, 20, 30, 30, 0.8, 0]], [gate, tower]),
        photo([[0, 0, 10, 10, 0.95, 0]], [gate]),
        photo([], []),
        photo([[0, 0, 10, 10, 0.6, 1], [20, 20, 30, 30, 0.6, 1]], []),
        # Neither background nor sight.
        photo([], [], ([0.0, 0, 10, 10],)),
    ]
    shown = measure_shown(results, NAMES, (0.5, 0.6))
    assert (shown["precision"], shown["recall"]) == (2 / 5, 2 / 3)
    assert (shown["false_alarms"], shown["background_photos"], shown["photos"]) == (0.5, 2, 5)
    # 0.95 twice and right, 0.8 wrong; 0.6 twice, wrong.
    assert shown["expected_calibration_error"] == pytest.approx((0.1 + 0.8 + 1.2) / 5)
    of_gate, of_tower = shown["per_class"]
    assert (of_gate["threshold"], of_gate["precision"], of_gate["recall"]) == (0.5, 2 / 3, 1)
    assert (of_tower["threshold"], of_tower["precision"], of_tower["recall"]) == (0.6, 0, 0)


def test_nothing_shown_has_no_precision_and_no_backgrounds_no_false_alarms() -> None:
    shown = measure_shown([photo([], [[0, 0, 0, 10, 10]])], NAMES, (0.5, 0.5))
    assert (shown["precision"], shown["recall"]) == (None, 0)
    assert (shown["false_alarms"], shown["expected_calibration_error"]) == (None, None)
    assert shown["per_class"][1]["recall"] is None
