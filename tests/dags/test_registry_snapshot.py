"""The registry's snapshot on a disk that fails: a sentence, and the one before stays."""

import errno
import os
from pathlib import Path

import pytest

from sightscan.city import City, Place
from sightscan.errors import SettingsError
from sightscan.operators.registry import read_snapshot, write_snapshot

ONE = City("Q1", "one", "One", "X", Place(1, 1), 1_000)
TWO = City("Q2", "two", "Two", "X", Place(2, 2), 1_000)


@pytest.fixture
def snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cities.json"
    monkeypatch.setenv("REGISTRY_SNAPSHOT", str(path))
    write_snapshot([ONE])
    return path


@pytest.mark.parametrize("call", ["write_text", "replace"])
def test_full_disk_leaves_the_snapshot_before_and_no_part(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as broken:
        broken.setattr(Path, call, full)
        with pytest.raises(SettingsError, match=r"REGISTRY_SNAPSHOT=.* No space left .* make room"):
            write_snapshot([ONE, TWO])
    assert [city.slug for city in read_snapshot()] == ["one"]
    assert [path.name for path in snapshot.parent.iterdir()] == ["cities.json"]


def test_file_in_place_of_the_folder_is_a_sentence(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_SNAPSHOT", str(snapshot / "cities.json"))
    with pytest.raises(SettingsError, match="cannot be written"):
        write_snapshot([ONE])
    with pytest.raises(SettingsError, match="cannot be read"):
        read_snapshot()
