"""What earlier runs left undone of a city's models: one never judged, a live variant, a card.

A machine may go away between any two steps, and keys may be mended after a judgement; so each run
looks once before it decides to train.
"""

import logging
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.errors import LastingPublicationError, PublicationError
from sightscan.publish.card.store import store_missing_cards
from sightscan.publish.publish import PublicationDecision, publish_model
from sightscan.settings import Settings
from sightscan.warehouse.models.models import find_model_in_place, find_newest_model

logger = logging.getLogger(__name__)


def finish_left_over(
    connection: psycopg.Connection[Any],
    config: Settings,
    city: City,
    *,
    published_by: str,
    pass_over: bool = False,
) -> PublicationDecision | None:
    """Judge the newest model if it was never judged, the live variant in place, and write missing cards.

    Returns what was decided of the newest model, if it was now. With `pass_over`, one that cannot be
    judged is left as it is.

    Raises:
        PublicationError: it cannot be judged.

    """
    decision = _judge_newest(
        connection, config, city, published_by=published_by, pass_over=pass_over
    )
    in_place = find_model_in_place(connection, city.city_id)
    if in_place is not None:
        publish_model(connection, config, city, in_place.version, published_by=published_by)
    store_missing_cards(connection, city.city_id)
    return decision


def _judge_newest(
    connection: psycopg.Connection[Any],
    config: Settings,
    city: City,
    *,
    published_by: str,
    pass_over: bool,
) -> PublicationDecision | None:
    model = find_newest_model(connection, city.city_id)
    if model is None or model.state != "registered":
        return None
    try:
        return publish_model(connection, config, city, model.version, published_by=published_by)
    except PublicationError as error:
        msg = (
            f"model {model.version} was registered and never judged, and cannot be now: {error}; "
            'nothing else is trained before it is judged, or the run is triggered with "Force '
            'training"'
        )
        if not pass_over:
            # One that lasts is not tried again.
            lasts = isinstance(error, LastingPublicationError)
            kind = LastingPublicationError if lasts else PublicationError
            raise kind(msg) from error
        logger.warning("city=%s passed over: %s", city.slug, msg)
        return None
