"""Commits that do not wait for the disk, and how to know when they are on it.

PostgreSQL writes one log for all, in order: what is on the disk of a later commit is there of all
before. So a batch may be committed at once by whoever can make it again, as a crawl can from its
spool, until the log is on the disk as far as the batch. What nobody can make again (money, labels,
take-downs, models) is never committed so. docs/decisions/0050-commits-that-can-be-repeated.md
"""

from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from sightscan.warehouse.statements import statement


def is_outermost(connection: psycopg.Connection[Any]) -> bool:
    """Say whether a transaction that begins now ends with its own commit, and not with another's."""
    return connection.info.transaction_status == TransactionStatus.IDLE


def commit_at_once(cursor: psycopg.Cursor[Any]) -> None:
    """Let the commit of the transaction under way not wait for the disk; of it alone."""
    cursor.execute(statement("warehouse/commit_at_once"))


def log_end(connection: psycopg.Connection[Any]) -> str:
    """Return where the log ends, behind all that was committed until now."""
    row = connection.execute(statement("warehouse/read_log_end")).fetchone()
    return str(row[0]) if row else ""


def is_on_disk(connection: psycopg.Connection[Any], place: str) -> bool:
    """Say whether the log is on the server's disk up to a place.

    Ask over the connection that committed: a server that dies takes it along, so no other one
    answers for it.
    """
    row = connection.execute(statement("warehouse/has_on_disk"), {"log_end": place}).fetchone()
    return bool(row and row[0])


def write_to_disk(connection: psycopg.Connection[Any]) -> None:
    """Return when all that was committed until now is on the disk."""
    with connection.transaction():
        connection.execute(statement("warehouse/write_log_to_disk"))
