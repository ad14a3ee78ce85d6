"""Money: what a run and a month have cost, and the bill before each run.

A run under way counts with the most that it may still cost, so runs that start at once cannot pass
a budget together.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import psycopg

from sightscan.run import Run
from sightscan.warehouse.statements import statement


@dataclass(frozen=True, slots=True)
class RunSpend:
    """What a run has cost so far, in US dollars."""

    vision_usd: float
    places_usd: float
    gpu_usd: float

    @property
    def usd(self) -> float:
        """Return all of it."""
        return self.vision_usd + self.places_usd + self.gpu_usd


@dataclass(frozen=True, slots=True)
class MonthSpend:
    """What a month (UTC) has cost so far in US dollars, and what other runs may still cost in it."""

    calls_usd: float
    gpu_usd: float
    under_way_usd: float

    @property
    def spent_usd(self) -> float:
        """Return what is spent already."""
        return self.calls_usd + self.gpu_usd


@dataclass(frozen=True, slots=True)
class RequestSpend:
    """What cities that the budget for requests let in have used up of this month's, in US dollars.

    Others count with what their runs may still cost; the city itself with what it has cost.
    """

    others_usd: float
    own_usd: float
    is_let_in: bool


@dataclass(frozen=True, slots=True)
class Promise:
    """What a run was let through with: Vision images at most, and US dollars at most for all."""

    most_calls: int
    most_usd: float


def lock_budget(connection: psycopg.Connection[Any]) -> None:
    """Let runs be estimated one after the other, until the transaction ends."""
    connection.execute(statement("spend/lock_budget"))


def sum_usd_of_run(connection: psycopg.Connection[Any], run: Run) -> RunSpend:
    """Return what a run has cost so far; its GPU counts up to now if it still runs."""
    row = connection.execute(statement("spend/sum_usd_of_run"), asdict(run)).fetchone()
    return RunSpend(0.0, 0.0, 0.0) if row is None else RunSpend(*row)


def sum_usd_of_month(connection: psycopg.Connection[Any], run: Run | None = None) -> MonthSpend:
    """Return what this month has cost so far, and what runs other than this may still cost."""
    row = connection.execute(
        statement("spend/sum_usd_of_month"), asdict(run or Run("", ""))
    ).fetchone()
    return MonthSpend(0.0, 0.0, 0.0) if row is None else MonthSpend(*row)


def sum_usd_for_requests(connection: psycopg.Connection[Any], city_id: str) -> RequestSpend:
    """Return what uses up the monthly budget for requests, other cities and this one apart."""
    row = connection.execute(
        statement("spend/sum_usd_for_requests"), {"city_id": city_id}
    ).fetchone()
    return RequestSpend(0.0, 0.0, is_let_in=False) if row is None else RequestSpend(*row)


def sum_usd_in_all(connection: psycopg.Connection[Any]) -> float:
    """Return what was ever spent; it reads all calls, and takes a while."""
    row = connection.execute(statement("spend/sum_usd_in_all")).fetchone()
    return 0.0 if row is None else float(row[0])


def find_new_photo_share(connection: psycopg.Connection[Any], run: Run) -> float | None:
    """Return which share of the photos that a run may find was new in earlier runs, from 0 to 1.

    The city's own runs go first, then the first runs of others; None before any.
    """
    row = connection.execute(statement("spend/find_new_photo_share"), asdict(run)).fetchone()
    return None if row is None else row[0]


def mean_session_seconds(
    connection: psycopg.Connection[Any], city_id: str, *, epochs: int
) -> float | None:
    """Return how long a GPU session took on average, as if it had trained so many epochs.

    The city's own go first; None before any.
    """
    row = connection.execute(
        statement("spend/mean_session_seconds"), {"city_id": city_id, "epochs": epochs}
    ).fetchone()
    return None if row is None else row[0]


def save_estimate(
    connection: psycopg.Connection[Any], run: Run, estimate: Mapping[str, object]
) -> None:
    """Store the bill before a run; again replaces."""
    connection.execute(statement("spend/save_estimate"), asdict(run) | dict(estimate))


def find_promise(connection: psycopg.Connection[Any], run: Run) -> Promise | None:
    """Return what a run was let through with; None before that, and after its end."""
    row = connection.execute(statement("spend/find_open_estimate"), asdict(run)).fetchone()
    return None if row is None else Promise(*row)


def list_open_estimates(connection: psycopg.Connection[Any]) -> tuple[Run, ...]:
    """Return the runs that were let through and have not ended, the oldest estimate first."""
    return tuple(Run(*row) for row in connection.execute(statement("spend/list_open_estimates")))


def end_estimate(connection: psycopg.Connection[Any], run: Run) -> None:
    """Note that a run has ended: what it did not spend is free for others."""
    connection.execute(statement("spend/end_estimate"), asdict(run))
