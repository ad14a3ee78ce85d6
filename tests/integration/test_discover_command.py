"""`python -m sightscan.discover`: a city is added, shown and previewed; errors are sentences."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from sandbox.addresses import PostgresAddress
from sandbox.web import WebServer
from sandbox.world.city_facts import CityFacts
from sightscan.discover import __main__ as command
from sightscan.settings import read_settings
from tests.cities.small_world import CITY

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    server: WebServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    warehouse_address: PostgresAddress,
) -> Run:
    assert warehouse_address
    config = read_settings(
        wikidata_sparql_url=server.wikidata_sparql_url,
        wikidata_api_url=server.wikidata_api_url,
    )
    monkeypatch.setattr(command, "settings", lambda: config)

    def run_command(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["sightscan.discover", *words])
        code = command.main()
        return (code, *capsys.readouterr())

    return run_command


def test_dry_run_says_which_city_and_adds_none(run: Run, facts: CityFacts) -> None:
    code, said, _ = run("add", CITY, "--dry-run", "--radius-km", "8")
    assert code == 0
    assert facts.city.wikidata_id in said
    assert "8 km around" in said
    assert run("list")[1] == ""


def test_sights_of_an_added_city_are_shown(run: Run, facts: CityFacts) -> None:
    run("add", CITY)
    code, said, _ = run("sights", "port-aurel")
    assert code == 0
    assert all(sight.labels["de"] in said for sight in facts.sights)
    assert "left out:" in said


@pytest.mark.parametrize(
    "words", [("add", "Zzyzxqv"), ("sights", "nowhere"), ("add", CITY, "--radius-km", "900")]
)
def test_error_is_a_sentence_and_a_code(run: Run, words: tuple[str, ...]) -> None:
    code, said, complaint = run(*words)
    assert (code, said) == (2, "")
    assert complaint.startswith("error: ")
