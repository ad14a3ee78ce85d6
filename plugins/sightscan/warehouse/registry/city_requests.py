"""City requests: from the app's inbox to resolved rows with votes.

The app's login may put anything into the inbox that its columns take: times without end, an id
twice, a blank for a name. So only names are read here, and each is decided by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from psycopg.types.json import Jsonb

from sightscan.errors import CityChoice
from sightscan.warehouse.registry.cities import LET_IN
from sightscan.warehouse.statements import statement

# A round of looking names up takes some minutes; the others come with the next.
MAX_NAMES_AT_ONCE = 500

# What the app has a sentence for, in the language of who reads it.
Refusal = Literal["unknown", "ambiguous", "retired", "refused", "unanswered", "unfit"]


def list_waiting_names(
    connection: psycopg.Connection[Any], most: int = MAX_NAMES_AT_ONCE
) -> list[str]:
    """Return the names that wait and are due, as typed: those not looked up yet first, the oldest first."""
    rows = connection.execute(statement("registry/list_waiting_requests"), {"most": most})
    return [name for (name,) in rows.fetchall()]


@dataclass(frozen=True, slots=True)
class InboxState:
    """What stands for the names not tried yet, for photos taken back or shared, and for all cities with DAGs."""

    names: frozenset[str] = frozenset()
    withdrawals: frozenset[str] = frozenset()
    cities: str | None = None
    contributions: frozenset[str] = frozenset()

    def has_news_since(self, before: "InboxState") -> bool:
        """Tell whether something came in, or the registry changed in whatever way."""
        came = (
            (self.names - before.names)
            | (self.withdrawals - before.withdrawals)
            | (self.contributions - before.contributions)
        )
        return bool(came) or self.cities != before.cities


def find_inbox_state(connection: psycopg.Connection[Any]) -> InboxState:
    """Return what the inbox and the registry are like now."""
    values = {"states": list(LET_IN), "most": MAX_NAMES_AT_ONCE}
    rows = connection.execute(statement("registry/find_inbox_state"), values).fetchall()
    names, withdrawals, contributions, cities = rows[0]
    return InboxState(frozenset(names), frozenset(withdrawals), cities, frozenset(contributions))


def note_request_tried(connection: psycopg.Connection[Any], asked_name: str) -> int:
    """Note that a name is looked up now, and return how often it was: undecided, it goes behind others."""
    rows = connection.execute(statement("registry/note_request_tried"), {"asked_name": asked_name})
    return max((tries for (tries,) in rows.fetchall()), default=0)


def resolve_request(connection: psycopg.Connection[Any], asked_name: str, *, city_id: str) -> str:
    """Move all requests for a name from the inbox to core; return resolved or merged.

    A city that somebody asked for before gets the votes instead of a second request.
    """
    return _decide(connection, asked_name, {"city_id": city_id})


def refuse_request(
    connection: psycopg.Connection[Any],
    asked_name: str,
    refusal: Refusal,
    detail: str,
    choices: Sequence[CityChoice] = (),
) -> str:
    """Move all requests for a name from the inbox to core, as refused for the sentence `detail`.

    `choices` are the cities that may have been meant. Return refused, or merged if nobody asked.
    """
    told = [
        {
            "id": one.city_id,
            "name": one.name,
            "region": one.region,
            "country": one.country,
            "description": one.description,
            "population": one.population,
        }
        for one in choices
    ]
    return _decide(
        connection,
        asked_name,
        {"detail": detail, "refusal": refusal, "choices": Jsonb(told)},
    )


def _decide(connection: psycopg.Connection[Any], asked_name: str, decided: dict[str, Any]) -> str:
    nothing = {"city_id": None, "detail": None, "refusal": None, "choices": Jsonb([])}
    values = {"asked_name": asked_name, **nothing, **decided}
    row = connection.execute(statement("registry/resolve_city_request"), values).fetchone()
    # Nothing, if another worker decided it meanwhile.
    return str(row[0]) if row else "merged"
