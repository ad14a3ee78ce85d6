"""Store what visitors are told about the sights of a city, and what the city is called in other languages."""

from collections.abc import Iterable
from typing import Any

import psycopg

from sightscan.city import City, Sight
from sightscan.discover.card_facts import classes_of, names_of, read_card_facts, read_card_rows
from sightscan.discover.classes import know_class_roots
from sightscan.discover.view_distance import learn_view_distance
from sightscan.discover.wikidata import WikidataClient
from sightscan.settings import Settings
from sightscan.warehouse.registry.sight_facts import (
    list_sight_cameras,
    save_city_names,
    save_sight_facts,
    save_view_distances,
)


def store_cards(
    connection: psycopg.Connection[Any],
    client: WikidataClient,
    city: City,
    sights: Iterable[Sight],
    config: Settings,
) -> int:
    """Store what Wikidata says of these sights, and return of how many; one without an item has no card.

    Raises:
        ServiceError: Wikidata does not answer.

    """
    languages = tuple(config.sight_languages.split(","))
    by_item = {
        sight.wikidata_id: sight.sight_id
        for sight in sights
        if sight.wikidata_id is not None and sight.sight_id is not None
    }
    rows = read_card_rows(client, (city.city_id, *by_item), languages)
    kinds = classes_of(rows)
    classes = {class_id for item in by_item for class_id in kinds.get(item, ())}
    roots = know_class_roots(connection, client, classes)
    # Both at once: who reads meanwhile sees a city as it was or as it is.
    with connection.transaction():
        save_sight_facts(
            connection,
            {sight_id: read_card_facts(item, rows, roots) for item, sight_id in by_item.items()},
        )
        learn_view_distances(connection, city)
        save_city_names(connection, city.city_id, names_of(city.city_id, rows))
    return len(by_item)


def learn_view_distances(connection: psycopg.Connection[Any], city: City) -> int:
    """Learn from how far sights are seen, of which kind and height say nothing, and return of how many.

    From where their accepted photos were taken; a sight that has lost too many of these has what is usual.
    """
    views = {
        sight_id: learn_view_distance(place, cameras)
        for sight_id, (place, cameras) in list_sight_cameras(connection, city.city_id).items()
    }
    save_view_distances(connection, views)
    return sum(view.basis == "photos" for view in views.values())
