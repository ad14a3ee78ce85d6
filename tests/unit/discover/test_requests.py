"""One poison request is one refusal, or waits, and holds nothing up."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest

from sandbox.demo.city_request import ask_for_city, refusal_of
from sightscan.city import City, Place
from sightscan.discover import requests
from sightscan.discover.requests import RequestReport, resolve_requests
from sightscan.errors import AmbiguousCity, LastingServiceError, ServiceError, UnknownCity
from sightscan.warehouse.registry.cities import list_cities
from sightscan.warehouse.registry.city_requests import list_waiting_names
from sightscan.warehouse.registry.decisions import list_requested_cities

HONEST = City("Q7", "", "Honest", "Land", Place(1, 2), 5_000)


@dataclass
class SearchOnly:
    """A client of which only the search is asked, to see whether Wikidata answers at all."""

    is_away: bool = False

    def search(self, text: str) -> tuple[object, ...]:
        """Answer with nothing."""
        if self.is_away:
            msg = f"Wikidata is away, asked for {text}"
            raise ServiceError(msg)
        return ()


Answers = Mapping[str, City | Exception]


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answers], None]:
    """Let each name mean what the test says; any other is unknown."""

    def set_answers(answers: Answers) -> None:
        def resolve(_: object, name: str) -> City:
            found = answers.get(name, UnknownCity(f"no city {name!r}"))
            if isinstance(found, Exception):
                raise found
            return found

        monkeypatch.setattr(requests, "resolve_city", resolve)

    return set_answers


def resolve(
    warehouse: psycopg.Connection[Any],
    client: SearchOnly | None = None,
    clock: Callable[[], float] = lambda: 0.0,
) -> RequestReport:
    return resolve_requests(warehouse, client or SearchOnly(), clock)  # type: ignore[arg-type]


def waiting(warehouse: psycopg.Connection[Any]) -> list[str]:
    return [city.name for city in list_cities(warehouse, "waiting")]


POISON: dict[str, City | Exception] = {
    "unknown": UnknownCity("no such city"),
    "ambiguous": AmbiguousCity("several"),
    "unstorable choices": AmbiguousCity("A\0 or B\ud800 or " + "C" * 10_000_000),
    "refused by Wikidata": LastingServiceError("the name is refused"),
    "no number": ValueError("could not convert string to float: 'north'"),
    "no field": KeyError("location"),
    "another type": TypeError("string indices must be integers"),
    "off the Earth": replace(HONEST, city_id="Q8", place=Place(1_000.0, 2)),
    "not a number": replace(HONEST, city_id="Q9", place=Place(float("nan"), 2)),
    "nameless": replace(HONEST, city_id="Q10", name="\u202e \x00", country="\n"),
    "no id": replace(HONEST, city_id="Berlin"),
    "radius of a country": replace(HONEST, city_id="Q11", radius_meters=10**9),
    "radius of no integer": replace(HONEST, city_id="Q12", radius_meters=10**12),
    "half a character": replace(HONEST, city_id="Q13\ud800"),
}


@pytest.mark.parametrize("poison", POISON)
def test_poison_is_one_refusal_and_honest_requests_go_on(
    warehouse: psycopg.Connection[Any], answer: Callable[[Answers], None], poison: str
) -> None:
    answer({poison: POISON[poison], "Honest": HONEST})
    for name in (poison, "Honest"):
        ask_for_city(warehouse, name, "ann")
    assert resolve(warehouse) == RequestReport(resolved=1, refused=1, merged=0)
    assert refusal_of(warehouse, poison)
    assert waiting(warehouse) == ["Honest"]
    assert list_waiting_names(warehouse) == []


@pytest.mark.parametrize("name", [" ", "\t", "\x01\x02", "\u202e", "'; drop table core.city; --"])
def test_name_that_is_none_is_one_refusal(
    warehouse: psycopg.Connection[Any], answer: Callable[[Answers], None], name: str
) -> None:
    answer({"Honest": HONEST})
    for asked in (name, "Honest"):
        ask_for_city(warehouse, asked, "ann")
    assert resolve(warehouse) == RequestReport(resolved=1, refused=1, merged=0)


def test_resolved_city_waits_and_its_demand_is_kept(
    warehouse: psycopg.Connection[Any], answer: Callable[[Answers], None]
) -> None:
    other = replace(HONEST, city_id="Q8", name="Other")
    answer({"Honest": HONEST, "HONEST": HONEST, "Other": other})
    for name, who in (("Other", "ann"), ("Honest", "ann"), ("Honest", "ben"), ("HONEST", "cyd")):
        ask_for_city(warehouse, name, who)
    assert resolve(warehouse) == RequestReport(resolved=2, refused=0, merged=1)
    asked = [
        (city.name, one.vote_count, sorted(one.asked_names))
        for city, one in list_requested_cities(warehouse, "waiting", most=9)
    ]
    assert asked == [("Honest", 3, ["HONEST", "Honest"]), ("Other", 1, ["Other"])]
    assert list_cities(warehouse) == ()


def test_names_that_wikidata_times_out_on_let_others_pass_and_are_refused_in_the_end(
    warehouse: psycopg.Connection[Any], answer: Callable[[Answers], None]
) -> None:
    names = [f"Slow {number}" for number in range(5)]
    answer({name: ServiceError("no answer in 65 s") for name in names} | {"Honest": HONEST})
    for name in (*names, "Honest"):
        ask_for_city(warehouse, name, "ann")
    assert resolve(warehouse) == RequestReport(resolved=1, refused=0, merged=0, waiting=5)
    rounds = 1
    while list_left(warehouse):
        warehouse.execute("update load.city_request set tried_at = now() - interval '1 day'")
        resolve(warehouse)
        rounds += 1
    assert rounds == 9
    assert "did not answer about this name in 9 tries" in (refusal_of(warehouse, "Slow 3") or "")


def list_left(warehouse: psycopg.Connection[Any]) -> bool:
    return warehouse.execute("select 1 from load.city_request limit 1").fetchone() is not None


def test_wikidata_that_is_away_refuses_nobody(
    warehouse: psycopg.Connection[Any], answer: Callable[[Answers], None]
) -> None:
    answer({"Honest": ServiceError("no answer"), "Other": HONEST})
    for name in ("Honest", "Other"):
        ask_for_city(warehouse, name, "ann")
    for _ in range(12):
        report = resolve(warehouse, SearchOnly(is_away=True))
        warehouse.execute("update load.city_request set tried_at = null")
        assert report == RequestReport(0, 0, 0, trouble="Wikidata is away, asked for Lisbon")


def test_round_ends_after_a_quarter_of_an_hour_and_the_next_goes_on(
    warehouse: psycopg.Connection[Any], answer: Callable[[Answers], None]
) -> None:
    answer({})
    for number in range(4):
        ask_for_city(warehouse, f"City {number}", "ann")
    times: Iterator[float] = iter([0.0, 0.0, 899.0, 901.0])
    assert resolve(warehouse, clock=lambda: next(times)).refused == 2
    assert resolve(warehouse).refused == 2


@pytest.mark.parametrize(("state", "told"), [("disabled", "was retired"), ("refused", "too far")])
def test_city_that_was_retired_or_refused_is_not_brought_back(
    warehouse: psycopg.Connection[Any], answer: Callable[[Answers], None], state: str, told: str
) -> None:
    answer({"Honest": HONEST})
    ask_for_city(warehouse, "Honest", "ann")
    resolve(warehouse)
    warehouse.execute("update core.city set state = %s", (state,))
    warehouse.execute(
        "insert into core.city_decision (city_id, decision, decided_by, reason)"
        " values ('Q7', 'refused', 'ann', 'too far')"
    )
    ask_for_city(warehouse, "Honest", "ben")
    assert resolve(warehouse).refused == 1
    assert told in (refusal_of(warehouse, "Honest") or "")
    assert warehouse.execute("select state from core.city").fetchone() == (state,)
