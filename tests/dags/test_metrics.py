"""SightScan's metrics reach an OpenTelemetry collector; the settings let through what stays bounded."""

import atexit
import configparser
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from airflow.sdk._shared.observability.metrics.base_stats_logger import NoStatsLogger
from airflow.sdk._shared.observability.metrics.otel_logger import flush_otel_metrics
from airflow.sdk._shared.observability.metrics.validators import PatternAllowListValidator
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils
from opentelemetry import metrics

from sightscan.alerts.kinds import KINDS
from sightscan.operators import alerts
from sightscan.operators.airflow_seen import as_conf
from sightscan.warehouse.incidents.incidents import Trouble, save_troubles
from tests.cities.colour_city import store_colour_city
from tests.otlp_receiver import Received, otlp_receiver

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Received]:
    """Have this process send metrics to a collector, as a task does."""
    with otlp_receiver() as received:
        monkeypatch.setenv("AIRFLOW__METRICS__OTEL_ON", "True")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", received.url)
        stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=False)
        try:
            yield received
        finally:
            stats.initialize(factory=NoStatsLogger, export_legacy_names=False)
            provider: Any = metrics.get_meter_provider()
            provider.shutdown()
            atexit.unregister(flush_otel_metrics)


def tell(monkeypatch: pytest.MonkeyPatch) -> None:
    context = {"dag_run": SimpleNamespace(conf=as_conf([]))}
    monkeypatch.setattr(alerts, "get_current_context", lambda: context)
    monkeypatch.setattr(alerts, "find_channels", lambda: ())
    monkeypatch.setattr(alerts, "_forget_that_it_was_away", lambda: None)
    alerts.tell_incidents.function()


def test_round_of_telling_sends_what_the_warehouse_knows(
    warehouse: psycopg.Connection[Any], collector: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = store_colour_city(warehouse).city
    warehouse.execute(
        "insert into core.instance_lease (instance_id, city_id, dag_id, run_id, leased_at, deadline_at)"
        " values ('i-1', %s, 'd', 'r', now() - interval '90 s', now() + interval '1 hour')",
        [city.city_id],
    )
    save_troubles(warehouse, [Trouble("crawl_empty", "a", "x"), Trouble("crawl_empty", "b", "y")])
    tell(monkeypatch)
    flush_otel_metrics()
    sent = collector.value
    assert sent("airflow.sightscan.cities") == 1
    assert sent("airflow.sightscan.models") == 0
    assert sent("airflow.sightscan.gpu_leases") == 1
    assert 90 <= sent("airflow.sightscan.gpu_lease_seconds") < 900
    assert sent("airflow.sightscan.open_incidents", kind="crawl_empty") == 2
    assert sent("airflow.sightscan.open_incidents", kind="run_failed") == 0
    parts = {dict(pairs)["part"] for name, pairs in collector.values if name.endswith("month_usd")}
    assert parts == {"calls", "gpu", "under_way"}
    # As many series as there are, whatever the cities: nobody's name is in one.
    assert len(collector.values) == 6 + 3 + len(KINDS)
    assert set(collector.kinds.values()) == {"gauge"}


def test_nobody_counts_anything_where_no_metrics_are_sent(
    warehouse: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("sightscan.operators.metrics.emit_gauges", asked.append)
    tell(monkeypatch)
    assert asked == []
    monkeypatch.setenv("AIRFLOW__METRICS__STATSD_ON", "True")
    tell(monkeypatch)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("name", "is_sent"),
    [
        ("sightscan.photos", True),
        ("scheduler_heartbeat", True),
        ("pool.running_slots", True),
        ("dag_processing.total_parse_time", True),
        # A series for each DAG, task or file.
        ("ti.finish", False),
        ("dagrun.duration", False),
        ("task.duration", False),
        ("dag_processing.last_duration", False),
    ],
)
def test_of_airflows_own_only_what_does_not_grow_with_the_cities_is_sent(
    name: str, *, is_sent: bool
) -> None:
    config = configparser.ConfigParser(interpolation=None)
    config.read(REPOSITORY / "airflow.cfg")
    listed = PatternAllowListValidator(config["metrics"]["metrics_allow_list"])
    assert listed.test(name) is is_sent
    assert not config["metrics"].getboolean("legacy_names_on")


def test_dashboard_asks_only_for_names_that_are_let_through() -> None:
    text = (REPOSITORY / "docker" / "grafana" / "sightscan.json").read_text()
    panels = json.loads(text)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
    page = (REPOSITORY / "docs" / "metrics.md").read_text()
    ours = {name.replace(".", "_") for name in re.findall(r"`(airflow\.sightscan\.\w+)`", page)}
    assert ours == set(re.findall(r"airflow_sightscan_\w+", text))


def test_logs_are_json_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__LOGGING__JSON_LOGS", "True")
    program = (
        "from airflow.logging_config import configure_logging; import logging;"
        "configure_logging(); logging.getLogger('sightscan').warning('kept=%d', 3)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    lines = [json.loads(line) for line in (done.stdout + done.stderr).splitlines()]
    assert [line["event"] for line in lines if line["logger"] == "sightscan"] == ["kept=3"]
