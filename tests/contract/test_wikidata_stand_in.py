"""Wikidata's stand-in, asked over HTTP as Wikidata is asked."""

from pathlib import Path

import httpx
import pytest

from sandbox.counts import Counts
from sandbox.web import WebServer
from sandbox.wikidata.server import WikidataLimits
from sandbox.world.city_facts import CityFacts, facts_of
from sandbox.world.world import World
from tests.cities.small_world import CITY, TOWER, draw_small_world
from tests.contract.conftest import CONTACT

JSON = {"Accept": "application/sparql-results+json"}
ASK = "ASK { ?s ?p ?o }"


def search(http: httpx.Client, server: WebServer, **parameters: str) -> dict[str, object]:
    defaults = {"action": "wbsearchentities", "language": "en", "format": "json"}
    response = http.get(server.wikidata_api_url, params=defaults | parameters)
    return response.json()


def entities(http: httpx.Client, server: WebServer, **parameters: str) -> dict[str, object]:
    defaults = {"action": "wbgetentities", "format": "json"}
    return http.get(server.wikidata_api_url, params=defaults | parameters).json()


@pytest.mark.parametrize("method", ["GET", "POST", "POST as a document"])
def test_query_is_answered(http: httpx.Client, server: WebServer, method: str) -> None:
    url = server.wikidata_sparql_url
    if method == "GET":
        response = http.get(url, params={"query": ASK}, headers=JSON)
    elif method == "POST":
        response = http.post(url, data={"query": ASK}, headers=JSON)
    else:
        headers = JSON | {"Content-Type": "application/sparql-query"}
        response = http.post(url, content=ASK, headers=headers)
    assert response.json()["boolean"] is True


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/sparql-results+json", "application/sparql-results+json"),
        ("text/csv", "text/csv"),
        ("*/*", "application/sparql-results+xml"),
    ],
)
def test_answer_has_the_format_asked_for(
    http: httpx.Client, server: WebServer, accept: str, media_type: str
) -> None:
    query = {"query": "SELECT ?x WHERE { VALUES ?x { 1 } }"}
    response = http.get(server.wikidata_sparql_url, params=query, headers={"Accept": accept})
    assert response.headers["Content-Type"].startswith(media_type)


def test_aggregates_are_evaluated(http: httpx.Client, server: WebServer, facts: CityFacts) -> None:
    query = (
        "SELECT (COUNT(DISTINCT ?s) AS ?n) WHERE { "
        f"?s wdt:P131 wd:{facts.city.wikidata_id} ; wdt:P31/wdt:P279* wd:Q811979 ; wdt:P373 [] . "
        "FILTER NOT EXISTS { ?s wdt:P576 [] } }"
    )
    body = http.get(server.wikidata_sparql_url, params={"query": query}, headers=JSON).json()
    assert body["results"]["bindings"][0]["n"]["value"] == str(len(facts.sights))


def test_malformed_query_is_a_bad_request(http: httpx.Client, server: WebServer) -> None:
    response = http.get(server.wikidata_sparql_url, params={"query": "SELECT ?x WHERE {"})
    assert (response.status_code, "MalformedQueryException" in response.text) == (400, True)


@pytest.mark.parametrize("agent", ["python-requests/2.32", "", "Mozilla/5.0"])
def test_client_without_contact_is_forbidden(server: WebServer, agent: str) -> None:
    response = httpx.get(
        server.wikidata_sparql_url, params={"query": ASK}, headers={"User-Agent": agent}
    )
    assert response.status_code == 403


def test_too_many_errors_are_answered_with_a_pause(world: World, facts: CityFacts) -> None:
    limits = WikidataLimits(errors_per_minute=2)
    with (
        WebServer(world, facts, Counts(), wikidata_limits=limits) as server,
        httpx.Client(headers=CONTACT) as http,
    ):
        answers = [
            http.get(server.wikidata_sparql_url, params={"query": "nonsense"}) for _ in range(3)
        ]
    assert [a.status_code for a in answers] == [400, 400, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_slow_query_ends_at_the_time_limit(world: World, facts: CityFacts) -> None:
    slow = "SELECT (COUNT(*) AS ?n) WHERE { ?a wdt:P31 ?c . ?d ?e ?f . FILTER(STR(?c) < STR(?f)) }"
    limits = WikidataLimits(query_seconds=0.01)
    with WebServer(world, facts, Counts(), wikidata_limits=limits) as server:
        response = httpx.get(server.wikidata_sparql_url, params={"query": slow}, headers=CONTACT)
    assert (response.status_code, "TimeoutException" in response.text) == (500, True)


CLASSES_UP = "VALUES ?r { wd:Q811979 } ?c wdt:P31 ?k . ?k wdt:P279* ?r"


@pytest.mark.parametrize(
    ("order", "status", "start"),
    [("", 200, b'{"head"'), ("ORDER BY ?c", 500, b"SPARQL-QUERY: queryStr=SELECT")],
)
def test_what_the_real_service_takes_too_long_for_is_refused_in_its_words(
    http: httpx.Client, server: WebServer, order: str, status: int, start: bytes
) -> None:
    query = f"SELECT ?c WHERE {{ {CLASSES_UP} }} {order}"
    response = http.get(server.wikidata_sparql_url, params={"query": query}, headers=JSON)
    assert (response.status_code, response.content.startswith(start)) == (status, True)
    assert "java.util.concurrent.TimeoutException" in response.text
    with pytest.raises(ValueError, match=r"Expecting|Extra|Unterminated|Invalid control"):
        response.json()


def test_best_known_city_is_found_first(
    http: httpx.Client, server: WebServer, facts: CityFacts
) -> None:
    found = search(http, server, search=CITY.lower())["search"]
    assert found[0]["id"] == facts.city.wikidata_id


def test_namesake_and_other_meanings_are_found_too(http: httpx.Client, server: WebServer) -> None:
    found = search(http, server, search=CITY)["search"]
    assert len([hit for hit in found if hit["label"] == CITY]) == 6


def test_alias_says_what_matched(http: httpx.Client, server: WebServer) -> None:
    found = search(http, server, search=f"City of {CITY}")["search"]
    assert (found[0]["match"]["type"], found[0]["aliases"]) == ("alias", [f"City of {CITY}"])


def test_search_goes_on_where_it_ended(http: httpx.Client, server: WebServer) -> None:
    first = search(http, server, search=CITY, limit="2")
    after = search(http, server, search=CITY, limit="2", **{"continue": "2"})
    assert first["search-continue"] == 2
    assert after["search"]
    assert not {h["id"] for h in first["search"]} & {h["id"] for h in after["search"]}


def test_unknown_name_finds_nothing(http: httpx.Client, server: WebServer) -> None:
    assert search(http, server, search="Xyzzy")["search"] == []


def test_missing_parameter_is_named(http: httpx.Client, server: WebServer) -> None:
    assert search(http, server)["error"]["code"] == "missingparam"


def test_entity_has_coordinates_and_ids(
    http: httpx.Client, server: WebServer, facts: CityFacts
) -> None:
    tower = facts.of(TOWER)
    body = entities(http, server, ids=tower.wikidata_id, props="claims")
    claims = body["entities"][tower.wikidata_id]["claims"]
    place = claims["P625"][0]["mainsnak"]["datavalue"]["value"]
    assert (place["latitude"], place["longitude"]) == (tower.latitude, tower.longitude)
    assert claims["P373"][0]["mainsnak"]["datavalue"]["value"] == tower.commons_category


def test_height_and_time_are_written_as_wikidata_writes_them(
    http: httpx.Client, server: WebServer, facts: CityFacts
) -> None:
    tower = facts.of(TOWER)
    body = entities(http, server, ids=tower.wikidata_id, props="claims")
    claims = body["entities"][tower.wikidata_id]["claims"]
    height = claims["P2048"][0]["mainsnak"]["datavalue"]["value"]
    assert height["amount"] == f"+{tower.height_meters:g}"
    assert height["unit"] == "http://www.wikidata.org/entity/Q11573"
    opened = claims["P571"][0]["mainsnak"]["datavalue"]["value"]
    assert (opened["time"], opened["precision"]) == (f"+{tower.opened_on}", tower.opened_precision)


def test_unknown_entity_is_missing(http: httpx.Client, server: WebServer) -> None:
    body = entities(http, server, ids="Q424242")
    assert body["entities"]["Q424242"] == {"id": "Q424242", "missing": ""}


def test_taken_port_is_named(world: World, facts: CityFacts, server: WebServer) -> None:
    with pytest.raises(OSError, match=f"port {server.port} on 127.0.0.1 is taken"):
        WebServer(world, facts, Counts(), port=server.port).start()


def test_stopped_server_refuses_connections(tmp_path: Path) -> None:
    world = draw_small_world(tmp_path)
    server = WebServer(world, facts_of(world), Counts())
    server.start()
    server.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url, headers=CONTACT)
