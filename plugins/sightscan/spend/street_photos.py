"""How many photos of a city's own streets its crawl may keep: each of them costs a call of Vision."""

from typing import Any

import psycopg

from sightscan.city import City
from sightscan.settings import Settings
from sightscan.warehouse.models.datasets import count_far_photos

# Where streets are crawled, and sights elsewhere.
BACKGROUND_SOURCE = "wikimedia_commons"


def street_photo_limit(connection: psycopg.Connection[Any], config: Settings, city: City) -> int:
    """Return the most photos of streets; 0 where other cities have enough, which cost nothing.

    Other cities' sights come before streets (decision 38), so that these would be paid for in vain.
    """
    if BACKGROUND_SOURCE not in config.photo_source_names or not config.max_street_photos:
        return 0
    enough = max(config.max_background_photos, config.max_street_photos)
    return 0 if count_far_photos(connection, city) >= enough else config.max_street_photos
