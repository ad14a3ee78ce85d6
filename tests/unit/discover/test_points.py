"""Points of SPARQL answers: longitude first."""

from __future__ import annotations

import pytest

from sightscan.city import Place
from sightscan.discover.points import place_of
from sightscan.errors import ServiceError


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Point(13.38 52.51)", Place(52.51, 13.38)),
        ("POINT(-9.1 38.7)", Place(38.7, -9.1)),
        ("Point(1e-05 -2.5E1)", Place(-25.0, 0.00001)),
        ("<http://www.wikidata.org/entity/Q2> Point(1 2)", Place(2, 1)),
    ],
)
def test_point_is_read(text: str, place: Place) -> None:
    assert place_of(text) == place


@pytest.mark.parametrize("text", ["", "13.38 52.51", "Point()", "_:b0"])
def test_anything_else_is_a_service_error(text: str) -> None:
    with pytest.raises(ServiceError, match="expected a point"):
        place_of(text)
