"""What was fetched and not stored yet outlives the crawl, and nobody else puts photos there."""

import errno
import logging
import os
import tempfile
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


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def unreadable(*_: object, **__: object) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def read_only(*_: object, **__: object) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def crawl_with(folder: Path | None) -> list[bytes | None]:
    spool = Spool(folder)
    left = []
    for url in (URL, f"{URL}b"):
        spool.put(url, b"photo")
        left.append(spool.get(url))
    spool.drop([URL, f"{URL}b"])
    return left


@pytest.mark.parametrize(
    ("call", "failure"),
    [
        ("mkdir", read_only),
        ("mkdir", full),
        ("stat", unreadable),
        ("write_bytes", full),
        ("replace", full),
        ("read_bytes", unreadable),
    ],
)
def test_disk_that_fails_costs_no_crawl_and_warns_once(
    tmp_path: Path,
    call: str,
    failure: object,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder = tmp_path / "spool"
    with monkeypatch.context() as broken, caplog.at_level(logging.WARNING):
        broken.setattr(Path, call, failure)
        assert crawl_with(folder) == [None, None]
    (warning,) = caplog.records
    assert "CRAWL_SPOOL_FOLDER cannot be used" in warning.getMessage()
    assert "the crawl goes on" in warning.getMessage()
    assert not folder.exists() or list(folder.iterdir()) == []


@pytest.mark.parametrize("call", ["unlink", "iterdir"])
def test_disk_that_deletes_nothing_costs_no_crawl(
    tmp_path: Path, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Spool(tmp_path).put(f"{URL}old", b"photo")
    for file in tmp_path.iterdir():
        os.utime(file, (0, 0))
    with monkeypatch.context() as broken:
        broken.setattr(Path, call, read_only)
        assert crawl_with(tmp_path) == [b"photo", b"photo"]


def test_file_in_place_of_the_folder_costs_no_crawl(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("in the way")
    assert crawl_with(tmp_path / "spool") == [None, None]
    assert crawl_with(tmp_path / "spool" / "below") == [None, None]


def test_no_place_for_temporary_files_costs_no_crawl(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_place() -> str:
        msg = "No usable temporary directory found"
        raise FileNotFoundError(errno.ENOENT, msg)

    monkeypatch.setattr(tempfile, "gettempdir", no_place)
    assert crawl_with(None) == [None, None]


def test_room_that_comes_back_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr(Path, "write_bytes", full)
        spool.put(URL, b"photo")
    spool.put(URL, b"photo")
    assert spool.get(URL) == b"photo"
