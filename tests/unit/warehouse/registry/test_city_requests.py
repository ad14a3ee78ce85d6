"""Requests for cities: one vote a person, one row a city, and nothing in the inbox holds it up."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest

from sandbox.demo.city_request import ask_for_city, city_of_request, refusal_of
from sightscan.errors import CityChoice
from sightscan.warehouse.registry.city_requests import (
    list_waiting_names,
    note_request_tried,
    refuse_request,
    resolve_request,
)


def add_city(warehouse: psycopg.Connection[Any]) -> None:
    warehouse.execute(
        "insert into core.city (city_id, slug, name, country, latitude, longitude, radius_meters)"
        " values ('Q1', 'one', 'One', 'X', 1, 1, 1000)"
    )


def requests(warehouse: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return warehouse.execute(
        "select asked_name, stage, vote_count from core.city_request order by recorded_at, asked_name"
    ).fetchall()


def test_one_person_asking_twice_is_one_vote(warehouse: psycopg.Connection[Any]) -> None:
    add_city(warehouse)
    for who in ("ann", "ann", "ben"):
        ask_for_city(warehouse, "One", who)
    assert list_waiting_names(warehouse) == ["One"]
    assert resolve_request(warehouse, "One", city_id="Q1") == "resolved"
    assert requests(warehouse) == [("One", "resolved", 2)]


def test_a_second_name_of_a_city_is_merged_and_its_votes_count(
    warehouse: psycopg.Connection[Any],
) -> None:
    add_city(warehouse)
    stages = []
    for name, who in (("One", "ann"), ("Uno", "ben")):
        ask_for_city(warehouse, name, who)
        stages.append(resolve_request(warehouse, name, city_id="Q1"))
    assert stages == ["resolved", "merged"]
    assert requests(warehouse) == [("One", "resolved", 2), ("Uno", "merged", 1)]
    assert list_waiting_names(warehouse) == []


def test_the_same_person_counts_once_whenever_and_by_whatever_name_they_ask(
    warehouse: psycopg.Connection[Any],
) -> None:
    add_city(warehouse)
    for name in ("One", "Uno", "One"):
        ask_for_city(warehouse, name, "ann")
        resolve_request(warehouse, name, city_id="Q1")
    votes = warehouse.execute(
        "select vote_count from core.city_request where stage = 'resolved'"
    ).fetchall()
    assert votes == [(1,)]


def test_each_asker_finds_the_answer_by_the_id_of_their_page(
    warehouse: psycopg.Connection[Any],
) -> None:
    add_city(warehouse)
    ids = [ask_for_city(warehouse, "One", who) for who in ("ann", "ben")]
    received = "select stage from mart.city_answer where request_id = any(%s)"
    assert warehouse.execute(received, [ids]).fetchall() == [("received",), ("received",)]
    resolve_request(warehouse, "One", city_id="Q1")
    found = "select request_id, stage, city_slug from mart.city_answer order by asked_at"
    assert warehouse.execute(found).fetchall() == [(one, "resolved", "one") for one in ids]


def test_asking_again_under_the_same_id_gets_the_newer_answer(
    warehouse: psycopg.Connection[Any],
) -> None:
    add_city(warehouse)
    request_id = ask_for_city(warehouse, "One", "ann")
    refuse_request(warehouse, "One", "unknown", "no such city")
    warehouse.execute(
        "insert into load.city_request (request_id, asked_name, asked_by) values (%s, 'One', 'ann')",
        (request_id,),
    )
    answer = "select stage, refusal, city_slug from mart.city_answer where request_id = %s"
    assert warehouse.execute(answer, [request_id]).fetchall() == [("received", None, None)]
    resolve_request(warehouse, "One", city_id="Q1")
    assert warehouse.execute(answer, [request_id]).fetchall() == [("resolved", None, "one")]


def test_choices_of_a_refusal_come_back_whole(warehouse: psycopg.Connection[Any]) -> None:
    request_id = ask_for_city(warehouse, "Berln", "ann")
    choice = CityChoice("Q64", "Berlin", "Brandenburg", "Germany", "capital", 3_700_000)
    refuse_request(warehouse, "Berln", "unknown", "did you mean Berlin?", [choice])
    row = warehouse.execute(
        "select refusal, choices from mart.city_answer where request_id = %s", [request_id]
    ).fetchone()
    told = {"id": "Q64", "name": "Berlin", "region": "Brandenburg", "country": "Germany"}
    assert row == ("unknown", [told | {"description": "capital", "population": 3_700_000}])


def test_a_refusal_keeps_its_reason(warehouse: psycopg.Connection[Any]) -> None:
    ask_for_city(warehouse, "Berln", "ann")
    assert refuse_request(warehouse, "Berln", "unknown", "no such city") == "refused"
    assert refusal_of(warehouse, "Berln") == "no such city"


def test_a_resolved_name_has_no_refusal(warehouse: psycopg.Connection[Any]) -> None:
    add_city(warehouse)
    ask_for_city(warehouse, "One", "ann")
    resolve_request(warehouse, "One", city_id="Q1")
    assert refusal_of(warehouse, "One") is None
    assert (city_of_request(warehouse, "One"), city_of_request(warehouse, "Two")) == ("Q1", None)


def test_who_asks_while_a_name_is_looked_up_is_counted(
    warehouse: psycopg.Connection[Any],
) -> None:
    add_city(warehouse)
    ask_for_city(warehouse, "One", "ann")
    assert list_waiting_names(warehouse) == ["One"]
    ask_for_city(warehouse, "One", "ben")
    resolve_request(warehouse, "One", city_id="Q1")
    assert requests(warehouse) == [("One", "resolved", 2)]
    assert list_waiting_names(warehouse) == []


def test_request_that_another_worker_decided_changes_nothing(
    warehouse: psycopg.Connection[Any],
) -> None:
    add_city(warehouse)
    assert resolve_request(warehouse, "One", city_id="Q1") == "merged"
    assert requests(warehouse) == []


@pytest.mark.parametrize(
    "asked_at", ["infinity", "-infinity", "4713-01-01 BC", "294276-12-31", "0001-01-01"]
)
def test_time_that_nobody_asked_at_is_now(
    warehouse: psycopg.Connection[Any], asked_at: str
) -> None:
    warehouse.execute(
        "insert into load.city_request (request_id, asked_name, asked_by, asked_at, tried_at, try_count)"
        " values (gen_random_uuid(), 'One', 'ann', %(at)s, %(at)s, 2147483647)",
        {"at": asked_at},
    )
    assert list_waiting_names(warehouse) == ["One"]
    assert note_request_tried(warehouse, "One") == 1001
    refuse_request(warehouse, "One", "unknown", "no")
    row = warehouse.execute("select asked_at > now() - interval '1 hour' from core.city_request")
    assert row.fetchone() == (True,)


@pytest.mark.parametrize("name", [" ", "    "])
def test_blank_name_is_a_refusal_too(warehouse: psycopg.Connection[Any], name: str) -> None:
    ask_for_city(warehouse, name, "ann")
    assert refuse_request(warehouse, name, "unknown", "no letters") == "refused"
    assert requests(warehouse) == [("(blank)", "refused", 1)]
    assert list_waiting_names(warehouse) == []


def test_id_that_is_used_for_several_names_loses_none(warehouse: psycopg.Connection[Any]) -> None:
    request_id = uuid4()
    for name in ("One", "Two", "Three"):
        warehouse.execute(
            "insert into load.city_request (request_id, asked_name, asked_by) values (%s, %s, 'ann')",
            (request_id, name),
        )
        refuse_request(warehouse, name, "unknown", "no")
    assert [name for name, _, _ in requests(warehouse)] == ["One", "Two", "Three"]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("x" * 10_000_000, psycopg.errors.CheckViolation),
        ("", psycopg.errors.CheckViolation),
        ("a\0b", psycopg.DataError),
        ("\ud800", UnicodeEncodeError),
        (b"\xed\xa0\x80", psycopg.errors.CharacterNotInRepertoire),
    ],
)
def test_what_no_name_can_be_does_not_get_in(
    warehouse: psycopg.Connection[Any], name: str | bytes, error: type[Exception]
) -> None:
    value = "convert_from(%s, 'UTF8')" if isinstance(name, bytes) else "%s"
    with pytest.raises(error):
        warehouse.execute(
            "insert into load.city_request (request_id, asked_name, asked_by)"  # noqa: S608 - ours
            f" values (gen_random_uuid(), {value}, 'ann')",
            (name,),
        )


def test_thousands_of_requests_are_one_row_a_name_and_bounded(
    warehouse: psycopg.Connection[Any],
) -> None:
    warehouse.execute(
        "insert into load.city_request (request_id, asked_name, asked_by)"
        " select gen_random_uuid(), 'One', 'ann' from generate_series(1, 5000)"
        " union all select gen_random_uuid(), 'City ' || n, 'ann' from generate_series(1, 600) as n"
    )
    assert len(list_waiting_names(warehouse)) == 500
    refuse_request(warehouse, "One", "unknown", "no")
    assert requests(warehouse) == [("One", "refused", 1)]


def test_name_that_was_tried_goes_behind_the_others_and_waits_longer_each_time(
    warehouse: psycopg.Connection[Any],
) -> None:
    for name in ("Slow", "New"):
        ask_for_city(warehouse, name, "ann")
    waits = []
    for tries in (1, 2, 12):
        while note_request_tried(warehouse, "Slow") < tries:
            pass
        for minutes in range(0, 1500, 5):
            warehouse.execute(
                "update load.city_request set tried_at = now() - make_interval(mins => %s)"
                " where asked_name = 'Slow'",
                (minutes,),
            )
            if list_waiting_names(warehouse) == ["New", "Slow"]:
                waits.append(minutes)
                break
    assert waits == [10, 20, 1440]
