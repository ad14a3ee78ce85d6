"""SightScan's own metrics, by Airflow's: to an OpenTelemetry collector, or to statsd, if one is set.

Their number does not grow with the cities: what one city is about, the warehouse and the pages say.
The scheduler adds what it sees of parses (`airflow_seen`).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import psycopg

PREFIX: Final = "sightscan"


def are_on() -> bool:
    """Tell whether anybody is sent metrics."""
    from airflow.sdk.configuration import conf

    return any(
        conf.getboolean("metrics", name, fallback=False) for name in ("otel_on", "statsd_on")
    )


def emit_gauges(connection: psycopg.Connection[Any]) -> None:
    """Send what the warehouse knows: sums, this month's money, and open incidents by kind."""
    from airflow.sdk.observability import stats

    from sightscan.alerts.kinds import KINDS
    from sightscan.warehouse.incidents.incidents import count_open_incidents
    from sightscan.warehouse.marts.gauges import read_gauges
    from sightscan.warehouse.spend.budgets import sum_usd_of_month

    for name, value in asdict(read_gauges(connection)).items():
        stats.gauge(f"{PREFIX}.{name}", value)
    month = sum_usd_of_month(connection)
    for part, usd in (
        ("calls", month.calls_usd),
        ("gpu", month.gpu_usd),
        ("under_way", month.under_way_usd),
    ):
        stats.gauge(f"{PREFIX}.month_usd", usd, tags={"part": part})
    open_counts = count_open_incidents(connection)
    # Also of which there are none: a gauge that is not sent stays where it was.
    for kind in KINDS:
        stats.gauge(f"{PREFIX}.open_incidents", open_counts.get(kind, 0), tags={"kind": kind})
