"""Files that are old go, those of runs in progress and of somebody's own stay."""

import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sightscan.services.doctor.installation import Installation
from sightscan.settings import read_settings
from sightscan.upkeep.old_files import (
    Removed,
    drop_old_spool,
    log_folder,
    remove_old_exports,
    remove_old_logs,
)

NOW = datetime.now(UTC)
LIMIT = NOW - timedelta(days=30)
OLD, NEW = 31.0, 29.0


def write(file: Path, days: float, text: str = "ten bytes.") -> Path:
    """Write a file that is so old, and folders as old as it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    moment = time.time() - days * 86_400
    os.utime(file, (moment, moment))
    return file


def log(folder: Path, dag: str, run: str, days: float) -> Path:
    return write(folder / f"dag_id={dag}" / f"run_id={run}" / "task_id=t" / "attempt=1.log", days)


def test_logs_that_are_old_go_with_their_folders(tmp_path: Path) -> None:
    gone, stays = log(tmp_path, "a", "one", OLD), log(tmp_path, "a", "two", NEW)
    of_parsing = write(tmp_path / "dag_processor" / "2026-01-01" / "x.log", OLD)
    assert remove_old_logs(tmp_path, LIMIT, ()) == Removed(2, 20)
    assert (gone.exists(), stays.exists(), of_parsing.exists()) == (False, True, False)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "dag_id=a",
        "dag_id=a/run_id=two",
        "dag_id=a/run_id=two/task_id=t",
        "dag_id=a/run_id=two/task_id=t/attempt=1.log",
    ]


def test_logs_of_a_run_in_progress_stay_however_old(tmp_path: Path) -> None:
    run = "scheduled__2026-01-01T00:00:00+00:00"
    stays, gone = log(tmp_path, "city_a", run, OLD), log(tmp_path, "city_b", run, OLD)
    remove_old_logs(tmp_path, LIMIT, {("city_a", run)})
    assert (stays.exists(), gone.exists()) == (True, False)


def test_a_folder_that_somebody_just_made_stays(tmp_path: Path) -> None:
    new = tmp_path / "dag_id=a" / "run_id=new" / "task_id=t"
    new.mkdir(parents=True)
    remove_old_logs(tmp_path, LIMIT, ())
    assert new.is_dir()


def test_a_trial_counts_and_removes_nothing(tmp_path: Path) -> None:
    stays = log(tmp_path / "logs", "a", "one", OLD)
    export = write(tmp_path / "datasets" / "lisbon-1" / "dataset.json", OLD)
    assert remove_old_logs(tmp_path / "logs", LIMIT, (), is_trial=True) == Removed(1, 10)
    assert remove_old_exports(tmp_path / "datasets", LIMIT, is_trial=True) == Removed(1, 10)
    assert (stays.exists(), export.exists()) == (True, True)


def test_what_cannot_be_removed_is_counted_and_the_rest_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, gone = log(tmp_path, "a", "held", OLD), log(tmp_path, "a", "gone", OLD)
    unlink = Path.unlink

    def refuse(path: Path, *, missing_ok: bool = False) -> None:
        if path == held:
            raise PermissionError(13, "Permission denied", str(path))
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    assert remove_old_logs(tmp_path, LIMIT, ()) == Removed(1, 10, failed=1)
    assert (held.exists(), gone.exists()) == (True, False)


def test_exports_that_are_old_go_and_what_is_no_export_stays(tmp_path: Path) -> None:
    for name, file, days in (
        ("old", "dataset.json", OLD),
        ("broke-off", ".dataset.json.unfinished", OLD),
        ("new", "dataset.json", NEW),
        ("notes", "notes.txt", OLD),
    ):
        write(tmp_path / name / "images" / "train" / "1.jpg", OLD)
        write(tmp_path / name / file, days)
    (tmp_path / "linked").symlink_to(tmp_path / "old")
    assert remove_old_exports(tmp_path, LIMIT) == Removed(4, 40)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["linked", "new", "notes"]
    assert remove_old_exports(tmp_path / "none", LIMIT) == Removed()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"AIRFLOW__LOGGING__BASE_LOG_FOLDER": "/var/log/airflow"}, "/var/log/airflow"),
        ({"AIRFLOW_HOME": "/srv/airflow"}, "/srv/airflow/logs"),
    ],
)
def test_logs_are_where_airflow_writes_them(environment: dict[str, str], expected: str) -> None:
    installation = Installation(config=read_settings(), environment=environment)
    assert log_folder(installation) == Path(expected)


def test_logs_are_where_airflows_configuration_says(tmp_path: Path) -> None:
    config = tmp_path / "airflow.cfg"
    config.write_text("[logging]\nbase_log_folder = {AIRFLOW_HOME}/journal\n")
    environment = {"AIRFLOW_HOME": "/srv", "AIRFLOW_CONFIG": str(config)}
    installation = Installation(config=read_settings(), environment=environment)
    assert log_folder(installation) == Path("/srv/journal")


def test_photos_that_wait_for_too_long_go_from_the_spool_that_is_there(tmp_path: Path) -> None:
    gone, stays = write(tmp_path / "spool" / "a", 2.0), write(tmp_path / "spool" / "b", 0.5)
    assert drop_old_spool(tmp_path / "spool") == tmp_path / "spool"
    assert (gone.exists(), stays.exists()) == (False, True)


def test_a_spool_that_is_not_there_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for folder in (None, tmp_path / "none"):
        assert drop_old_spool(folder) is None
    assert list(tmp_path.iterdir()) == []
