"""The ledger of paid calls: reserved and committed before a call is sent, settled after it.

A photo has at most one call that stands (reserved, succeeded or unknown), whoever pays for it; the
caps count standing calls. What became of a call that nobody answered for is unknown: it counts as
spent and is not repeated by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import psycopg

from sightscan.errors import WarehouseError
from sightscan.warehouse.prices import UnitPrice
from sightscan.warehouse.statements import statement


@dataclass(frozen=True, slots=True)
class PaidFeature:
    """What is bought and from whom."""

    provider: str
    feature: str

    @property
    def price_name(self) -> str:
        """Return its name in include/prices.yaml."""
        return f"{self.provider}.{self.feature}"


VISION_LANDMARKS = PaidFeature("google_vision", "landmark_detection")
PLACES_SEARCH = PaidFeature("google_places", "text_search_pro")


@dataclass(frozen=True, slots=True)
class Payer:
    """The city that pays and the run that asks."""

    city_id: str
    dag_id: str
    run_id: str


@dataclass(frozen=True, slots=True)
class Reservation:
    """A call that may be sent: it is in the ledger and committed."""

    call_id: int
    subject_sha256: bytes


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a reserved call; a succeeded one has an answer."""

    call_id: int
    state: Literal["succeeded", "failed", "unknown"]
    answer: Mapping[str, object] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class UnitsSpent:
    """Units (images) of standing calls: of a city ever, of all cities in this month (UTC), of a run."""

    by_city: int
    this_month: int
    by_run: int = 0


def reserve_calls(
    connection: psycopg.Connection[Any],
    bought: PaidFeature,
    payer: Payer,
    subjects: Sequence[bytes],
    *,
    cap: int,
    price: UnitPrice,
    run_cap: int | None = None,
) -> tuple[Reservation, ...]:
    """Reserve calls about these subjects and commit them, as many as the caps allow.

    `cap` is the city's, for ever; `run_cap` is this run's, None for no cap of its own.

    Subjects about which a call stands already are left out. The order given is the order of
    preference. Exact however many workers reserve at once.
    """
    _refuse_open_transaction(connection)
    with connection.transaction():
        connection.execute(
            statement("lock_ledger"), {"provider": bought.provider, "feature": bought.feature}
        )
        rows = connection.execute(
            statement("reserve_calls"),
            {
                "provider": bought.provider,
                "feature": bought.feature,
                "city_id": payer.city_id,
                "dag_id": payer.dag_id,
                "run_id": payer.run_id,
                "subjects": list(subjects),
                "cap": cap,
                "run_cap": run_cap,
                "free_units_per_month": price.free_units_per_month,
                "usd_per_unit": price.usd_per_unit,
            },
        ).fetchall()
    turn = {subject: number for number, subject in enumerate(subjects)}
    reserved = (Reservation(call_id, bytes(subject)) for call_id, subject in rows)
    return tuple(sorted(reserved, key=lambda reservation: turn[reservation.subject_sha256]))


def settle_calls(connection: psycopg.Connection[Any], settlements: Sequence[Settlement]) -> None:
    """Write what became of the calls; settling a second time changes nothing."""
    values = {
        "call_ids": [settlement.call_id for settlement in settlements],
        "states": [settlement.state for settlement in settlements],
        "answers": [
            None if settlement.answer is None else json.dumps(settlement.answer)
            for settlement in settlements
        ],
        "errors": [settlement.error for settlement in settlements],
    }
    with connection.transaction():
        connection.execute(statement("hold_off_removals"))
        connection.execute(statement("settle_calls"), values)


def settle_abandoned_calls(
    connection: psycopg.Connection[Any],
    bought: PaidFeature,
    *,
    older_than_seconds: float,
    dag_id: str,
    run_id: str,
) -> int:
    """Settle as unknown what dead workers left reserved; return how many calls that were.

    Dead are the workers of reservations older than a call can take, and those of an earlier try of
    this very run. (Should one of them live after all, its answer still settles its calls.)
    """
    return connection.execute(
        statement("settle_abandoned_calls"),
        {
            "provider": bought.provider,
            "feature": bought.feature,
            "older_than_seconds": older_than_seconds,
            "dag_id": dag_id,
            "run_id": run_id,
        },
    ).rowcount


def sum_units_spent(
    connection: psycopg.Connection[Any],
    bought: PaidFeature,
    city_id: str,
    *,
    dag_id: str = "",
    run_id: str = "",
) -> UnitsSpent:
    """Return the units of the calls that stand; of no run if none is named."""
    row = connection.execute(
        statement("sum_units_spent"),
        {
            "provider": bought.provider,
            "feature": bought.feature,
            "city_id": city_id,
            "dag_id": dag_id,
            "run_id": run_id,
        },
    ).fetchone()
    return UnitsSpent(0, 0) if row is None else UnitsSpent(*row)


def list_place_answers(
    connection: psycopg.Connection[Any], subjects: Sequence[bytes]
) -> tuple[Mapping[str, Any], ...]:
    """Return what Google Places answered to these searches, in their order, where it did."""
    rows = connection.execute(
        statement("list_place_answers"),
        {
            "provider": PLACES_SEARCH.provider,
            "feature": PLACES_SEARCH.feature,
            "subjects": list(subjects),
        },
    ).fetchall()
    return tuple(row[0] for row in rows)


def mean_session_seconds(connection: psycopg.Connection[Any], city_id: str) -> float | None:
    """Return how long a GPU session took on average, the city's own first; None before any."""
    row = connection.execute(statement("mean_session_seconds"), {"city_id": city_id}).fetchone()
    return None if row is None else row[0]


def take_tokens(
    connection: psycopg.Connection[Any],
    bucket: str,
    count: int,
    *,
    capacity: float,
    refill_per_second: float,
) -> float:
    """Take tokens from a bucket that all workers share; return the seconds to wait before use.

    Whoever waits that long uses at most `capacity + refill_per_second * t` tokens in any t seconds,
    all workers together.
    """
    row = connection.execute(
        statement("take_tokens"),
        {
            "bucket": bucket,
            "count": count,
            "capacity": capacity,
            "refill_per_second": refill_per_second,
        },
    ).fetchone()
    return 0.0 if row is None else float(row[0])


def _refuse_open_transaction(connection: psycopg.Connection[Any]) -> None:
    """A reservation inside a larger transaction would not be committed before the call."""
    if (
        not connection.autocommit
        or connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE
    ):
        msg = (
            "calls must be reserved outside any transaction, so that they are committed before "
            "they are sent; open the connection with connect(autocommit=True)"
        )
        raise WarehouseError(msg)
