"""Classes are asked about in parts, and what is remembered of them is sound."""

from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

from sightscan.discover.classes import know_class_roots, read_kinds
from sightscan.discover.kinds import ItemKind
from sightscan.discover.wikidata import WikidataClient
from sightscan.errors import ServiceError
from sightscan.settings import read_settings

ENTITY, DIRECT = "http://www.wikidata.org/entity/", "http://www.wikidata.org/prop/direct/"
Rows = list[dict[str, str]]


def client_of(answer: Callable[[str], Rows]) -> WikidataClient:
    """Return a client of a service that answers a query with rows of addresses."""

    def handler(request: httpx.Request) -> httpx.Response:
        query = request.url.params.get("query") or request.content.decode()
        cells = [
            {name: {"type": "uri", "value": value} for name, value in row.items()}
            for row in answer(query)
        ]
        return httpx.Response(200, json={"results": {"bindings": cells}})

    http = httpx.Client(transport=httpx.MockTransport(handler))
    return WikidataClient(http, read_settings())


def fact(item: str, name: str, value: str) -> dict[str, str]:
    return {"item": ENTITY + item, "property": DIRECT + name, "value": value}


def root(class_id: str, above: str) -> dict[str, str]:
    return {"class": ENTITY + class_id, "root": ENTITY + above}


def test_what_an_item_is_and_where_it_is_kept_is_read_without_what_nobody_knows() -> None:
    rows = [
        fact("Q1", "P31", ENTITY + "Q179700"),
        fact("Q1", "P31", "http://www.wikidata.org/.well-known/genid/a1"),
        fact("Q1", "P276", ENTITY + "Q19675"),
        fact("Q1", "P195", "https://example.org/no-item"),
        fact("Q2", "P195", ENTITY + "Q19675"),
    ]
    assert read_kinds(client_of(lambda _: rows), ["Q1", "Q2", "Q3"]) == {
        "Q1": ItemKind(("Q179700",), ("Q19675",)),
        "Q2": ItemKind((), (), ("Q19675",)),
    }


def test_two_hundred_items_are_asked_about_at_a_time() -> None:
    sizes: list[int] = []

    def answer(query: str) -> Rows:
        sizes.append(query.count("wd%3AQ") or query.count("wd:Q"))
        return []

    read_kinds(client_of(answer), [f"Q{number}" for number in range(1, 402)])
    assert sizes == [200, 200, 1]


def test_sound_answer_is_remembered(warehouse: psycopg.Connection[Any]) -> None:
    rows = [root("Q12518", "Q811979"), root("Q41176", "Q811979")]
    client = client_of(lambda _: rows)
    known = know_class_roots(warehouse, client, ["Q12518", "Q5"])
    assert (known["Q12518"], known["Q5"]) == (frozenset({"Q811979"}), frozenset())
    nobody = client_of(lambda _: pytest.fail("asked again"))
    assert know_class_roots(warehouse, nobody, ["Q12518", "Q5"]).items() <= known.items()


@pytest.mark.parametrize("rows", [[], [root("Q12518", "Q570116")]])
def test_answer_in_which_no_building_is_architecture_is_used_and_not_remembered(
    warehouse: psycopg.Connection[Any], rows: Rows
) -> None:
    know_class_roots(warehouse, client_of(lambda _: rows), ["Q12518"])
    sound = client_of(lambda _: [root("Q12518", "Q811979"), root("Q41176", "Q811979")])
    assert know_class_roots(warehouse, sound, ["Q12518"])["Q12518"] == {"Q811979"}


def test_what_was_answered_stays_if_the_next_part_is_not(
    warehouse: psycopg.Connection[Any],
) -> None:
    classes = [f"Q{number}" for number in range(1, 61)]
    answers = [[root("Q1", "Q811979"), root("Q41176", "Q811979")], [{"x": "odd"}]]
    with pytest.raises(ServiceError):
        know_class_roots(warehouse, client_of(lambda _: answers.pop(0)), classes)
    nobody = client_of(lambda _: pytest.fail("asked again"))
    assert know_class_roots(warehouse, nobody, classes[:50])["Q1"] == {"Q811979"}
