"""The invented facts about a world: stable, consistent, and not too easy."""

from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.wikidata.graph import kilometres_between
from sandbox.wikidata.items import items_of
from sandbox.world.city_facts import facts_of
from sandbox.world.city_places import point_near
from sandbox.world.city_terms import kind_of, labels_of
from sandbox.world.drawing.city import VALMORIA
from sandbox.world.world import World, WorldBox, WorldPhoto


def world_of(city: str, *sights: str) -> World:
    photos = tuple(
        WorldPhoto(f"{n}.jpg", Path(f"{n}.jpg"), 100, 100, (WorldBox(sight, 1, 1, 50, 50),))
        for n, sight in enumerate(sights)
    )
    return World(Path("nowhere"), city, photos)


MALAGA = world_of("Málaga", "Old Tower", "Porta do Mar", "Saltworks", "Café Central")


def test_facts_are_the_same_each_time() -> None:
    assert facts_of(MALAGA) == facts_of(MALAGA)


def test_english_label_is_the_name_in_the_manifest() -> None:
    assert {s.labels["en"] for s in facts_of(MALAGA).sights} == set(MALAGA.sights)


def test_no_two_items_share_an_id() -> None:
    ids = [item.id for item in items_of(facts_of(MALAGA))]
    assert len(ids) == len(set(ids))


def test_cities_of_one_world_share_no_id_and_none_is_twice() -> None:
    others = tuple(world_of(city, f"Old Tower of {city}") for city in ("Aldea", "Serra"))
    facts = facts_of(replace(MALAGA, neighbours=others))
    ids = [item.id for item in items_of(facts)]
    assert len(ids) == len(set(ids))
    assert {city.city.wikidata_id for city in facts.cities} <= set(ids)
    assert [city.city.name for city in facts.cities] == ["Málaga", "Aldea", "Serra"]


def test_every_statement_points_to_an_item_that_exists() -> None:
    items = items_of(facts_of(MALAGA))
    ids = {item.id for item in items}
    targets = {
        claim.value.id for item in items for claim in item.claims if hasattr(claim.value, "id")
    }
    assert targets <= ids


@pytest.mark.parametrize(("city", "has_pisa"), [("Málaga", True), ("Pisa", False)])
def test_a_world_of_a_real_city_has_that_city_once(city: str, has_pisa: bool) -> None:  # noqa: FBT001
    facts = facts_of(world_of(city, "Old Tower"))
    named = [item.id for item in items_of(facts) if item.labels["en"] == "Pisa"]
    assert ("Q13375" in named) == has_pisa


def test_sights_lie_within_walking_distance_of_the_city() -> None:
    facts = facts_of(MALAGA)
    centre = (facts.city.latitude, facts.city.longitude)
    farthest = max(kilometres_between(centre, (s.latitude, s.longitude)) for s in facts.sights)
    assert farthest <= 2.01


def test_sights_carry_either_kind_of_google_id() -> None:
    prefixes = {sight.mid[:3] for sight in facts_of(MALAGA).sights}
    assert prefixes == {"/m/", "/g/"}


def test_no_two_sights_are_equally_well_known() -> None:
    sitelinks = [sight.sitelinks for sight in facts_of(MALAGA).sights]
    assert sorted(set(sitelinks), reverse=True) == sitelinks


def test_namesake_has_the_same_name_in_another_country() -> None:
    facts = facts_of(MALAGA)
    namesake = facts.other_places[0]
    assert (namesake.name, namesake.country == facts.city.country) == ("Málaga", False)


def test_near_spelling_is_another_name() -> None:
    assert facts_of(MALAGA).other_places[1].name == "Málagga"


def test_city_name_without_diacritics_is_an_alias() -> None:
    assert "Malaga" in facts_of(MALAGA).city.aliases


def test_drawn_city_lies_where_it_is_drawn() -> None:
    facts = facts_of(world_of(VALMORIA.name, *(sight.name for sight in VALMORIA.sights)))
    places = {sight.sight: (sight.latitude, sight.longitude) for sight in facts.sights}
    assert places == {s.name: (s.latitude, s.longitude) for s in VALMORIA.sights}


@pytest.mark.parametrize(
    ("name", "german"),
    [
        ("San Agustin Church", "Kirche San Agustin"),
        ("Torre do Farol", "Turm Farol"),
        ("Saltworks", "Saltworks"),
        ("Tower", "Tower"),
    ],
)
def test_generic_word_is_translated_and_the_rest_kept(name: str, german: str) -> None:
    assert labels_of(name)["de"] == german


def test_first_generic_word_tells_the_kind() -> None:
    assert kind_of("Torre do Farol").class_id == "Q12518"


@pytest.mark.parametrize("bearing", [0, 90, 200])
def test_point_near_is_as_far_as_asked(bearing: float) -> None:
    assert kilometres_between((52.0, 13.0), point_near(52.0, 13.0, 2.0, bearing)) == pytest.approx(
        2.0, rel=0.01
    )
