"""Facts of Wikidata become ranked sights."""

from sightscan.city import Place
from sightscan.discover.facts import read_sights

LANGUAGES = ("en", "de", "fr", "es", "pt")
WDT = "http://www.wikidata.org/prop/direct/"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
ALIAS = "http://www.w3.org/2004/02/skos/core#altLabel"


def fact(sight: str, kind: str, value: str, language: str | None = None) -> dict[str, str]:
    row = {"sight": sight, "property": kind, "value": value}
    return row if language is None else row | {"value_language": language}


def test_facts_of_a_sight_are_gathered() -> None:
    facts = [
        fact("Q82425", LABEL, "Brandenburg Gate", "en"),
        fact("Q82425", LABEL, "Brandenburger Tor", "de"),
        fact("Q82425", ALIAS, "Brandenburg Gate", "fr"),
        fact("Q82425", ALIAS, "Porta de Brandenburgo", "pt"),
        fact("Q82425", WDT + "P625", "Point(13.3777 52.5163)"),
        fact("Q82425", WDT + "P373", "Brandenburger Tor"),
        fact("Q82425", WDT + "P646", "/m/01c72"),
        fact("Q82425", WDT + "P2671", "/g/121k4b_7"),
    ]
    (sight,) = read_sights("Q64", [("Q82425", 120)], facts, LANGUAGES)
    assert sight.name == "Brandenburg Gate"
    assert sight.names == {"en": "Brandenburg Gate", "de": "Brandenburger Tor"}
    assert sight.aliases == ("Porta de Brandenburgo",)
    assert sight.place == Place(52.5163, 13.3777)
    assert sight.commons_category == "Brandenburger Tor"
    assert (sight.freebase_id, sight.knowledge_graph_id) == ("/m/01c72", "/g/121k4b_7")
    assert (sight.rank, sight.sitelink_count) == (1, 120)


def test_sight_without_an_english_label_has_the_next_one() -> None:
    facts = [fact("Q1", LABEL, "Torre", "es"), fact("Q1", LABEL, "Turm", "de")]
    assert read_sights("Q64", [("Q1", 5)], facts, LANGUAGES)[0].name == "Turm"


def test_sight_without_any_label_is_called_by_its_id() -> None:
    assert read_sights("Q64", [("Q1", 5)], [], LANGUAGES)[0].name == "Q1"


def test_malformed_google_ids_are_left_out() -> None:
    facts = [fact("Q1", WDT + "P646", "m/01c72"), fact("Q1", WDT + "P2671", "/g/A B")]
    (sight,) = read_sights("Q64", [("Q1", 5)], facts, LANGUAGES)
    assert (sight.freebase_id, sight.knowledge_graph_id) == (None, None)


def test_first_place_on_earth_is_taken() -> None:
    facts = [
        fact("Q1", WDT + "P625", "<http://www.wikidata.org/entity/Q405> Point(-23.47 0.67)"),
        fact("Q1", WDT + "P625", "nowhere"),
        fact("Q1", WDT + "P625", "Point(13.3777 52.5163)"),
        fact("Q2", WDT + "P625", "nowhere"),
    ]
    first, second = read_sights("Q64", [("Q1", 5), ("Q2", 4)], facts, LANGUAGES)
    assert (first.place, second.place) == (Place(52.5163, 13.3777), None)
