"""A model as people get it: `core.model.shipped`, and the trainer's raw answers in its result."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from sightscan.warehouse.statements import statement


def read_samples(
    connection: psycopg.Connection[Any], city_id: str, model_version: int
) -> Sequence[Mapping[str, Any]]:
    """Return the trainer's raw answers for some test photos; one that was registered before they were demanded may have none."""
    row = connection.execute(
        statement("models/read_samples"), {"city_id": city_id, "model_version": model_version}
    ).fetchone()
    return row[0] if row else []


def save_shipped(
    connection: psycopg.Connection[Any],
    city_id: str,
    model_version: int,
    shipped: Mapping[str, Any],
) -> None:
    """Store what a model shows on its test photos."""
    connection.execute(
        statement("models/save_shipped"),
        {"city_id": city_id, "model_version": model_version, "shipped": Jsonb(dict(shipped))},
    )
