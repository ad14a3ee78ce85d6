"""What the writer counts is what became of each photo."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sightscan.crawl import writer as crawl_writer
from sightscan.crawl.job import FetchedPhoto, Tally
from sightscan.crawl.spool import Spool
from sightscan.crawl.writer import Writer
from sightscan.warehouse.photos.photos import (
    Attribution,
    FoundPhoto,
    MergeReport,
    PhotoFile,
    RejectedPhoto,
)
from sightscan.warehouse.takedowns.takedowns import Subjects, remove_photos
from tests.cities.colour_city import store_colour_city


def found(content: bytes, url: str, perceptual_hash: bytes) -> FoundPhoto:
    digest = hashlib.sha256(content).digest()
    return FoundPhoto(
        PhotoFile(digest, content, 640, 480, "image/jpeg", perceptual_hash),
        Attribution(url, None, "google", "unknown", None, None, None, "Gate"),
        datetime.now(UTC),
    )


@pytest.mark.parametrize(
    ("again", "reason"), [(b"photo", "removed"), (b"rendered anew", "removed_copy")]
)
def test_refused_photo_at_two_addresses_is_kept_by_neither_and_no_duplicate(
    warehouse: psycopg.Connection[Any], tmp_path: Path, again: bytes, reason: str
) -> None:
    sight_id = store_colour_city(warehouse, photos_a_sight=1).sights[0].sight_id or 0
    writer = Writer(warehouse, "google", sight_id, 10, Spool(tmp_path))
    look = b"\x5a" * 32
    writer.add(FetchedPhoto(found(b"photo", "https://a.example/1.jpg", look), is_duplicate=False))
    writer.store()
    remove_photos(
        warehouse, Subjects((hashlib.sha256(b"photo").digest(),)), reason="mine", removed_by="ann"
    )
    later = Writer(warehouse, "google", sight_id, 10, Spool(tmp_path))
    for number in (2, 3):
        photo = found(again, f"https://a.example/{number}.jpg", look)
        later.add(FetchedPhoto(photo, is_duplicate=number == 3))
    later.store()
    report = later.report(Tally(), None)
    assert (report.found, report.kept, report.duplicate) == (2, 0, 0)
    assert report.rejected == {reason: 2}


@pytest.mark.parametrize(
    ("spooled", "rejected", "waits"),
    [
        (("a", "b"), (), False),
        (("a",), (), True),
        (("a", "b"), (("c", "licence"),), False),
        # Asked for, and nothing came that could be looked at again.
        (("a", "b"), (("c", "http_404"),), True),
        (("a", "b", "c"), (("c", "not_an_image"),), False),
    ],
)
def test_writer_waits_for_the_disk_where_the_spool_could_not_help(
    warehouse: psycopg.Connection[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    spooled: tuple[str, ...],
    rejected: tuple[tuple[str, str], ...],
    waits: bool,
) -> None:
    asked: list[bool] = []

    def merge(*_: object, waits_for_disk: bool, **__: object) -> MergeReport:
        asked.append(waits_for_disk)
        return MergeReport(0, 0, 0)

    monkeypatch.setattr(crawl_writer, "merge_photos", merge)
    spool = Spool(tmp_path)
    for name in spooled:
        spool.put(f"https://a.example/{name}", b"photo")
    writer = Writer(warehouse, "google", 1, 10, spool)
    for name in ("a", "b"):
        photo = found(name.encode(), f"https://a.example/{name}", b"\x5a" * 32)
        writer.add(FetchedPhoto(photo, is_duplicate=False))
    for name, reason in rejected:
        writer.add(RejectedPhoto(f"https://a.example/{name}", "google", reason))
    writer.finish()
    assert asked == [waits]
    assert list(tmp_path.iterdir()) == []


def test_photo_stays_in_the_spool_until_the_server_has_it_on_its_disk(
    warehouse: psycopg.Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sight_id = store_colour_city(warehouse, photos_a_sight=1).sights[0].sight_id or 0
    spool = Spool(tmp_path)
    writer = Writer(warehouse, "google", sight_id, 10, spool)
    spool.put("https://a.example/1.jpg", b"photo")
    writer.add(
        FetchedPhoto(found(b"photo", "https://a.example/1.jpg", b"\x5a" * 32), is_duplicate=False)
    )
    with monkeypatch.context() as slow_disk:
        slow_disk.setattr(crawl_writer, "is_on_disk", lambda *_: False)
        writer.store()
        assert spool.has("https://a.example/1.jpg")
    writer.finish()
    assert not spool.has("https://a.example/1.jpg")
