"""A benchmark's report: read by people, by machines, and by make."""

import json
from pathlib import Path

import pytest

from benchmarks.report import Row, publish, table


def test_report_is_written_for_machines(tmp_path: Path) -> None:
    publish("rate", [Row.at_least("photos per second", 41.5, "1/s", 40)], tmp_path)
    assert json.loads((tmp_path / "rate.json").read_text()) == [
        {
            "measure": "photos per second",
            "value": 41.5,
            "unit": "1/s",
            "bound": ">= 40",
            "holds": True,
        }
    ]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (Row("photos", 2_000), 0),
        (Row.at_least("recall", 0.95, "", 0.95), 0),
        (Row.at_least("recall", 0.94, "", 0.95), 1),
        (Row.at_most("fetched twice", 2, "%", 2), 0),
        (Row.at_most("fetched twice", 2.1, "%", 2), 1),
        (Row.below("clustering", 60, "s", 60), 1),
        (Row.below("clustering", 59.9, "s", 60), 0),
    ],
)
def test_exit_code_says_whether_the_bounds_hold(row: Row, code: int, tmp_path: Path) -> None:
    assert publish("bounds", [row], tmp_path) == code


def test_columns_of_the_table_are_aligned() -> None:
    lines = table([Row("photos", 12_345), Row.below("clustering", 72.345, "s", 60)]).splitlines()
    assert lines == [
        "measure      value  unit  bound",
        "photos      12,345",
        "clustering   72.34  s     < 60   DOES NOT HOLD",
    ]
