"""Ask for a city as a person does in the app, and see what became of it."""

import uuid
from typing import Any

import psycopg

from sightscan.warehouse.statements import statement


def ask_for_city(connection: psycopg.Connection[Any], asked_name: str, asked_by: str) -> uuid.UUID:
    """Put a request into the inbox, as the app does; return its id."""
    request_id = uuid.uuid4()
    connection.execute(
        statement("demo/insert_city_request"),
        {"request_id": request_id, "asked_name": asked_name, "asked_by": asked_by},
    )
    return request_id


def city_of_request(connection: psycopg.Connection[Any], asked_name: str) -> str | None:
    """Return the id of the city that a name was resolved to, or None if it was not."""
    row = connection.execute(
        statement("demo/find_requested_city"), {"asked_name": asked_name}
    ).fetchone()
    return row[0] if row else None


def refusal_of(connection: psycopg.Connection[Any], asked_name: str) -> str | None:
    """Return why the newest request for a name was refused, or None if it was not."""
    row = connection.execute(statement("demo/find_refusal"), {"asked_name": asked_name}).fetchone()
    return row[0] if row else None
