"""docs/labelling.md: what it tells to type shows a held-back label, which a decision releases."""

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from sightscan import pages as review
from sightscan.label import answers
from sightscan.warehouse.labels.reviews import LabelDecision, store_decisions
from tests.cities.colour_city import store_colour_city

PAGE = (Path(__file__).parents[2] / "docs" / "labelling.md").read_text()
(SEE,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


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
    accept = LabelDecision(uuid4(), seen[0], "accept")
    store_decisions(warehouse, [accept], reviewer="ann")
    assert warehouse.execute(trains, found).fetchone() == (1,)


def test_every_reason_is_explained() -> None:
    source = Path(answers.__file__).read_text() + (
        Path(answers.__file__).with_name("matching.py").read_text()
    )
    reasons = set(re.findall(r'\("([a-z_]+)", |reason="([a-z_]+)"', source))
    for reason in {one or other for one, other in reasons}:
        assert f"`{reason}`" in PAGE


def test_every_reason_has_words_on_the_review_page() -> None:
    script = (Path(review.__file__).parent / "static" / "review.js").read_text()
    table = PAGE.partition("## Which labels train")[2].partition("Boxes are defined so")[0]
    reasons = re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE)
    assert reasons
    assert [reason for reason in reasons if f"  {reason}: [" not in script] == []
