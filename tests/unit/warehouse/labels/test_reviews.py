"""What waits for people, who gets it, and what becomes of what they decide."""

import threading
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sightscan.errors import ReviewError
from sightscan.warehouse.connection import connect
from sightscan.warehouse.labels.reviews import (
    BulkOrder,
    Decision,
    LabelDecision,
    ReviewFilter,
    claim_labels,
    count_labels,
    decide_in_bulk,
    read_photo,
    store_decisions,
)
from sightscan.warehouse.models.datasets import list_backgrounds
from sightscan.warehouse.registry.cities import find_city
from tests.cities.doubtful_city import CITY_ID, DoubtfulCity, store_doubtful_city

ALL = ReviewFilter(CITY_ID)


@pytest.fixture
def city(warehouse: psycopg.Connection[Any]) -> DoubtfulCity:
    return store_doubtful_city(warehouse)


def next_ids(
    warehouse: psycopg.Connection[Any], wanted: ReviewFilter = ALL, **asked: Any
) -> list[int]:
    labels = claim_labels(warehouse, wanted, **({"reviewer": "ann"} | asked))
    return [label.label_id for label in labels]


def decide(
    warehouse: psycopg.Connection[Any],
    label_id: int,
    decision: Decision,
    sight_id: int | None = None,
) -> None:
    review = LabelDecision(uuid4(), label_id, decision, sight_id)
    store_decisions(warehouse, [review], reviewer="ann")


def trains(warehouse: psycopg.Connection[Any], label_id: int) -> int | None:
    """Return the sight that the label trains, or None."""
    row = warehouse.execute(
        "select sight_id from mart.accepted_label where label_id = %s", (label_id,)
    ).fetchone()
    return row[0] if row else None


def test_held_back_ones_come_first_and_the_surest_of_them(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    assert next_ids(warehouse) == [*city.held_back, city.boxless, city.uncertain]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (ReviewFilter(CITY_ID, kinds=("unmatched",)), "unmatched"),
        (ReviewFilter(CITY_ID, kinds=("uncertain",)), "uncertain"),
        (ReviewFilter(CITY_ID, reason="degenerate_box"), "boxless"),
        (ReviewFilter(CITY_ID, min_score=0.4), "uncertain"),
        (ReviewFilter(CITY_ID, below_score=0.1), "boxless"),
    ],
)
def test_filters_leave_what_was_asked_for(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity, wanted: ReviewFilter, expected: str
) -> None:
    assert next_ids(warehouse, wanted) == [getattr(city, expected)]


def test_sight_filter_finds_unmatched_ones_by_what_was_searched(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    tower, bridge = city.sight_ids["White Tower"], city.sight_ids["Old Bridge"]
    kinds = ("unmatched",)
    assert next_ids(warehouse, ReviewFilter(CITY_ID, kinds=kinds, sight_id=tower)) == [
        city.unmatched
    ]
    assert next_ids(warehouse, ReviewFilter(CITY_ID, kinds=kinds, sight_id=bridge)) == []


def test_two_reviewers_never_get_the_same_label(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    found: dict[str, list[int]] = {}

    def ask(reviewer: str) -> None:
        with connect(autocommit=True) as connection:
            found[reviewer] = next_ids(connection, reviewer=reviewer, most=3)

    reviewers = [threading.Thread(target=ask, args=(name,)) for name in ("ann", "bob", "eve")]
    for each in reviewers:
        each.start()
    for each in reviewers:
        each.join()
    given_out = [label_id for label_ids in found.values() for label_id in label_ids]
    assert sorted(given_out) == sorted([*city.held_back, city.boxless, city.uncertain])


def test_claim_that_ran_out_is_free_again(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    next_ids(warehouse, reviewer="bob")
    assert next_ids(warehouse) == []
    warehouse.execute("update core.label_claim set claimed_until = now() - interval '1 second'")
    assert len(next_ids(warehouse)) == 6


def test_seen_labels_do_not_come_again(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    seen = next_ids(warehouse, most=2)
    assert not set(next_ids(warehouse, seen=seen)) & set(seen)


def test_photo_that_was_taken_down_does_not_wait_and_is_not_shown(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    label = claim_labels(warehouse, ALL, reviewer="ann", most=1)[0]
    assert read_photo(warehouse, label.sha256) is not None
    warehouse.execute(
        "insert into core.removed_photo values (%s, 'my own house', 'ann')", (label.sha256,)
    )
    assert label.label_id not in next_ids(warehouse)
    assert read_photo(warehouse, label.sha256) is None


def test_accepted_label_trains_and_waits_no_more(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    label_id = city.held_back[0]
    decide(warehouse, label_id, "accept")
    assert trains(warehouse, label_id) == city.sight_ids["White Tower"]
    assert label_id not in next_ids(warehouse)


def test_rejected_label_trains_no_more(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    decide(warehouse, city.uncertain, "reject")
    assert trains(warehouse, city.uncertain) is None


def test_photo_that_shows_no_sight_becomes_a_background_and_one_of_a_rejected_label_does_not(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    stored = find_city(warehouse, "vilanova")
    decide(warehouse, city.uncertain, "reject")
    decide(warehouse, city.boxless, "reject")
    assert list_backgrounds(warehouse, stored) == ()
    decide(warehouse, city.boxless, "no_sight")
    assert trains(warehouse, city.boxless) is None
    (found,) = list_backgrounds(warehouse, stored)
    of_photo = "select label_id from core.label where sha256 = %s"
    assert warehouse.execute(of_photo, (found.sha256,)).fetchall() == [(city.boxless,)]
    decide(warehouse, city.boxless, "withdraw")
    assert list_backgrounds(warehouse, stored) == ()


def test_unmatched_label_trains_the_sight_that_it_was_renamed_to(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    bridge = city.sight_ids["Old Bridge"]
    decide(warehouse, city.unmatched, "rename", bridge)
    assert trains(warehouse, city.unmatched) == bridge


def test_decision_keeps_who_and_when(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    decide(warehouse, city.uncertain, "reject")
    row = warehouse.execute(
        "select reviewed_by, now() - reviewed_at < interval '1 minute' from core.label_review"
    ).fetchone()
    assert row == ("ann", True)


@given(
    decisions=st.lists(st.sampled_from(["accept", "reject", "rename", "no_sight"]), max_size=4),
    name=st.sampled_from(["held_back", "uncertain"]),
)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_was_decided_the_last_word_can_be_taken_back(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity, decisions: list[Decision], name: str
) -> None:
    label_id = city.held_back[0] if name == "held_back" else city.uncertain
    by_rule = None if name == "held_back" else city.sight_ids["White Tower"]
    for decision in decisions:
        to = city.sight_ids["Old Bridge"] if decision == "rename" else None
        decide(warehouse, label_id, decision, to)
    decide(warehouse, label_id, "withdraw")
    assert trains(warehouse, label_id) == by_rule
    assert label_id in next_ids(warehouse)


def test_decision_that_arrives_twice_is_stored_once(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    review = LabelDecision(uuid4(), city.uncertain, "reject")
    store_decisions(warehouse, [review], reviewer="ann")
    store_decisions(warehouse, [review], reviewer="ann")
    assert warehouse.execute("select count(*) from core.label_review").fetchone() == (1,)


@pytest.mark.parametrize(
    ("name", "decision", "sight"),
    [
        ("boxless", "accept", None),
        ("boxless", "rename", "Old Bridge"),
        ("unmatched", "accept", None),
        ("uncertain", "rename", "of another city"),
    ],
)
def test_decision_that_cannot_be_true_is_refused_with_all_that_came_with_it(
    warehouse: psycopg.Connection[Any],
    city: DoubtfulCity,
    name: str,
    decision: Decision,
    sight: str | None,
) -> None:
    sight_id = None if sight is None else city.sight_ids.get(sight, 999)
    good = LabelDecision(uuid4(), city.held_back[0], "accept")
    bad = LabelDecision(uuid4(), getattr(city, name), decision, sight_id)
    with pytest.raises(ReviewError, match=f"label {bad.label_id}"):
        store_decisions(warehouse, [good, bad], reviewer="ann")
    assert warehouse.execute("select count(*) from core.label_review").fetchone() == (0,)


def order_of(city: DoubtfulCity, **values: Any) -> BulkOrder:
    given = {
        "order_id": uuid4(),
        "city_id": CITY_ID,
        "kind": "held_back",
        "reason": "low_score",
        "sight_id": city.sight_ids["White Tower"],
        "decision": "accept",
        "expected_count": 4,
    }
    return BulkOrder(**(given | values))


def test_bulk_decides_all_of_one_sight_and_reason(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    assert sorted(decide_in_bulk(warehouse, order_of(city), reviewer="ann")) == sorted(
        city.held_back
    )
    assert next_ids(warehouse) == [city.boxless, city.uncertain]


def test_sight_that_was_accepted_stays_though_the_answer_is_read_otherwise(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    label_id, bridge = city.held_back[0], city.sight_ids["Old Bridge"]
    rename = LabelDecision(uuid4(), label_id, "rename", bridge)
    store_decisions(warehouse, [rename], reviewer="ann")
    store_decisions(warehouse, [LabelDecision(uuid4(), label_id, "accept", bridge)], reviewer="bob")
    cathedral = city.sight_ids["Cathedral of Light"]
    warehouse.execute(
        "update core.label set sight_id = %s where label_id = %s", (cathedral, label_id)
    )
    trained = warehouse.execute(
        "select sight_id from mart.accepted_label where label_id = %s", (label_id,)
    ).fetchall()
    assert trained == [(bridge,)]


def test_label_is_not_accepted_as_what_it_is_not_taken_for(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    stale = LabelDecision(uuid4(), city.held_back[0], "accept", city.sight_ids["Old Bridge"])
    with pytest.raises(ReviewError, match="load the page again"):
        store_decisions(warehouse, [stale], reviewer="ann")


def test_bulk_order_that_arrives_twice_is_carried_out_once_and_answered_twice(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    given = order_of(city, expected_count=4)
    answers = [decide_in_bulk(warehouse, given, reviewer="ann") for _ in range(2)]
    assert sorted(answers[0]) == sorted(answers[1]) == sorted(city.held_back)
    assert warehouse.execute("select count(*) from core.label_review").fetchone() == (4,)


def test_bulk_of_another_number_than_was_said_changes_nothing(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    with pytest.raises(ReviewError, match="4 labels wait now, but you were told 3"):
        decide_in_bulk(warehouse, order_of(city, expected_count=3), reviewer="ann")
    assert warehouse.execute("select count(*) from core.label_review").fetchone() == (0,)


def test_bulk_accepts_nothing_without_a_box(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    order = order_of(city, reason="degenerate_box", expected_count=1)
    with pytest.raises(ReviewError, match="0 labels"):
        decide_in_bulk(warehouse, order, reviewer="ann")


def test_counts_are_those_of_the_labels(
    warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    decide(warehouse, city.held_back[0], "reject")
    counts = {
        (count.kind, count.reason): (count.label_count, count.acceptable_count)
        for count in count_labels(warehouse, ALL)
    }
    assert counts == {
        ("decided", "reject"): (1, 1),
        ("held_back", "degenerate_box"): (1, 0),
        ("held_back", "low_score"): (3, 3),
        ("uncertain", "uncertain_score"): (1, 1),
        ("unmatched", "no_such_sight"): (1, 0),
    }
