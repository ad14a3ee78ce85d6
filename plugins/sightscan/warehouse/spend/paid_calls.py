"""The ledger of paid calls: reserved and committed before a call is sent, closed after it.

A photo has at most one call that stands (reserved, succeeded or unknown), whoever pays for it; the
caps count standing calls. What became of a call that nobody answered for is unknown, if it was
marked as sent: it counts as spent and is not repeated by itself.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import psycopg
from psycopg.rows import class_row, dict_row

from sightscan.errors import WarehouseError
from sightscan.run import Run
from sightscan.warehouse.locks import hold_off_removals
from sightscan.warehouse.spend.prices import UnitPrice
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
# Text Search gives no more about one question; discovery asks one.
MAX_PLACES_PAGES = 3


@dataclass(frozen=True, slots=True)
class Reservation:
    """A call that may be sent: it is in the ledger and committed."""

    call_id: int
    subject_sha256: bytes


@dataclass(frozen=True, slots=True)
class CallResult:
    """What became of a reserved call; a succeeded one has an answer."""

    call_id: int
    state: Literal["succeeded", "failed", "unknown"]
    answer: Mapping[str, object] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class CallsSpent:
    """Units (images) of standing calls: of a city ever, of all cities this month (UTC), of a run.

    `in_all` is of all cities, ever. What was taken over counts nowhere.
    """

    by_city: int
    this_month: int
    by_run: int = 0
    in_all: int = 0


@dataclass(frozen=True, slots=True)
class Caps:
    """How many units (images) may stand, counted as in CallsSpent; None: there is no such cap.

    `estimate` is what the run's estimate has promised, counted as `run` is.
    """

    city: int
    run: int | None = None
    estimate: int | None = None
    month: int | None = None
    in_all: int | None = None


@dataclass(frozen=True, slots=True)
class CountedCalls:
    """Units of all cities up to a call of the ledger, at the most: some may be released."""

    until_call_id: int
    units: int


# In the order in which they are told; the names are those of the fields of Caps.
CapName = Literal["city", "run", "estimate", "month", "in_all"]


@dataclass(frozen=True, slots=True)
class Reserved:
    """The calls that may be sent, and the caps that left some of those asked for out."""

    calls: tuple[Reservation, ...]
    stopped_by: tuple[CapName, ...] = ()


@dataclass(frozen=True, slots=True)
class AbandonedCalls:
    """What dead workers left: calls never marked as sent (released), and calls that were."""

    released: int
    unknown: int


def count_calls(connection: psycopg.Connection[Any], bought: PaidFeature) -> CountedCalls:
    """Count what all cities ever reserved; it takes a while."""
    with connection.cursor(row_factory=class_row(CountedCalls)) as cursor:
        cursor.execute(statement("spend/count_calls"), asdict(bought))
        return cursor.fetchone() or CountedCalls(0, 0)


def reserve_calls(
    connection: psycopg.Connection[Any],
    bought: PaidFeature,
    run: Run,
    subjects: Sequence[bytes],
    *,
    caps: Caps,
    price: UnitPrice,
    is_marked_when_sent: bool = False,
    counted: CountedCalls | None = None,
) -> Reserved:
    """Reserve calls about these subjects and commit them, as many as all caps allow.

    Subjects about which a call stands already are left out. The order given is the order of
    preference. Exact however many workers reserve at once, for whichever cities.

    `is_marked_when_sent`: the caller calls `mark_calls_sent` before it sends, so that what was not
    sent can be told. Otherwise the calls count as sent from now on. `counted` spares counting all
    calls for the cap in all; with an old count, that cap may stop a little early, never late.
    """
    _refuse_open_transaction(connection)
    if counted is None and caps.in_all is not None:
        counted = count_calls(connection, bought)
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(statement("spend/lock_ledger"), asdict(bought))
        rows = cursor.execute(
            statement("spend/reserve_calls"),
            {
                **asdict(bought),
                **asdict(run),
                "subjects": list(subjects),
                "city_cap": caps.city,
                "run_cap": caps.run,
                "estimate_cap": caps.estimate,
                "month_cap": caps.month,
                "total_cap": caps.in_all,
                "counted_units": 0 if counted is None else counted.units,
                "counted_until_call_id": None if counted is None else counted.until_call_id,
                "steps_above_units": [step.above_units for step in price.steps],
                "steps_usd": [float(step.usd_per_unit) for step in price.steps],
                "is_marked_when_sent": is_marked_when_sent,
            },
        ).fetchall()
    turn = {subject: number for number, subject in enumerate(subjects)}
    calls = [
        Reservation(row["call_id"], row["subject_sha256"])
        for row in rows
        if row["call_id"] is not None
    ]
    calls.sort(key=lambda reservation: turn[reservation.subject_sha256])
    return Reserved(tuple(calls), tuple(rows[0]["stopped_by"]))


def mark_calls_sent(connection: psycopg.Connection[Any], call_ids: Sequence[int]) -> frozenset[int]:
    """Note that these calls are about to be sent; return those that may be sent now.

    The others were given up by somebody who took this worker for dead.
    """
    _refuse_open_transaction(connection)
    rows = connection.execute(statement("spend/mark_calls_sent"), {"call_ids": list(call_ids)})
    return frozenset(call_id for (call_id,) in rows)


def record_call_results(
    connection: psycopg.Connection[Any], call_results: Sequence[CallResult]
) -> None:
    """Write what became of the calls; recording it a second time changes nothing."""
    values = {
        "call_ids": [call_result.call_id for call_result in call_results],
        "states": [call_result.state for call_result in call_results],
        "answers": [
            None if call_result.answer is None else json.dumps(call_result.answer)
            for call_result in call_results
        ],
        "errors": [call_result.error for call_result in call_results],
    }
    with connection.transaction():
        hold_off_removals(connection)
        connection.execute(statement("spend/record_call_results"), values)


def close_abandoned_calls(
    connection: psycopg.Connection[Any], bought: PaidFeature, run: Run, *, older_than_seconds: float
) -> AbandonedCalls:
    """Close what dead workers left reserved: as unknown, or as failed if it was never sent.

    Dead are the workers of reservations older than a call can take, and those of an earlier try of
    this very run. (Should one of them live after all, its answers are still recorded, and it
    sends nothing any more.)
    """
    rows = connection.execute(
        statement("spend/close_abandoned_calls"),
        {**asdict(bought), **asdict(run), "older_than_seconds": older_than_seconds},
    ).fetchall()
    states = [state for (state,) in rows]
    return AbandonedCalls(states.count("failed"), states.count("unknown"))


def allow_resend(
    connection: psycopg.Connection[Any],
    bought: PaidFeature,
    city_id: str,
    *,
    allowed_by: str,
    older_than_seconds: float,
) -> int:
    """Let a city's unknown calls be tried once more, on a person's word; return their units.

    They stay spent, since they may have been billed; what is sent again is spent in addition.
    """
    rows = connection.execute(
        statement("spend/allow_resend"),
        {
            "city_id": city_id,
            **asdict(bought),
            "allowed_by": allowed_by,
            "older_than_seconds": older_than_seconds,
        },
    )
    return sum(units for (units,) in rows)


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """A city's calls of one state: their units, and what they cost in US dollars."""

    state: str
    units: int
    usd: float


def summarise_ledger(
    connection: psycopg.Connection[Any], bought: PaidFeature, city_id: str
) -> tuple[LedgerLine, ...]:
    """Return a city's calls by what became of them."""
    with connection.cursor(row_factory=class_row(LedgerLine)) as cursor:
        cursor.execute(statement("spend/summarise_ledger"), {"city_id": city_id, **asdict(bought)})
        return tuple(cursor)


def sum_calls_spent(
    connection: psycopg.Connection[Any], bought: PaidFeature, run: Run
) -> CallsSpent:
    """Return the units of the calls that stand; of no run if it is still to come."""
    with connection.cursor(row_factory=class_row(CallsSpent)) as cursor:
        cursor.execute(statement("spend/sum_calls_spent"), asdict(bought) | asdict(run))
        return cursor.fetchone() or CallsSpent(0, 0)


def list_place_answers(
    connection: psycopg.Connection[Any], subjects: Sequence[bytes]
) -> tuple[Mapping[str, Any], ...]:
    """Return what Google Places answered to these searches, in their order, where it did."""
    rows = connection.execute(
        statement("spend/list_place_answers"), {**asdict(PLACES_SEARCH), "subjects": list(subjects)}
    ).fetchall()
    return tuple(row[0] for row in rows)


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
        statement("spend/take_tokens"),
        {
            "bucket": bucket,
            "count": count,
            "capacity": capacity,
            "refill_per_second": refill_per_second,
            "max_wait_seconds": float("inf"),
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
