"""Asking for a training: once a run, from the right weights."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sightscan.dataset.freeze import freeze_dataset
from sightscan.errors import SettingsError
from sightscan.publish.register import register_model
from sightscan.run import Run
from sightscan.settings import read_settings
from sightscan.train.request import request_training
from sightscan.training import Training
from sightscan.warehouse.models.datasets import read_dataset
from sightscan.warehouse.models.models import find_model_of_training, insert_publication
from sightscan.warehouse.models.trainings import finish_training, read_training
from tests.cities.colour_city import (
    ColourCity,
    add_photo,
    store_colour_city,
    write_model_folder,
)


@pytest.fixture
def place(warehouse: psycopg.Connection[Any]) -> ColourCity:
    return store_colour_city(warehouse, photos_a_sight=5)


def make_coco_weights(folder: Path, architecture: str, content: bytes) -> str:
    """Leave what `make weights` leaves; return the name that a request gives it."""
    (folder / f"{architecture}.safetensors").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    noted = folder / f"{architecture}.safetensors.sha256"
    noted.write_text(f"{sha256}  {architecture}.safetensors\n", encoding="ascii")
    return f"weights-{sha256}.safetensors"


def request(
    warehouse: psycopg.Connection[Any],
    place: ColourCity,
    run_id: str = "run",
    *,
    is_forced: bool = False,
    unfit: Mapping[int, str] | None = None,
    **overrides: object,
) -> Training:
    config = read_settings(**{"min_image_number_per_label": 5, "mts_weights": "none"} | overrides)
    run = Run(place.city.city_id, "d", run_id)
    dataset = freeze_dataset(warehouse, config, place.city, run)
    return request_training(
        warehouse,
        config,
        place.city,
        run,
        dataset.version,
        is_forced=is_forced,
        find_unfit=lambda: unfit or {},
    )


def put_in_place(
    warehouse: psycopg.Connection[Any], training: Training, folder: Path
) -> dict[str, bytes]:
    """Publish a model of a training; return its files."""
    dataset = read_dataset(warehouse, training.city_id, training.dataset_version)
    written = write_model_folder(folder, training, dataset)
    version = register_model(warehouse, training, written)
    insert_publication(warehouse, training.city_id, version, published_by="test", reason="first")
    return {path.name: path.read_bytes() for path in written.iterdir()}


def test_request_carries_the_settings(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    training = request(
        warehouse,
        place,
        mts_epochs=7,
        mts_image_size=224,
        mts_batch_size=0,
        mts_patience=5,
        mts_seed=3,
        mts_time_limit_seconds=90,
        mts_architecture="yolov5m",
    )
    assert training.request.to_json() == {
        "epochs": 7,
        "image_size": 224,
        "batch_size": 0,
        "seed": 3,
        "time_limit_seconds": 90,
        "architecture": "yolov5m",
        "weights": None,
        "patience": 5,
    }


def test_run_that_asked_gets_what_it_asked_for_again(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    first = request(warehouse, place, mts_epochs=7)
    assert request(warehouse, place, mts_epochs=9) == first


def test_forced_training_is_not_one_that_came_to_a_model_already(
    warehouse: psycopg.Connection[Any], place: ColourCity, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    first = request(warehouse, place, "first", mts_seed=2**31 - 1)
    finish_training(warehouse, first.training_id)
    second = request(warehouse, place, "second", is_forced=True, mts_seed=2**31 - 1)
    assert second.request == replace(first.request, seed=0)
    assert second.run_folder != first.run_folder
    assert "seed=0 instead of 2147483647" in caplog.text
    finish_training(warehouse, second.training_id)
    third = request(warehouse, place, "third", is_forced=True, mts_seed=2**31 - 1)
    assert third.request.seed == 1
    # Its own retry asks for the same.
    finish_training(warehouse, third.training_id)
    again = request(warehouse, place, "third", is_forced=True, mts_seed=2**31 - 1)
    assert again.request == third.request


@pytest.mark.parametrize(
    "changed", [{"is_forced": False}, {"is_forced": True, "mts_epochs": 7}, {"is_forced": True}]
)
def test_training_keeps_its_seed_where_nothing_of_it_was_ever_finished(
    warehouse: psycopg.Connection[Any], place: ColourCity, changed: dict[str, Any]
) -> None:
    first = request(warehouse, place, "first", mts_seed=5)
    # One that failed has left a checkpoint, from which the next goes on.
    is_same = changed == {"is_forced": True}
    finish_training(warehouse, first.training_id, error="killed" if is_same else None)
    assert request(warehouse, place, "second", mts_seed=5, **changed).request.seed == 5


def test_run_that_was_cleared_and_froze_another_dataset_asks_anew(
    warehouse: psycopg.Connection[Any], place: ColourCity, tmp_path: Path
) -> None:
    request(warehouse, place, "earlier")
    first = request(warehouse, place, mts_epochs=7)
    assert first.dataset_version == 1  # that of the earlier run: nothing was new
    files = put_in_place(warehouse, first, tmp_path / "model")
    for number in range(3):
        add_photo(warehouse, place.city, place.sights[0], f"later {number}")
    second = request(warehouse, place, mts_epochs=9)
    assert (second.dataset_version, second.request.epochs) == (2, 9)
    assert second.training_id != first.training_id
    assert read_training(warehouse, Run(place.city.city_id, "d", "run")) == second
    assert request(warehouse, place, mts_epochs=11) == second
    # What it asked for first is what its model came of, still.
    before = warehouse.execute(
        "select run_id, request ->> 'epochs' from core.training_run where training_id = %s",
        [first.training_id],
    ).fetchone()
    assert before == (f"run (asked before, training {first.training_id})", "7")
    model = find_model_of_training(warehouse, first)
    assert model is not None
    assert model.weights_sha256 == hashlib.sha256(files["weights.safetensors"]).digest()


@pytest.mark.parametrize("start", ["model", "coco"])
def test_first_model_starts_from_the_weights_of_coco(
    warehouse: psycopg.Connection[Any], place: ColourCity, tmp_path: Path, start: str
) -> None:
    make_coco_weights(tmp_path, "yolov5n", b"small")
    name = make_coco_weights(tmp_path, "yolov5s", b"larger")
    training = request(warehouse, place, mts_weights=start, mts_weights_folder=tmp_path)
    assert training.request.weights == name


def test_weights_of_coco_that_are_not_there_are_an_error_with_the_command(
    warehouse: psycopg.Connection[Any], place: ColourCity, tmp_path: Path
) -> None:
    make_coco_weights(tmp_path, "yolov5n", b"small")
    with pytest.raises(SettingsError, match=r"`make weights FROM=<file or URL of yolov5s.pt>`"):
        request(warehouse, place, mts_weights="model", mts_weights_folder=tmp_path)
    assert warehouse.execute("select count(*) from core.training_run").fetchone() == (0,)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "yolov5s.safetensors").write_bytes(b"other"),
        lambda folder: (folder / "yolov5s.safetensors.sha256").write_text("0" * 64),
        lambda folder: (folder / "yolov5s.safetensors.sha256").write_text(""),
        lambda folder: (folder / "yolov5s.safetensors.sha256").unlink(),
    ],
)
def test_weights_of_coco_that_changed_are_refused(
    warehouse: psycopg.Connection[Any], place: ColourCity, tmp_path: Path, damage: Any
) -> None:
    make_coco_weights(tmp_path, "yolov5s", b"larger")
    damage(tmp_path)
    with pytest.raises(SettingsError, match=r"have changed since they were made.*make weights"):
        request(warehouse, place, mts_weights="model", mts_weights_folder=tmp_path)


@pytest.mark.parametrize(
    "case",
    [
        ("yolov5n", "model", "model"),
        ("yolov5n", "coco", "coco"),
        ("yolov5n", "none", None),
        ("yolov5s", "model", "coco"),
        ("yolov5s", "none", None),
    ],
)
def test_retraining_starts_from_the_model_in_place_if_it_is_the_same_network(
    warehouse: psycopg.Connection[Any],
    place: ColourCity,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    case: tuple[str, str, str | None],
) -> None:
    architecture, start, expected = case
    first = request(warehouse, place, "first", mts_architecture="yolov5n")
    files = put_in_place(warehouse, first, tmp_path / "model")
    of_model = hashlib.sha256(files["weights.safetensors"]).hexdigest()
    names = {
        "model": f"weights-{of_model}.safetensors",
        "coco": make_coco_weights(tmp_path, architecture, b"coco"),
    }
    caplog.set_level("INFO")
    later = request(
        warehouse,
        place,
        mts_architecture=architecture,
        mts_weights=start,
        mts_weights_folder=tmp_path,
    )
    assert later.request.weights == (names[expected] if expected else None)
    said = "in place is a yolov5n: a yolov5s starts from the weights of COCO" in caplog.text
    assert said is (architecture == "yolov5s" and start == "model")


def test_model_in_place_that_is_unfit_is_no_start(
    warehouse: psycopg.Connection[Any],
    place: ColourCity,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    put_in_place(warehouse, request(warehouse, place, "first"), tmp_path / "model")
    coco = make_coco_weights(tmp_path, "yolov5s", b"coco")
    caplog.set_level("INFO")
    later = request(
        warehouse,
        place,
        mts_weights="model",
        mts_weights_folder=tmp_path,
        unfit={1: "it is not signed"},
    )
    assert later.request.weights == coco
    assert "but the weights of COCO are: it is not signed" in caplog.text


def test_what_was_asked_already_is_asked_of_no_model(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    def fail() -> Mapping[int, str]:
        raise AssertionError

    first = request(warehouse, place)
    config = read_settings(mts_weights="none")
    run = Run(place.city.city_id, "d", "run")
    again = request_training(
        warehouse, config, place.city, run, first.dataset_version, find_unfit=fail
    )
    assert again == first


def test_other_weights_are_another_training(
    warehouse: psycopg.Connection[Any], place: ColourCity, tmp_path: Path
) -> None:
    weights = tmp_path / "start.pt"
    weights.write_bytes(b"one")
    one = request(warehouse, place, mts_weights=str(weights))
    weights.write_bytes(b"other")
    warehouse.execute("delete from core.training_run")
    other = request(warehouse, place, mts_weights=str(weights))
    assert one.run_folder != other.run_folder


@pytest.mark.parametrize("name", ["missing.pt", "readme.txt"])
def test_weights_that_are_none_are_named(
    warehouse: psycopg.Connection[Any], place: ColourCity, tmp_path: Path, name: str
) -> None:
    (tmp_path / "readme.txt").write_text("no weights", encoding="utf-8")
    with pytest.raises(SettingsError, match=rf"MTS_WEIGHTS='.*{name}' is not a"):
        request(warehouse, place, mts_weights=str(tmp_path / name))
