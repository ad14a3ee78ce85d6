"""Read the points of SPARQL answers."""

from __future__ import annotations

import re

from sightscan.city import Place
from sightscan.errors import ServiceError

# Well-known text: longitude first. Another globe than Earth stands before it as an address.
_POINT = re.compile(r"Point\(\s*(-?[\d.eE+-]+)\s+(-?[\d.eE+-]+)\s*\)", re.IGNORECASE)


def place_of(point: str) -> Place:
    """Return the place of a WKT literal such as `Point(13.38 52.51)`.

    Raises:
        ServiceError: it is not a point.

    """
    found = _POINT.search(point)
    if found is None:
        msg = (
            f"Wikidata gives the coordinates {point!r}, expected a point such as Point(13.38 52.51)"
        )
        raise ServiceError(msg)
    return Place(latitude=float(found[2]), longitude=float(found[1]))
