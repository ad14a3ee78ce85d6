"""Take-downs outlive a restore: the tombstones of a database go into the one that replaces it.

A backup knows nothing of what was taken down after it; restored, it would show those photos again. Nor
does it know what people took back of what they shared: that goes into the inbox again.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from sightscan.errors import WarehouseError
from sightscan.settings import Settings
from sightscan.warehouse.backup.restored import open_restored
from sightscan.warehouse.connection import connect
from sightscan.warehouse.statements import statement
from sightscan.warehouse.takedowns.takedowns import Subjects, lock_removals, take_down_photos

# Who is written beside addresses that only the restored database knew.
REASON, REMOVED_BY = "taken down before, again after a restore", "restore"

Row = dict[str, Any]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tombstones:
    """What was taken down: rows of core.removed_photo and of core.removed_url.

    And what people took back: `withdrawals` that wait, and contributions that were `withdrawn`.
    """

    photos: Sequence[Row] = ()
    urls: Sequence[Row] = ()
    withdrawals: Sequence[Row] = ()
    withdrawn: Sequence[Row] = ()


def read_tombstones(config: Settings) -> Tombstones | None:
    """Return the tombstones of a warehouse of any version; None if it cannot be read."""
    try:
        with connect(config) as connection:
            return Tombstones(
                _rows_of(connection, "core.removed_photo", "backup/list_tombstones"),
                _rows_of(connection, "core.removed_url", "backup/list_url_tombstones"),
                _rows_of(connection, "load.withdrawal", "backup/list_withdrawals"),
                _rows_of(connection, "core.contribution", "backup/list_withdrawn_contributions"),
            )
    except (psycopg.Error, WarehouseError) as error:
        logger.warning("the take-downs of %s cannot be read: %s", config.pgdatabase, error)
        return None


def take_down_again(config: Settings, tombstones: Tombstones, owner: str) -> int:
    """Store tombstones in a restored warehouse and take their photos down; return how many photos.

    It is migrated first, as `owner`: a take-down reaches all tables, so it needs today's.
    """
    if not (tombstones.photos or tombstones.urls or tombstones.withdrawals or tombstones.withdrawn):
        return 0
    with (
        open_restored(config, owner) as connection,
        connection.transaction(),
        connection.cursor() as cursor,
    ):
        lock_removals(connection)
        cursor.executemany(statement("backup/copy_tombstone"), tombstones.photos)
        cursor.executemany(statement("backup/copy_url_tombstone"), tombstones.urls)
        cursor.executemany(statement("backup/copy_withdrawal"), tombstones.withdrawals)
        again = [row | {"reason": REASON} for row in tombstones.withdrawn]
        cursor.executemany(statement("backup/withdraw_again"), again)
        found = cursor.execute(statement("backup/list_photos_of_removed_urls")).fetchall()
        sha256s = {bytes(row["sha256"]) for row in tombstones.photos}
        sha256s |= {bytes(sha256) for (sha256,) in found}
        report = take_down_photos(connection, Subjects(tuple(sorted(sha256s))), REASON, REMOVED_BY)
    return len(report.removed)


def _rows_of(connection: psycopg.Connection[Any], table: str, query: str) -> Sequence[Row]:
    known = connection.execute("select to_regclass(%s)", (table,)).fetchone()
    if known == (None,):
        return []
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement(query)).fetchall()
