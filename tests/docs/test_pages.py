"""What the pages say is there is there: links, commands, settings, statements, figures."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg
import pytest

from sandbox.demo.report import DemoReport
from sightscan.settings import Settings
from sightscan.training import lease_seconds, max_session_seconds

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
RUNBOOKS = sorted((REPOSITORY / "docs" / "runbooks").glob("*.md"))
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)")
# Indented by four: a block of code. It ends with the line that ends in a semicolon.
STATEMENT = re.compile(r"^    ((?:select|update)\b.*?;)$", re.MULTILINE | re.DOTALL)

TABLE = re.compile(r"`((?:load|core|mart)\.\w+)(?:\.(\w+))?`")

by_name = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))


@by_name
def test_links_lead_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@by_name
def test_make_commands_exist(page: Path) -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    known = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    used = set(re.findall(r"(?:`|    )make ([a-z-]+)", page.read_text(encoding="utf-8")))
    assert used - known == set()


@by_name
def test_settings_that_are_named_exist(page: Path) -> None:
    listed = re.findall(r"^([A-Z0-9_]+)=", (REPOSITORY / ".env.example").read_text(), re.MULTILINE)
    known = {*listed, *(name.upper() for name in Settings.model_fields), "MART_ORDER"}
    pattern = r"`((?:MTS|MIN|MAX|AWS|PG|MAPS|VISION|CRAWL|WIKIDATA|REGISTRY)_?[A-Z_]+)`"
    assert set(re.findall(pattern, page.read_text(encoding="utf-8"))) - known == set()


def test_tables_and_columns_that_are_named_exist(warehouse: psycopg.Connection[Any]) -> None:
    rows = warehouse.execute(
        "select table_schema || '.' || table_name, array_agg(column_name::text)"
        " from information_schema.columns where table_schema in ('load', 'core', 'mart')"
        " group by 1"
    )
    columns: dict[str, set[str]] = {name: {"", *names} for name, names in rows}
    unknown = [
        (page.name, table, column)
        for page in PAGES
        for table, column in TABLE.findall(page.read_text(encoding="utf-8"))
        if column not in columns.get(table, set())
    ]
    assert unknown == []


def test_statements_of_the_runbooks_run(warehouse: psycopg.Connection[Any]) -> None:
    """As they stand; a name that the warehouse does not know names the statement itself."""
    statements = [
        text for page in RUNBOOKS for text in STATEMENT.findall(page.read_text(encoding="utf-8"))
    ]
    assert len(statements) > len(RUNBOOKS)
    for text in statements:
        warehouse.execute(cast("LiteralString", text))


def test_hours_of_an_instance_are_those_that_the_code_adds_up() -> None:
    pattern = re.compile(
        r"(leased|billed) for (?:at most )?`MTS_TIME_LIMIT_SECONDS` plus (\d+) h (\d+) min"
    )
    found = {
        (word, int(hours) * 3600 + int(minutes) * 60)
        for page in PAGES
        for word, hours, minutes in pattern.findall(page.read_text(encoding="utf-8"))
    }
    assert found == {("leased", lease_seconds(0)), ("billed", max_session_seconds(0))}


def test_readme_explains_every_figure_of_the_report() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    table = text.split("| key | meaning |")[1].split("\n\n")[0]
    keys = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    explained = {key for cell in keys for key in re.findall(r"`(\w+)`", cell)}
    assert explained == {field.name for field in fields(DemoReport)}


def test_every_decision_and_runbook_is_listed() -> None:
    for folder in (REPOSITORY / "docs" / "decisions", REPOSITORY / "docs" / "runbooks"):
        listed = set(LINK.findall((folder / "README.md").read_text(encoding="utf-8")))
        assert {page.name for page in folder.glob("*.md")} - {"README.md"} == listed


def test_the_drawing_has_every_task_of_a_city() -> None:
    page = (REPOSITORY / "docs" / "DAGS.md").read_text(encoding="utf-8")
    city = page.split("\n## ")[1]
    tasks = re.findall(r"^\| `(\w+)` \|", city, re.MULTILINE)
    drawing = (REPOSITORY / "docs" / "images" / "task-graph.svg").read_text(encoding="utf-8")
    assert tasks
    assert [task for task in tasks if f">{task}<" not in drawing] == []


def test_every_benchmark_has_its_row_with_figures() -> None:
    page = (REPOSITORY / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^(bench-[a-z-]+):", makefile, re.MULTILINE)
    assert targets
    assert [name for name in targets if f"| `make {name}" not in page] == []
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| ")][1:]
    without = [row[2].strip() for row in rows if not re.search(r"\d", row[3])]
    assert without == []
