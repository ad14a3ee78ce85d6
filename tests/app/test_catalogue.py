from __future__ import annotations

from typing import TYPE_CHECKING

from detector_app.catalogue import SNAPSHOT_NAME, read_catalogue

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import FakeWarehouse

    from detector_app.catalogue import PublishedModel


def test_city_comes_with_the_model_in_place(
    warehouse: FakeWarehouse, model: PublishedModel, tmp_path: Path
) -> None:
    (city,) = read_catalogue(warehouse, tmp_path).cities
    assert (city.name, city.country) == ("Málaga", "Spain")
    assert city.model == model


def test_city_without_a_model_has_none(warehouse: FakeWarehouse, tmp_path: Path) -> None:
    warehouse.rows[0] |= {"model_version": None, "published_at": None, "class_names": None}
    (city,) = read_catalogue(warehouse, tmp_path).cities
    assert city.model is None


def test_snapshot_is_used_when_the_warehouse_is_away(
    warehouse: FakeWarehouse, tmp_path: Path
) -> None:
    live = read_catalogue(warehouse, tmp_path)
    warehouse.is_away = True
    offline = read_catalogue(warehouse, tmp_path)
    assert offline.cities == live.cities
    assert offline.as_of == live.as_of
    assert offline.away == "away"


def test_no_snapshot_and_no_warehouse_is_an_empty_catalogue(
    warehouse: FakeWarehouse, tmp_path: Path
) -> None:
    warehouse.is_away = True
    catalogue = read_catalogue(warehouse, tmp_path)
    assert (catalogue.cities, catalogue.as_of) == ((), None)


def test_damaged_snapshot_counts_as_none(warehouse: FakeWarehouse, tmp_path: Path) -> None:
    (tmp_path / SNAPSHOT_NAME).write_text('{"cities": [{"slug": ')
    warehouse.is_away = True
    assert read_catalogue(warehouse, tmp_path).cities == ()


def test_row_that_the_app_cannot_read_leads_to_the_snapshot(
    warehouse: FakeWarehouse, tmp_path: Path
) -> None:
    live = read_catalogue(warehouse, tmp_path)
    warehouse.rows[0] |= {"sight_count": "many"}
    catalogue = read_catalogue(warehouse, tmp_path)
    assert catalogue.cities == live.cities
    assert "update the app" in str(catalogue.away)


def test_folder_that_cannot_be_written_costs_only_the_snapshot(
    warehouse: FakeWarehouse, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert read_catalogue(warehouse, blocked).cities


def test_unknown_slug_finds_no_city(warehouse: FakeWarehouse, tmp_path: Path) -> None:
    assert read_catalogue(warehouse, tmp_path).find_city("atlantis") is None
