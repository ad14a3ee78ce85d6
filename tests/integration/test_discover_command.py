"""`sightscan city` and `sights`: a city is added, shown and previewed; errors are sentences."""

import json
from collections.abc import Callable

import pytest

from sandbox.addresses import PostgresAddress
from sandbox.web import WebServer
from sandbox.world.city_facts import CityFacts
from sightscan.cli.main import main
from sightscan.settings import settings
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
    monkeypatch.setenv("WIKIDATA_SPARQL_URL", server.wikidata_sparql_url)
    monkeypatch.setenv("WIKIDATA_API_URL", server.wikidata_api_url)
    settings.cache_clear()

    def run_command(*words: str) -> tuple[int, str, str]:
        code = main(words)
        return (code, *capsys.readouterr())

    return run_command


def test_dry_run_says_which_city_and_adds_none(run: Run, facts: CityFacts) -> None:
    code, output, _ = run("city", "add", CITY, "--dry-run", "--radius-km", "8")
    assert code == 0
    assert facts.city.wikidata_id in output
    assert "8 km around" in output
    assert json.loads(run("city", "list", "--json")[1]) == []


def test_who_brings_a_city_back_is_told_of_the_pause_that_airflow_keeps(
    run: Run, facts: CityFacts
) -> None:
    assert "unpause" not in run("city", "add", CITY)[1]
    assert "unpause" not in run("city", "add", CITY)[1]
    run("city", "disable", "port-aurel")
    assert "`airflow dags unpause city_port-aurel`" in run("city", "add", CITY)[1]


def test_sights_of_an_added_city_are_shown(run: Run, facts: CityFacts) -> None:
    run("city", "add", CITY)
    code, output, _ = run("sights", "preview", "port-aurel")
    assert code == 0
    assert all(sight.labels["de"] in output for sight in facts.sights)
    left_out = output.partition("left out:")[2]
    for label, reason in (
        (f"{CITY} Museum Collection", "no sight to photograph, but: art collection (88 sitelinks)"),
        (f"Old Fort of {CITY}", "gone since 1871-05-02 (58 sitelinks)"),
        (f"Unseen Tower of {CITY}", "no Commons category, so no photos (52 sitelinks)"),
    ):
        line = next(line for line in left_out.splitlines() if label in line)
        assert reason in line
    assert facts.city.wikidata_id not in left_out


@pytest.mark.parametrize(
    "words",
    [
        ("city", "add", "Zzyzxqv"),
        ("sights", "preview", "nowhere"),
        ("city", "add", CITY, "--radius-km", "900"),
    ],
)
def test_error_is_a_sentence_and_a_code(run: Run, words: tuple[str, ...]) -> None:
    code, output, complaint = run(*words)
    assert (code, output) == (2, "")
    assert complaint.startswith("error: ")
