"""The warehouse's benchmark: every bound is measured, every view is asked, plans are put in words."""

from pathlib import Path

import pytest

from benchmarks.warehouse import Sizes, measure
from benchmarks.warehouse_reads import describe_slowest, list_questions
from sandbox.addresses import PostgresAddress
from sightscan.warehouse.schema.migrate import MART_ORDER

TINY = Sizes(refresh_photos=30, row_photos=200, row_cities=2, byte_photos=50)
PROMISED = ("unchanged", "new photos", "photos in", "export", "memory", "disk")


def test_every_mart_view_is_asked() -> None:
    asked = {view for question in list_questions("Q1", "city-1") for view in question.views}
    assert asked >= set(MART_ORDER)


@pytest.mark.slow
def test_every_promise_is_measured_with_a_bound(postgres: PostgresAddress, tmp_path: Path) -> None:
    rows = measure(postgres, TINY, tmp_path)
    bounded = " ".join(row.measure for row in rows if row.bound is not None)
    assert [promise for promise in PROMISED if promise not in bounded] == []
    plans = (tmp_path / "warehouse_plans.txt").read_text()
    assert all(question.measure in plans for question in list_questions("Q1", "city-1"))


def test_slowest_node_is_the_one_that_itself_took_longest() -> None:
    scan = {
        "Node Type": "Seq Scan",
        "Relation Name": "label",
        "Actual Total Time": 3.0,
        "Actual Loops": 2,
        "Actual Rows": 5,
    }
    plan = {
        "Node Type": "Aggregate",
        "Actual Total Time": 7.0,
        "Actual Loops": 1,
        "Actual Rows": 1,
        "Plans": [scan],
    }
    described = describe_slowest([{"Plan": plan, "Execution Time": 7.5}])
    assert described == "Seq Scan label, 6.0 of 7.5 ms, 10 rows"
