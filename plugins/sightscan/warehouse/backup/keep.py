"""The backups that are kept: one of each of the last days, and one of each of the last weeks.

Their files are told from others by their names: the database, the moment in UTC, and whether the upkeep
made them. Only those are ever removed: what somebody made by hand stays until somebody removes it.
"""

import logging
import re
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from sightscan.settings import REPOSITORY, Settings
from sightscan.warehouse.backup.dump import manifest_of
from sightscan.warehouse.incidents.watch import UNTRIED
from sightscan.warehouse.statements import statement

MOMENT = "%Y%m%dT%H%M%SZ"
BY_UPKEEP = "-upkeep"
# The file of a backup that is being written grows; the half that the last night left does not.
KILLED_BACKUP_SECONDS = 12 * 3600
# Two clocks differ by minutes; what is dated later than this, a clock dated that was wrong.
MAX_AHEAD = timedelta(days=1)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeptBackup:
    """A backup in the folder, by the moment in its name."""

    path: Path
    taken_at: datetime
    is_by_upkeep: bool


def backup_folder(config: Settings) -> Path:
    """Return where backups are written unless a file is named."""
    return config.backup_folder or REPOSITORY / "var" / "backups"


def new_backup_path(config: Settings, *, is_by_upkeep: bool = False) -> Path:
    """Return the name of a backup that is taken now; of two in one second, the later one's is the next."""
    moment = datetime.now(UTC)
    while (path := _path_at(config, moment, is_by_upkeep=is_by_upkeep)).exists():
        moment += timedelta(seconds=1)
    return path


def list_backups(config: Settings) -> tuple[KeptBackup, ...]:
    """Return the backups of this warehouse's database that are in the folder, the oldest first.

    One of the future counts as none, or it would be the newest for years, and what is made now would
    neither be tried nor missed. It stays where it is, and is named in the log.
    """
    latest = datetime.now(UTC) + MAX_AHEAD
    name = re.compile(rf"{re.escape(config.pgdatabase)}-(\d{{8}}T\d{{6}}Z)({BY_UPKEEP})?\.dump")
    found = []
    for path in backup_folder(config).glob("*.dump"):
        if match := name.fullmatch(path.name):
            # Digits that are no time are no name of ours.
            with suppress(ValueError):
                taken_at = datetime.strptime(match[1], MOMENT).replace(tzinfo=UTC)
                if taken_at > latest:
                    logger.warning(
                        "file=%s is dated in the future, and counts as no backup: rename it by the "
                        "time at which it was made, or remove it",
                        path.name,
                    )
                    continue
                found.append(KeptBackup(path, taken_at, is_by_upkeep=match[2] is not None))
    return tuple(sorted(found, key=lambda backup: backup.taken_at))


def choose_kept(moments: Iterable[datetime], *, days: int, weeks: int) -> frozenset[datetime]:
    """Return which backups stay: the last of each of the last days and weeks (ISO) that have one."""
    ordered = sorted(moments, reverse=True)
    by_day = _first_of_each(ordered, lambda moment: moment.date().toordinal())
    by_week = _first_of_each(ordered, lambda moment: moment.isocalendar()[:2])
    return frozenset([*by_day[:days], *by_week[:weeks]])


def remove_old_backups(
    config: Settings, passed: Sequence[str], *, is_trial: bool = False
) -> tuple[Path, ...]:
    """Remove the upkeep's backups that are too many, with their manifests; return which.

    Days are those on which there is a backup: a month without any costs none of those before it. Of
    the files that `passed` a restore on trial, the first that is there stays, however old.
    """
    backups = [backup for backup in list_backups(config) if backup.is_by_upkeep]
    names = {backup.path.name for backup in backups}
    good = next((name for name in passed if name in names), None)
    kept = choose_kept(
        (backup.taken_at for backup in backups),
        days=config.keep_daily_backups,
        weeks=config.keep_weekly_backups,
    )
    old = [
        backup.path
        for backup in backups
        if backup.taken_at not in kept and backup.path.name != good
    ]
    if not is_trial:
        for path in old:
            # A dump that is there has a manifest: the dump goes first.
            path.unlink(missing_ok=True)
            manifest_of(path).unlink(missing_ok=True)
    logger.info("backups=%d removed=%d", len(backups) - len(old), len(old))
    return tuple(old)


def remove_killed_backups(config: Settings) -> tuple[Path, ...]:
    """Remove what backups left that were killed while they were written; return which."""
    before = time.time() - KILLED_BACKUP_SECONDS
    name = re.compile(
        rf"\.{re.escape(config.pgdatabase)}-\d{{8}}T\d{{6}}Z({BY_UPKEEP})?\.dump(\..+)?\.[^.]+"
    )
    removed = []
    for path in backup_folder(config).glob(".*"):
        if name.fullmatch(path.name):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()
                    removed.append(path)
    return tuple(removed)


def list_passed_backups(connection: psycopg.Connection[Any]) -> tuple[str, ...]:
    """Return the names of the files that came back whole, that of the last trial first."""
    rows = connection.execute(
        statement("backup/list_passed_backups"), {"untried": UNTRIED}
    ).fetchall()
    return tuple(name for (name,) in rows)


def forget_old_notes(connection: psycopg.Connection[Any], before: datetime) -> int:
    """Delete the notes of backups and trials from before a moment, but the last; return how many."""
    row = connection.execute(statement("backup/delete_old_notes"), {"before": before}).fetchone()
    return sum(row) if row else 0


def _path_at(config: Settings, moment: datetime, *, is_by_upkeep: bool) -> Path:
    whose = BY_UPKEEP if is_by_upkeep else ""
    return backup_folder(config) / f"{config.pgdatabase}-{moment.strftime(MOMENT)}{whose}.dump"


def _first_of_each(
    moments: Iterable[datetime], key: Callable[[datetime], object]
) -> list[datetime]:
    firsts: dict[object, datetime] = {}
    for moment in moments:
        firsts.setdefault(key(moment), moment)
    return list(firsts.values())
