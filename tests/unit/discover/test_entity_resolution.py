"""The same sight under two names is one sight; neighbours and namesakes stay two."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.city import Place, Sight
from sightscan.discover.entity_resolution import is_same_sight, merge_same_sights

HERE = Place(52.5, 13.4)


def north(meters: float) -> Place:
    return Place(HERE.latitude + meters / 111_195, HERE.longitude)


def sight(name: str, place: Place | None = HERE, **known: object) -> Sight:
    return replace(Sight(None, "Q64", name, 1, place=place), **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "meters", "same"),
    [
        ("Brandenburg Gate", "Brandenburger Tor", 20, True),
        ("Eiffel Tower", "Tour Eiffel", 30, True),
        ("St. Mary's Church", "Saint Mary's Church", 10, True),
        ("Piazza del Duomo", "Duomo", 60, False),
        ("Sé de Lisboa", "Se de Lisboa", 5, True),
        ("Berliner Dom", "Kölner Dom", 50, False),
        ("Tower Bridge", "London Bridge", 100, False),
        ("St. Mary's Church", "St. Mary's Church", 2_000, False),
        ("Brandenburg Gate", "Brandenburger Tor", 145, True),
        ("Brandenburg Gate", "Brandenburger Tor", 155, False),
        ("Marien Tower", "Marian Tower", 5, False),
        # Of their names alone nobody can tell: the labels and ids of Wikidata must.
        ("Karlsbrücke", "Charles Bridge", 5, False),
        ("Santa Maria Maggiore", "Santa Maria Minore", 40, False),
        ("Upper Belvedere", "Lower Belvedere", 100, False),
        ("Petronas Tower 1", "Petronas Tower 2", 60, False),
        ("Old Town Hall", "New Town Hall", 100, False),
        ("St. Peter's Basilica", "St. Peter's Square", 100, False),
        ("Louvre", "Louvre Pyramid", 50, False),
        ("Cathedral", "Cathedral", 50, False),
    ],
)
def test_names_and_distance(one: str, other: str, meters: float, *, same: bool) -> None:
    left, right = sight(one), sight(other, north(meters))
    assert (is_same_sight(left, right), is_same_sight(right, left)) == (same, same)


def test_label_in_another_language_shows_that_it_is_the_same() -> None:
    bridge = sight("Charles Bridge", names={"en": "Charles Bridge", "de": "Karlsbrücke"})
    assert is_same_sight(bridge, sight("Karlsbrücke", north(100)))


@pytest.mark.parametrize(
    "ids",
    [
        {"wikidata_id": "Q1"},
        {"freebase_id": "/m/01c72"},
        {"knowledge_graph_id": "/g/11c"},
        {"place_id": "ChIJ1"},
    ],
)
def test_equal_id_makes_one_sight_whatever_the_names(ids: dict[str, str]) -> None:
    assert is_same_sight(sight("Tower", **ids), sight("Bridge", north(3_000), **ids))


def test_different_google_ids_keep_two_apart() -> None:
    one = sight("Holy Cross Church", freebase_id="/m/01")
    assert not is_same_sight(one, replace(one, freebase_id="/m/02"))


def test_two_items_without_coordinates_are_not_one_by_their_name() -> None:
    one = sight("Town Gate", None, wikidata_id="Q1")
    assert not is_same_sight(one, replace(one, wikidata_id="Q2"))
    assert is_same_sight(one, replace(one, wikidata_id=None))


def test_better_known_one_stays_and_learns_what_the_other_knows() -> None:
    gate = sight("Brandenburg Gate", wikidata_id="Q1", sitelink_count=9)
    tor = sight("Brandenburger Tor", wikidata_id="Q2", freebase_id="/m/01")
    (kept,), (merge,) = merge_same_sights([gate, tor])
    assert (kept.wikidata_id, kept.freebase_id, kept.aliases) == ("Q1", "/m/01", (tor.name,))
    assert (merge.survivor.wikidata_id, merge.merged.wikidata_id) == ("Q1", "Q2")


def test_one_that_is_stored_already_stays_although_the_other_is_better_known() -> None:
    gate, tor = (
        sight("Brandenburg Gate", wikidata_id="Q1"),
        sight("Brandenburger Tor", wikidata_id="Q2"),
    )
    (kept,), (merge,) = merge_same_sights([gate, tor], known=[tor])
    assert (kept.wikidata_id, merge.merged.wikidata_id) == ("Q2", "Q1")


NAMES = st.sampled_from(["Alpha Gate", "Alpha Tor", "Beta Tower", "Tour Beta", "Gamma"])
SIGHTS = st.lists(
    st.builds(
        lambda number, name, meters: sight(name, north(meters), wikidata_id=f"Q{number}"),
        st.integers(1, 9),
        NAMES,
        st.integers(0, 400),
    ),
    max_size=8,
    unique_by=lambda each: each.wikidata_id,
)


@given(SIGHTS, SIGHTS)
def test_every_sight_is_kept_or_merged_into_one_that_is(
    sights: list[Sight], known: list[Sight]
) -> None:
    kept, merges = merge_same_sights(sights, known)
    ids = {each.wikidata_id for each in kept}
    merged = {each.merged.wikidata_id for each in merges}
    assert ids | merged == {each.wikidata_id for each in sights}
    assert not ids & merged
    assert {each.survivor.wikidata_id for each in merges} <= ids
