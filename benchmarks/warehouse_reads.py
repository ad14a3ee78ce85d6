"""How fast every mart view answers the app's and the DAGs' own queries, with the plans.

The queries are those of `warehouse_questions`, with parameters of a city in the middle. The time is
that of a client: until the last row has arrived.
"""

import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.report import FOLDER, Row
from benchmarks.warehouse_questions import list_overview, list_questions
from benchmarks.warehouse_subject import Question, find_subject
from sightscan.warehouse.marts.check_runs import run_checks
from sightscan.warehouse.schema.migrate import MART_ORDER

MAX_MILLISECONDS = 100
# With a hundred times the cities and their sights, and the same photos.
MAX_GROWTH_REGISTRY = 4
ROUNDS = 7
PLANS = FOLDER / "warehouse_plans.txt"


def measure_reads(
    connection: psycopg.Connection[Any],
    city_id: str,
    slug: str,
    *,
    plans: Path = PLANS,
) -> list[Row]:
    """Return the median time of each query, and write the plans."""
    questions = list_questions(find_subject(connection, city_id, slug))
    unread = set(MART_ORDER) - {view for question in questions for view in question.views}
    if unread:
        msg = f"no query reads mart views {sorted(unread)}; add one to warehouse_questions.py"
        raise AssertionError(msg)
    seconds: dict[str, list[float]] = {question.measure: [] for question in questions}
    counts = {}
    # In turns, so that a noisy second is shared. The first round fills the caches.
    for number in range(ROUNDS + 1):
        for question in questions:
            started = time.perf_counter()
            counts[question.measure] = len(_ask(connection, question))
            if number:
                seconds[question.measure].append(time.perf_counter() - started)
    rows, texts = [], []
    for question in questions:
        milliseconds = statistics.median(seconds[question.measure]) * 1_000
        measure = question.measure
        rows.append(Row.below(measure, milliseconds, "ms", MAX_MILLISECONDS))
        plan = "\n".join(line for (line,) in _ask(connection, question, "analyze, buffers"))
        slowest = describe_slowest(_ask(connection, question, "analyze, format json")[0][0])
        texts.append(
            f"== {measure}\n   {milliseconds:.1f} ms, {counts[measure]} rows;"
            f" slowest: {slowest}\n{plan}\n"
        )
    plans.parent.mkdir(parents=True, exist_ok=True)
    plans.write_text("\n".join(texts))
    return rows


def measure_registry(
    few: psycopg.Connection[Any], many: psycopg.Connection[Any], cities: Sequence[int]
) -> list[Row]:
    """Return how long all checks take with few and with many cities that have the same photos."""
    seconds = [list[float](), list[float]()]
    for number in range(ROUNDS + 1):
        for times, connection in zip(seconds, (few, many), strict=True):
            started = time.perf_counter()
            run_checks(connection, dag_id="d", run_id="r", is_whole=True)
            if number:
                times.append(time.perf_counter() - started)
    growth = statistics.median(large / small for small, large in zip(*seconds, strict=True))
    what = "all checks of all cities"
    return [
        *(
            Row(f"{what}, {count:,} cities", statistics.median(times) * 1_000, "ms")
            for count, times in zip(cities, seconds, strict=True)
        ),
        Row.at_most(f"{what}, many by few cities", growth, "ratio", MAX_GROWTH_REGISTRY),
    ]


def measure_overview(connection: psycopg.Connection[Any], cities: int) -> list[Row]:
    """Return the median time of each query of the page SightScan, with so many cities."""
    rows = []
    for question in list_overview({"city_id": "Q1"}):
        seconds = []
        for number in range(ROUNDS + 1):
            started = time.perf_counter()
            _ask(connection, question)
            if number:
                seconds.append(time.perf_counter() - started)
        milliseconds = statistics.median(seconds) * 1_000
        measure = f"{question.measure}, {cities:,} cities"
        rows.append(Row.below(measure, milliseconds, "ms", MAX_MILLISECONDS))
    return rows


def describe_slowest(explained: Sequence[Mapping[str, Any]]) -> str:
    """Return in words the node of a plan that took most time itself, its children taken off."""
    nodes = _own_times(explained[0]["Plan"])
    own, node = max(nodes, key=lambda item: item[0])
    of_what = node.get("Index Name") or node.get("Relation Name") or node.get("Subplan Name") or ""
    total = explained[0]["Execution Time"]
    return f"{node['Node Type']} {of_what}".strip() + (
        f", {own:.1f} of {total:.1f} ms, {node['Actual Rows'] * node['Actual Loops']:.0f} rows"
    )


def _own_times(node: Mapping[str, Any]) -> list[tuple[float, Mapping[str, Any]]]:
    children = node.get("Plans", [])
    spent = sum(_total(child) for child in children)
    return [
        (_total(node) - spent, node),
        *(item for child in children for item in _own_times(child)),
    ]


def _total(node: Mapping[str, Any]) -> float:
    return float(node["Actual Total Time"]) * float(node["Actual Loops"])


def _ask(
    connection: psycopg.Connection[Any], question: Question, explained: str | None = None
) -> list[tuple[Any, ...]]:
    """Return the rows, or those of its plan; planned anew, as a task of its own process plans it."""
    head = sql.SQL("explain ({}) " if explained else "").format(
        *([sql.SQL(explained)] if explained else [])  # type: ignore[arg-type]
    )
    body = sql.SQL(question.text)  # type: ignore[arg-type]
    return connection.execute(head + body, dict(question.parameters), prepare=False).fetchall()
