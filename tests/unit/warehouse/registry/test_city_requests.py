"""Requests for cities: one vote a person, one row a city, refusals that say why."""

from typing import Any

import psycopg

from sandbox.demo.city_request import ask_for_city, city_of_request, refusal_of
from sightscan.warehouse.registry.city_requests import resolve_request, waiting_requests


def add_city(warehouse: psycopg.Connection[Any]) -> None:
    warehouse.execute(
        "insert into core.city (city_id, slug, name, country, latitude, longitude, radius_meters)"
        " values ('Q1', 'one', 'One', 'X', 1, 1, 1000)"
    )


def test_one_person_asking_twice_is_one_vote(warehouse: psycopg.Connection[Any]) -> None:
    for who in ("ann", "ann", "ben"):
        ask_for_city(warehouse, "One", who)
    (request,) = waiting_requests(warehouse)
    assert request.vote_count == 2


def test_a_second_name_of_a_city_is_merged_and_its_votes_count(
    warehouse: psycopg.Connection[Any],
) -> None:
    add_city(warehouse)
    stages = []
    for name in ("One", "Uno"):
        ask_for_city(warehouse, name, "ann")
        (request,) = waiting_requests(warehouse)
        stages.append(resolve_request(warehouse, request, city_id="Q1", detail=None))
    assert stages == ["resolved", "merged"]
    votes = warehouse.execute(
        "select vote_count from core.city_request where stage = 'resolved'"
    ).fetchall()
    assert votes == [(2,)]
    assert waiting_requests(warehouse) == []


def test_a_refusal_keeps_its_reason(warehouse: psycopg.Connection[Any]) -> None:
    ask_for_city(warehouse, "Berln", "ann")
    (request,) = waiting_requests(warehouse)
    assert resolve_request(warehouse, request, city_id=None, detail="no such city") == "refused"
    assert refusal_of(warehouse, "Berln") == "no such city"


def test_a_resolved_name_has_no_refusal(warehouse: psycopg.Connection[Any]) -> None:
    add_city(warehouse)
    ask_for_city(warehouse, "One", "ann")
    (request,) = waiting_requests(warehouse)
    resolve_request(warehouse, request, city_id="Q1", detail=None)
    assert refusal_of(warehouse, "One") is None


def test_who_asks_while_a_name_is_looked_up_is_not_lost(
    warehouse: psycopg.Connection[Any],
) -> None:
    add_city(warehouse)
    ask_for_city(warehouse, "One", "ann")
    (request,) = waiting_requests(warehouse)
    ask_for_city(warehouse, "One", "ben")
    resolve_request(warehouse, request, city_id="Q1", detail=None)
    (later,) = waiting_requests(warehouse)
    assert later.vote_count == 1
    assert city_of_request(warehouse, "One") == "Q1"
    assert city_of_request(warehouse, "Two") is None
