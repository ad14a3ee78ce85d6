"""Money outlives a restore: what a database has paid goes into the one that replaces it.

A backup knows nothing of what was paid after it; restored, it would pay for the same photos again,
and the caps would count less than was spent. So are carried over: paid calls with their answers
(labels are read from them anew, for nothing), instance sessions, estimates, and the cities that they
hang on, with what was decided about these, who asked for them and what they were told.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from sightscan.errors import WarehouseError
from sightscan.settings import Settings
from sightscan.warehouse.backup.restored import open_restored
from sightscan.warehouse.connection import connect
from sightscan.warehouse.marts.hourly_facts import hour_of, refresh_hourly_marts
from sightscan.warehouse.statements import statement

TABLES = (
    "registry",
    "city",
    "city_decision",
    "city_request",
    "city_vote",
    "city_answer",
    "paid_call",
    "instance_session",
    "lease_use",
    "spend_estimate",
)
# In this order: rows that both have are brought up to date before others are added, since a photo
# has one call that stands, and an instance one session that is open.
STEPS = (
    "backup/carry_registry_id",
    "backup/carry_cities",
    "backup/carry_city_states",
    "backup/carry_city_decisions",
    "backup/carry_city_requests",
    "backup/carry_city_votes",
    "backup/carry_city_answers",
    "backup/renew_paid_calls",
    "backup/carry_paid_calls",
    "backup/renew_sessions",
    "backup/carry_sessions",
    "backup/carry_lease_uses",
    "backup/drop_renewed_estimates",
    "backup/carry_estimates",
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CarriedSpend:
    """What the restored warehouse did not know, or not as it ended: calls in it, their US dollars."""

    calls: int = 0
    usd: float = 0.0
    sessions: int = 0


def carry_spend(replaced: Settings, restored: Settings, owner: str) -> CarriedSpend | None:
    """Add what the replaced warehouse (of any version) has paid to the restored one.

    None if it cannot be read: then nothing was added.
    """
    try:
        with connect(replaced) as source:
            source.execute("set transaction isolation level repeatable read, read only")
            tables = [table for table in TABLES if _has(source, table)]
            if "city" not in tables or not _counts(source):
                return CarriedSpend()
            with open_restored(restored, owner) as target:
                carried = _carry(source, tables, target)
                # The hours that these calls belong to, and the facts with them.
                this_hour = hour_of(datetime.now(UTC))
                refresh_hourly_marts(target, this_hour, this_hour + timedelta(hours=1))
                return carried
    except psycopg.Error as error:
        logger.warning("what %s has paid cannot be carried over: %s", replaced.pgdatabase, error)
    except WarehouseError as error:
        logger.warning("what %s has paid cannot be read: %s", replaced.pgdatabase, error)
    return None


def _carry(
    source: psycopg.Connection[Any], tables: list[str], target: psycopg.Connection[Any]
) -> CarriedSpend:
    with target.transaction():
        target.execute(statement("backup/make_carried"))
        with target.cursor() as cursor, cursor.copy(statement("backup/copy_carried")) as rows:
            for table in tables:
                query = sql.SQL("copy (select {}, to_jsonb(one) from core.{} as one) to stdout")
                written_out = query.format(sql.Literal(table), sql.Identifier(table))
                with source.cursor() as reader, reader.copy(written_out) as read:
                    for block in read:
                        rows.write(block)
        target.execute(statement("backup/analyse_carried"))
        counts = {step: target.execute(statement(step)).rowcount for step in STEPS}
        row = target.execute(statement("backup/sum_carried_calls")).fetchone()
    calls, usd = row or (0, 0.0)
    logger.info(
        " ".join(f"{step.removeprefix('backup/')}={count}" for step, count in counts.items())
    )
    sessions = counts["backup/renew_sessions"] + counts["backup/carry_sessions"]
    return CarriedSpend(calls, usd, sessions)


def _has(connection: psycopg.Connection[Any], table: str) -> bool:
    row = connection.execute("select to_regclass('core.' || %s)", (table,)).fetchone()
    return row is not None and row[0] is not None


def _counts(connection: psycopg.Connection[Any]) -> bool:
    """Tell whether there is a city, without which nothing was ever paid."""
    return connection.execute(statement("backup/find_any_city")).fetchone() is not None
