"""What the writer counts is what became of each photo."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sightscan.crawl.job import FetchedPhoto, Tally
from sightscan.crawl.spool import Spool
from sightscan.crawl.writer import Writer
from sightscan.warehouse.photos.photos import Attribution, FoundPhoto, PhotoFile
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
