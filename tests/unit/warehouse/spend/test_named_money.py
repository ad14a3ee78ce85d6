"""What is spent: what a month has cost, and that the ledger's sums are read from their indexes."""

import re
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from sightscan.city import City, Place
from sightscan.run import Run
from sightscan.settings import read_settings
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.spend.budgets import sum_usd_of_month, sum_usd_of_run

WRITTEN_OUT = re.compile(
    r"sent_at is not null and|state in \('reserved', 'succeeded', 'unknown'\)|/ 3600\b"
)
CALL = (
    "insert into core.paid_call (provider, feature, subject_sha256, attempt, city_id, dag_id,"
    " run_id, state, price_usd, answer, settled_at, is_taken_over) values ('google_vision',"
    " 'landmark_detection', sha256(%(subject)s), 1, 'Q1', 'd', 'r', %(state)s, 0.25, '{}', now(),"
    " %(is_taken_over)s)"
)
ESTIMATE = (
    "insert into core.spend_estimate (dag_id, run_id, city_id, photo_limit, waiting_photos,"
    " most_units, probable_units, free_units_left, most_vision_usd, probable_vision_usd,"
    " most_places_usd, most_gpu_usd, probable_gpu_usd, most_usd, probable_usd)"
    " values ('d', 'r', 'Q1', 9, 0, 9, 9, 0, 2, 2, 0, 0, 0, 2, 2)"
)


@pytest.fixture(autouse=True)
def city(warehouse: psycopg.Connection[Any]) -> City:
    return add_city(warehouse, City("Q1", "one", "One", "X", Place(1, 1), 1_000))


def call(
    warehouse: psycopg.Connection[Any],
    subject: str,
    state: str = "succeeded",
    *,
    is_taken_over: bool = False,
) -> None:
    names = {"subject": subject.encode(), "state": state, "is_taken_over": is_taken_over}
    warehouse.execute(CALL, names)


def test_taken_over_calls_are_in_no_sum_of_money(warehouse: psycopg.Connection[Any]) -> None:
    """Whoever paid the first SightScan's bill, this run has its whole budget before it."""
    warehouse.execute(ESTIMATE)
    call(warehouse, "ours")
    call(warehouse, "failed", "failed")
    call(warehouse, "theirs", is_taken_over=True)
    month = sum_usd_of_month(warehouse, Run("Q1", "d", "another"))
    assert month.calls_usd == pytest.approx(0.25)
    assert month.under_way_usd == pytest.approx(2 - 0.25)
    assert sum_usd_of_run(warehouse, Run("Q1", "d", "r")).vision_usd == pytest.approx(0.25)


def test_of_a_session_over_the_turn_of_the_month_only_this_months_part_is_in_it(
    warehouse: psycopg.Connection[Any],
) -> None:
    warehouse.execute(
        "insert into core.instance_session (instance_id, city_id, dag_id, run_id,"
        " price_per_hour_usd, started_at, running_at, stopped_at, stopped_by)"
        " select 'i-1', 'Q1', 'd', 'r', 2, turn + began, turn + began, turn + ended, 'teardown'"
        " from (select date_trunc('month', now(), 'UTC') as turn) as month, (values"
        " (interval '-3 hours', interval '1 hour'), (interval '-5 hours', interval '-4 hours'))"
        " as session (began, ended)"
    )
    month = sum_usd_of_month(warehouse, Run("Q1", "d", "another"))
    assert month.gpu_usd == pytest.approx(1 * 2)
    assert sum_usd_of_run(warehouse, Run("Q1", "d", "r")).gpu_usd == pytest.approx((4 + 1) * 2)


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("city_id = 'Q1' and provider = 'p' and feature = 'f' and counts_against_cap", "city"),
        (
            "provider = 'p' and feature = 'f' and reserved_at > now() - interval '2 days' and counts_against_cap",
            "time",
        ),
        (
            "provider = 'p' and feature = 'f' and reserved_at > now() - interval '2 days' and is_billed",
            "time",
        ),
    ],
)
def test_what_counts_and_what_is_billed_is_summed_from_an_index_alone(
    warehouse: psycopg.Connection[Any], condition: LiteralString, index: str
) -> None:
    """They are summed while others wait for the ledger's lock."""
    for number in range(2, 12):
        add_city(warehouse, City(f"Q{number}", f"c{number}", "X", "X", Place(1, 1), 1_000))
    warehouse.execute(
        "insert into core.paid_call (provider, feature, subject_sha256, attempt, city_id, dag_id,"
        " run_id, price_usd, reserved_at) select 'p', 'f', sha256(number::text::bytea), 1,"
        " 'Q' || 1 + number % 11, 'd', 'r', 0, now() - number * interval '1 hour'"
        " from generate_series(1, 2000) as number"
    )
    warehouse.execute("vacuum analyze core.paid_call")
    query = sql.SQL("explain select sum(unit_count) from core.ledger_entry where {}")
    plan = [row[0] for row in warehouse.execute(query.format(sql.SQL(condition)))]
    assert any(f"Index Only Scan using paid_call_spent_by_{index}" in line for line in plan), plan


def test_no_statement_writes_out_what_counts_what_is_billed_or_what_an_hour_costs() -> None:
    """`core.ledger_entry` and `core.session_cost` say it once."""
    folder = read_settings().sql_folder
    written_out = [
        file.name
        for kind in ("queries", "marts", "checks")
        for file in sorted((folder / kind).rglob("*.sql"))
        if WRITTEN_OUT.search(file.read_text(encoding="utf-8"))
    ]
    # Asks another question: whether a photo needs no call any more, be it ours or taken over.
    assert written_out == ["list_taken_over_images.sql"]
