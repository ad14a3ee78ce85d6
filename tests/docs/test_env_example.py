"""`.env.example` lists every setting, once, with a line of meaning."""

import itertools
import re
from pathlib import Path

import pytest

from sightscan.settings import Settings, read_settings

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLE = REPOSITORY / ".env.example"
# Read by the app, by Google's and OpenTelemetry's libraries, by docker/compose.yaml, or while DAGs are parsed.
READ_ELSEWHERE = {
    "APP_PGPASSWORD",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "REGISTRY_SNAPSHOT",
    "MODEL_CACHE_DIR",
    "FORWARDED_ALLOW_IPS",
    "CONFIDENCE_THRESHOLD",
    "CATALOGUE_REFRESH_SECONDS",
    "REDIS_PASSWORD",
    "UPKEEP_AT",
    "APP_DOMAIN",
    "AIRFLOW_DOMAIN",
    "PROXY_ADDRESS",
    "APP_NETWORK_INTERNAL",
    "PIPELINE_NETWORK_INTERNAL",
    "SANDBOX_SETTINGS",
    "SANDBOX_FILES",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
}


def listed() -> dict[str, str]:
    return dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))


def test_every_setting_of_the_pipeline_is_listed() -> None:
    names = {name for name in listed() if not name.startswith("AIRFLOW__")} - READ_ELSEWHERE
    assert names == {name.upper() for name in Settings.model_fields}


def test_the_listed_values_are_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:  # a test has no spool of others, and no real service
        monkeypatch.delenv(name.upper(), raising=False)
    defaults = read_settings()
    for name, value in listed().items():
        monkeypatch.setenv(name, value)
    assert read_settings().model_dump() == defaults.model_dump()


def test_each_setting_has_a_line_of_meaning() -> None:
    lines = EXAMPLE.read_text().splitlines()
    bare = [
        line
        for before, line in itertools.pairwise(lines)
        if re.match(r"[A-Z0-9_]+=", line) and not before.startswith("# ")
    ]
    assert bare == []
