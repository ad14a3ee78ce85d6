"""docs/labelling.md: what it tells to type shows and releases a label that a rule holds back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import psycopg

from sightscan.label import reading
from tests.colour_city import store_colour_city

PAGE = (Path(__file__).parents[2] / "docs" / "labelling.md").read_text()
SEE, RELEASE = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


def test_held_back_label_is_seen_and_released(warehouse: psycopg.Connection[Any]) -> None:
    stored = store_colour_city(warehouse, photos_a_sight=1)
    found = warehouse.execute(
        "update core.label set state = 'held_back', reason = 'low_score'"
        " where label_id = (select min(label_id) from core.label) returning label_id"
    ).fetchone()
    assert found is not None
    (seen,) = warehouse.execute(SEE, {"slug": stored.city.slug}).fetchall()
    assert (seen[0], seen[3]) == (found[0], "low_score")

    trains = "select count(*) from mart.accepted_label where label_id = %s"
    assert warehouse.execute(trains, found).fetchone() == (0,)
    warehouse.execute(RELEASE, {"label_id": seen[0]})
    assert warehouse.execute(trains, found).fetchone() == (1,)


def test_every_reason_is_explained() -> None:
    source = Path(reading.__file__).read_text() + (
        Path(reading.__file__).with_name("matching.py").read_text()
    )
    reasons = set(re.findall(r'\("([a-z_]+)", |reason="([a-z_]+)"', source))
    for reason in {one or other for one, other in reasons}:
        assert f"`{reason}`" in PAGE
