"""Discover through the real client code, against the stand-in of Wikidata."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from sandbox.counts import Counts
from sandbox.web import WebServer
from sandbox.world.city_facts import CityFacts
from sandbox.world.world import World
from sightscan.city import City
from sightscan.discover.cities import resolve_city
from sightscan.discover.sights import discover_sights
from sightscan.discover.wikidata import WikidataClient, open_client
from sightscan.errors import AmbiguousCity, ServiceError, UnknownCity
from sightscan.settings import Settings, read_settings
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.sights import known_sights, list_sights, read_sight
from tests.cities.small_world import CITY

Opener = Callable[[CityFacts], AbstractContextManager[tuple[WikidataClient, Settings]]]


@pytest.fixture
def opened(world: World) -> Opener:
    """Return how to open a client of a Wikidata that knows some facts."""

    @contextmanager
    def with_facts(facts: CityFacts) -> Iterator[tuple[WikidataClient, Settings]]:
        with WebServer(world, facts, Counts()) as web:
            config = read_settings(
                wikidata_sparql_url=web.wikidata_sparql_url, wikidata_api_url=web.wikidata_api_url
            )
            with open_client(config) as client:
                yield client, config

    return with_facts


@pytest.fixture
def client(opened: Opener, facts: CityFacts) -> Iterator[WikidataClient]:
    with opened(facts) as (client, _):
        yield client


def test_city_comes_from_its_name(client: WikidataClient, facts: CityFacts) -> None:
    city = resolve_city(client, CITY)
    known = facts.city
    assert (city.city_id, city.name, city.country, city.slug) == (
        known.wikidata_id,
        CITY,
        known.country.name,
        "port-aurel",
    )
    assert city.place.latitude == pytest.approx(known.latitude)
    assert city.place.longitude == pytest.approx(known.longitude)


@pytest.mark.parametrize("spelling", ["port aurel", "  Port   Aurel ", "City of Port Aurel"])
def test_other_spellings_and_aliases_mean_the_same_city(
    client: WikidataClient, facts: CityFacts, spelling: str
) -> None:
    assert resolve_city(client, spelling).city_id == facts.city.wikidata_id


def test_id_means_its_city(client: WikidataClient, facts: CityFacts) -> None:
    assert resolve_city(client, facts.city.wikidata_id.lower()).name == CITY


def test_country_after_a_comma_chooses_the_namesake(
    client: WikidataClient, facts: CityFacts
) -> None:
    namesake = facts.other_places[0]
    assert namesake.name == CITY
    found = resolve_city(client, f"{CITY}, {namesake.country.name}")
    assert found.city_id == namesake.wikidata_id


def test_country_in_lower_case_chooses_too(client: WikidataClient, facts: CityFacts) -> None:
    namesake = facts.other_places[0]
    found = resolve_city(client, f"{CITY}, {namesake.country.name.upper()}")
    assert found.city_id == namesake.wikidata_id


def test_namesakes_as_well_known_are_given_as_choices(opened: Opener, facts: CityFacts) -> None:
    namesake = replace(facts.other_places[0], sitelinks=facts.city.sitelinks - 1)
    equal = replace(facts, other_places=(namesake, *facts.other_places[1:]))
    with opened(equal) as (client, _), pytest.raises(AmbiguousCity) as caught:
        resolve_city(client, CITY)
    sentence = str(caught.value)
    assert all(place in sentence for place in (facts.city.wikidata_id, namesake.wikidata_id))
    assert namesake.country.name in sentence


def test_misspelt_city_is_unknown_and_its_nearest_spelling_is_given(
    client: WikidataClient,
) -> None:
    with pytest.raises(UnknownCity, match=f"did you mean .*{CITY}"):
        resolve_city(client, "Port Aurell Xy")


@pytest.mark.parametrize("name", ["Zzyzxqv", "", "  ", "?!", "Q35120", "Q999999999999"])
def test_what_is_no_city_is_unknown(client: WikidataClient, name: str) -> None:
    with pytest.raises(UnknownCity):
        resolve_city(client, name)


def test_country_is_no_city(client: WikidataClient, facts: CityFacts) -> None:
    with pytest.raises(UnknownCity):
        resolve_city(client, facts.city.country.name)


def test_city_is_found_by_its_name_in_another_language(opened: Opener, facts: CityFacts) -> None:
    labels = {**facts.city.labels, "de": "Goldhafen"}
    with opened(replace(facts, city=replace(facts.city, labels=labels))) as (client, _):
        assert resolve_city(client, "Goldhafen").city_id == facts.city.wikidata_id


def discovered(
    warehouse: psycopg.Connection[Any], client: WikidataClient, config: Settings
) -> tuple[City, tuple[int, ...]]:
    city = add_city(warehouse, resolve_city(client, CITY))
    return city, discover_sights(warehouse, client, city, config).sight_ids


def test_sights_are_stored_best_known_first_with_all_that_is_known(
    warehouse: psycopg.Connection[Any], opened: Opener, facts: CityFacts
) -> None:
    with opened(facts) as (client, config):
        city, sight_ids = discovered(warehouse, client, config)
    stored = list_sights(warehouse, city.city_id)
    expected = sorted(facts.sights, key=lambda sight: -sight.sitelinks)
    assert [sight.wikidata_id for sight in stored] == [sight.wikidata_id for sight in expected]
    assert tuple(sight.sight_id for sight in stored) == sight_ids
    for sight, known in zip(stored, expected, strict=True):
        assert sight.name == known.labels["en"]
        assert sight.names == known.labels
        assert set(sight.aliases) == {
            alias for aliases in known.aliases.values() for alias in aliases
        } - {sight.name}
        assert sight.commons_category == known.commons_category
        assert sight.freebase_id == known.freebase_id
        assert sight.knowledge_graph_id == known.knowledge_graph_id
        assert sight.sitelink_count == known.sitelinks
        assert sight.place is not None
        assert sight.place.latitude == pytest.approx(known.latitude)


def test_cards_have_what_wikidata_says_and_the_city_its_names(
    warehouse: psycopg.Connection[Any], opened: Opener, facts: CityFacts
) -> None:
    with opened(facts) as (client, config):
        discovered(warehouse, client, config)
    with warehouse.cursor(row_factory=dict_row) as cursor:
        cards = cursor.execute("select * from mart.sight_card order by sight_id").fetchall()
        (overview,) = cursor.execute("select names from mart.city_overview").fetchall()
    assert overview["names"] == facts.city.labels
    assert len(cards) == len(facts.sights)
    for card in cards:
        known = next(one for one in facts.sights if one.labels["en"] == card["name"])
        assert card["descriptions"] == known.descriptions
        assert set(card["articles"]) == set(known.labels)
        assert card["articles"]["de"].startswith("https://de.wikipedia.org/wiki/")
        assert card["since_year"] == int(known.opened_on[:4])
        assert card["since_precision"] == ("century" if known.opened_precision == 7 else "year")
        assert card["height_meters"] == known.height_meters
        assert card["view_meters"] >= 300
    images = warehouse.execute("select image_identifier from core.sight_facts").fetchall()
    assert {image for (image,) in images} == {f"commons:File:{s.image}" for s in facts.sights}


def test_what_is_no_sight_is_left_out(
    warehouse: psycopg.Connection[Any], opened: Opener, facts: CityFacts
) -> None:
    """A collection, a festival, a district, a company, a club, and a tower of another town."""
    with opened(facts) as (client, config):
        city, _ = discovered(warehouse, client, config)
    names = {sight.name for sight in list_sights(warehouse, city.city_id)}
    assert not names & {bystander.label for bystander in facts.bystanders}


@pytest.mark.parametrize(
    ("overrides", "count"),
    [
        ({"photo_sources": "wikimedia_commons,openverse", "max_street_photos": 0}, 1),
        ({"photo_sources": "wikimedia_commons,openverse"}, 2),
        ({"photo_sources": "openverse"}, 0),
        ({"max_background_photos": 0}, 1),
        ({"max_background_photos": 0, "max_street_photos": 0}, 0),
    ],
)
def test_sights_elsewhere_are_crawled_where_they_are_needed_and_can_be(
    warehouse: psycopg.Connection[Any],
    opened: Opener,
    facts: CityFacts,
    overrides: dict[str, object],
    count: int,
) -> None:
    with opened(facts) as (client, config):
        city = add_city(warehouse, resolve_city(client, CITY))
        own = config.with_overrides(overrides)
        first = discover_sights(warehouse, client, city, own)
        again = discover_sights(warehouse, client, city, own)
    assert len(first.background_ids) == count
    assert again.background_ids == first.background_ids
    # It is no sight: it is neither a class, nor retired by the next discovery.
    assert not {*first.background_ids} & {*first.sight_ids}
    assert len(known_sights(warehouse, city.city_id)) == len(first.sight_ids)
    assert again.retired == ()


def test_streets_are_looked_for_under_the_category_of_the_city(
    warehouse: psycopg.Connection[Any], opened: Opener, facts: CityFacts
) -> None:
    with opened(facts) as (client, config):
        city = add_city(warehouse, resolve_city(client, CITY))
        report = discover_sights(warehouse, client, city, config)
    _, streets_id = report.background_ids
    streets = read_sight(warehouse, streets_id)
    assert (streets.state, streets.commons_category) == ("streets", CITY)
    names = ("sight_coverage", "sight_card", "label_quality")
    for name in names:
        rows = warehouse.execute(f"select sight_id from mart.{name}").fetchall()  # noqa: S608
        assert (streets_id,) not in rows, name
    assert warehouse.execute("select sight_count from mart.city_overview").fetchone() == (
        len(facts.sights),
    )
    assert streets_id not in {sight.sight_id for sight in list_sights(warehouse, city.city_id)}


def test_second_discovery_gives_the_same_ids(
    warehouse: psycopg.Connection[Any], opened: Opener, facts: CityFacts
) -> None:
    with opened(facts) as (client, config):
        first = discovered(warehouse, client, config)
        assert discovered(warehouse, client, config) == first


def test_city_whose_classes_are_known_is_not_walked_up_again(
    warehouse: psycopg.Connection[Any],
    opened: Opener,
    facts: CityFacts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    query = WikidataClient.query

    def recorded(client: WikidataClient, file: Path, **values: str) -> Any:
        asked.append(file.stem)
        return query(client, file, **values)

    monkeypatch.setattr(WikidataClient, "query", recorded)
    with opened(facts) as (client, config):
        city = add_city(warehouse, resolve_city(client, CITY))
        asked.clear()
        discover_sights(warehouse, client, city, config)
        assert asked == ["candidates", "item_classes", "class_roots", "sight_facts", "sight_card"]
        asked.clear()
        discover_sights(warehouse, client, city, config)
        assert asked == ["candidates", "item_classes", "sight_facts", "sight_card"]


def test_municipality_is_no_namesake_of_its_town(opened: Opener, facts: CityFacts) -> None:
    city = facts.city
    office = replace(city, wikidata_id="Q7", class_id="Q484170", sitelinks=city.sitelinks - 1)
    with opened(replace(facts, other_places=(office,))) as (client, _):
        assert resolve_city(client, CITY).city_id == city.wikidata_id


def test_municipality_without_a_town_is_a_city(opened: Opener, facts: CityFacts) -> None:
    comune = replace(facts.city, class_id="Q747074")
    with opened(replace(facts, city=comune)) as (client, _):
        assert resolve_city(client, CITY).city_id == comune.wikidata_id


def test_no_more_sights_than_allowed_are_kept(
    warehouse: psycopg.Connection[Any], opened: Opener, facts: CityFacts
) -> None:
    with opened(facts) as (client, config):
        city = add_city(warehouse, resolve_city(client, CITY))
        one = config.with_overrides({"max_sights_per_city": 1})
        report = discover_sights(warehouse, client, city, one)
    assert (report.found, report.kept) == (len(facts.sights), 1)
    best = max(facts.sights, key=lambda sight: sight.sitelinks)
    assert [s.wikidata_id for s in list_sights(warehouse, city.city_id)] == [best.wikidata_id]


def test_city_without_sights_is_a_sentence(
    warehouse: psycopg.Connection[Any], opened: Opener, facts: CityFacts
) -> None:
    with opened(replace(facts, sights=(), by_sight={})) as (client, config):
        city = add_city(warehouse, resolve_city(client, CITY))
        with pytest.raises(ServiceError, match="knows no sight"):
            discover_sights(warehouse, client, city, config)


def test_two_sights_of_one_name_stay_two_classes(
    warehouse: psycopg.Connection[Any], opened: Opener, facts: CityFacts
) -> None:
    first = facts.sights[0]
    twin = replace(first, wikidata_id="Q7", latitude=first.latitude + 0.01, **NO_GOOGLE_IDS)
    with opened(replace(facts, sights=(*facts.sights, twin))) as (client, config):
        city, _ = discovered(warehouse, client, config)
    names = {sight.name for sight in list_sights(warehouse, city.city_id)}
    name = first.labels["en"]
    assert {f"{name} (Q7)", f"{name} ({first.wikidata_id})"} <= names


NO_GOOGLE_IDS: dict[str, Any] = {"freebase_id": None, "knowledge_graph_id": None}


def test_two_items_of_one_sight_are_stored_as_one(
    warehouse: psycopg.Connection[Any], opened: Opener, facts: CityFacts
) -> None:
    first = facts.sights[0]
    double = replace(
        first, wikidata_id="Q7", sitelinks=1, latitude=first.latitude + 0.0005, **NO_GOOGLE_IDS
    )
    with opened(replace(facts, sights=(*facts.sights, double))) as (client, config):
        city, sight_ids = discovered(warehouse, client, config)
    stored = list_sights(warehouse, city.city_id)
    assert len(sight_ids) == len(facts.sights)
    assert "Q7" not in {sight.wikidata_id for sight in stored}


def test_sight_that_wikidata_forgets_is_retired_and_reported(
    warehouse: psycopg.Connection[Any], opened: Opener, facts: CityFacts
) -> None:
    with opened(facts) as (client, config):
        city, _ = discovered(warehouse, client, config)
    *others, gone = facts.sights
    with opened(replace(facts, sights=tuple(others))) as (client, config):
        report = discover_sights(warehouse, client, city, config)
    assert report.retired == (gone.labels["en"],)
    assert len(list_sights(warehouse, city.city_id)) == len(facts.sights)


def test_file_of_sights_overrules_what_was_found(
    warehouse: psycopg.Connection[Any], opened: Opener, facts: CityFacts, tmp_path: Path
) -> None:
    best, second = sorted(facts.sights, key=lambda sight: -sight.sitelinks)[:2]
    (tmp_path / "port-aurel.yaml").write_text(
        f"""
add:
  - name: Harbour Crane
    latitude: {facts.city.latitude}
    longitude: {facts.city.longitude}
    commons_category: Harbour Crane (Port Aurel)
drop: [{best.wikidata_id}, Nobody knows this]
rename: {{{second.wikidata_id}: Old Name}}
rank: {{Harbour Crane: 1}}
asymmetric: [{second.wikidata_id}]
"""
    )
    with opened(facts) as (client, config):
        city = add_city(warehouse, resolve_city(client, CITY))
        own = config.with_overrides({"sights_folder": tmp_path})
        report = discover_sights(warehouse, client, city, own)
    stored = list_sights(warehouse, city.city_id)
    names = [sight.name for sight in stored]
    assert names[:2] == ["Harbour Crane", "Old Name"]
    assert [sight.name for sight in stored if sight.is_asymmetric] == ["Old Name"]
    assert best.labels["en"] not in names
    assert report.unknown_in_file == ("Nobody knows this",)


def test_file_of_sights_makes_one_of_two(
    warehouse: psycopg.Connection[Any], opened: Opener, facts: CityFacts, tmp_path: Path
) -> None:
    one, other = facts.sights[:2]
    with opened(facts) as (client, config):
        city, _ = discovered(warehouse, client, config)
        file = tmp_path / "port-aurel.yaml"
        file.write_text(f"merge: [[{other.wikidata_id}, {one.wikidata_id}]]")
        own = config.with_overrides({"sights_folder": tmp_path})
        report = discover_sights(warehouse, client, city, own)
    assert report.merged == (one.labels["en"],)
    stored = {sight.wikidata_id for sight in list_sights(warehouse, city.city_id)}
    assert other.wikidata_id in stored
    assert one.wikidata_id not in stored


def test_city_is_found_by_its_name_in_a_language_that_is_not_asked_for_first(
    opened: Opener, facts: CityFacts
) -> None:
    labels = {**facts.city.labels, "cs": "Zlatý Přístav", "zh": "金港"}
    with opened(replace(facts, city=replace(facts.city, labels=labels))) as (client, _):
        for name in ("Zlatý Přístav", "zlaty pristav", "金港"):
            assert resolve_city(client, name).city_id == facts.city.wikidata_id


def test_misspelt_beginning_is_understood_too(client: WikidataClient) -> None:
    with pytest.raises(UnknownCity, match=f"did you mean .*{CITY}"):
        resolve_city(client, "Prot Aurel")


def test_choices_say_where_and_how_many_people(opened: Opener, facts: CityFacts) -> None:
    namesake = replace(facts.other_places[0], sitelinks=facts.city.sitelinks, population=4321)
    with (
        opened(replace(facts, other_places=(namesake,))) as (client, _),
        pytest.raises(
            AmbiguousCity, match=rf"{namesake.country.name} \({namesake.wikidata_id}; 4,321 people"
        ),
    ):
        resolve_city(client, CITY)
