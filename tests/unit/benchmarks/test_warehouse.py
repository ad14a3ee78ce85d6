"""The warehouse's benchmark: every bound is measured, every view is asked, plans are put in words."""

import re
from pathlib import Path

import pytest

from benchmarks.warehouse import Sizes, measure
from benchmarks.warehouse_not_asked import ALL, NOT_ASKED, is_named
from benchmarks.warehouse_questions import APP, list_questions
from benchmarks.warehouse_reads import describe_slowest
from benchmarks.warehouse_subject import Question, Subject
from sandbox.addresses import PostgresAddress
from sightscan.settings import REPOSITORY
from sightscan.warehouse.schema.migrate import MART_ORDER

TINY = Sizes(refresh_photos=30, row_photos=200, row_cities=2, byte_photos=50)
PROMISED = ("unchanged", "new photos", "photos in", "export", "memory", "disk")
QUERIES = REPOSITORY / "include" / "sql" / "queries"
WRITES = r"\b(insert into|update|delete from|pg_advisory\w*|pg_try_advisory\w*|take_back)\b"


def reads(file: Path) -> bool:
    """Tell whether a statement only reads: it begins as a query does, and changes or locks nothing."""
    text = re.sub("--.*", "", file.read_text(encoding="utf-8")).strip().lower()
    return text.startswith(("select", "with")) and not re.search(WRITES, text)


@pytest.fixture
def questions() -> tuple[Question, ...]:
    return list_questions(Subject("Q1", "city-1"))


def test_every_mart_view_is_asked(questions: tuple[Question, ...]) -> None:
    asked = {view for question in questions for view in question.views}
    assert asked >= set(MART_ORDER)


def test_every_reading_query_is_asked_or_named_with_a_reason(
    questions: tuple[Question, ...],
) -> None:
    asked = {question.file for question in questions}
    reading = [file for file in (*QUERIES.glob("*/*.sql"), *APP.glob("*.sql")) if reads(file)]
    forgotten = [
        file.relative_to(REPOSITORY).as_posix()
        for file in sorted(reading)
        if file not in asked and not is_named(file.parent.name, file.stem)
    ]
    assert forgotten == [], (
        "ask them in warehouse_questions.py, or name them in warehouse_not_asked.py"
    )


def test_what_is_named_is_there_once_and_is_not_asked(questions: tuple[Question, ...]) -> None:
    named = [
        QUERIES / folder / f"{name}.sql"
        for folders in NOT_ASKED.values()
        for folder, names in folders.items()
        for name in names.split()
        if name != ALL
    ]
    assert [file.stem for file in named if not file.is_file()] == []
    assert len(set(named)) == len(named)
    assert set(named).isdisjoint(question.file for question in questions)


@pytest.mark.slow
def test_every_promise_is_measured_with_a_bound(
    postgres: PostgresAddress, tmp_path: Path, questions: tuple[Question, ...]
) -> None:
    rows = measure(postgres, TINY, tmp_path)
    bounded = " ".join(row.measure for row in rows if row.bound is not None)
    assert [promise for promise in PROMISED if promise not in bounded] == []
    plans = (tmp_path / "warehouse_plans.txt").read_text()
    assert all(question.measure in plans for question in questions)


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
