"""A photo is shared in the app and taken back by its code, in a real browser."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from sightscan.crawl.contributions import take_in_contributions
from sightscan.settings import read_settings
from sightscan.warehouse.takedowns.withdrawals import remove_withdrawn_photos
from tests.cities.colour_city import store_colour_city
from tests.cities.published_city import create_app_login
from tests.drawn_face import face
from tests.end_to_end.app_server import app_settings, run_app
from tests.end_to_end.browser import open_app, wait_until_drawn

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg
    from playwright.sync_api import Page

    from sandbox.postgres.server import PostgresAddress

pytestmark = pytest.mark.slow

CAMERA = b"Camera of Ann"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Write a photo with a face, GPS and the name of a camera."""
    drawn = Image.linear_gradient("L").resize((1200, 900)).convert("RGB")
    drawn.paste(face(220), (500, 300))
    exif = Image.Exif()
    exif[0x010F] = CAMERA.decode()
    exif.get_ifd(0x8825)[2] = (52.0, 30.0, 0.0)
    path = tmp_path / "holiday.jpg"
    drawn.save(path, exif=exif)
    assert CAMERA in path.read_bytes()
    return path


def choose(page: Page, number: int, name: str | None = None) -> None:
    page.get_by_role("combobox").nth(number).click()
    page.get_by_role("option", name=name).first.click()
    wait_until_drawn(page)


def test_shared_photo_is_stored_as_shown_and_gone_when_it_is_taken_back(
    warehouse: psycopg.Connection[Any],
    warehouse_address: PostgresAddress,
    tmp_path: Path,
    photo: Path,
) -> None:
    store_colour_city(warehouse)
    create_app_login(warehouse)
    settings = app_settings(warehouse_address)
    with (
        run_app(tmp_path / "cache", tmp_path / "app.log", settings) as url,
        open_app(f"{url}/improve") as page,
    ):
        assert page.locator("input[type=file]").count() == 0
        page.get_by_text("I want to share a photo").click()
        wait_until_drawn(page)
        choose(page, 0, "Málaga")
        choose(page, 1)
        page.locator("input[type=file]").set_input_files(photo)

        page.get_by_text("Blurred: ").first.wait_for()
        share = page.get_by_role("button", name="Share this picture")
        assert share.is_disabled()
        shown = page.get_by_alt_text("Your photo as it would be stored").first
        source = shown.get_attribute("src") or ""
        seen = page.request.get(source if source.startswith("http") else url + source).body()
        page.get_by_text("Creative Commons Attribution 4.0 (CC BY 4.0)").click()
        wait_until_drawn(page)
        share.click()
        page.get_by_text("Keep this code.").wait_for()
        code = page.locator("code").first.inner_text()
        (sent,) = warehouse.execute("select bytes from load.contribution").fetchall()
        assert hashlib.sha256(sent[0]).digest() == hashlib.sha256(seen).digest()
        assert CAMERA not in sent[0]
        with Image.open(io.BytesIO(sent[0])) as stored:
            assert not stored.getexif()
        take_in_contributions(warehouse, read_settings())
        page.get_by_label("Your code").fill(code.lower())
        page.get_by_role("button", name="See what became of it").click()
        page.get_by_text("It waits for a person to look at it.").wait_for()
        page.get_by_role("button", name="Take it back").click()
        page.get_by_text("It is taken back").wait_for()
    remove_withdrawn_photos(warehouse)
    digest = hashlib.sha256(sent[0]).digest()
    left = warehouse.execute(
        "select count(*) from core.photo_blob where sha256(bytes) = %s", [digest]
    )
    assert left.fetchone() == (0,)
    assert warehouse.execute("select stage from mart.contribution").fetchall() == [("withdrawn",)]
