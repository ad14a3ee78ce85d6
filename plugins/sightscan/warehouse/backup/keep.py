"""The backups that are kept: one of each of the last days, and one of each of the last weeks.

Their files are told from others by their names: the database, and the moment in UTC.
"""

import logging
import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from sightscan.settings import REPOSITORY, Settings
from sightscan.warehouse.backup.dump import manifest_of
from sightscan.warehouse.statements import statement

MOMENT = "%Y%m%dT%H%M%SZ"
# A backup that is being written is younger, or its file grows.
KILLED_BACKUP_SECONDS = 24 * 3600

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeptBackup:
    """A backup in the folder, by the moment in its name."""

    path: Path
    taken_at: datetime


def backup_folder(config: Settings) -> Path:
    """Return where backups are written unless a file is named."""
    return config.backup_folder or REPOSITORY / "var" / "backups"


def new_backup_path(config: Settings) -> Path:
    """Return the name of a backup that is taken now; of two in one second, the later one's is the next."""
    moment = datetime.now(UTC)
    while (path := _path_at(config, moment)).exists():
        moment += timedelta(seconds=1)
    return path


def list_backups(config: Settings) -> tuple[KeptBackup, ...]:
    """Return the backups of this warehouse's database that are in the folder, the oldest first."""
    name = re.compile(rf"{re.escape(config.pgdatabase)}-(\d{{8}}T\d{{6}}Z)\.dump")
    found = []
    for path in backup_folder(config).glob("*.dump"):
        if match := name.fullmatch(path.name):
            # Digits that are no time are no name of ours.
            with suppress(ValueError):
                taken_at = datetime.strptime(match[1], MOMENT).replace(tzinfo=UTC)
                found.append(KeptBackup(path, taken_at))
    return tuple(sorted(found, key=lambda backup: backup.taken_at))


def choose_kept(moments: Iterable[datetime], *, days: int, weeks: int) -> frozenset[datetime]:
    """Return which backups stay: the last of each of the last days and weeks (ISO) that have one."""
    ordered = sorted(moments, reverse=True)
    by_day = _first_of_each(ordered, lambda moment: moment.date().toordinal())
    by_week = _first_of_each(ordered, lambda moment: moment.isocalendar()[:2])
    return frozenset([*by_day[:days], *by_week[:weeks]])


def remove_old_backups(config: Settings, *, is_trial: bool = False) -> tuple[Path, ...]:
    """Remove the backups that are too many, with their manifests, and what killed ones left.

    Days are those on which there is a backup: a month without any costs none of those before it.
    """
    backups = list_backups(config)
    kept = choose_kept(
        (backup.taken_at for backup in backups),
        days=config.keep_daily_backups,
        weeks=config.keep_weekly_backups,
    )
    old = [backup.path for backup in backups if backup.taken_at not in kept]
    if not is_trial:
        for path in old:
            # A dump that is there has a manifest: the dump goes first.
            path.unlink(missing_ok=True)
            manifest_of(path).unlink(missing_ok=True)
        for path in _list_abandoned(config):
            path.unlink(missing_ok=True)
    logger.info("backups=%d removed=%d", len(backups) - len(old), len(old))
    return tuple(old)


def forget_old_notes(connection: psycopg.Connection[Any], before: datetime) -> int:
    """Delete the notes of backups and trials from before a moment, but the last; return how many."""
    row = connection.execute(statement("backup/delete_old_notes"), {"before": before}).fetchone()
    return sum(row) if row else 0


def _path_at(config: Settings, moment: datetime) -> Path:
    return backup_folder(config) / f"{config.pgdatabase}-{moment.strftime(MOMENT)}.dump"


def _first_of_each(
    moments: Iterable[datetime], key: Callable[[datetime], object]
) -> list[datetime]:
    firsts: dict[object, datetime] = {}
    for moment in moments:
        firsts.setdefault(key(moment), moment)
    return list(firsts.values())


def _list_abandoned(config: Settings) -> Iterable[Path]:
    """Give the unfinished files of backups whose program was killed."""
    before = time.time() - KILLED_BACKUP_SECONDS
    for path in backup_folder(config).glob(f".{config.pgdatabase}-*Z.dump.*"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < before:
                yield path
