"""The cases that every reader of models passes, by a reference that is slow and plain.

    python -m tests.decoding_cases      writes tests/decoding_cases.json anew

Cases are worked out with fractions and loops, by nothing that the readers use. Each has the raw rows
of one picture (cx, cy, w, h, objectness, class scores; null is not a number), how the model is read
(null: its metadata do not say), and what is found, best first: class, score, confidence, x1, y1, x2,
y2. `shown` is for people, `counted` for average precision.
"""

import json
import random
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

CASES_FILE = Path(__file__).with_suffix(".json")
Row = list[float | None]
IDENTITY = [[0, 0], [1, 1]]
# Of what differs by less, rounding would decide.
_CLOSE = Fraction(1, 100_000)


def shown(rows: list[Row], decoding: dict[str, Any] | None) -> list[list[float]]:
    """Return what people are shown."""
    classes = len(rows[0]) - 5 if rows else 0
    read = decoding or {"overlap": 0.45, "calibration": IDENTITY, "thresholds": [0.25] * classes}
    found = []
    for row in _numbers(rows):
        best = max(range(classes), key=lambda each: (row[5 + each], -each))
        score = row[4] * row[5 + best]
        confidence = _interpolate(read["calibration"], score)
        least = Fraction(str(read["thresholds"][best]))
        assert confidence == least or abs(confidence - least) > _CLOSE
        if score > 0 and confidence >= least:
            found.append((best, score, confidence, _corners(row)))
    return _written(_suppress(found, Fraction(str(read["overlap"])), by_class=False))


def counted(rows: list[Row]) -> list[list[float]]:
    """Return what average precision is measured on."""
    found = [
        (each, row[4] * row[5 + each], row[4] * row[5 + each], _corners(row))
        for row in _numbers(rows)
        for each in range(len(row) - 5)
        if row[4] * row[5 + each] > Fraction(1, 1000)
    ]
    return _written(_suppress(found, Fraction(3, 5), by_class=True))


def _numbers(rows: list[Row]) -> list[list[Fraction]]:
    return [
        [Fraction(str(number)) for number in row if number is not None]
        for row in rows
        if None not in row
    ]


def _interpolate(table: list[list[float]], score: Fraction) -> Fraction:
    points = [(Fraction(str(x)), Fraction(str(y))) for x, y in table]
    if score <= points[0][0]:
        return points[0][1]
    for (x, y), (next_x, next_y) in pairwise(points):
        if score <= next_x:
            return y + (next_y - y) * (score - x) / (next_x - x)
    return points[-1][1]


def _corners(row: list[Fraction]) -> list[Fraction]:
    x, y, width, height = row[:4]
    return [x - width / 2, y - height / 2, x + width / 2, y + height / 2]


def _suppress(found: list[Any], most: Fraction, *, by_class: bool) -> list[Any]:
    kept: list[Any] = []
    for one in sorted(found, key=lambda each: -each[1]):
        rivals = [other for other in kept if not by_class or other[0] == one[0]]
        overlaps = [_overlap(one[3], other[3]) for other in rivals]
        assert all(each == most or abs(each - most) > _CLOSE for each in overlaps)
        if all(each <= most for each in overlaps):
            kept.append(one)
    return kept


def _overlap(box: list[Fraction], other: list[Fraction]) -> Fraction:
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    shared = max(width, Fraction(0)) * max(height, Fraction(0))
    union = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (box, other)) - shared
    return shared / union if union else Fraction(0)


def _written(found: list[Any]) -> list[list[float]]:
    return [
        [number, *(round(float(each), 6) for each in (score, confidence, *box))]
        for number, score, confidence, box in found
    ]


def _crowd(seed: int, count: int, classes: int) -> list[Row]:
    """Return boxes around a few places, as a network answers: many for one sight, sure and less sure."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    places = [(dice.randrange(40, 280), dice.randrange(40, 280)) for _ in range(4)]
    rows: list[Row] = []
    for _ in range(count):
        x, y = dice.choice(places)
        box = (
            x + dice.gauss(0, 12),
            y + dice.gauss(0, 12),
            dice.uniform(40, 110),
            dice.uniform(40, 110),
        )
        scores = [dice.random() ** 3 for _ in range(classes)]
        rows.append([round(each, 3) for each in (*box, dice.random(), *scores)])
    return rows


CURVED = {
    "overlap": 0.45,
    "calibration": [[0.05, 0.01], [0.3, 0.2], [0.5, 0.2], [0.7, 0.9], [0.95, 0.98]],
    "thresholds": [0.5, 0.15, 0.3],
}
FAR: Row = [250, 60, 40, 40, 0.9, 0.9, 0.1, 0.1]
WORKED: dict[str, tuple[list[Row], dict[str, Any] | None]] = {
    "no row": ([], None),
    "an older model: from a score of a quarter on": (
        [[100, 120, 40, 60, 0.5, 0.5, 0.1], [250, 120, 40, 60, 0.5, 0.48, 0.1]],
        None,
    ),
    "score is objectness times the best class": ([[100, 120, 40, 60, 0.8, 0.2, 0.9]], None),
    "of equal classes the first": ([[100, 120, 40, 60, 0.8, 0.7, 0.7]], None),
    "what is not a number is left out": (
        [
            [None, 50, 20, 20, 0.9, 1, 0],
            [50, 50, 20, 20, 0.9, 1, 0],
            [90, 50, 20, 20, 0.9, 1, None],
        ],
        None,
    ),
    "confidence is read from the table, and each sight has its threshold": (
        [
            [40, 40, 30, 30, 0.8, 0.75, 0, 0],
            [120, 40, 30, 30, 0.8, 0, 0.75, 0],
            [200, 40, 30, 30, 0.8, 0, 0, 0.75],
            [280, 40, 30, 30, 0.5, 0, 0.8, 0],
            [40, 200, 30, 30, 0.5, 0, 0, 0.8],
            [120, 200, 30, 30, 0.2, 0, 0.2, 0],
            [200, 200, 30, 30, 1, 1, 0, 0],
        ],
        CURVED,
    ),
    "at the threshold is shown": (
        [[40, 40, 30, 30, 0.5, 0.5, 0], [120, 40, 30, 30, 0.5, 0, 0.5]],
        {"overlap": 0.45, "calibration": IDENTITY, "thresholds": [0.25, 0.2501]},
    ),
    "one place has one name": (
        [[100, 100, 50, 50, 0.9, 0.2, 0.9, 0], [102, 98, 52, 50, 0.8, 0.9, 0, 0], FAR],
        CURVED,
    ),
    "boxes that share less are two sights": (
        [[100, 100, 80, 50, 0.9, 0.9, 0, 0], [135, 100, 80, 50, 0.9, 0, 0.85, 0], FAR],
        CURVED,
    ),
    "what is not shown suppresses nothing": (
        # The surer one is below its own threshold.
        [[100, 100, 50, 50, 0.6, 1, 0], [101, 100, 50, 50, 0.5, 0, 1]],
        {"overlap": 0.45, "calibration": IDENTITY, "thresholds": [0.7, 0.4]},
    ),
    "what is suppressed suppresses nothing": (
        [
            [50, 50, 100, 10, 0.9, 1, 0],
            [90, 50, 100, 10, 0.8, 1, 0],
            [130, 50, 100, 10, 0.7, 1, 0],
        ],
        {"overlap": 0.3, "calibration": IDENTITY, "thresholds": [0.5, 0.5]},
    ),
    "overlap of just as much is no double": (
        # A third of each box is shared, which is half of the union.
        [[45, 50, 90, 10, 0.9, 1, 0], [75, 50, 90, 10, 0.8, 1, 0]],
        {"overlap": 0.5, "calibration": IDENTITY, "thresholds": [0.5, 0.5]},
    ),
    "equal scores: the first stays, and order is kept": (
        [
            [200, 50, 40, 40, 0.8, 0.5, 0],
            [50, 50, 40, 40, 0.8, 0.5, 0],
            [51, 50, 40, 40, 0.8, 0.5, 0],
        ],
        None,
    ),
    "a table with steps": (
        [[40, 40, 30, 30, 1, 0.4, 0], [120, 40, 30, 30, 1, 0.3, 0], [200, 40, 30, 30, 1, 0.41, 0]],
        {
            "overlap": 0.45,
            "calibration": [[0.3, 0.2], [0.4, 0.2], [0.41, 0.8]],
            "thresholds": [0.2, 0.9],
        },
    ),
    "nothing but noughts": ([[0, 0, 0, 0, 0, 0, 0]] * 2, None),
    "boxes reach out of the picture": ([[5, 5, 60, 60, 0.9, 0.9, 0]], None),
}


def make_cases() -> list[dict[str, Any]]:
    """Return all cases with what they must give."""
    given = [
        {"name": name, "rows": rows, "decoding": read} for name, (rows, read) in WORKED.items()
    ]
    given += [
        {"name": f"a crowd of {count}", "rows": _crowd(seed, count, 3), "decoding": read}
        for seed, (count, read) in enumerate([(30, None), (60, CURVED), (60, None)], start=1)
    ]
    return [
        {**case, "shown": shown(case["rows"], case["decoding"]), "counted": counted(case["rows"])}
        for case in given
    ]


def write_cases() -> str:
    """Return the text of the file, a row a line."""
    lines = []
    for case in make_cases():
        fields = [
            f"  {json.dumps(key)}: "
            + (
                "[" + ",".join(f"\n   {json.dumps(row)}" for row in value) + "]"
                if isinstance(value, list)
                else json.dumps(value)
            )
            for key, value in case.items()
        ]
        lines.append(" {\n" + ",\n".join(fields) + "\n }")
    return "[\n" + ",\n".join(lines) + "\n]\n"


def read_cases() -> dict[str, dict[str, Any]]:
    """Return the cases of the file, by name."""
    return {case["name"]: case for case in json.loads(CASES_FILE.read_text())}


def check_reader(reader: ModuleType, case: dict[str, Any]) -> None:
    """Assert that one of the readers' modules finds what a case says."""
    classes = len(case["rows"][0]) - 5 if case["rows"] else 2
    rows = np.array(case["rows"], dtype=np.float32).reshape(-1, 5 + classes)
    read = case["decoding"]
    decoding = (
        reader.read_as_older(classes)
        if read is None
        else reader.Decoding(
            overlap=read["overlap"],
            calibration=tuple(tuple(point) for point in read["calibration"]),
            thresholds=tuple(read["thresholds"]),
        )
    )
    for expected, found in (
        (case["shown"], reader.decode(rows, decoding)),
        (case["counted"], reader.decode_everything(rows)),
    ):
        actual = np.column_stack((found.classes, found.scores, found.confidences, found.boxes))
        np.testing.assert_allclose(actual, np.reshape(expected, (-1, 7)), atol=1e-4)


if __name__ == "__main__":
    CASES_FILE.write_text(write_cases())
