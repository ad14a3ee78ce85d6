"""Tests that remove what is old keep off what lies on this machine."""

from pathlib import Path

import pytest

from sightscan.settings import settings
from sightscan.upkeep import clean


def keep_off_this_machine(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Have backups, exports and the spool looked for below a folder."""
    monkeypatch.setenv("BACKUP_FOLDER", str(folder / "backups"))
    monkeypatch.setenv("CRAWL_SPOOL_FOLDER", str(folder / "spool"))
    monkeypatch.setattr(clean, "EXPORTS_FOLDER", folder / "datasets")
    settings.cache_clear()
