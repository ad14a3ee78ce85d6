"""The app's two questions to the warehouse, asked of a migrated one with the app's own rights."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest

from detector_app.asking import asker_of, read_answer, read_progress, request_id_of
from detector_app.catalogue import read_catalogue
from detector_app.errors import WarehouseAway
from detector_app.model_facts import list_credits, list_versions, read_version
from detector_app.models.model_store import obtain_model
from detector_app.sight_cards import read_cards
from detector_app.warehouse import Warehouse
from sandbox.demo.city_request import ask_for_city
from sightscan.city import City as Registered
from sightscan.city import Place
from sightscan.warehouse.registry.cities import add_city as register_city
from sightscan.warehouse.registry.city_requests import resolve_request
from sightscan.warehouse.registry.decisions import approve_city, refuse_city
from tests.cities.published_city import (
    APP_LOGIN,
    APP_PASSWORD,
    add_city,
    create_app_login,
    offer_live_variant,
    publish_model,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.postgres.server import PostgresAddress


@pytest.fixture
def app_warehouse(
    warehouse: psycopg.Connection[Any], warehouse_address: PostgresAddress
) -> Warehouse:
    """Return the warehouse as the app reaches it."""
    create_app_login(warehouse)
    return Warehouse(
        host=warehouse_address.host,
        port=warehouse_address.port,
        database=warehouse_address.database,
        user=APP_LOGIN,
        password=APP_PASSWORD,
    )


def test_city_without_a_model_is_in_preparation(
    warehouse: psycopg.Connection[Any], app_warehouse: Warehouse, tmp_path: Path
) -> None:
    add_city(warehouse)
    catalogue = read_catalogue(app_warehouse, tmp_path)
    assert catalogue.away is None
    assert [(city.name, city.stage, city.model) for city in catalogue.cities] == [
        ("Málaga", "added", None)
    ]


def test_published_model_is_described_and_fetched(
    warehouse: psycopg.Connection[Any], app_warehouse: Warehouse, tmp_path: Path
) -> None:
    add_city(warehouse)
    onnx = publish_model(warehouse, version=1)
    (city,) = read_catalogue(app_warehouse, tmp_path).cities
    assert city.model is not None
    assert city.model.onnx_sha256 == hashlib.sha256(onnx).hexdigest()
    assert city.model.class_names[0] == "Torre do Relógio"
    assert obtain_model(city.model, app_warehouse, tmp_path) == onnx


def test_live_variant_is_described_and_fetched_like_the_model(
    warehouse: psycopg.Connection[Any], app_warehouse: Warehouse, tmp_path: Path
) -> None:
    add_city(warehouse)
    onnx = publish_model(warehouse, version=1)
    live_onnx = offer_live_variant(warehouse, version=1)
    (city,) = read_catalogue(app_warehouse, tmp_path).cities
    assert city.model is not None
    live = city.model.as_live()
    assert live is not None
    assert (live.onnx_bytes, live.image_size) == (len(live_onnx), 160)
    assert (city.model.live_map50_95, city.model.live_onnx_signature) == (0.61, None)
    assert obtain_model(live, app_warehouse, tmp_path) == live_onnx
    assert obtain_model(city.model, app_warehouse, tmp_path) == onnx
    assert live.as_live() is None


@pytest.mark.parametrize("state", ["registered", "refused"])
def test_live_variant_that_was_not_let_in_is_not_there_for_the_app(
    warehouse: psycopg.Connection[Any], app_warehouse: Warehouse, tmp_path: Path, state: str
) -> None:
    add_city(warehouse)
    publish_model(warehouse, version=1)
    onnx = offer_live_variant(warehouse, version=1)
    warehouse.execute("update core.model_variant set state = %s", [state])
    (city,) = read_catalogue(app_warehouse, tmp_path).cities
    assert city.model is not None
    assert city.model.as_live() is None
    assert app_warehouse.read_model_file("malaga", hashlib.sha256(onnx).hexdigest()) is None


def test_cards_of_a_city_are_described_and_their_photos_fetched(
    warehouse: psycopg.Connection[Any], app_warehouse: Warehouse
) -> None:
    add_city(warehouse)
    publish_model(warehouse, version=1)
    warehouse.execute(
        "insert into core.sight (city_id, name, normalised_name, rank, latitude, longitude)"
        " select 'Q8851', 'Sight ' || n, 'sight ' || n, n, 36.7, -4.4 from generate_series(1, 2) n"
    )
    warehouse.execute(
        "update core.dataset set sight_ids = array(select sight_id from core.sight order by rank)"
        " || array[903, 904, 905]::bigint[]"
    )
    warehouse.execute(
        "insert into core.sight_facts (sight_id, descriptions, since_year, since_precision,"
        " view_meters) select sight_id, '{\"en\": \"tower\"}', 1520, 'year', 1500 from core.sight"
        " where rank = 1"
    )
    cards = read_cards(app_warehouse, "malaga")
    assert list(cards.by_name) == [
        "Torre do Relógio",
        "Green Gate",
        "Blue Mosque",
        "Sunflower Hall",
        "Rosa Palast",
    ]
    tower, gate = cards.by_name["Torre do Relógio"], cards.by_name["Green Gate"]
    assert (tower.descriptions, tower.since_year, tower.view_meters) == (
        {"en": "tower"},
        1520,
        1500,
    )
    assert (gate.latitude, gate.view_meters, gate.photo_sha256) == (36.7, None, None)
    assert cards.by_name["Rosa Palast"].latitude is None
    assert app_warehouse.read_card_photo("malaga", "ab" * 32) is None


def test_later_publication_takes_the_place(
    warehouse: psycopg.Connection[Any], app_warehouse: Warehouse, tmp_path: Path
) -> None:
    add_city(warehouse)
    publish_model(warehouse, version=1)
    publish_model(warehouse, version=2)
    (city,) = read_catalogue(app_warehouse, tmp_path).cities
    assert city.model is not None
    assert city.model.model_version == 2


def test_retired_city_without_a_model_is_not_offered(
    warehouse: psycopg.Connection[Any], app_warehouse: Warehouse, tmp_path: Path
) -> None:
    add_city(warehouse)
    warehouse.execute("update core.city set state = 'disabled'")
    assert read_catalogue(app_warehouse, tmp_path).cities == ()


def test_city_that_was_asked_for_says_where_its_request_stands(
    warehouse: psycopg.Connection[Any], app_warehouse: Warehouse, tmp_path: Path
) -> None:
    city = register_city(
        warehouse,
        Registered("Q8851", "", "Málaga", "Spain", Place(36.7, -4.4), 9_000),
        state="waiting",
    )

    def standing() -> tuple[object, ...]:
        (shown,) = read_catalogue(app_warehouse, tmp_path).cities
        row = warehouse.execute("select standing, reason from mart.city_request").fetchone()
        assert row is not None
        return (shown.stage, shown.vote_count, shown.reason, *row)

    for who in ("ann", "ben"):
        ask_for_city(warehouse, "Málaga", who)
    resolve_request(warehouse, "Málaga", city_id=city.city_id)
    assert standing() == ("waiting", 2, None, "waiting", None)
    refuse_city(warehouse, city.city_id, decided_by="ann", reason="Too far.")
    assert standing() == ("refused", 2, "Too far.", "refused", "Too far.")
    approve_city(warehouse, city.city_id, decided_by="ann")
    assert standing() == ("added", 0, None, "being_built", None)


def test_model_that_is_published_no_more_is_none(app_warehouse: Warehouse) -> None:
    assert app_warehouse.read_model_file("malaga", "0" * 64) is None


def test_app_may_not_read_beyond_the_mart(app_warehouse: Warehouse) -> None:
    with (
        psycopg.connect(
            host=app_warehouse.host,
            port=app_warehouse.port,
            dbname=app_warehouse.database,
            user=app_warehouse.user,
            password=app_warehouse.password,
        ) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("select * from core.city")


def test_wrong_password_is_a_sentence_that_names_the_settings(app_warehouse: Warehouse) -> None:
    stranger = Warehouse(
        app_warehouse.host, app_warehouse.port, app_warehouse.database, APP_LOGIN, "guess"
    )
    with pytest.raises(WarehouseAway, match=r"password authentication failed.*PGPASSWORD"):
        stranger.list_cities()


def test_missing_database_is_a_sentence_that_names_the_settings(app_warehouse: Warehouse) -> None:
    elsewhere = Warehouse(
        app_warehouse.host, app_warehouse.port, "nowhere", APP_LOGIN, APP_PASSWORD
    )
    with pytest.raises(WarehouseAway, match=r'"nowhere" does not exist.*PGDATABASE'):
        elsewhere.list_cities()


def test_of_many_cities_that_wait_the_most_wanted_are_listed(
    warehouse: psycopg.Connection[Any], app_warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse.execute(
        "insert into core.city (city_id, slug, name, country, latitude, longitude, radius_meters,"
        " state) select 'Q' || n, 'c' || n, 'C' || n, 'X', 1, 1, 1000, 'waiting'"
        " from generate_series(1, 105) as n"
    )
    warehouse.execute(
        "insert into core.city_request (request_id, asked_name, city_id, stage, vote_count, asked_at)"
        " select gen_random_uuid(), 'C' || n, 'Q' || n, 'resolved', n, now()"
        " from generate_series(1, 105) as n"
    )
    listed = {city.name for city in read_catalogue(app_warehouse, tmp_path).cities}
    assert (len(listed), "C5" in listed, "C6" in listed) == (100, False, True)


def test_request_is_asked_and_its_answer_read_with_the_apps_own_rights(
    warehouse: psycopg.Connection[Any], app_warehouse: Warehouse
) -> None:
    person = UUID(int=7)
    request_id = request_id_of(person, "Málaga")
    assert app_warehouse.find_city_answer(request_id) is None
    for _ in range(2):
        app_warehouse.ask_for_city(request_id, "Málaga", asker_of(person))
    row = app_warehouse.find_city_answer(request_id)
    assert row is not None
    assert read_answer(row).stage == "received"
    register_city(
        warehouse, Registered("Q1", "", "Málaga", "Spain", Place(1, 1), 1_000), state="waiting"
    )
    resolve_request(warehouse, "Málaga", city_id="Q1")
    row = app_warehouse.find_city_answer(request_id)
    assert row is not None
    answer = read_answer(row)
    assert (answer.stage, answer.city_slug) == ("resolved", "malaga")
    row = app_warehouse.find_city_progress("malaga")
    assert row is not None
    progress = read_progress(row)
    assert (progress.stage, progress.vote_count, progress.queue_place) == ("waiting", 1, 1)


def test_shared_photo_is_found_and_taken_back_by_its_code_with_the_apps_own_rights(
    warehouse: psycopg.Connection[Any], app_warehouse: Warehouse
) -> None:
    code, other = "ABCD-EFGH", "ABCD-EFGI"
    code_sha256 = hashlib.sha256(code.encode()).digest()
    values: dict[str, object] = {
        "contribution_id": UUID(int=1),
        "city_id": "Q1",
        "sight_id": 1,
        "bytes": b"a photo",
        "licence": "cc-by-4.0",
        "contributed_by": "anonymous",
        "code_sha256": code_sha256,
        "author": None,
    }
    app_warehouse.ask("share_photo", values, writes=True)
    assert app_warehouse.ask("find_shared_photo", {"code": other}) == []
    (found,) = app_warehouse.ask("find_shared_photo", {"code": code})
    assert found["stage"] == "received"
    for one in (other, code):
        app_warehouse.ask("withdraw_photo", {"code": one, "reason": "mine"}, writes=True)
    waiting = warehouse.execute("select sha256, reason from load.withdrawal").fetchall()
    assert waiting == [(code_sha256, "mine")]


def test_versions_are_listed_and_read_with_the_apps_own_rights(
    warehouse: psycopg.Connection[Any], app_warehouse: Warehouse
) -> None:
    add_city(warehouse)
    for version in (1, 2):
        publish_model(warehouse, version=version)
    listed = [(one.model_version, one.is_in_place) for one in list_versions(app_warehouse)]
    assert listed == [(2, True), (1, False)]
    facts = read_version(app_warehouse, "malaga", 2)
    assert facts is not None
    assert (facts.version.map50, facts.version.markdown, facts.examples) == (0.91, None, ())
    assert read_version(app_warehouse, "malaga", 3) is None
    assert list_credits(app_warehouse, "malaga", 2, page=0) == ()
