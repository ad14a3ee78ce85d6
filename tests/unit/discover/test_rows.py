"""One odd record of an answer is left out and counted; the others are read."""

import pytest

from sightscan.discover.rows import Row, amount_of, read_rows
from sightscan.errors import ServiceError


def sitelinks_of(row: Row) -> tuple[str, int]:
    return row["item"], int(row["sitelinks"])


def test_odd_rows_are_left_out_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    rows = [
        {"item": "Q1", "sitelinks": "5"},
        {"item": "Q2"},
        {"item": "Q3", "sitelinks": "many"},
        {"sitelinks": "7"},
        {"item": "L301993", "sitelinks": "7"},
        {"item": "Q4", "sitelinks": "6"},
    ]
    assert read_rows(rows, "item", sitelinks_of) == [("Q1", 5), ("Q4", 6)]
    assert "odd_rows=4 read=2" in caplog.text


def test_no_row_is_no_error() -> None:
    assert read_rows([], "item", sitelinks_of) == []


def test_rows_that_are_all_odd_are_none() -> None:
    assert read_rows([{"item": "Q1"}], "item", sitelinks_of) == []


@pytest.mark.parametrize("row", [{}, {"x": "1"}, {"item": "http://a.example/Q"}])
def test_answer_that_names_no_item_at_all_is_a_service_error(row: Row) -> None:
    with pytest.raises(ServiceError, match="answers without what was asked for"):
        read_rows([row, row], "item", sitelinks_of)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("4321", 4321.0),
        ("1.5E6", 1_500_000.0),
        ("0", 0.0),
        ("-3", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("many", None),
        ("", None),
    ],
)
def test_amount_is_a_number_that_can_be_counted_with(text: str, amount: float | None) -> None:
    assert amount_of({"population": text}, "population") == amount


def test_amount_that_is_missing_is_none() -> None:
    assert amount_of({}, "population") is None
