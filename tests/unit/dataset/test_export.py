"""Exporting: the folder is what its manifest says, and what broke off is gone on with."""

import hashlib
import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sightscan.cli.main import main
from sightscan.dataset.export import export_dataset
from sightscan.dataset.freeze import freeze_dataset
from sightscan.dataset_folder import FrozenDataset
from sightscan.errors import DatasetError
from sightscan.run import Run
from sightscan.settings import Settings, read_settings
from tests.cities.colour_city import ColourCity, add_photo, store_colour_city


@pytest.fixture
def config(warehouse: psycopg.Connection[Any]) -> Settings:
    return read_settings(min_image_number_per_label=5)


@pytest.fixture
def place(warehouse: psycopg.Connection[Any]) -> ColourCity:
    return store_colour_city(warehouse, photos_a_sight=8)


def freeze(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity, run_id: str = "run 1"
) -> FrozenDataset:
    return freeze_dataset(
        warehouse, config, place.city, Run(place.city.city_id, "city_malaga", run_id)
    )


def test_exported_folder_holds_what_its_manifest_says(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity, tmp_path: Path
) -> None:
    dataset = freeze(warehouse, config, place)
    export_dataset(warehouse, place.city.city_id, dataset.version, tmp_path)
    manifest = json.loads((tmp_path / "dataset.json").read_text(encoding="utf-8"))
    assert manifest["city"] == "malaga"
    for split, count in manifest["counts"].items():
        images = sorted((tmp_path / "images" / split).iterdir())
        labels = sorted((tmp_path / "labels" / split).iterdir())
        assert [one.stem for one in images] == [one.stem for one in labels]
        assert len(images) == count
        assert all(hashlib.sha256(one.read_bytes()).hexdigest() == one.stem for one in images)


def test_export_without_a_photos_bytes_leaves_no_manifest(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity, tmp_path: Path
) -> None:
    dataset = freeze(warehouse, config, place)
    warehouse.execute(
        "delete from core.photo_blob where sha256 = %s", (next(iter(place.photos.values()))[0],)
    )
    with pytest.raises(DatasetError, match="lacks the bytes of 1 of its 40 photos"):
        export_dataset(warehouse, place.city.city_id, dataset.version, tmp_path)
    assert not (tmp_path / "dataset.json").exists()


def test_export_that_broke_off_writes_only_what_is_missing_or_cut_short(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity, tmp_path: Path
) -> None:
    dataset = freeze(warehouse, config, place)
    export_dataset(warehouse, place.city.city_id, dataset.version, tmp_path)
    whole = {file: file.read_bytes() for file in (tmp_path / "images").rglob("*.*")}
    kept, cut, gone, *_ = whole
    # Of the right size, so it is kept as it is; that shows that it was not written again.
    kept.write_bytes(b"x" * len(whole[kept]))
    cut.write_bytes(whole[cut][:10])
    gone.unlink()
    (tmp_path / "dataset.json").rename(tmp_path / ".dataset.json.unfinished")
    export_dataset(warehouse, place.city.city_id, dataset.version, tmp_path)
    assert kept.read_bytes() == b"x" * len(whole[kept])
    assert (cut.read_bytes(), gone.read_bytes()) == (whole[cut], whole[gone])
    assert (tmp_path / "dataset.json").exists()


def test_folder_of_the_same_dataset_by_an_earlier_version_is_completed(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity, tmp_path: Path
) -> None:
    version = freeze(warehouse, config, place).version
    export_dataset(warehouse, place.city.city_id, version, tmp_path)
    manifest = tmp_path / "dataset.json"
    text = manifest.read_text("utf-8")
    said = json.loads(text)
    # As it was before it said which photos are linked; and one that broke off in the middle of it.
    del said["units"]
    for earlier in (json.dumps(said, indent=2), text[:40]):
        manifest.write_text(earlier, "utf-8")
        export_dataset(warehouse, place.city.city_id, version, tmp_path)
        assert manifest.read_text("utf-8") == text
    for other in ("[]", "{}", "no JSON", json.dumps(said | {"sha256": "00"})):
        manifest.write_text(other, "utf-8")
        with pytest.raises(DatasetError, match="holds another dataset"):
            export_dataset(warehouse, place.city.city_id, version, tmp_path)


def test_folder_of_another_dataset_is_refused(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity, tmp_path: Path
) -> None:
    first = freeze(warehouse, config, place)
    export_dataset(warehouse, place.city.city_id, first.version, tmp_path)
    for number in range(20):
        add_photo(warehouse, place.city, place.sights[0], f"later {number}")
    second = freeze(warehouse, config, place, "run 2")
    with pytest.raises(DatasetError, match="holds another dataset than version 2"):
        export_dataset(warehouse, place.city.city_id, second.version, tmp_path)


def run(*arguments: str) -> int:
    return main(["dataset", "export", *arguments])


def test_command_exports_the_newest_dataset(
    warehouse: psycopg.Connection[Any],
    config: Settings,
    place: ColourCity,
    tmp_path: Path,
) -> None:
    freeze(warehouse, config, place)
    assert run("malaga", "--to", str(tmp_path), "--no-images") == 0
    assert json.loads((tmp_path / "dataset.json").read_text("utf-8"))["version"] == 1
    assert not list((tmp_path / "images").rglob("*.*"))


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (("malga",), "no city 'malga' in the registry (have: malaga)"),
        (("malaga",), "malaga has no dataset"),
        (("malaga", "--version", "7"), "malaga has no dataset 7"),
    ],
)
def test_command_says_what_is_not_there(
    place: ColourCity,
    arguments: tuple[str, ...],
    output: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(*arguments) == 2
    assert output in capsys.readouterr().err
