"""What was fetched and not stored yet outlives the crawl, and nobody else puts photos there."""

import os
import time
from pathlib import Path

import pytest

from sightscan.crawl.spool import Spool
from sightscan.errors import SettingsError

URL = "https://a.example/" + "a" * 5_000


def test_photo_waits_for_the_next_crawl_until_it_is_stored(tmp_path: Path) -> None:
    Spool(tmp_path / "spool").put(URL, b"photo")
    again = Spool(tmp_path / "spool")
    assert again.get(URL) == b"photo"
    again.drop([URL])
    assert again.get(URL) is None


def test_dropping_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    Spool(tmp_path).drop([URL])


@pytest.mark.parametrize(("hours", "found"), [(23, b"photo"), (25, None)])
def test_photos_of_more_than_a_day_ago_are_forgotten(
    tmp_path: Path, hours: int, found: bytes | None
) -> None:
    Spool(tmp_path).put(URL, b"photo")
    for file in tmp_path.iterdir():
        os.utime(file, (0, time.time() - hours * 3600))
    assert Spool(tmp_path).get(URL) == found


def test_folder_is_for_its_user_only(tmp_path: Path) -> None:
    Spool(tmp_path / "spool")
    assert (tmp_path / "spool").stat().st_mode & 0o077 == 0


def test_folder_behind_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(SettingsError, match="CRAWL_SPOOL_FOLDER"):
        Spool(tmp_path / "link")
