"""A small city whose sights are in the warehouse, before a crawl of it."""

from typing import Any

import psycopg

from sandbox.web import WebServer
from sandbox.world.city_facts import CityFacts
from sightscan.city import City, Place, Sight
from sightscan.settings import Settings, read_settings
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.sights import upsert_sights


def store_sights(
    warehouse: psycopg.Connection[Any], facts: CityFacts
) -> tuple[City, tuple[Sight, ...]]:
    """Store the city and its sights as discovery would."""
    known = facts.city
    place = Place(known.latitude, known.longitude)
    city = City(known.wikidata_id, "small", known.name, known.country.name, place, 5_000)
    sights = [
        Sight(
            sight_id=None,
            city_id=city.city_id,
            name=sight.sight,
            rank=rank,
            wikidata_id=sight.wikidata_id,
            commons_category=sight.commons_category,
        )
        for rank, sight in enumerate(facts.sights, start=1)
    ]
    stored = add_city(warehouse, city)
    return stored, upsert_sights(warehouse, city.city_id, sights)


def settings_for(web: WebServer, **overrides: object) -> Settings:
    """Return settings that crawl the stand-in of Commons, as fast as it lets them."""
    stand_in = {
        "photo_sources": "wikimedia_commons",
        "commons_api_url": web.commons_api_url,
        "openverse_api_url": web.openverse_api_url,
        "google_images_url": web.google_url,
        "bing_images_url": web.bing_url,
        "crawl_trusted_origins": web.url,
        "crawl_requests_per_second": 0,
        "crawl_requests_at_once": 8,
    }
    return read_settings(**(stand_in | overrides))
