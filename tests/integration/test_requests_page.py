"""The page of city requests: what it shows, who may decide, and what becomes of it."""

from typing import Any

import httpx
import psycopg
import pytest

from sandbox.demo.city_request import ask_for_city
from sightscan.city import City, Place
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.city_requests import resolve_request
from tests.integration.airflow_client import client_of

LISBON = City("Q597", "", "Lisbon", "Portugal", Place(38.7, -9.1), 6_600)
MARKUP = "<b>Lisboa</b>"


@pytest.fixture(scope="module")
def viewer() -> httpx.Client:
    return client_of("vera", "viewer")


@pytest.fixture(scope="module")
def staff() -> httpx.Client:
    return client_of("ann", "user")


@pytest.fixture
def city(warehouse: psycopg.Connection[Any]) -> City:
    city = add_city(warehouse, LISBON, state="waiting")
    for name, who in (("Lisbon", "ann"), ("Lisbon", "ben"), (MARKUP, "cyd")):
        ask_for_city(warehouse, name, who)
    for name in ("Lisbon", MARKUP):
        resolve_request(warehouse, name, city_id=city.city_id)
    return city


def decide(client: httpx.Client, **body: Any) -> httpx.Response:
    return client.post("/sightscan/requests/decide", json={"city_id": "Q597"} | body)


def state_of(warehouse: psycopg.Connection[Any]) -> Any:
    row = warehouse.execute("select state from core.city where city_id = 'Q597'").fetchone()
    return None if row is None else row[0]


def test_page_says_who_asked_what_it_is_and_what_it_may_cost(
    viewer: httpx.Client, city: City
) -> None:
    read = viewer.get("/sightscan/requests/list").json()
    (shown,) = read["waiting"]
    assert (shown["name"], shown["country"], shown["vote_count"]) == ("Lisbon", "Portugal", 3)
    assert sorted(shown["asked_names"]) == [MARKUP, "Lisbon"]
    assert shown["page_url"] == "https://www.wikidata.org/wiki/Q597"
    # 9.6 hours of a p3.2xlarge, and a thousand images that others may have had for nothing.
    assert (shown["most_usd"], shown["problem"]) == (pytest.approx(29.325 + 1.5), "")
    assert 0 < shown["probable_usd"] < shown["most_usd"]
    assert read["budget"] == (
        "40.00 of 40 USD of this month's budget for requests are left; the city on top fits, and is "
        "let in within ten minutes."
    )
    assert read["may_decide"] is False
    assert read["counts"] == {"waiting": 1, "refused": 0}
    assert read["limits_usd"] == {
        "MAX_USD_PER_RUN": None,
        "MAX_USD_PER_MONTH": None,
        "MAX_USD_IN_ALL": None,
    }


def test_person_approves(
    staff: httpx.Client, city: City, warehouse: psycopg.Connection[Any]
) -> None:
    assert decide(staff, decision="approve").json() == {"state": "active"}
    signed = warehouse.execute("select decision, decided_by from core.city_decision").fetchall()
    assert signed == [("approved", "ann")]
    answer = decide(staff, decision="approve")
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "lisbon is active already: nobody needs to approve it",
    )


def test_person_refuses_with_a_reason(staff: httpx.Client, city: City) -> None:
    answer = decide(staff, decision="refuse", reason=" ")
    assert (answer.status_code, "expected 1 to 500" in answer.json()["detail"]) == (409, True)
    assert decide(staff, decision="refuse", reason="Too far.").json() == {"state": "refused"}
    read = staff.get("/sightscan/requests/list").json()
    assert [(one["reason"], one["decided_by"]) for one in read["refused"]] == [("Too far.", "ann")]


def test_viewer_may_not_decide(
    viewer: httpx.Client, city: City, warehouse: psycopg.Connection[Any]
) -> None:
    assert decide(viewer, decision="approve").status_code == 403
    assert state_of(warehouse) == "waiting"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
def test_other_sites_may_not_decide(
    staff: httpx.Client,
    city: City,
    warehouse: psycopg.Connection[Any],
    headers: dict[str, str],
    status: int,
) -> None:
    body = {"city_id": "Q597", "decision": "approve"}
    answer = staff.post("/sightscan/requests/decide", json=body, headers=headers)
    assert answer.status_code == status
    assert state_of(warehouse) == "waiting"


@pytest.mark.parametrize(
    "body",
    [
        {"city_id": "Q0"},
        {"city_id": "Q5'; --"},
        {"decision": "delete"},
        {"decision": "refuse", "reason": "x" * 501},
        {"decision": "refuse", "reason": "a\0b"},
    ],
)
def test_senseless_decision_is_refused(
    staff: httpx.Client, city: City, body: dict[str, Any]
) -> None:
    assert decide(staff, **({"decision": "approve"} | body)).status_code == 422


def test_city_that_nobody_knows_is_a_sentence(staff: httpx.Client, city: City) -> None:
    assert decide(staff, decision="approve", city_id="Q1").status_code == 404
