"""The page /camera over the real server: signed files, the live variant for a film, a hidden sight."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import expect

from detector_app.atomic_file import write_atomically
from detector_app.catalogue import Catalogue, City, PublishedModel, save_snapshot
from detector_app.models.model_store import path_of_model
from tests.browser.conftest import GREEN, RED, draw_photo
from tests.cities.published_city import CITY_NAME, CITY_SLUG, CLASS_NAMES, TINY_ONNX
from tests.end_to_end.app_server import run_app
from tests.end_to_end.browser import open_app
from tests.film import write_film
from tests.model_files import GOOD_METADATA, metadata
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()
WHOLE = TINY_ONNX.read_bytes()
LIVE = WHOLE + metadata("sight_ids", GOOD_METADATA["sight_ids"])


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def signature_of(content: bytes) -> str:
    return base64.b64encode(KEY.sign(content)).decode()


def keep_signed(folder: Path) -> None:
    """Leave a city whose first sight is hidden, as an app finds it that the warehouse does not answer."""
    model = PublishedModel(
        city_slug=CITY_SLUG,
        city_name=CITY_NAME,
        model_version=1,
        published_at=datetime(2026, 1, 2, tzinfo=UTC),
        class_names=tuple(CLASS_NAMES[1:]),
        image_size=160,
        onnx_sha256=sha256_of(WHOLE),
        onnx_bytes=len(WHOLE),
        map50=0.91,
        map50_95=0.62,
        test_photo_count=60,
        onnx_signature=signature_of(WHOLE),
        live_onnx_sha256=sha256_of(LIVE),
        live_onnx_bytes=len(LIVE),
        live_image_size=160,
        live_onnx_signature=signature_of(LIVE),
    )
    live = model.as_live()
    assert live is not None
    write_atomically(path_of_model(model, folder), WHOLE)
    write_atomically(path_of_model(live, folder), LIVE)
    city = City(CITY_SLUG, CITY_NAME, "Spain", "published", 5, 400, 350, model)
    save_snapshot(Catalogue((city,), as_of=datetime.now(UTC)), folder)


def test_film_is_looked_at_with_the_signed_live_file_and_a_hidden_sight_has_no_name(
    tmp_path: Path,
) -> None:
    keep_signed(tmp_path / "cache")
    both = {RED: (60, 120, 220, 420), GREEN: (340, 80, 560, 300)}
    photos = [draw_photo(tmp_path / f"{number}.png", both) for number in range(2)]
    write_film(photos, tmp_path / "film.y4m", seconds_per_photo=3.0)
    with (
        run_app(tmp_path / "cache", tmp_path / "app.log", {"MODEL_PUBLIC_KEYS": PUBLIC}) as url,
        open_app(url, film=tmp_path / "film.y4m") as page,
    ):
        # The live file is checked after the other.
        wait_until(
            lambda: page.request.get(f"{url}/api/cities/{CITY_SLUG}").json()["model"]["live"]
        )
        page.goto(f"{url}/camera")
        page.locator("#start").click()
        expect(page.locator(".plate .said")).to_have_text(["This is Green Gate"])
        page.get_by_text("Debug").click()
        expect(page.locator("#debug")).to_contain_text(sha256_of(LIVE)[:12])
        expect(page.locator("#debug")).to_contain_text("checked")
        expect(page.locator("#debug")).not_to_contain_text("not checked")
        page.locator("#knows summary").click()
        expect(page.locator("#knows")).not_to_contain_text(CLASS_NAMES[0])
        page.locator("#files").set_input_files(photos[0])
        expect(page.locator(".card .said")).to_have_text(["This is Green Gate"])
