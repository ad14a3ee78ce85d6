"""Which backups are kept: some days, some weeks, always the newest, and nobody else's files."""

import os
import time
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.settings import read_settings
from sightscan.warehouse.backup.keep import (
    choose_kept,
    list_backups,
    new_backup_path,
    remove_killed_backups,
    remove_old_backups,
)

# A Sunday.
TODAY = datetime(2026, 11, 29, 2, 30, tzinfo=UTC)
moments = st.sets(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(  # noqa: DTZ001
        lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
    ),
    max_size=80,
)


def nights(count: int) -> list[datetime]:
    return [TODAY - timedelta(days=number) for number in range(count)]


def test_a_night_each_leaves_days_and_weeks() -> None:
    kept = sorted(choose_kept(nights(60), days=7, weeks=5), reverse=True)
    assert [f"{moment:%m-%d}" for moment in kept] == [
        *("11-29", "11-28", "11-27", "11-26", "11-25", "11-24", "11-23"),
        # The Sundays before; this week's is a day, too.
        *("11-22", "11-15", "11-08", "11-01"),
    ]


def test_of_several_in_a_day_the_last_stays() -> None:
    three = [TODAY, TODAY + timedelta(hours=1), TODAY + timedelta(hours=9)]
    assert choose_kept(three, days=7, weeks=5) == {three[2]}


def test_after_a_month_without_any_the_first_new_one_removes_none_of_the_old() -> None:
    old = [moment - timedelta(days=40) for moment in nights(6)]
    assert choose_kept([TODAY, *old], days=7, weeks=1) == {TODAY, *old}


@given(moments, st.integers(1, 10), st.integers(0, 10))
def test_the_newest_stays_and_never_more_than_days_and_weeks(
    taken: set[datetime], days: int, weeks: int
) -> None:
    kept = choose_kept(taken, days=days, weeks=weeks)
    assert kept <= taken
    assert len(kept) <= days + weeks
    assert not taken or max(taken) in kept


@given(moments, st.integers(1, 10), st.integers(0, 10))
def test_what_is_kept_is_kept_again(taken: set[datetime], days: int, weeks: int) -> None:
    kept = choose_kept(taken, days=days, weeks=weeks)
    assert choose_kept(kept, days=days, weeks=weeks) == kept


def test_files_that_are_no_backups_of_this_warehouse_stay(tmp_path: Path) -> None:
    config = read_settings(
        backup_folder=tmp_path, pgdatabase="sights", keep_daily_backups=1, keep_weekly_backups=0
    )
    others = {
        "sights-20260101T000000Z-upkeep.dump.txt",
        "sights-20261399T000000Z-upkeep.dump",
        "sights2-20260101T000000Z-upkeep.dump",
        "monday.dump",
        # As somebody has made them by hand, on a day of another.
        "sights-20260101T000000Z.dump",
        "sights-20260102T010000Z.dump",
    }
    backups = {
        "sights-20260101T000000Z-upkeep.dump",
        "sights-20260102T000000Z-upkeep.dump",
        "sights-20260103T000000Z-upkeep.dump",
    }
    for name in others | backups | {f"{name}.manifest.json" for name in backups}:
        (tmp_path / name).touch()
    assert {path.name for path in remove_old_backups(config, (), is_trial=True)} == {
        "sights-20260101T000000Z-upkeep.dump",
        "sights-20260102T000000Z-upkeep.dump",
    }
    # What was tried last is gone, and the one before is good.
    passed = ("gone.dump", "sights-20260101T000000Z-upkeep.dump")
    remove_old_backups(config, passed)
    stay = backups - {"sights-20260102T000000Z-upkeep.dump"}
    assert {path.name for path in tmp_path.iterdir()} == others | stay | {
        f"{name}.manifest.json" for name in stay
    }


def test_the_newest_is_tried_whoever_made_it(tmp_path: Path) -> None:
    names = [
        "sights-20260101T000000Z-upkeep.dump",
        "sights-20260101T010000Z.dump",
        "sights-20260102T000000Z-upkeep.dump",
    ]
    for name in names:
        (tmp_path / name).touch()
    listed = list_backups(read_settings(backup_folder=tmp_path, pgdatabase="sights"))
    assert [backup.path.name for backup in listed] == names
    assert [backup.is_by_upkeep for backup in listed] == [True, False, True]


def test_a_file_of_the_future_is_no_backup_and_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    moments = [datetime.now(UTC) + timedelta(days=days) for days in (-1, 0.5, 800)]
    names = [f"sights-{moment:%Y%m%dT%H%M%SZ}-upkeep.dump" for moment in moments]
    for name in names:
        (tmp_path / name).touch()
    config = read_settings(backup_folder=tmp_path, pgdatabase="sights")
    assert [backup.path.name for backup in list_backups(config)] == names[:2]
    assert f"file={names[2]} is dated in the future" in caplog.text
    remove_old_backups(config.model_copy(update={"keep_daily_backups": 1}), ())
    assert (tmp_path / names[2]).is_file()


def test_halves_that_killed_backups_left_go_when_nobody_writes_them(tmp_path: Path) -> None:
    config = read_settings(backup_folder=tmp_path, pgdatabase="sights")
    old = {
        ".sights-20260101T000000Z-upkeep.dump.x1",
        ".sights-20260101T000000Z.dump.x1",
        ".sights-20260101T000000Z.dump.manifest.json.x1",
        ".sights-x-20260101T000000Z.dump.x1",
        ".sights-20260101T000000Z.dump",
        ".hidden",
    }
    for name in old:
        (tmp_path / name).touch()
        # The night before began a little later.
        os.utime(tmp_path / name, (time.time() - 86_000, time.time() - 86_000))
    (tmp_path / ".sights-20260102T000000Z-upkeep.dump.x1").touch()
    assert len(remove_killed_backups(config)) == 3
    assert {path.name for path in tmp_path.iterdir()} == {
        ".sights-x-20260101T000000Z.dump.x1",
        ".sights-20260101T000000Z.dump",
        ".hidden",
        ".sights-20260102T000000Z-upkeep.dump.x1",
    }
    assert remove_killed_backups(read_settings(backup_folder=tmp_path / "none")) == ()


class StandingStill(datetime):
    """A clock that says the same whenever it is asked."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "StandingStill":
        return cls(2026, 11, 2, 3, 15, 59, tzinfo=tz)


def test_two_backups_of_one_second_have_two_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sightscan.warehouse.backup.keep.datetime", StandingStill)
    config = read_settings(backup_folder=tmp_path, pgdatabase="sights")
    names = []
    for _ in range(2):
        path = new_backup_path(config)
        path.touch()
        names.append(path.name)
    assert names == ["sights-20261102T031559Z.dump", "sights-20261102T031600Z.dump"]
    assert [backup.path.name for backup in list_backups(config)] == names
