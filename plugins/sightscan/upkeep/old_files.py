"""Files that are made again or needed no more: logs of runs that are over, exported datasets, the spool."""

import configparser
import logging
import os
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sightscan.crawl.spool import Spool, spool_folder
from sightscan.dataset.export import UNFINISHED_FILE
from sightscan.dataset_folder import MANIFEST_FILE
from sightscan.services.doctor.installation import Installation

BASE_LOG_FOLDER = "AIRFLOW__LOGGING__BASE_LOG_FOLDER"
# Somebody may just have made a folder to write into it.
EMPTY_FOLDER_SECONDS = 3600

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Removed:
    """How many files went, and their bytes; how many could not be removed."""

    files: int = 0
    byte_count: int = 0
    failed: int = 0

    def __add__(self, other: "Removed") -> "Removed":
        """Return the sum of both."""
        return Removed(
            self.files + other.files,
            self.byte_count + other.byte_count,
            self.failed + other.failed,
        )


def log_folder(installation: Installation) -> Path:
    """Return where Airflow's logs are, by its environment, else by its configuration."""
    named = installation.environment.get(BASE_LOG_FOLDER)
    if not named:
        parser = configparser.RawConfigParser()
        config = installation.environment.get("AIRFLOW_CONFIG")
        parser.read(config or installation.airflow_home / "airflow.cfg", encoding="utf-8")
        named = parser.get("logging", "base_log_folder", fallback="")
    if named:
        # As Airflow writes it into a configuration of its own.
        return Path(
            os.path.expandvars(named.replace("{AIRFLOW_HOME}", str(installation.airflow_home)))
        )
    return installation.airflow_home / "logs"


def remove_old_logs(
    folder: Path,
    before: datetime,
    in_progress: Collection[tuple[str, str]],
    *,
    is_trial: bool = False,
) -> Removed:
    """Remove the log files last written before a moment, but those of runs (DAG, run) in progress."""
    kept = {folder / f"dag_id={dag_id}" / f"run_id={run_id}" for dag_id, run_id in in_progress}
    removed = Removed()
    emptied: set[Path] = set()
    for place, _, files in os.walk(folder, topdown=False, onerror=_tell):
        here = Path(place)
        if kept.isdisjoint((here, *here.parents)):
            gone = [_remove_old(here / name, before, is_trial=is_trial) for name in files]
            removed = sum(filter(None, gone), removed)
            was_emptied = here in emptied or any(gone)
            if not is_trial and here != folder and _remove_if_empty(here, was_emptied=was_emptied):
                emptied.add(here.parent)
    return removed


def remove_old_exports(folder: Path, before: datetime, *, is_trial: bool = False) -> Removed:
    """Remove datasets that were exported before a moment: each can be exported again."""
    removed = Removed()
    for export in sorted(folder.iterdir()) if folder.is_dir() else ():
        manifests = [export / name for name in (MANIFEST_FILE, UNFINISHED_FILE)]
        written = [path.stat().st_mtime for path in manifests if path.is_file()]
        # What is something else is somebody's own.
        if not written or export.is_symlink() or max(written) >= before.timestamp():
            continue
        sizes = [path.lstat().st_size for path in _files_below(export)]
        if not is_trial:
            try:
                shutil.rmtree(export)
            except OSError as error:
                _tell(error)
                removed += Removed(failed=1)
                continue
        removed += Removed(len(sizes), sum(sizes))
    return removed


def drop_old_spool(named: Path | None) -> Path | None:
    """Remove what crawls fetched and nobody came back for, which otherwise the next crawl does.

    Return the folder; None: it is not on this machine, and is not made, since whoever made it owns it.
    """
    folder = spool_folder(named)
    if not folder.is_dir():
        return None
    Spool(folder)
    return folder


def _files_below(folder: Path) -> Iterator[Path]:
    for place, _, files in os.walk(folder):
        yield from (Path(place) / name for name in files)


def _remove_old(file: Path, before: datetime, *, is_trial: bool) -> Removed | None:
    """Remove a file if it is old; None: it is not, or is gone already."""
    try:
        status = file.lstat()
        if status.st_mtime >= before.timestamp():
            return None
        if not is_trial:
            file.unlink()
    except FileNotFoundError:
        return None
    except OSError as error:
        _tell(error)
        return Removed(failed=1)
    return Removed(1, status.st_size)


def _remove_if_empty(folder: Path, *, was_emptied: bool) -> bool:
    """Remove a folder that is empty: somebody may just have made one that we did not empty."""
    with suppress(OSError):
        if was_emptied or folder.stat().st_mtime < time.time() - EMPTY_FOLDER_SECONDS:
            folder.rmdir()
            return True
    return False


def _tell(error: OSError) -> None:
    logger.warning("not removed: %s", error)
