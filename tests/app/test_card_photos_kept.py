"""Photos of cards on the app's disk: only of cities that there are, and only while a card shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import streamlit as st
from starlette.requests import Request

from detector_app import resources
from detector_app.catalogue import Catalogue, City
from detector_app.errors import WarehouseAway
from detector_app.settings import read_settings
from detector_app.warehouse import Warehouse
from detector_app.web import card_routes, upkeep

if TYPE_CHECKING:
    from pathlib import Path

    from detector_app.catalogue import PublishedModel

SHOWN, TAKEN_DOWN = "ab" * 32, "cd" * 32


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: PublishedModel) -> Path:
    """Return the folder of an app that knows one city, one card of which shows a photo."""
    monkeypatch.setenv("MODEL_CACHE_DIR", str(tmp_path))
    read_settings.cache_clear()
    st.cache_resource.clear()
    city = City("malaga", "Málaga", "Spain", "published", 5, 400, 350, model)
    catalogue = Catalogue((city,), None)
    for module in (resources, card_routes):
        monkeypatch.setattr(module, "current_catalogue", lambda: catalogue)
    folder = tmp_path / "card_photos"
    folder.mkdir()
    for name in (f"{SHOWN}.jpg", f"{TAKEN_DOWN}.jpg", f".{TAKEN_DOWN}.jpg.x1", f".{SHOWN}.jpg.x2"):
        (folder / name).write_bytes(b"photo")
    return folder


def say(monkeypatch: pytest.MonkeyPatch, *hashes: str) -> list[str]:
    """Have the warehouse's cards show these photos; return the cities that it is asked for."""
    asked: list[str] = []

    def list_cards(_: Warehouse, city_slug: str) -> list[dict[str, Any]]:
        asked.append(city_slug)
        return [{"class_name": one, "photo_sha256": one} for one in hashes]

    monkeypatch.setattr(Warehouse, "list_sight_cards", list_cards)
    return asked


def test_files_of_photos_that_no_card_shows_go(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, SHOWN)
    upkeep.drop_taken_down()
    assert {path.name for path in kept.iterdir()} == {f"{SHOWN}.jpg", f".{SHOWN}.jpg.x2"}


def test_all_go_when_no_card_shows_a_photo(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch)
    upkeep.drop_taken_down()
    assert list(kept.iterdir()) == []


def test_nothing_goes_while_the_warehouse_does_not_answer(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Warehouse, city_slug: str) -> list[dict[str, Any]]:
        raise WarehouseAway(city_slug)

    monkeypatch.setattr(Warehouse, "list_sight_cards", refuse)
    upkeep.drop_taken_down()
    assert len(list(kept.iterdir())) == 4
    # An old list of cities says nothing either.
    say(monkeypatch)
    monkeypatch.setattr(resources, "current_catalogue", lambda: Catalogue((), None, away="away"))
    upkeep.drop_taken_down()
    assert len(list(kept.iterdir())) == 4


def test_nobody_is_asked_where_nothing_is_kept(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = say(monkeypatch)
    for path in kept.iterdir():
        path.unlink()
    upkeep.drop_taken_down()
    kept.rmdir()
    upkeep.drop_taken_down()
    assert asked == []


@pytest.mark.parametrize(("slug", "asked_for"), [("malaga", ["malaga"]), ("atlantis", [])])
def test_only_cities_that_there_are_are_looked_for(
    kept: Path, monkeypatch: pytest.MonkeyPatch, slug: str, asked_for: list[str]
) -> None:
    del kept
    asked = say(monkeypatch)
    params = {"slug": slug, "sha256": TAKEN_DOWN}
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "path_params": params}
    assert card_routes.send_card_photo(Request(scope)).status_code == 404
    assert asked == asked_for
