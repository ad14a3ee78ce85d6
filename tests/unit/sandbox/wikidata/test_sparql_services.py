"""The query service's own SERVICE blocks, rewritten and evaluated over a world's graph."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.counts import Counts
from sandbox.wikidata.server import WikidataStandIn
from sandbox.wikidata.sparql_services import UnsupportedServiceError, rewrite_services
from sandbox.world.city_facts import facts_of
from sandbox.world.world import World, WorldBox, WorldPhoto

SIGHTS = ("Old Tower", "Porta do Mar", "Saltworks")
PHOTOS = tuple(
    WorldPhoto(f"{n}.jpg", Path(f"{n}.jpg"), 100, 100, (WorldBox(sight, 1, 1, 50, 50),))
    for n, sight in enumerate(SIGHTS)
)
FACTS = facts_of(World(Path("nowhere"), "Málaga", PHOTOS))
CITY = FACTS.city
WIKIDATA = WikidataStandIn(FACTS, Counts())
AROUND = """
    SERVICE wikibase:around {
        ?item wdt:P625 ?location .
        bd:serviceParam wikibase:center ?centre .
        bd:serviceParam wikibase:radius "%s" .
        bd:serviceParam wikibase:distance ?kilometres .
    }
"""


def rows(query: str) -> list[dict[str, Any]]:
    body, _ = WIKIDATA.evaluate(query)
    bindings = json.loads(body)["results"]["bindings"]
    return [{name: cell["value"] for name, cell in row.items()} for row in bindings]


def test_around_finds_only_what_is_within_the_radius() -> None:
    found = rows(
        f"SELECT ?item ?kilometres WHERE {{ wd:{CITY.wikidata_id} wdt:P625 ?centre . "
        f"{AROUND % 5} }}"
    )
    assert max(float(row["kilometres"]) for row in found) <= 5


def test_around_takes_a_literal_centre() -> None:
    centre = f'"Point({CITY.longitude} {CITY.latitude})"^^geo:wktLiteral'
    found = rows(
        f"SELECT ?x WHERE {{ SERVICE wikibase:around {{ ?x wdt:P625 ?l . bd:serviceParam "
        f'wikibase:center {centre} ; wikibase:radius "0.01" . }} }}'
    )
    assert [row["x"].rsplit("/", 1)[-1] for row in found] == [CITY.wikidata_id]


def test_box_keeps_what_lies_inside() -> None:
    south_west = f'"Point({CITY.longitude - 0.001} {CITY.latitude - 0.001})"^^geo:wktLiteral'
    north_east = f'"Point({CITY.longitude + 0.001} {CITY.latitude + 0.001})"^^geo:wktLiteral'
    found = rows(
        "SELECT ?x WHERE { SERVICE wikibase:box { ?x wdt:P625 ?l . bd:serviceParam "
        f"wikibase:cornerSouthWest {south_west} . bd:serviceParam wikibase:cornerNorthEast "
        f"{north_east} . }} }}"
    )
    assert [row["x"].rsplit("/", 1)[-1] for row in found] == [CITY.wikidata_id]


def test_classes_leave_out_what_is_no_building() -> None:
    found = rows(
        f"SELECT DISTINCT ?itemLabel WHERE {{ ?item wdt:P131 wd:{CITY.wikidata_id} ; "
        "wdt:P31/wdt:P279* wd:Q811979 . "
        "FILTER NOT EXISTS { ?item wdt:P576 ?end } "
        'SERVICE wikibase:label { bd:serviceParam wikibase:language "en". } }'
    )
    assert {row["itemLabel"] for row in found} == {
        "Old Tower",
        "Porta do Mar",
        "Unseen Tower of Málaga",
    }


def test_label_takes_the_first_language_that_there_is() -> None:
    tower = FACTS.of("Old Tower")
    found = rows(
        f"SELECT ?xLabel WHERE {{ VALUES ?x {{ wd:{tower.wikidata_id} }} SERVICE wikibase:label "
        '{ bd:serviceParam wikibase:language "[AUTO_LANGUAGE],nl,de,en". } }'
    )
    assert found == [{"xLabel": tower.labels["de"]}]


def test_item_without_label_shows_as_its_id() -> None:
    found = rows(
        "SELECT ?xLabel WHERE { VALUES ?x { wd:Q4242 } SERVICE wikibase:label "
        '{ bd:serviceParam wikibase:language "en". } }'
    )
    assert found == [{"xLabel": "Q4242"}]


def test_unbound_variable_gets_no_label() -> None:
    found = rows(
        f"SELECT ?yLabel WHERE {{ VALUES ?x {{ wd:{CITY.wikidata_id} }} "
        "OPTIONAL { ?x wdt:P9999 ?y } SERVICE wikibase:label "
        '{ bd:serviceParam wikibase:language "en". } }'
    )
    assert found == [{}]


def test_label_service_can_name_its_variables() -> None:
    found = rows(
        f"SELECT ?name WHERE {{ VALUES ?x {{ wd:{CITY.wikidata_id} }} SERVICE wikibase:label "
        '{ bd:serviceParam wikibase:language "en". ?x rdfs:label ?name . } }'
    )
    assert found == [{"name": "Málaga"}]


def test_braces_and_services_in_strings_and_comments_mean_nothing() -> None:
    found = rows(
        '# SERVICE wikibase:label {\nSELECT ?x WHERE { BIND("} SERVICE x { #" AS ?x) # } end\n}'
    )
    assert found == [{"x": "} SERVICE x { #"}]


def test_engine_hints_are_ignored() -> None:
    assert rows('SELECT ?x WHERE { hint:Query hint:optimizer "None" . VALUES ?x { 1 } }') == [
        {"x": "1"}
    ]


def test_area_is_normalised_to_square_metres() -> None:
    found = rows(
        f"SELECT ?a WHERE {{ wd:{CITY.wikidata_id} p:P2046/psn:P2046/wikibase:quantityAmount ?a }}"
    )
    assert float(found[0]["a"]) == pytest.approx(CITY.square_kilometres * 1e6)


def test_coordinates_can_be_read_from_their_value_node() -> None:
    found = rows(
        f"SELECT ?lat WHERE {{ wd:{CITY.wikidata_id} p:P625/psv:P625/wikibase:geoLatitude ?lat }}"
    )
    assert [float(row["lat"]) for row in found] == [CITY.latitude]


def test_unknown_service_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedServiceError, match="wikibase:mwapi"):
        rewrite_services("SELECT * WHERE { SERVICE wikibase:mwapi { ?a ?b ?c } }")


def test_around_without_radius_says_what_is_missing() -> None:
    with pytest.raises(UnsupportedServiceError, match="needs wikibase:radius"):
        rewrite_services(
            "SELECT * WHERE { SERVICE wikibase:around { ?a wdt:P625 ?l . "
            "bd:serviceParam wikibase:center ?c . } }"
        )


def test_plain_query_stays_as_it_is() -> None:
    query = "SELECT ?x WHERE { ?x <http://a#b> 'c{' }"
    assert rewrite_services(query) == query
