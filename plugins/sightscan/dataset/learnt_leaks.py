"""Whether a network has learnt what its successors are judged by.

A photo that proves to be linked to one that judges leaves training (decision 38). A network that learnt
from it keeps what it learnt, and so does each that is trained from it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.dataset.split import Linked, Units
from sightscan.warehouse.models.datasets import (
    PlacedPhoto,
    list_backgrounds,
    list_labelled_photos,
    list_learnt_photos,
    list_linked_photos,
    list_placed_photos,
)


def count_learnt_leaks(connection: psycopg.Connection[Any], city: City, model_version: int) -> int:
    """Count the photos that a model, or one that it was trained from, learnt, and that left training since."""
    learnt = list_learnt_photos(connection, city.city_id, model_version)
    placed = list_placed_photos(connection, city.city_id)
    # Mostly there is none, and this reads little: what could be frozen is all labelled photos of all
    # cities far away. It has the links of those that cannot be frozen, too.
    if not _count_gone(learnt, placed, list_linked_photos(connection, placed)):
        return 0
    photos: list[Linked] = [
        *list_labelled_photos(connection, city.city_id),
        *list_backgrounds(connection, city),
    ]
    return _count_gone(learnt, placed, photos)


def _count_gone(
    learnt: frozenset[bytes], placed: Mapping[bytes, PlacedPhoto], photos: Iterable[Linked]
) -> int:
    units = Units(photos, placed)
    return sum(not units.keeps(known) for sha256, known in placed.items() if sha256 in learnt)
