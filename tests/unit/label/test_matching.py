"""Landmarks become sights by id, by name, or by place and name together: real cases."""

import pytest

from sightscan.box import Box
from sightscan.city import City, Place, Sight
from sightscan.label.landmarks import Landmark
from sightscan.label.matching import SightIndex

BERLIN = City("Q64", "berlin", "Berlin", "Germany", Place(52.5167, 13.3833), 15_000)
GATE = Place(52.5163, 13.3777)
DOM = Place(52.5191, 13.4011)
ISLAND = Place(52.5169, 13.4019)
ALTES = Place(52.5194, 13.3983)
NEUES = Place(52.5203, 13.3977)
COLOGNE = Place(50.9413, 6.9583)
LAS_VEGAS = Place(36.1126, -115.1728)

SIGHTS = (
    Sight(
        1, "Q64", "Brandenburg Gate", 1, names={"en": "Brandenburg Gate", "de": "Brandenburger Tor"},
        place=GATE, freebase_id="/m/0chbx",
    ),
    Sight(
        2, "Q64", "Berlin Cathedral", 2, names={"en": "Berlin Cathedral", "de": "Berliner Dom"},
        place=DOM, knowledge_graph_id="/g/1berl",
    ),
    Sight(3, "Q64", "Museum Island", 3, names={"de": "Museumsinsel"}, place=ISLAND),
    Sight(4, "Q64", "Altes Museum", 4, aliases=("Old Museum",), place=ALTES),
    Sight(5, "Q64", "Neues Museum", 5, aliases=("New Museum",), place=NEUES),
    Sight(6, "Q64", "Café Größenwahn", 6),
)  # fmt: skip


def landmark(description: str, mid: str | None = None, *places: Place) -> Landmark:
    return Landmark(0, description, mid, 0.9, Box(0.1, 0.1, 0.9, 0.9), places)


@pytest.mark.parametrize(
    ("description", "mid", "place", "sight_id", "how"),
    [
        ("Brandenburg Gate", "/m/0chbx", GATE, 1, "mid"),
        ("Porta di Brandeburgo", "/m/0chbx", GATE, 1, "mid"),
        ("anything", "/g/1berl", DOM, 2, "mid"),
        ("Brandenburger Tor", None, GATE, 1, "name"),
        ("Brandenburg Gate", "/m/another", GATE, 1, "name"),
        ("Museum Island, Berlin", None, ISLAND, 3, "name"),
        ("Museum Island Berlin", None, ISLAND, 3, "name"),
        ("Museum Island (Museumsinsel)", None, ISLAND, 3, "name"),
        ("CAFE GROSSENWAHN", None, None, 6, "name"),
        ("The Brandenburg Gate", None, GATE, 1, "name"),
        ("Gate of Brandenburg", None, GATE, 1, "place_and_name"),
        ("Brandenburger Thor", None, GATE, 1, "place_and_name"),
        ("Neues Museum", None, ALTES, 5, "name"),
        ("Eiffel Tower", None, LAS_VEGAS, None, None),
        ("Kölner Dom", None, COLOGNE, None, None),
        ("Kölner Dom", None, DOM, None, None),
        ("Trocadéro Gardens", "/m/0trocadero", GATE, None, None),
        ("Berlin", None, GATE, None, None),
        ("Brandenburger Thor", None, ISLAND, None, None),
        ("", None, GATE, None, None),
    ],
)
def test_case(
    description: str, mid: str | None, place: Place | None, sight_id: int | None, how: str | None
) -> None:
    places = () if place is None else (place,)
    match = SightIndex(BERLIN, SIGHTS).match(landmark(description, mid, *places))
    assert (match.sight.sight_id if match.sight else None, match.how) == (sight_id, how)


@pytest.mark.parametrize(
    ("description", "place", "reason"),
    [
        ("Eiffel Tower", LAS_VEGAS, "outside_city"),
        ("Hotel Adlon", GATE, "no_such_sight"),
        ("Neuer Museum Bau", ALTES, "no_such_sight"),
    ],
)
def test_reason_of_no_match(description: str, place: Place, reason: str) -> None:
    assert SightIndex(BERLIN, SIGHTS).match(landmark(description, None, place)).reason == reason


def test_two_sights_of_one_name_are_told_apart_by_place() -> None:
    churches = (
        Sight(7, "Q64", "St Mary's Church", 7, place=DOM),
        Sight(8, "Q64", "St. Mary's Church", 8, place=GATE),
    )
    index = SightIndex(BERLIN, churches)
    near = index.match(landmark("St Mary's Church", None, GATE)).sight
    assert near is not None
    assert near.sight_id == 8
    assert index.match(landmark("St Mary's Church")).reason == "ambiguous_name"


def test_neighbours_with_names_that_are_alike_are_ambiguous() -> None:
    halls = (
        Sight(7, "Q64", "Grand Halls", 7, place=DOM),
        Sight(8, "Q64", "Grands Hall", 8, place=DOM),
    )
    match = SightIndex(BERLIN, halls).match(landmark("Grand Hall", None, DOM))
    assert match.reason == "ambiguous_name"


def test_neighbours_of_one_name_are_ambiguous() -> None:
    houses = (
        Sight(7, "Q64", "Stadtschloss", 7, place=DOM, freebase_id="/m/castle"),
        Sight(8, "Q64", "Castle Museum", 8, place=DOM, aliases=("Stadtschloss",)),
    )
    index = SightIndex(BERLIN, houses)
    assert index.match(landmark("Stadtschloss", None, DOM)).reason == "ambiguous_name"
    assert index.match(landmark("Stadtschloss", "/m/castle", DOM)).how == "mid"


@pytest.mark.parametrize(("meters", "how"), [(290, "place_and_name"), (310, None)])
def test_spelling_of_a_name_counts_within_three_hundred_metres(
    meters: float, how: str | None
) -> None:
    place = Place(GATE.latitude + meters / 111_195, GATE.longitude)
    match = SightIndex(BERLIN, SIGHTS).match(landmark("Gate of Brandenburg", None, place))
    assert match.how == how


@pytest.mark.parametrize(
    ("neighbour", "sight_id"),
    # 90 and 96 of 100 like the landmark, whose own name is 100 like it.
    [("Brandenburger Gates", 1), ("Brandenburger Gate", None)],
)
def test_neighbour_that_is_less_alike_by_five_of_a_hundred_leaves_no_doubt(
    neighbour: str, sight_id: int | None
) -> None:
    sights = (*SIGHTS, Sight(7, "Q64", neighbour, 7, place=GATE))
    match = SightIndex(BERLIN, sights).match(landmark("Gate of Brandenburg", None, GATE))
    assert (match.sight.sight_id if match.sight else None) == sight_id


def test_any_of_several_places_counts() -> None:
    index = SightIndex(BERLIN, SIGHTS)
    match = index.match(landmark("Gate of Brandenburg", None, LAS_VEGAS, GATE))
    assert match.how == "place_and_name"
