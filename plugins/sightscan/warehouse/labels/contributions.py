"""Photos that people share in the app: from the inbox to a label that a person must draw and accept.

The app's role may put anything into the inbox that its columns take, so each row is settled by itself.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from sightscan.warehouse.statements import statement

# A round is minutes; the others come with the next.
MAX_CONTRIBUTIONS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Contribution:
    """A row of the inbox, without its bytes."""

    contribution_id: UUID
    city_id: str
    sight_id: int | None
    licence: str
    author: str | None
    code_sha256: bytes | None


def list_waiting_contributions(connection: psycopg.Connection[Any]) -> list[Contribution]:
    """Return what waits to be taken in, the oldest first."""
    with connection.cursor(row_factory=class_row(Contribution)) as cursor:
        return cursor.execute(
            statement("labels/list_waiting_contributions"), {"most": MAX_CONTRIBUTIONS_AT_ONCE}
        ).fetchall()


def read_contribution(connection: psycopg.Connection[Any], contribution_id: UUID) -> bytes | None:
    """Return its bytes, and hold it until the transaction ends; None: taken back, or somebody's."""
    row = connection.execute(
        statement("labels/read_contribution"), {"contribution_id": contribution_id}, binary=True
    ).fetchone()
    return None if row is None else bytes(row[0])


def find_contributed_sight(
    connection: psycopg.Connection[Any], contribution: Contribution
) -> str | None:
    """Return the name of the sight that it is said to show; None: that is none that photos are taken for."""
    row = connection.execute(
        statement("labels/find_contributed_sight"),
        {"sight_id": contribution.sight_id, "city_id": contribution.city_id},
    ).fetchone()
    return None if row is None else str(row[0])


def settle_contribution(
    connection: psycopg.Connection[Any],
    contribution: Contribution,
    sha256: bytes,
    refusal: str | None = None,
) -> None:
    """Move it out of the inbox; one that is not refused waits for review, without a box."""
    values = {
        "contribution_id": contribution.contribution_id,
        "sha256": sha256,
        "code_sha256": contribution.code_sha256,
        "city_id": contribution.city_id,
        "sight_id": contribution.sight_id,
        "licence": contribution.licence,
        "refusal": refusal,
    }
    connection.execute(statement("labels/settle_contribution"), values)
    if refusal is None:
        connection.execute(statement("labels/insert_contributed_label"), values)
