"""What the warehouse itself knows to be wrong, as rows; `sightscan.alerts.looks` makes sentences of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row

from sightscan.warehouse.marts.run_reports import CRAWL_TASK
from sightscan.warehouse.statements import statement

# The reaper comes every five minutes; stopping an instance takes one or two.
MACHINE_GRACE = timedelta(minutes=15)
# The DAG whose checks look at all cities.
WHOLE_CHECK_DAG = "refresh_data_marts"
# The migration that made core.backup.
BACKUPS_NOTED_BY = "0045_incidents"


@dataclass(frozen=True, slots=True)
class LateMachine:
    """An instance that should be off, held by a run or by nobody."""

    instance_id: str
    held_by: str | None
    late_since: datetime


@dataclass(frozen=True, slots=True)
class EmptyCrawl:
    """A city whose last crawl found nothing."""

    slug: str
    dag_id: str
    sight_count: int
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """A data check that does not hold."""

    check_name: str
    offending_count: int
    failed_at: datetime


@dataclass(frozen=True, slots=True)
class Ages:
    """Since when marts and backups are as they are.

    `begun_at` is the first city's; `backups_known_since` the later of it and of the upgrade from which on
    backups are noted.
    """

    refreshed_until: datetime | None
    backed_up_at: datetime | None
    begun_at: datetime | None
    backups_known_since: datetime | None


# How a problem begins that says nothing about the backup: the disk was full, the login may not, ...
UNTRIED = "could not be tried: "


@dataclass(frozen=True, slots=True)
class Drill:
    """A trial of a backup; `problem` says why it failed, None: it passed."""

    file_name: str
    finished_at: datetime
    problem: str | None

    @property
    def came(self) -> str:
        """Return what came of it, in words that follow the file's name."""
        when = f"{self.finished_at:%Y-%m-%d %H:%M} UTC"
        if self.problem is None:
            return f"was restored on trial at {when} and came back whole"
        if self.problem.startswith(UNTRIED):
            return f"could not be tried at {when}: {self.problem.removeprefix(UNTRIED)}"
        return f"was restored on trial at {when} and is not good: {self.problem}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits for a person, and since when the first of it does."""

    waiting_count: int
    waits_since: datetime | None


def list_late_machines(connection: psycopg.Connection[Any]) -> tuple[LateMachine, ...]:
    """Return the instances that should have been stopped some time ago."""
    with connection.cursor(row_factory=class_row(LateMachine)) as cursor:
        cursor.execute(statement("incidents/list_late_machines"), {"grace": MACHINE_GRACE})
        return tuple(cursor)


def list_empty_crawls(connection: psycopg.Connection[Any]) -> tuple[EmptyCrawl, ...]:
    """Return the active cities whose last crawl asked and found nothing."""
    with connection.cursor(row_factory=class_row(EmptyCrawl)) as cursor:
        cursor.execute(statement("incidents/list_empty_crawls"), {"task_id": CRAWL_TASK})
        return tuple(cursor)


def list_failed_checks(connection: psycopg.Connection[Any]) -> tuple[FailedCheck, ...]:
    """Return the checks of severity fail that did not hold when they were asked last."""
    with connection.cursor(row_factory=class_row(FailedCheck)) as cursor:
        cursor.execute(statement("incidents/list_failed_checks"), {"whole_dag_id": WHOLE_CHECK_DAG})
        return tuple(cursor)


def find_ages(connection: psycopg.Connection[Any]) -> Ages:
    """Return how old the marts and the last backup are."""
    with connection.cursor(row_factory=class_row(Ages)) as cursor:
        cursor.execute(statement("incidents/find_ages"), {"backups_noted_by": BACKUPS_NOTED_BY})
        return cursor.fetchone() or Ages(None, None, None, None)


def find_last_drill(
    connection: psycopg.Connection[Any], *, that_says_something: bool = False
) -> Drill | None:
    """Return the last trial of a backup, also one that could not be made; None: there was none.

    One `that_says_something` was made, so that it says whether the backup is good.
    """
    with connection.cursor(row_factory=class_row(Drill)) as cursor:
        left_out = UNTRIED if that_says_something else None
        cursor.execute(statement("incidents/find_last_drill"), {"left_out": left_out})
        return cursor.fetchone()


def find_waiting_reviews(connection: psycopg.Connection[Any]) -> Waiting:
    """Return how many labels wait for a person; it reads all labels, and takes a while."""
    with connection.cursor(row_factory=class_row(Waiting)) as cursor:
        cursor.execute(statement("incidents/find_waiting_reviews"))
        return cursor.fetchone() or Waiting(0, None)


def find_waiting_cities(connection: psycopg.Connection[Any]) -> Waiting:
    """Return how many cities wait to be let in or refused."""
    with connection.cursor(row_factory=class_row(Waiting)) as cursor:
        cursor.execute(statement("incidents/find_waiting_cities"))
        return cursor.fetchone() or Waiting(0, None)


def list_refusals(connection: psycopg.Connection[Any]) -> tuple[str, ...]:
    """Return the sentences with which budgets stopped runs this month."""
    return tuple(refusal for (refusal,) in connection.execute(statement("incidents/list_refusals")))
