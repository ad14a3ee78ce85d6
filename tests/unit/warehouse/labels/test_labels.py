"""Labels are merged whole, once; what core would refuse is sanitised, and never costs its batch."""

import hashlib
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from sightscan.box import Box
from sightscan.city import City, Place, Sight
from sightscan.warehouse.connection import connect
from sightscan.warehouse.labels.labels import LabelRow, merge_labels
from sightscan.warehouse.labels.sanitise import sanitise_label
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.sights import upsert_sights
from tests.cities.labelled_city import store_photo

NAN = float("nan")
LABEL = LabelRow(
    call_id=1, annotation_number=0, city_id="Q64", sha256=b"\1" * 32, sight_id=1,
    description="Gate", mid="/m/1", score=0.75, box=Box(0.25, 0.25, 0.75, 0.75),
    place=Place(52.5, 13.5), state="accepted", reason=None,
)  # fmt: skip


@dataclass(frozen=True)
class Shelf:
    """A photo with a call about it, and a label of theirs as it should be."""

    connection: psycopg.Connection[Any]
    label: LabelRow

    def rows(self, *columns: str) -> list[tuple[Any, ...]]:
        query = sql.SQL("select {} from core.label order by annotation_number").format(
            sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        return self.connection.execute(query).fetchall()


def shelf_of(warehouse: psycopg.Connection[Any]) -> Shelf:
    city = City("Q64", "berlin", "Berlin", "Germany", Place(52.5, 13.4), 10_000)
    add_city(warehouse, city)
    gate = Sight(None, "Q64", "Gate", 1, wikidata_id="Q7")
    (sight,) = upsert_sights(warehouse, "Q64", [gate])
    sha256 = store_photo(warehouse, b"photo", [sight.sight_id or 0])
    row = warehouse.execute(
        "insert into core.paid_call (provider, feature, subject_sha256, attempt, city_id, dag_id,"
        " run_id, state, price_usd, answer, settled_at) values ('google_vision',"
        " 'landmark_detection', %s, 1, 'Q64', 'd', 'r', 'succeeded', 0, '{}', now())"
        " returning call_id",
        (sha256,),
    ).fetchone()
    assert row is not None
    return Shelf(warehouse, replace(LABEL, call_id=row[0], sha256=sha256, sight_id=sight.sight_id))


@pytest.fixture
def shelf(warehouse: psycopg.Connection[Any]) -> Shelf:
    return shelf_of(warehouse)


IMPOSSIBLE: dict[str, dict[str, Any]] = {
    "impossible_score": {"score": 1.5},
    "impossible_box": {"box": Box(-0.5, 0.25, NAN, 0.75)},
    "impossible_place": {"place": Place(91, NAN)},
    "degenerate_box": {"box": Box(0.5, 0.25, 0.5 + 1e-12, 0.75)},
    "no_reason": {"state": "held_back"},
    "unknown_state": {"state": "maybe"},
}


@pytest.mark.parametrize("reason", IMPOSSIBLE)
def test_label_that_core_would_refuse_is_held_back_and_the_others_are_stored(
    shelf: Shelf, reason: str
) -> None:
    broken = replace(shelf.label, annotation_number=1, **IMPOSSIBLE[reason])
    report = merge_labels(shelf.connection, [shelf.label, broken])
    assert (report.changed_count, report.mended_count) == (2, 1)
    assert shelf.rows("state", "reason") == [("accepted", None), ("held_back", reason)]


def test_accepted_label_without_a_sight_is_unmatched(shelf: Shelf) -> None:
    merge_labels(shelf.connection, [replace(shelf.label, sight_id=None)])
    assert shelf.rows("state", "reason") == [("unmatched", "no_sight")]


def test_texts_of_a_label_are_cleaned(shelf: Shelf) -> None:
    dirty = replace(shelf.label, description="G\0ate", mid="\ud800")
    assert merge_labels(shelf.connection, [dirty]).mended_count == 1
    assert shelf.rows("description", "mid", "state") == [("Gate", "\ufffd", "accepted")]


def test_label_with_an_impossible_number_is_counted_and_logged(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        report = merge_labels(
            shelf.connection, [shelf.label, replace(shelf.label, annotation_number=-1)]
        )
    assert (report.changed_count, report.refused_count) == (1, 1)
    assert "not_kept=1" in caplog.text
    assert "annotation_number=-1" in caplog.text


def test_label_of_a_photo_that_is_gone_is_counted(shelf: Shelf) -> None:
    gone = replace(shelf.label, annotation_number=1, sha256=hashlib.sha256(b"gone").digest())
    report = merge_labels(shelf.connection, [shelf.label, gone])
    assert (report.changed_count, report.removed_count) == (1, 1)


def test_label_twice_in_a_batch_or_again_is_stored_once(shelf: Shelf) -> None:
    assert merge_labels(shelf.connection, [shelf.label, shelf.label]).changed_count == 1
    assert merge_labels(shelf.connection, [shelf.label]).changed_count == 0
    assert shelf.rows("state") == [("accepted",)]


def test_readings_of_the_same_answers_at_once_do_not_deadlock(shelf: Shelf) -> None:
    labels = [replace(shelf.label, annotation_number=number) for number in range(300)]

    def merge(worker: int) -> None:
        held = [replace(one, state="held_back", reason=f"reading_{worker}") for one in labels]
        with connect(autocommit=True) as connection:
            merge_labels(connection, held if worker % 2 else held[::-1])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(merge, range(8)))
    assert len({reason for (reason,) in shelf.rows("reason")}) == 1


NUMBERS = st.floats() | st.floats(0, 1)


@given(
    score=NUMBERS,
    edges=st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    place=st.none() | st.builds(Place, st.floats(-100, 100), st.floats()),
    state=st.sampled_from(["accepted", "held_back", "unmatched"]),
    sight_id=st.none() | st.just(1),
    reason=st.none() | st.text(),
)
def test_what_is_sanitised_is_possible_and_sanitised_once(  # noqa: PLR0917 - drawn by name
    score: float,
    edges: tuple[float, float, float, float],
    place: Place | None,
    state: Any,
    sight_id: int | None,
    reason: str | None,
) -> None:
    label = replace(
        LABEL, score=score, box=Box(*edges), place=place, state=state, sight_id=sight_id,
        reason=reason,
    )  # fmt: skip
    sanitised = sanitise_label(label)
    assert sanitised is not None
    assert sanitise_label(sanitised) == sanitised
    assert 0 <= sanitised.score <= 1
    assert 0 <= sanitised.box.x1 <= sanitised.box.x2 <= 1
    assert 0 <= sanitised.box.y1 <= sanitised.box.y2 <= 1
    if sanitised.state == "accepted":
        assert sanitised.sight_id is not None
        assert sanitised.box.area > 0
    else:
        assert sanitised.reason is not None
