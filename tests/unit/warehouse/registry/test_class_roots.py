"""What Wikidata said of classes is remembered for some months, by which roots it was asked about."""

from typing import Any, LiteralString

import psycopg
import pytest

from sightscan.warehouse.registry.class_roots import list_class_roots, save_class_roots
from sightscan.warehouse.spend.request_limits import SharedCounter

TOWER, BRIDGE = "Q12518", "Q12280"
BUILDING, EVENT, MUSEUM = "Q41176", "Q1656682", "Q33506"


def test_roots_are_remembered_also_that_there_are_none(
    warehouse: psycopg.Connection[Any],
) -> None:
    save_class_roots(warehouse, {TOWER: {BUILDING}, BRIDGE: set()}, {BUILDING, EVENT})
    known = list_class_roots(warehouse, [TOWER, BRIDGE, "Q1"], [BUILDING, EVENT])
    assert known == {TOWER: frozenset({BUILDING}), BRIDGE: frozenset()}


def test_class_that_was_not_asked_about_all_roots_is_not_known(
    warehouse: psycopg.Connection[Any],
) -> None:
    save_class_roots(warehouse, {TOWER: {BUILDING}}, {BUILDING, EVENT})
    assert list_class_roots(warehouse, [TOWER], [BUILDING]) == {TOWER: frozenset({BUILDING})}
    assert list_class_roots(warehouse, [TOWER], [BUILDING, MUSEUM]) == {}
    save_class_roots(warehouse, {TOWER: {MUSEUM}}, {BUILDING, MUSEUM})
    assert list_class_roots(warehouse, [TOWER], [MUSEUM]) == {TOWER: frozenset({MUSEUM})}


@pytest.mark.parametrize(("age_days", "is_known"), [(119, True), (121, False)])
def test_what_was_read_four_months_ago_is_read_anew(
    warehouse: psycopg.Connection[Any], age_days: int, is_known: object
) -> None:
    save_class_roots(warehouse, {TOWER: {BUILDING}}, {BUILDING})
    warehouse.execute(
        "update core.wikidata_class set read_at = now() - make_interval(days => %s)", [age_days]
    )
    assert (list_class_roots(warehouse, [TOWER], [BUILDING]) != {}) is is_known
    save_class_roots(warehouse, {TOWER: set()}, {BUILDING})
    assert list_class_roots(warehouse, [TOWER], [BUILDING]) == {TOWER: frozenset()}


@pytest.mark.parametrize(
    "limit", ["set local role sightscan_analyst", "set local transaction_read_only = on"]
)
def test_who_may_only_read_remembers_nothing(
    warehouse: psycopg.Connection[Any], limit: LiteralString
) -> None:
    save_class_roots(warehouse, {TOWER: {BUILDING}}, {BUILDING})
    with warehouse.transaction():
        assert SharedCounter(warehouse).may_count()
    with warehouse.transaction(force_rollback=True):
        warehouse.execute(limit)
        assert not SharedCounter(warehouse).may_count()
        save_class_roots(warehouse, {TOWER: set()}, {BUILDING})
        assert list_class_roots(warehouse, [TOWER], [BUILDING]) == {TOWER: frozenset({BUILDING})}
