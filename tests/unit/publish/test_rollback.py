"""Rolling back: further each time, never to what was taken back, and forward only on purpose."""

from typing import Any

import psycopg
import pytest

from sightscan.city import City
from sightscan.errors import PublicationError
from sightscan.publish.publish import put_back, rollback
from sightscan.settings import REPOSITORY
from sightscan.warehouse.registry.cities import find_city
from tests.cities.published_city import CITY_ID, add_city, publish_model

MIGRATION = REPOSITORY / "include" / "sql" / "schema" / "0025_what_a_model_shows.sql"


@pytest.fixture
def city(warehouse: psycopg.Connection[Any]) -> City:
    """A city whose models 1, 2 and 3 were published in this order."""
    add_city(warehouse)
    for version in (1, 2, 3):
        publish_model(warehouse, version)
    return find_city(warehouse, CITY_ID)


def back(warehouse: psycopg.Connection[Any], city: City, to: int | None = None) -> int:
    return rollback(warehouse, city, by="ada", reason="sees towers", to_version=to, public_keys=())


def publications(warehouse: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return warehouse.execute(
        "select model_version, rolled_back_at is not null, rolled_back_by, rolled_back_reason"
        " from core.publication order by publication_id"
    ).fetchall()


def test_two_rollbacks_give_the_first_and_a_third_says_that_nothing_is_left(
    warehouse: psycopg.Connection[Any], city: City
) -> None:
    assert [back(warehouse, city), back(warehouse, city)] == [2, 1]
    with pytest.raises(PublicationError, match="nothing is left before model 1 of malaga"):
        back(warehouse, city)


def test_what_is_taken_back_says_when_by_whom_and_why(
    warehouse: psycopg.Connection[Any], city: City
) -> None:
    back(warehouse, city)
    not_taken_back = (False, None, None)
    assert publications(warehouse) == [
        (1, *not_taken_back),
        (2, *not_taken_back),
        (3, True, "ada", "sees towers"),
        (2, *not_taken_back),
    ]


def test_a_rollback_over_several_takes_them_all_back(
    warehouse: psycopg.Connection[Any], city: City
) -> None:
    assert back(warehouse, city, to=1) == 1
    assert [row[:2] for row in publications(warehouse)] == [
        (1, False),
        (2, True),
        (3, True),
        (1, False),
    ]
    with pytest.raises(PublicationError, match="nothing is left"):
        back(warehouse, city)


def test_what_was_taken_back_is_no_target(warehouse: psycopg.Connection[Any], city: City) -> None:
    back(warehouse, city)
    with pytest.raises(
        PublicationError, match=r"model 3 .* was rolled back by ada \(sees towers\)"
    ):
        back(warehouse, city, to=3)


def test_what_was_taken_back_is_put_back_on_purpose(
    warehouse: psycopg.Connection[Any], city: City
) -> None:
    back(warehouse, city)
    put_back(warehouse, city, 3, by="ben", reason="it was the camera", public_keys=())
    assert publications(warehouse)[-1][:2] == (3, False)
    assert back(warehouse, city) == 2


@pytest.mark.parametrize("version", [2, 3], ids=["an earlier one", "the one in place"])
def test_only_what_was_taken_back_is_put_back(
    warehouse: psycopg.Connection[Any], city: City, version: int
) -> None:
    with pytest.raises(PublicationError, match=f"model {version} of malaga was not rolled back"):
        put_back(warehouse, city, version, by="ben", reason="why not", public_keys=())


def test_rolling_back_to_the_one_in_place_changes_nothing(
    warehouse: psycopg.Connection[Any], city: City
) -> None:
    assert back(warehouse, city, to=3) == 3
    assert len(publications(warehouse)) == 3


def test_rollbacks_from_before_there_were_marks_are_marked(
    warehouse: psycopg.Connection[Any], city: City
) -> None:
    for version, reason in (
        (2, "rolled back from model 3: false"),
        (3, "rolled back from model 2: no"),
    ):
        warehouse.execute(
            "insert into core.publication (city_id, model_version, published_by, reason)"
            " values (%s, %s, 'eve', %s)",
            (CITY_ID, version, reason),
        )
    warehouse.execute(
        MIGRATION.read_text().partition("-- What was taken back so far")[2].partition("\n")[2]
    )
    assert [(row[0], row[1], row[2]) for row in publications(warehouse)] == [
        (1, False, None),
        (2, True, "eve"),
        (3, True, "eve"),
        (2, True, "eve"),
        (3, False, None),
    ]


def test_sights_that_were_never_measured_are_not_shown_any_more(
    warehouse: psycopg.Connection[Any], city: City
) -> None:
    warehouse.execute(
        """update core.model set class_metrics = '[{"name": "Green Gate"}, {"name": "Blue Mosque"}]'"""
        " where model_version = 3"
    )
    text = MIGRATION.read_text()
    start, end = text.index("update core.model"), text.index("alter table core.publication")
    warehouse.execute(text[start:end])
    shown = warehouse.execute("select class_names from mart.published_model").fetchone()
    # Of models without any measure nothing is known.
    hidden = warehouse.execute(
        "select hidden_sight_ids from core.model order by model_version"
    ).fetchall()
    assert shown == (["Green Gate", "Blue Mosque"],)
    assert hidden == [([],), ([],), ([1, 4, 5],)]
