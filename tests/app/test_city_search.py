"""Cities are found as people type their names."""

import pytest

from detector_app.catalogue import Catalogue, City
from detector_app.city_search import fold, search_cities


def city(slug: str, name: str, **names: str) -> City:
    return City(slug, name, None, "published", 1, 1, 1, model=None, names=names)


CATALOGUE = Catalogue(
    (
        city("malaga", "Málaga"),
        city("cologne", "Cologne", de="Köln", it="Colonia"),
        city("new-york", "New York City", de="New York"),
        city("york", "York"),
        city("lodz", "Łódź"),
    ),
    as_of=None,
)


@pytest.mark.parametrize(
    ("typed", "slugs"),
    [
        ("malaga", ["malaga"]),
        ("Málaga", ["malaga"]),
        ("Ma\u0301laga", ["malaga"]),
        ("koln", ["cologne"]),
        ("Köln", ["cologne"]),
        ("lodz", ["lodz"]),
        ("york", ["york"]),
        ("yor", ["new-york", "york"]),
        ("new y", ["new-york"]),
        ("ork", []),
        ("", []),
        ("!?", []),
    ],
)
def test_city_is_found_by_any_of_its_names(typed: str, slugs: list[str]) -> None:
    assert [one.slug for one in search_cities(CATALOGUE, typed)] == slugs


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Straße", "strasse"), ("Tromsø", "tromso"), ("  A-B  c", "a b c"), ("İzmir", "izmir")],
)
def test_names_are_folded(text: str, folded: str) -> None:
    assert fold(text) == folded
