"""The public page of models in a real browser: what was decided, shown by pictures with credits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.cities.judged_city import AUTHOR, LICENCE, LICENCE_URL, LOGIN, store_judged_city
from tests.cities.published_city import create_app_login
from tests.end_to_end.app_server import app_settings, run_app
from tests.end_to_end.browser import open_app

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    from sandbox.postgres.server import PostgresAddress

pytestmark = pytest.mark.slow


def test_version_is_shown_with_its_decision_pictures_and_credits(
    warehouse: psycopg.Connection[Any], warehouse_address: PostgresAddress, tmp_path: Path
) -> None:
    store_judged_city(warehouse, tmp_path / "model")
    create_app_login(warehouse)
    settings = app_settings(warehouse_address)
    with (
        run_app(tmp_path / "cache", tmp_path / "app.log", settings) as url,
        open_app(f"{url}/versions") as page,
    ):
        page.get_by_text("The decision: ").wait_for()
        page.get_by_alt_text("Shown: Blue Mosque").first.wait_for()
        assert page.get_by_role("link", name=AUTHOR).count() > 0
        page.get_by_text("of 70 photos.").wait_for()
        # Beneath the pictures, and in the list of all photos.
        for place in (page.locator(".ss-credit"), page.locator(".ss-credits")):
            licence = place.get_by_role("link", name=LICENCE).first
            assert licence.get_attribute("href") == LICENCE_URL
        page.get_by_text("The model card").click()
        page.get_by_role("heading", name="As people get it").wait_for()
        assert LOGIN not in page.content()
