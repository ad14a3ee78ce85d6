"""docs/DAGS.md and docs/WAREHOUSE.md say what is there."""

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from docs.generate import (
    DAGS_PAGE,
    SQL_FOLDER,
    WAREHOUSE_PAGE,
    WRITTEN_BY,
    is_current,
)
from docs.warehouse_entities import draw_entities
from docs.warehouse_page import SCHEMAS, describe_warehouse

REPOSITORY = Path(__file__).resolve().parents[2]
HINT = "has drifted from what is there; run `make docs` and commit the page"


def test_the_dags_page_is_current(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from docs.dags_page import describe_dags  # noqa: PLC0415 - Airflow is configured by conftest

    # Parse as the DAG processor does: all DAGs, not the one of a running task.
    monkeypatch.delenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", raising=False)
    page = WRITTEN_BY + describe_dags(REPOSITORY / "dags", tmp_path)
    assert is_current(DAGS_PAGE, page), f"{DAGS_PAGE.name} {HINT}"


def test_the_warehouse_page_is_current(warehouse: psycopg.Connection[Any]) -> None:
    page = WRITTEN_BY + describe_warehouse(warehouse, SQL_FOLDER / "marts")
    assert is_current(WAREHOUSE_PAGE, page), f"{WAREHOUSE_PAGE.name} {HINT}"


def test_the_drawing_has_every_table_of_the_core_once(warehouse: psycopg.Connection[Any]) -> None:
    drawn = re.findall(r"^    (\w+) \{$", draw_entities(warehouse), re.MULTILINE)
    rows = warehouse.execute(
        "select relname from pg_class where relnamespace = 'core'::regnamespace and relkind = 'r'"
    )
    assert sorted(drawn) == sorted(name for (name,) in rows)


def test_the_drawing_says_what_a_reference_is(warehouse: psycopg.Connection[Any]) -> None:
    warehouse.execute(
        "create table core.probe (model_id text, city_id text not null references core.city,"
        " sight_id bigint unique references core.sight, primary key (model_id, city_id))"
    )
    try:
        drawing = draw_entities(warehouse)
    finally:
        warehouse.execute("drop table core.probe")
    lines = [line.strip() for line in drawing.splitlines()]
    assert 'city ||--o{ probe : "city_id"' in lines
    assert 'sight |o--o| probe : "sight_id"' in lines
    at = lines.index("probe {")
    assert lines[at + 1 : at + 5] == [
        "text model_id PK",
        "text city_id PK, FK",
        "bigint sight_id FK",
        "}",
    ]


def test_every_table_and_column_has_a_comment(warehouse: psycopg.Connection[Any]) -> None:
    """The dictionary is only as good as its comments."""
    bare = warehouse.execute(
        """
        select format('%%s.%%s', pg_class.oid::regclass, pg_attribute.attname)
        from pg_class
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        inner join pg_attribute on pg_class.oid = pg_attribute.attrelid and pg_attribute.attnum >= 0
        where
            pg_namespace.nspname = any(%s)
            and pg_class.relkind in ('r', 'v')
            and not pg_attribute.attisdropped
            and (
                col_description(pg_class.oid, pg_attribute.attnum) is null
                or obj_description(pg_class.oid, 'pg_class') is null
            )
        """,
        [list(SCHEMAS)],
    ).fetchall()
    assert bare == [], "add `comment on` for these in a new migration"
