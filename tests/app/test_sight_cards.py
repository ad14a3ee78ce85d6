"""Cards of sights: as the warehouse has them, and their photos as they are sent."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from detector_app.errors import WarehouseAway
from detector_app.photos.card_photo import obtain_card_photo
from detector_app.sight_cards import read_cards

if TYPE_CHECKING:
    from pathlib import Path

SHA256 = "ab" * 32


@dataclass
class FakeCards:
    """A source of cards that counts how often it is asked for a photo."""

    rows: list[dict[str, object]] = field(default_factory=list)
    photo: bytes | None = None
    asked: int = 0

    def list_sight_cards(self, city_slug: str) -> list[dict[str, object]]:
        """Return the rows."""
        del city_slug
        return self.rows

    def read_card_photo(self, city_slug: str, sha256: str) -> bytes | None:
        """Return the photo."""
        del city_slug, sha256
        self.asked += 1
        return self.photo


def photo() -> bytes:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "a house of mine"
    Image.new("RGB", (1600, 900), "#20b030").save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def test_cards_are_found_by_the_names_of_classes() -> None:
    cards = read_cards(FakeCards([{"class_name": "Gate", "photo_sha256": SHA256}]), "malaga")
    assert cards.by_name["Gate"].since_year is None
    assert cards.has_photo(SHA256)
    assert not cards.has_photo("cd" * 32)


def test_cards_of_another_version_count_as_a_warehouse_that_is_away() -> None:
    with pytest.raises(WarehouseAway, match="update the app and the warehouse together"):
        read_cards(FakeCards([{"class_name": "Gate", "since_year": "long ago"}]), "malaga")


def test_photo_is_sent_small_and_without_its_metadata_and_made_once(tmp_path: Path) -> None:
    source = FakeCards(photo=photo())
    small = obtain_card_photo(source, "malaga", SHA256, tmp_path)
    assert small is not None
    with Image.open(io.BytesIO(small)) as picture:
        assert picture.size == (640, 360)
        assert not picture.getexif()
    assert obtain_card_photo(source, "malaga", SHA256, tmp_path) == small
    assert source.asked == 1


def test_photo_that_is_gone_is_none(tmp_path: Path) -> None:
    assert obtain_card_photo(FakeCards(), "malaga", SHA256, tmp_path) is None
