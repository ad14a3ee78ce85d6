"""Fixtures of the app's tests: a tiny model that finds colours, and pictures with such colours."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw

from detector_app.catalogue import PublishedModel
from detector_app.errors import WarehouseAway
from detector_app.models.inference import load_detector
from detector_app.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from detector_app.models.inference import Detector

pytest_plugins = ("tests.loopback_only",)

TINY_ONNX = Path(__file__).parent / "fixtures" / "tiny.onnx"
SETTING_NAMES = (
    "PGHOST",
    "PGPORT",
    "PGDATABASE",
    "PGUSER",
    "PGPASSWORD",
    "MODEL_CACHE_DIR",
    "MODEL_PUBLIC_KEYS",
    "CONFIDENCE_THRESHOLD",
    "CATALOGUE_REFRESH_SECONDS",
)
RED, GREEN, GREY = "#d02020", "#20b030", "#9fb4c8"


@dataclass
class FakeWarehouse:
    """A source that gives what it was given, or is away; it counts what it is asked."""

    rows: list[dict[str, object]]
    files: dict[str, bytes]
    is_away: bool = False
    fetch_count: int = 0

    def list_cities(self) -> list[dict[str, object]]:
        """Return the rows."""
        self._answer()
        return self.rows

    def read_model_file(self, city_slug: str, onnx_sha256: str) -> bytes | None:  # noqa: ARG002 - the protocol's
        """Return the file of that hash."""
        self._answer()
        self.fetch_count += 1
        return self.files.get(onnx_sha256)

    def _answer(self) -> None:
        if self.is_away:
            msg = "away"
            raise WarehouseAway(msg)


@pytest.fixture(autouse=True)
def clean_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give each test the defaults, read anew."""
    for name in SETTING_NAMES:
        monkeypatch.delenv(name, raising=False)
    read_settings.cache_clear()
    yield
    read_settings.cache_clear()


@pytest.fixture(scope="session")
def onnx() -> bytes:
    """Return the bytes of the tiny model."""
    return TINY_ONNX.read_bytes()


@pytest.fixture(scope="session")
def detector(onnx: bytes) -> Detector:
    """Return the tiny model, loaded."""
    return load_detector(onnx)


@pytest.fixture
def model(onnx: bytes) -> PublishedModel:
    """Return the tiny model as the catalogue describes it."""
    return PublishedModel(
        city_slug="malaga",
        city_name="Málaga",
        model_version=3,
        published_at=datetime(2026, 1, 2, tzinfo=UTC),
        class_names=(
            "Torre do Relógio",
            "Green Gate",
            "Blue Mosque",
            "Sunflower Hall",
            "Rosa Palast",
        ),
        image_size=160,
        onnx_sha256=hashlib.sha256(onnx).hexdigest(),
        onnx_bytes=len(onnx),
        map50=0.91,
        map50_95=0.62,
        test_photo_count=242,
        sight_photo_count=42,
        named_sight_photo_count=36,
        background_photo_count=200,
        named_background_photo_count=2,
    )


@pytest.fixture
def city_row(model: PublishedModel) -> dict[str, object]:
    """Return the warehouse's row for a city with the tiny model."""
    return {
        "city_slug": "malaga",
        "city_name": "Málaga",
        "country": "Spain",
        "stage": "published",
        "sight_count": 5,
        "photo_count": 400,
        "labelled_photo_count": 350,
        "model_version": model.model_version,
        "published_at": model.published_at,
        "class_names": list(model.class_names),
        "image_size": model.image_size,
        "onnx_sha256": model.onnx_sha256,
        "onnx_bytes": model.onnx_bytes,
        "map50": model.map50,
        "map50_95": model.map50_95,
        "test_photo_count": model.test_photo_count,
        "sight_photo_count": model.sight_photo_count,
        "named_sight_photo_count": model.named_sight_photo_count,
        "background_photo_count": model.background_photo_count,
        "named_background_photo_count": model.named_background_photo_count,
    }


@pytest.fixture
def warehouse(city_row: dict[str, object], onnx: bytes, model: PublishedModel) -> FakeWarehouse:
    """Return a source with one city and its model."""
    return FakeWarehouse(rows=[city_row], files={model.onnx_sha256: onnx})


def draw_patches(
    size: tuple[int, int], patches: dict[str, tuple[float, float, float, float]]
) -> Image.Image:
    """Return a grey picture with a rectangle per colour, corners in pixels."""
    picture = Image.new("RGB", size, GREY)
    draw = ImageDraw.Draw(picture)
    for colour, corners in patches.items():
        draw.rectangle(corners, fill=colour)
    return picture
