"""Sums of all cities, as metrics have them."""

from dataclasses import dataclass
from typing import Any

import psycopg

from sightscan.warehouse.statements import statement


@dataclass(frozen=True, slots=True)
class Gauges:
    """Photos kept, boxes accepted, active cities, models in place; leases of GPUs and the longest."""

    photos: int
    labels: int
    cities: int
    models: int
    gpu_leases: int
    gpu_lease_seconds: float


def read_gauges(connection: psycopg.Connection[Any]) -> Gauges:
    """Return the sums as they are now."""
    row = connection.execute(statement("marts/read_gauges")).fetchone()
    return Gauges(0, 0, 0, 0, 0, 0.0) if row is None else Gauges(*row)
