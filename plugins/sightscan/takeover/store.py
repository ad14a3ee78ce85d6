"""What the takeover of a first SightScan writes beside photos and labels."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from sightscan.takeover.source_database import FirstModel
from sightscan.warehouse.locks import hold_off_removals
from sightscan.warehouse.marts.hourly_facts import list_sight_hours, refresh_hours
from sightscan.warehouse.spend.paid_calls import VISION_LANDMARKS
from sightscan.warehouse.statements import statement


@dataclass(frozen=True, slots=True)
class PaidAnswer:
    """An answer about a photo that the first SightScan paid for, in the form of the ledger."""

    sha256: bytes
    answer: Mapping[str, Any]
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What is known of an image that was taken over; how its boxes were read, if they were."""

    has_answer: bool
    y_axis: str | None


def ensure_unsorted_sight(connection: psycopg.Connection[Any], city_id: str) -> int:
    """Return the id of the city's hidden sight for photos whose sight nobody knows."""
    connection.execute(statement("takeover/insert_unsorted_sight"), {"city_id": city_id})
    row = connection.execute(
        statement("takeover/find_unsorted_sight"), {"city_id": city_id}
    ).fetchone()
    if row is None:
        raise AssertionError  # it was inserted just now, or was there
    return int(row[0])


def list_taken_over(
    connection: psycopg.Connection[Any], city_id: str, url_sha256s: Sequence[bytes]
) -> dict[bytes, TakenOver]:
    """Return what is known of those of the URLs that are handled for the city."""
    rows = connection.execute(
        statement("takeover/list_taken_over_images"),
        {
            "provider": VISION_LANDMARKS.provider,
            "feature": VISION_LANDMARKS.feature,
            "city_id": city_id,
            "url_sha256s": list(url_sha256s),
        },
    )
    return {bytes(url): TakenOver(has_answer, y_axis) for url, has_answer, y_axis in rows}


def store_paid_answers(
    connection: psycopg.Connection[Any], city_id: str, paid: Sequence[PaidAnswer]
) -> None:
    """Enter answers into the ledger; a call about the same photo that stands there stays."""
    values = {
        "provider": VISION_LANDMARKS.provider,
        "feature": VISION_LANDMARKS.feature,
        "city_id": city_id,
        "subjects": [each.sha256 for each in paid],
        "answers": [json.dumps(each.answer) for each in paid],
    }
    connection.execute(statement("takeover/reread_taken_over_calls"), values)
    paid_ats = [each.paid_at or datetime.fromtimestamp(0, UTC) for each in paid]
    connection.execute(
        statement("takeover/insert_taken_over_calls"), values | {"paid_ats": paid_ats}
    )


def sort_photos(connection: psycopg.Connection[Any], city_id: str) -> None:
    """Move photos from the city's unsorted ones to the sights that their paid labels name."""
    with connection.transaction():
        # First of all: a take-down deletes the rows that move here.
        hold_off_removals(connection)
        hours = list_sight_hours(connection, city_id, "unsorted")
        connection.execute(statement("takeover/sort_taken_over_photos"), {"city_id": city_id})
        connection.execute(statement("takeover/delete_sorted_sources"), {"city_id": city_id})
        refresh_hours(connection, hours)


def count_labels(connection: psycopg.Connection[Any], city_id: str) -> dict[str, int]:
    """Return how many labels of the city were taken over, by state and reason."""
    rows = connection.execute(statement("takeover/count_taken_over_labels"), {"city_id": city_id})
    return {
        state if reason is None else f"{state}: {reason}": count for state, reason, count in rows
    }


def imported_models(connection: psycopg.Connection[Any], city_id: str) -> frozenset[bytes]:
    """Return the SHA-256 of each model of the city that was taken over."""
    rows = connection.execute(statement("takeover/list_imported_models"), {"city_id": city_id})
    return frozenset(bytes(row[0]) for row in rows)


def store_model(
    connection: psycopg.Connection[Any], city_id: str, model: FirstModel, data: bytes
) -> None:
    """Keep a model of the first SightScan as a file."""
    connection.execute(
        statement("takeover/insert_imported_model"),
        {
            "city_id": city_id,
            "bytes": data,
            "model_version": model.model_version,
            "trained_at": model.trained_at,
        },
    )
