"""How fast every mart view answers the app's and the DAGs' own queries, with the plans.

The queries are the files that the app, the DAGs and the demo execute, with parameters of a city in
the middle. A view that none of them asks for its own sake is asked as a dashboard asks: the rows of
one city. The time is that of a client: until the last row has arrived.
"""

import re
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from benchmarks.report import FOLDER, Row
from sightscan.settings import REPOSITORY, settings
from sightscan.warehouse.marts.check_runs import run_checks
from sightscan.warehouse.registry.cities import LET_IN
from sightscan.warehouse.schema.migrate import MART_ORDER

MAX_MILLISECONDS = 100
# With a hundred times the cities and their sights, and the same photos.
MAX_GROWTH_REGISTRY = 4
ROUNDS = 7
PLANS = FOLDER / "warehouse_plans.txt"
APP = REPOSITORY / "detector_app" / "sql"
# What nobody asks for its own sake, as a dashboard would ask it.
CITY_ROWS = (
    "city_activity_hourly",
    "label_quality",
    "model_scorecard",
    "photo_attribution",
    "sight_coverage",
    "spend_by_month",
    "spend_estimate",
)
READ_ALL_PHOTOS = (
    "photo_attribution__names_whom_the_licence_names",
    "spend_estimate__no_run_costs_more_than_its_most",
    "trainable_photo__has_a_source",
)
OVERVIEW = "page SightScan"
ANY_SCORE = {"min_score": 0.0, "below_score": 2.0}
CITY_COUNTS = ("trainable_photo", "accepted_label", "decided_label")


@dataclass(frozen=True, slots=True)
class Question:
    """A query, who asks it, and the parameters."""

    asker: str
    name: str
    text: str
    parameters: Mapping[str, object] = field(default_factory=dict)

    @property
    def measure(self) -> str:
        """Return what it is called in the report."""
        return f"{self.asker}: {self.name}"

    @property
    def views(self) -> frozenset[str]:
        """Return the mart views that the text names."""
        return frozenset(re.findall(r"\bmart\.(\w+)", self.text))


def list_questions(city_id: str, slug: str) -> tuple[Question, ...]:
    """Return every query that reads a mart, for one city."""
    queries, checks = (settings().sql_folder / name for name in ("queries", "checks"))
    city, named = {"city_id": city_id}, {"slug": slug}
    onnx = {"city_slug": slug, "onnx_sha256": ""}
    version = {"city_slug": slug, "model_version": 1}
    return (
        _read("app", APP / "list_cities.sql", {}),
        _read("app", APP / "read_model_file.sql", onnx),
        _read("app", APP / "list_sight_cards.sql", {"city_slug": slug}),
        _read("app", APP / "read_card_photo.sql", {"city_slug": slug, "photo_sha256": "0" * 64}),
        _read("app", APP / "find_city_answer.sql", {"request_id": UUID(int=0)}),
        _read("app", APP / "find_city_progress.sql", {"city_slug": slug}),
        _read("app", APP / "list_model_versions.sql", {}),
        _read("app", APP / "find_model_version.sql", version),
        _read("app", APP / "list_model_sights.sql", version),
        _read("app", APP / "list_model_examples.sql", version),
        _read("app", APP / "list_model_credits.sql", {**version, "most": 50, "left_out": 0}),
        _read("app", APP / "list_sharing_cities.sql", {}),
        _read("app", APP / "list_sharing_sights.sql", city),
        _read("app", APP / "find_shared_photo.sql", {"code_sha256": bytes(32)}),
        _read("city DAG, decide and freeze", queries / "models/list_labelled_photos.sql", city),
        _read("review page", queries / "labels/count_labels_to_review.sql", {**city, **ANY_SCORE}),
        *_overview(queries / "overview", city),
        _read("demo", queries / "demo/summarise_city.sql", named),
        _read("demo", queries / "demo/list_published_splits.sql", named),
        _read("demo", queries / "demo/find_published_file.sql", named),
        *(
            _read("check of a city", file, {**city, "keys": None})
            for file in sorted(checks.glob("*.sql"))
        ),
        # Those that read all photos do so once a day: benchmarks/warehouse_checks.py.
        *(
            _read("check of all cities", file, {"city_id": None, "keys": None})
            for file in sorted(checks.glob("*.sql"))
            if file.stem not in READ_ALL_PHOTOS
        ),
        *(_read_city_rows(view, "*", city) for view in CITY_ROWS),
        *(_read_city_rows(view, "count(*)", city) for view in CITY_COUNTS),
        Question("person", "labels of a photo", LABELS_OF_A_PHOTO, city),
    )


def _overview(folder: Path, city: Mapping[str, object]) -> tuple[Question, ...]:
    """Return what the page SightScan asks, of all cities and of one."""
    searched = {"search": "", "slug": "", "states": list(LET_IN)}
    paged = {**searched, "stage": None, "most": 25, "skipped": 50}
    asked = {
        "count_cities": searched,
        "list_cities": paged,
        "count_models": searched,
        "list_models": paged,
        "list_sights": city,
        "list_months": {},
        "list_machine_work": {"instance_ids": ["i-1"]},
        "list_reviews": {"states": list(LET_IN), "most": 8},
        "count_waiting": {},
        "find_counted_until": {},
    }
    return tuple(
        _read(OVERVIEW, folder / f"{name}.sql", parameters) for name, parameters in asked.items()
    )


# As a review of labels, or a take-down, looks at them.
LABELS_OF_A_PHOTO = """
select decided_label.*
from mart.decided_label
where decided_label.sha256 = (
    select label.sha256 from core.label where label.city_id = %(city_id)s limit 1
)
"""


def measure_reads(
    connection: psycopg.Connection[Any],
    city_id: str,
    slug: str,
    *,
    plans: Path = PLANS,
) -> list[Row]:
    """Return the median time of each query, and write the plans."""
    questions = list_questions(city_id, slug)
    unread = set(MART_ORDER) - {view for question in questions for view in question.views}
    if unread:
        msg = f"no query reads mart views {sorted(unread)}; add one to {Path(__file__).name}"
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
    for question in _overview(settings().sql_folder / "queries" / "overview", {"city_id": "Q1"}):
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


def _read(asker: str, file: Path, parameters: Mapping[str, object]) -> Question:
    return Question(asker, file.stem, file.read_text(encoding="utf-8"), parameters)


def _read_city_rows(view: str, what: str, city: Mapping[str, object]) -> Question:
    text = f"select {what} from mart.{view} where city_id = %(city_id)s"  # noqa: S608
    return Question("dashboard", f"{view} {what}", text, city)


def _ask(
    connection: psycopg.Connection[Any], question: Question, explained: str | None = None
) -> list[tuple[Any, ...]]:
    """Return the rows, or those of its plan; planned anew, as a task of its own process plans it."""
    head = sql.SQL("explain ({}) " if explained else "").format(
        *([sql.SQL(explained)] if explained else [])  # type: ignore[arg-type]
    )
    body = sql.SQL(question.text)  # type: ignore[arg-type]
    return connection.execute(head + body, dict(question.parameters), prepare=False).fetchall()
