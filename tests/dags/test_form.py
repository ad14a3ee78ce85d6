"""The trigger form says what holds for this city while a field is left empty, and has no "null"."""

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG

from sightscan.operators.work import FORM_FIELDS, form_overrides
from sightscan.settings import read_settings, settings

REPOSITORY = Path(__file__).resolve().parents[2]
OWN = {"max_sights_per_city": 12, "crawl_full_resolution": True, "mts_time_limit_seconds": 5400}


@pytest.fixture
def dags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, DAG]:
    """Parse two cities, one of which has settings of its own, with settings of all."""
    path = tmp_path / "cities.json"
    city = {"name": "A", "country": "X", "is_active": True}
    path.write_text(json.dumps([city | {"slug": "own", "settings": OWN}, city | {"slug": "plain"}]))
    monkeypatch.setenv("REGISTRY_SNAPSHOT", str(path))
    monkeypatch.setenv("MAX_IMAGES_PER_SIGHT", "1500")
    monkeypatch.setenv("MTS_ARCHITECTURE", "yolov5m")
    settings.cache_clear()
    return parse()


def parse() -> dict[str, DAG]:
    bag = DagBag(str(REPOSITORY / "dags"))
    assert bag.import_errors == {}
    return bag.dags


def field(dag: DAG, name: str) -> Any:
    return dag.params.get_param(name)


def said(dag: DAG, name: str) -> str:
    """Return what is said of an empty field: at its end, or as its first choice."""
    found = field(dag, name)
    choice = found.schema.get("values_display", {}).get("null")
    return choice or str(found.description)


@pytest.mark.parametrize(
    ("name", "plain", "own"),
    [
        (
            "sights",
            "Empty: 10 (MAX_SIGHTS_PER_CITY).",
            "Empty: 12 (MAX_SIGHTS_PER_CITY of this city).",
        ),
        ("photos_per_sight", "Empty: 1,500 (MAX_IMAGES_PER_SIGHT).", None),
        ("photo_sources", "Empty: wikimedia_commons, openverse (PHOTO_SOURCES).", None),
        (
            "minutes",
            "Empty: 240 (MTS_TIME_LIMIT_SECONDS).",
            "Empty: 90 (MTS_TIME_LIMIT_SECONDS of this city).",
        ),
        ("architecture", "yolov5m (MTS_ARCHITECTURE)", None),
        (
            "full_resolution",
            "off (CRAWL_FULL_RESOLUTION)",
            "on (CRAWL_FULL_RESOLUTION of this city)",
        ),
        ("skip_known", "on (CRAWL_SKIP_KNOWN)", None),
        ("seed", "Empty: 1 (MTS_SEED).", None),
        (
            "vision_calls",
            (
                "within the city's cap of 1,000 in all (MAX_GOOGLE_VISION_CALLS_PER_NEW_CITY). "
                "Empty: no limit but that."
            ),
            None,
        ),
    ],
)
def test_field_says_what_holds_for_this_city(
    dags: dict[str, DAG], name: str, plain: str, own: str | None
) -> None:
    assert said(dags["city_plain"], name).endswith(plain)
    assert said(dags["city_own"], name).endswith(own or plain)


def test_cap_of_a_run_is_said_beside_that_of_the_city(
    dags: dict[str, DAG], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_GOOGLE_VISION_CALLS_PER_RUN", "300")
    settings.cache_clear()
    assert said(parse()["city_plain"], "vision_calls").endswith(
        "within the city's cap of 1,000 in all (MAX_GOOGLE_VISION_CALLS_PER_NEW_CITY). "
        "Empty: 300 (MAX_GOOGLE_VISION_CALLS_PER_RUN)."
    )


def test_every_choice_says_what_its_first_entry_means(dags: dict[str, DAG]) -> None:
    dag = dags["city_plain"]
    choices = [name for name in FORM_FIELDS if "enum" in field(dag, name).schema]
    assert len(choices) == 5
    for name in choices:
        schema = field(dag, name).schema
        assert schema["enum"][0] is None
        # Airflow makes a choice of strings only, and a switch of a boolean.
        assert schema["type"] == ["null", "string"]
        assert schema["values_display"]["null"]


@pytest.mark.parametrize(("chosen", "value"), [("on", True), ("off", False)])
def test_on_and_off_reach_the_settings(chosen: str, *, value: bool) -> None:
    form = form_overrides({"full_resolution": chosen, "skip_known": chosen})
    config = read_settings().with_overrides(form)
    assert (config.crawl_full_resolution, config.crawl_skip_known) == (value, value)


@pytest.mark.parametrize("name", ["MAX_SIGHTS_PER_CITY", "VISION_CONCURRENCY"])
def test_settings_that_make_no_sense_hide_no_city(
    dags: dict[str, DAG], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "many")
    settings.cache_clear()
    dag = parse()["city_own"]
    assert said(dag, "sights").endswith("Empty: MAX_SIGHTS_PER_CITY.")
    assert said(dag, "minutes").endswith("Empty: MTS_TIME_LIMIT_SECONDS.")
    assert said(dag, "architecture") == "as MTS_ARCHITECTURE says"
    assert "city's cap (MAX_GOOGLE_VISION_CALLS_PER_NEW_CITY)." in said(dag, "vision_calls")
