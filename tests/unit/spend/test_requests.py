"""Cities that strangers asked for: who is let in, by whom, and what the budget for requests allows."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.addresses import PostgresAddress
from sandbox.demo.city_request import ask_for_city
from sightscan.city import City, Place
from sightscan.errors import DecisionError, SettingsError, UnknownCity
from sightscan.run import Run
from sightscan.settings import Settings, read_settings
from sightscan.spend import requests
from sightscan.spend.estimate import authorise_spend
from sightscan.spend.requests import (
    FirstBill,
    first_bill,
    left_for_requests,
    let_in_what_fits,
    note_waits,
    tell_budget,
)
from sightscan.warehouse.registry.cities import add_city, disable_city, list_cities
from sightscan.warehouse.registry.city_requests import resolve_request
from sightscan.warehouse.registry.decisions import approve_city, find_decision, refuse_city
from sightscan.warehouse.spend.budgets import end_estimate

CITY = City("Q1", "", "One", "X", Place(1, 1), 1_000)


def config(budget_usd: float = 10, **more: object) -> Settings:
    """Settings by which a first run costs at most 4.00 USD, if others use up the free images."""
    return read_settings(
        **{
            "max_usd_per_month_for_requests": budget_usd,
            "mts_price_per_hour_usd": 0,
            "max_google_vision_calls_per_new_city": 2_000,
            "max_sights_per_city": 10,
            "max_images_per_sight": 200,
        }
        | more
    )


@pytest.fixture(autouse=True)
def price(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An image costs 0.002 USD, but for the first thousand of a month."""
    file = tmp_path / "prices.yaml"
    source = "written_on: 2026-01-01, source: test"
    file.write_text(
        "google_vision.landmark_detection:\n  - {valid_from: 2020-01-01, free_units_per_month: 1000,"
        f" usd_per_unit: 0.002, {source}}}\n"
    )
    monkeypatch.setenv("PRICES_FILE", str(file))
    return file


def ask(warehouse: psycopg.Connection[Any], number: int, people: int = 1) -> City:
    """Let people ask for a city that waits then."""
    city = add_city(
        warehouse, replace(CITY, city_id=f"Q{number}", name=f"City {number}"), state="waiting"
    )
    for who in range(people):
        ask_for_city(warehouse, city.name, str(who))
    resolve_request(warehouse, city.name, city_id=city.city_id)
    return city


def states(warehouse: psycopg.Connection[Any]) -> dict[str, str]:
    return {
        city.city_id: city.state
        for city in list_cities(warehouse, "active", "waiting", "refused", "disabled")
    }


def run_of(city: City) -> Run:
    return Run(city.city_id, city.dag_id, "first")


def test_cities_are_let_in_by_demand_until_the_budget_is_used_up(
    warehouse: psycopg.Connection[Any],
) -> None:
    for number, people in ((1, 1), (2, 3), (3, 2), (4, 1)):
        ask(warehouse, number, people)
    assert [city.city_id for city in let_in_what_fits(warehouse, config())] == ["Q2", "Q3"]
    assert states(warehouse) == {"Q1": "waiting", "Q2": "active", "Q3": "active", "Q4": "waiting"}
    assert left_for_requests(warehouse, config()) == pytest.approx(2.0)
    assert let_in_what_fits(warehouse, config()) == []
    assert [city.city_id for city in let_in_what_fits(warehouse, config(12))] == ["Q1"]


@pytest.mark.parametrize(("budget_usd", "count"), [(0, 0), (3.99, 0), (4, 1), (8, 2)])
def test_what_fits_is_let_in_and_not_a_cent_more(
    warehouse: psycopg.Connection[Any], budget_usd: float, count: int
) -> None:
    for number in range(1, 4):
        ask(warehouse, number)
    assert len(let_in_what_fits(warehouse, config(budget_usd))) == count


@pytest.mark.parametrize("value", [None, ""])
def test_budget_is_small_and_not_empty_by_default(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is not None:
        monkeypatch.setenv("MAX_USD_PER_MONTH_FOR_REQUESTS", value)
    assert read_settings().max_usd_per_month_for_requests == 40


def test_default_budget_lets_in_one_city_at_the_price_list_that_is_shipped(
    warehouse: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PRICES_FILE")
    for number in range(1, 4):
        ask(warehouse, number)
    assert len(let_in_what_fits(warehouse, read_settings())) == 1


LEFT = "5.00 of 10 USD of this month's budget for requests are left"
NEXT = "the first run of the city on top may cost"
ALL_WAIT = "all wait for a decision, for a higher MAX_USD_PER_MONTH_FOR_REQUESTS, or for a cheaper instance."


@pytest.mark.parametrize(
    ("budget_usd", "bill", "told"),
    [
        (0, None, "MAX_USD_PER_MONTH_FOR_REQUESTS is 0: every city waits for a decision."),
        (10, None, f"{LEFT}."),
        (10, FirstBill(5, 1), f"{LEFT}; the city on top fits, and is let in within ten minutes."),
        (
            10,
            FirstBill(5.01, 1),
            f"{LEFT}; {NEXT} 5.01 USD, so all wait for a decision or the next month.",
        ),
        (
            10,
            FirstBill(30.83, 1),
            f"{LEFT}; {NEXT} 30.83 USD, more than the whole budget: {ALL_WAIT}",
        ),
        (
            10,
            FirstBill(None, None, "no price"),
            f"{LEFT}; what the city on top would cost is not known, so nobody is let in.",
        ),
    ],
)
def test_staff_are_told_who_is_let_in_or_why_nobody_is(
    budget_usd: float, bill: FirstBill | None, told: str
) -> None:
    assert tell_budget(config(budget_usd), 5, bill) == told


@pytest.mark.parametrize("value", ["inf", "nan", "-1", "much"])
def test_budget_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MAX_USD_PER_MONTH_FOR_REQUESTS", value)
    with pytest.raises(SettingsError, match="MAX_USD_PER_MONTH_FOR_REQUESTS"):
        read_settings()


def test_workers_at_once_let_no_more_in_than_fits(
    warehouse: psycopg.Connection[Any], warehouse_address: PostgresAddress
) -> None:
    for number in range(1, 9):
        ask(warehouse, number)

    def let_in(_: int) -> int:
        with warehouse_address.connect() as connection:
            return len(let_in_what_fits(connection, config(20)))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(let_in, range(4))) == 5
    assert sorted(states(warehouse).values()).count("active") == 5


def test_city_whose_cost_is_not_known_waits(
    warehouse: psycopg.Connection[Any], price: Path
) -> None:
    city = ask(warehouse, 1)
    price.write_text("{}\n")
    assert let_in_what_fits(warehouse, config()) == []
    bill = first_bill(warehouse, config(), city)
    assert bill.most_usd is None
    assert "price" in bill.problem


def test_what_the_first_run_left_is_free_for_the_next(
    warehouse: psycopg.Connection[Any],
) -> None:
    first, _ = ask(warehouse, 1, 2), ask(warehouse, 2)
    let_in_what_fits(warehouse, config(6))
    assert states(warehouse)["Q2"] == "waiting"
    assert authorise_spend(warehouse, config(6), first, run_of(first)).refusal == ""
    assert left_for_requests(warehouse, config(6)) == pytest.approx(2.0)
    warehouse.execute(
        "insert into core.paid_call (provider, feature, subject_sha256, attempt, city_id, dag_id,"
        " run_id, state, price_usd, answer, settled_at) select 'google_vision', 'landmark_detection',"
        " sha256(n::text::bytea), 1, 'Q1', %s, 'first', 'succeeded', 0.002, '{}', now()"
        " from generate_series(1, 100) as n",
        (first.dag_id,),
    )
    assert left_for_requests(warehouse, config(6)) == pytest.approx(2.0)
    end_estimate(warehouse, run_of(first))
    assert left_for_requests(warehouse, config(6)) == pytest.approx(5.8)
    assert [city.city_id for city in let_in_what_fits(warehouse, config(6))] == ["Q2"]


def test_later_run_of_a_city_that_the_budget_let_in_may_not_pass_it(
    warehouse: psycopg.Connection[Any],
) -> None:
    first, other = ask(warehouse, 1), ask(warehouse, 2)
    let_in_what_fits(warehouse, config(9))
    small = config(5)
    refusal = authorise_spend(warehouse, small, first, run_of(first)).refusal
    assert "8.00 USD" in refusal
    assert "MAX_USD_PER_MONTH_FOR_REQUESTS=5" in refusal
    assert "sightscan city approve Q1" in refusal
    approve_city(warehouse, "Q1", decided_by="ann")
    assert authorise_spend(warehouse, small, first, run_of(first)).refusal == ""
    assert authorise_spend(warehouse, small, other, run_of(other)).refusal == ""


def test_city_of_an_operator_is_not_on_the_budget_for_requests(
    warehouse: psycopg.Connection[Any],
) -> None:
    own = add_city(warehouse, CITY)
    assert authorise_spend(warehouse, config(0), own, run_of(own)).refusal == ""
    assert left_for_requests(warehouse, config(10)) == 10


def test_old_promises_end(warehouse: psycopg.Connection[Any]) -> None:
    ask(warehouse, 1)
    let_in_what_fits(warehouse, config(4))
    warehouse.execute("update core.city_decision set decided_at = now() - interval '40 days'")
    assert left_for_requests(warehouse, config(4)) == 4


def test_person_approves_refuses_and_approves_after_all(
    warehouse: psycopg.Connection[Any],
) -> None:
    ask(warehouse, 1)
    assert (
        refuse_city(warehouse, "city-1", decided_by="ann", reason=" too\nfar ").state == "refused"
    )
    assert find_decision(warehouse, "Q1") == ("refused", "too far")
    assert approve_city(warehouse, "Q1", decided_by="ben").state == "active"
    signed = warehouse.execute(
        "select decision, decided_by, reason from core.city_decision order by decision_id"
    ).fetchall()
    assert signed == [("refused", "ann", "too far"), ("approved", "ben", None)]


@pytest.mark.parametrize("reason", ["", "  ", "\u202e", "x" * 501])
def test_refusal_without_a_reason_is_none(warehouse: psycopg.Connection[Any], reason: str) -> None:
    ask(warehouse, 1)
    with pytest.raises(DecisionError, match="expected 1 to 500"):
        refuse_city(warehouse, "Q1", decided_by="ann", reason=reason)
    assert states(warehouse) == {"Q1": "waiting"}


def test_only_what_was_asked_for_is_decided_about(warehouse: psycopg.Connection[Any]) -> None:
    add_city(warehouse, CITY)
    with pytest.raises(DecisionError, match="active already"):
        approve_city(warehouse, "one", decided_by="ann")
    with pytest.raises(DecisionError, match="city disable one"):
        refuse_city(warehouse, "one", decided_by="ann", reason="no")
    disable_city(warehouse, "one")
    with pytest.raises(DecisionError, match="city add Q1"):
        approve_city(warehouse, "one", decided_by="ann")
    with pytest.raises(UnknownCity):
        approve_city(warehouse, "two", decided_by="ann")


def test_who_asks_puts_no_city_out_of_action(warehouse: psycopg.Connection[Any]) -> None:
    add_city(warehouse, CITY)
    assert add_city(warehouse, CITY, state="waiting").state == "active"
    ask(warehouse, 2)
    assert add_city(warehouse, replace(CITY, city_id="Q2")).state == "active"


def test_who_waits_is_told_for_what_and_what_it_costs(warehouse: psycopg.Connection[Any]) -> None:
    def waits_at(budget_usd: float) -> list[str]:
        note_waits(warehouse, config(budget_usd))
        rows = warehouse.execute(
            "select city_progress.waits_for from mart.city_progress order by city_progress.queue_place"
        )
        return [waits_for for (waits_for,) in rows.fetchall()]

    for number, people in ((2, 1), (3, 2)):
        ask(warehouse, number, people)
    assert waits_at(0) == ["approval", "approval"]
    assert waits_at(3.99) == ["approval", "approval"]
    assert waits_at(4.0) == ["budget", "turn"]
    bill = warehouse.execute("select most_usd::float from core.city_wait").fetchall()
    assert bill == [(4.0,), (4.0,)]


@pytest.mark.parametrize("dear", [1, 2, 3])
def test_nobody_behind_a_city_that_waits_for_a_person_is_told_that_its_turn_comes(
    warehouse: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch, dear: int
) -> None:
    for number in (1, 2, 3):
        ask(warehouse, number, people=4 - number)

    def bill(_: object, __: object, city: City) -> FirstBill:
        return FirstBill(11.0 if city.city_id == f"Q{dear}" else 4.0, 1.0)

    monkeypatch.setattr(requests, "first_bill", bill)
    told = [one.waits_for for one in note_waits(warehouse, config(10))]
    assert told == [*["budget", "turn"][: dear - 1], *["approval"] * (4 - dear)]


def test_city_that_is_decided_about_waits_for_nothing(warehouse: psycopg.Connection[Any]) -> None:
    city = ask(warehouse, 2)
    note_waits(warehouse, config(0))
    approve_city(warehouse, city.slug, decided_by="ann")
    note_waits(warehouse, config(0))
    assert warehouse.execute("select count(*) from core.city_wait").fetchone() == (0,)
