"""What people take back of what they contributed: from the app's inbox to take-downs.

The app asks by the code that a contributor was given (`load.take_back`); older ones wrote any hash
into the inbox, so a withdrawal reaches contributions only. A photo that was found elsewhere stays as it was found there; one that nobody contributed is left
alone, and so is its withdrawal, for a person to answer.
"""

import logging
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from sightscan.warehouse.marts.hourly_facts import list_photo_hours, refresh_hours
from sightscan.warehouse.photos.blob_cleanup import delete_leftover_objects
from sightscan.warehouse.photos.photos import CONTRIBUTED
from sightscan.warehouse.statements import statement
from sightscan.warehouse.takedowns.takedowns import (
    Subjects,
    delete_removed_objects,
    lock_removals,
    take_down_photos,
)

# Nobody has to say why.
NO_REASON = "no reason given"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WithdrawalReport:
    """Withdrawals by what became of them; `left` ones are about photos that nobody contributed."""

    removed: int
    left: int


@dataclass(frozen=True, slots=True)
class _Withdrawal:
    """A row of the inbox, and how the photo got here: waiting in the inbox, merged, or found."""

    withdrawal_id: UUID
    # What stands in the inbox: the photo's own, or that of a code.
    named_sha256: bytes
    sha256: bytes
    reason: str
    is_waiting: bool
    is_contributed: bool
    is_found_elsewhere: bool
    is_removed: bool


def remove_withdrawn_photos(connection: psycopg.Connection[Any]) -> WithdrawalReport:
    """Take down what its contributors take back; each withdrawal in one transaction.

    And delete the objects that earlier take-downs and moves left in the store.

    Raises:
        WarehouseError: the object store refuses to delete; the next call goes on.

    """
    removed = 0
    failed: set[bytes] = set()
    while (one := _next_one(connection, failed)) is not None:
        try:
            removed += _carry_out(connection, failed)
        except (psycopg.DataError, psycopg.IntegrityError):
            # What strangers wrote holds up nobody else's photo.
            logger.exception("the withdrawal %s cannot be carried out", one.withdrawal_id)
            failed.add(one.sha256)
    delete_removed_objects(connection)
    delete_leftover_objects(connection)
    left = len(_list_withdrawals(connection))
    return WithdrawalReport(removed, left)


def _carry_out(connection: psycopg.Connection[Any], failed: set[bytes]) -> bool:
    """Carry out the oldest withdrawal that can be; tell whether there still was one."""
    with connection.transaction():
        lock_removals(connection)
        # Again: another worker may have carried it out while this one waited.
        one = _next_one(connection, failed)
        if one is None:
            return False
        if one.is_contributed and not one.is_found_elsewhere:
            reason = one.reason if one.reason.strip() else NO_REASON
            take_down_photos(connection, Subjects((one.sha256,)), reason, "contributor")
        values = {"sha256": one.sha256, "contributed": CONTRIBUTED}
        # All hours of the photo: one that was found elsewhere later is new there now.
        hours = list_photo_hours(connection, [one.sha256])
        if connection.execute(statement("takedowns/delete_contributed_sources"), values).rowcount:
            refresh_hours(connection, hours)
        connection.execute(statement("takedowns/delete_contributions"), values)
        connection.execute(statement("takedowns/note_withdrawn"), values)
        connection.execute(
            statement("takedowns/delete_withdrawal"),
            {"withdrawal_id": one.withdrawal_id, "named_sha256": one.named_sha256},
        )
    return True


def _next_one(connection: psycopg.Connection[Any], failed: set[bytes]) -> _Withdrawal | None:
    return next(
        (
            one
            for one in _list_withdrawals(connection)
            if one.sha256 not in failed and _can_be_carried_out(one)
        ),
        None,
    )


def _can_be_carried_out(one: _Withdrawal) -> bool:
    return one.is_waiting or one.is_contributed or one.is_removed


def _list_withdrawals(connection: psycopg.Connection[Any]) -> list[_Withdrawal]:
    with connection.cursor(row_factory=class_row(_Withdrawal)) as cursor:
        return cursor.execute(
            statement("takedowns/list_withdrawals"), {"contributed": CONTRIBUTED}
        ).fetchall()
