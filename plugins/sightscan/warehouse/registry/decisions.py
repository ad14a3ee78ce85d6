"""Cities that strangers asked for: who waits, and who let them in or refused them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from sightscan.city import City
from sightscan.errors import DecisionError
from sightscan.warehouse.registry.cities import NOT_LET_IN, find_city, list_cities
from sightscan.warehouse.statements import statement
from sightscan.warehouse.text import clean_name

MAX_REASON_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """How often a city was asked for, and what was decided about it last; times in UTC.

    `asked_names` are up to five of the names as strangers typed them.
    """

    city_id: str
    vote_count: int
    first_asked_at: datetime | None
    last_asked_at: datetime | None
    asked_names: list[str]
    decision: str | None
    decided_by: str | None
    reason: str | None
    decided_at: datetime | None


def list_requested_cities(
    connection: psycopg.Connection[Any], *states: str, most: int
) -> list[tuple[City, Asked]]:
    """Return the cities in these states, those that most people asked for first, then the oldest."""
    with connection.cursor(row_factory=class_row(Asked)) as cursor:
        cursor.execute(
            statement("registry/list_requested_cities"), {"states": list(states), "most": most}
        )
        asked = cursor.fetchall()
    cities = {city.city_id: city for city in list_cities(connection, *states)}
    return [(cities[one.city_id], one) for one in asked if one.city_id in cities]


def count_requested_cities(connection: psycopg.Connection[Any], state: str) -> int:
    """Return how many cities are in a state."""
    row = connection.execute(
        statement("registry/count_requested_cities"), {"states": [state]}
    ).fetchone()
    return row[0] if row else 0


def approve_city(connection: psycopg.Connection[Any], slug_or_id: str, *, decided_by: str) -> City:
    """Let a city in, whatever it costs within the other budgets; one that the budget let in, too.

    Raises:
        UnknownCity: it is not in the registry.
        DecisionError: it was not asked for, or was approved, or is retired.

    """
    city = find_city(connection, slug_or_id)
    newest, _ = find_decision(connection, city.city_id)
    if city.state == "disabled":
        msg = f"{city.slug} is retired, it does not wait; bring it back with `sightscan city add {city.city_id}`"
        raise DecisionError(msg)
    if city.state == "active" and newest != "let_in":
        msg = f"{city.slug} is active already: nobody needs to approve it"
        raise DecisionError(msg)
    _decide(connection, city, "approved", decided_by)
    return find_city(connection, city.city_id)


def refuse_city(
    connection: psycopg.Connection[Any], slug_or_id: str, *, decided_by: str, reason: str
) -> City:
    """Refuse a city that waits; the reason is shown to who asked.

    Raises:
        UnknownCity: it is not in the registry.
        DecisionError: it does not wait, or the reason is missing or too long.

    """
    said = clean_name(reason)
    if not said or len(said) > MAX_REASON_CHARACTERS:
        msg = (
            f"a reason of {len(said)} characters: expected 1 to {MAX_REASON_CHARACTERS}, since who "
            "asked for the city reads it in the app"
        )
        raise DecisionError(msg)
    city = find_city(connection, slug_or_id)
    if city.state not in NOT_LET_IN:
        msg = (
            f"{city.slug} is {city.state}, so it cannot be refused any more; retire it with "
            f"`sightscan city disable {city.slug}`"
        )
        raise DecisionError(msg)
    _decide(connection, city, "refused", decided_by, said)
    return find_city(connection, city.city_id)


def let_city_in(
    connection: psycopg.Connection[Any], city: City, *, decided_by: str, most_usd: float
) -> bool:
    """Let a city in that waits, on the budget for requests; return whether it still waited."""
    return _store(connection, city, "let_in", decided_by, most_usd=most_usd)


def find_decision(
    connection: psycopg.Connection[Any], city_id: str
) -> tuple[str | None, str | None]:
    """Return what was decided last about a city (let_in, approved or refused), and the reason."""
    row = connection.execute(statement("registry/find_decision"), {"city_id": city_id}).fetchone()
    return (None, None) if row is None else (row[0], row[1])


def _decide(
    connection: psycopg.Connection[Any],
    city: City,
    decision: str,
    decided_by: str,
    reason: str | None = None,
) -> None:
    if not _store(connection, city, decision, decided_by, reason=reason):
        msg = f"{city.slug} was decided about by somebody else at this moment; look again"
        raise DecisionError(msg)


def _store(
    connection: psycopg.Connection[Any],
    city: City,
    decision: str,
    decided_by: str,
    *,
    reason: str | None = None,
    most_usd: float | None = None,
) -> bool:
    """Store a decision about a city as it was read; return whether it still is so."""
    row = connection.execute(
        statement("registry/decide_city"),
        {
            "city_id": city.city_id,
            "decision": decision,
            "decided_by": decided_by,
            "reason": reason,
            "most_usd": most_usd,
            "from_states": [city.state],
        },
    ).fetchone()
    return row is not None
