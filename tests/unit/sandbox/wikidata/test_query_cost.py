"""What others saw Wikidata's query service stop is refused, and our own queries are not."""

from pathlib import Path
from string import Template

import pytest

from sandbox.wikidata.query_cost import cost_of
from sightscan.discover import candidates

QUERIES = sorted(Path(candidates.__file__).parent.glob("*.rq"))
AROUND = (
    "SERVICE wikibase:around { ?x wdt:P625 ?l . bd:serviceParam wikibase:center "
    '"Point(1 2)"^^geo:wktLiteral ; wikibase:radius "5" . } '
)
# What discovery asked in one query before it had stages.
OLD_SIGHTS = (
    f"SELECT DISTINCT ?x ?n WHERE {{ {{ SELECT DISTINCT ?x ?n WHERE {{ {AROUND} ?x "
    "wikibase:sitelinks ?n . } ORDER BY DESC(?n) LIMIT 3000 } FILTER EXISTS { VALUES ?k "
    "{ wd:Q811979 wd:Q570116 } ?x wdt:P31/wdt:P279* ?k . } } ORDER BY DESC(?n) ?x LIMIT 20"
)


def ids(count: int) -> str:
    return " ".join(f"wd:Q{number}" for number in range(1, count + 1))


CLASSES, ROOTS = f"VALUES ?c {{ {ids(49)} }}", f"VALUES ?r {{ {ids(67)} }}"
IN_ROOTS = f"FILTER(?r IN ({ids(67).replace(' ', ', ')}))"
FORWARD = 'hint:Prior hint:gearing "forward" .'


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        # As measured: 49 classes, 67 roots.
        (f"SELECT * {{ {CLASSES} {ROOTS} ?c wdt:P279* ?r . }}", 88.0),
        (f"SELECT * {{ {CLASSES} ?c wdt:P279* ?r . {IN_ROOTS} }}", 38.0),
        (f"SELECT * {{ {CLASSES} ?c wdt:P279* ?r . {FORWARD} {IN_ROOTS} }}", 2.7),
        (f"SELECT * {{ {CLASSES} ?c wdt:P279+ ?r . {FORWARD} {IN_ROOTS} }}", 2.7),
        (f"SELECT * {{ {CLASSES} ?c (wdt:P279|wdt:P31)* ?r {IN_ROOTS} }}", 38.0),
        (f"SELECT * {{ VALUES ?i {{ {ids(98)} }} ?i wdt:P31/wdt:P279* ?r }}", 76.0),
        (f"SELECT * {{ VALUES ?i {{ {ids(98)} }} ?i wdt:P31 ?c . ?c wdt:P279* ?r }}", 76.0),
        (f"SELECT * {{ {CLASSES} FILTER EXISTS {{ ?c wdt:P279* wd:Q1 }} }}", 38.0),
        # A hint is for the pattern before it.
        (f"SELECT * {{ {CLASSES} ?c wdt:P279* ?r . ?c wdt:P31 ?k . {FORWARD} }}", 38.0),
        ("SELECT * { ?a wdt:P279* ?b }", float("inf")),
        (f"SELECT * {{ {AROUND} }}", 2.0),
        (f"SELECT * {{ {AROUND} ?x wdt:P31/wdt:P279* wd:Q811979 }}", float("inf")),
        (f"SELECT * {{ {AROUND} OPTIONAL {{ ?x wdt:P131+ ?up }} }}", float("inf")),
        (f"SELECT * {{ {AROUND} ?x wdt:P31/rdfs:label ?kind }}", 2.0),
        (OLD_SIGHTS, float("inf")),
        ("SELECT ?a { { SELECT ?a { ?a wdt:P31 ?b } LIMIT 9 } ?a wdt:P17 ?c }", float("inf")),
        ("SELECT ?a { { SELECT ?a { ?a wdt:P31 ?b } LIMIT 9 } } ORDER BY ?a", float("inf")),
        ("SELECT ?a { { SELECT ?a { ?a wdt:P31 ?b } LIMIT 9 } }", 0.0),
        ("SELECT ?a { { SELECT ?a { ?a wdt:P31 ?b } } ?a wdt:P17 ?c }", 0.0),
        # Factors and sums are no paths; what stands in strings and comments is nothing.
        ("SELECT (2 * 3 AS ?n) { BIND(?b*2 AS ?c) FILTER(?c *2 > 3 + 1) ?x wdt:P1 ?y }", 0.0),
        ('SELECT ?x { ?x rdfs:label "} wdt:P279* { ?a" . # ?a wdt:P279* ?b\n }', 0.0),
        ("SELECT ?x { FILTER(EXISTS { ?y wdt:P1 ?x } || ?n*2 > 1) ?x wdt:P2 ?n }", 0.0),
        ("SELECT ?x { ?x wdt:P131 wd:Q1 ; wdt:P31/wdt:P279* wd:Q811979 }", 0.0),
        ("ASK { ?s ?p ?o }", 0.0),
    ],
)
def test_cost_is_as_measured(query: str, seconds: float) -> None:
    assert cost_of(query).seconds == pytest.approx(seconds)


@pytest.mark.parametrize("file", QUERIES, ids=lambda file: file.stem)
def test_our_own_queries_take_a_third_of_the_limit_at_most(file: Path) -> None:
    text = Template(file.read_text(encoding="utf-8")).substitute(
        longitude="2.352222",
        latitude="48.856614",
        radius_km="25.000",
        limit="600",
        items=ids(200),
        classes=ids(50),
        roots=ids(30).replace(" ", ", "),
        languages='"", "en"',
        wikipedias="<https://en.wikipedia.org/>",
    )
    assert cost_of(text).seconds <= 20


def test_only_what_is_neither_sorted_nor_counted_is_sent_while_it_is_found() -> None:
    assert cost_of("SELECT ?a { ?a wdt:P31 ?b }").is_streamed
    assert not cost_of("SELECT ?a { ?a wdt:P31 ?b } ORDER BY ?a").is_streamed
    assert not cost_of("SELECT ?b (COUNT(*) AS ?n) { ?a wdt:P31 ?b } GROUP BY ?b").is_streamed
