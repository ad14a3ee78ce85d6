"""Registering: only what was asked for, only what the hashes say, never a pickle, once."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sightscan.dataset.freeze import freeze_dataset
from sightscan.dataset_folder import FrozenDataset
from sightscan.errors import PublicationError, SightScanError, TrainingError
from sightscan.publish.register import register_model
from sightscan.run import Run
from sightscan.settings import read_settings
from sightscan.training import Training
from sightscan.warehouse.models.models import read_model, read_model_file
from tests.cities.colour_city import FIXTURES, ask_training, store_colour_city, write_model_folder
from tests.model_files import BAD_MODELS


@dataclass(frozen=True)
class Finished:
    """A training whose model folder was fetched."""

    dataset: FrozenDataset
    training: Training
    folder: Path


@pytest.fixture
def finished(warehouse: psycopg.Connection[Any], tmp_path: Path) -> Finished:
    place = store_colour_city(warehouse, photos_a_sight=5)
    config = read_settings(min_image_number_per_label=5)
    dataset = freeze_dataset(
        warehouse, config, place.city, Run(place.city.city_id, "city_malaga", "run")
    )
    training = ask_training(warehouse, dataset, "run")
    return Finished(dataset, training, write_model_folder(tmp_path / "model", training, dataset))


def test_model_and_its_files_are_stored(
    warehouse: psycopg.Connection[Any], finished: Finished
) -> None:
    version = register_model(warehouse, finished.training, finished.folder)
    model = read_model(warehouse, finished.dataset.city_id, version)
    assert (model.version, model.state, model.map50) == (1, "registered", 1.0)
    for path in finished.folder.iterdir():
        stored = read_model_file(warehouse, finished.dataset.city_id, version, path.name)
        assert stored == path.read_bytes()


def test_registering_again_gives_the_same_version(
    warehouse: psycopg.Connection[Any], finished: Finished
) -> None:
    first = register_model(warehouse, finished.training, finished.folder)
    assert register_model(warehouse, finished.training, finished.folder) == first
    assert warehouse.execute("select count(*) from core.model").fetchone() == (1,)


def test_registered_training_has_succeeded(
    warehouse: psycopg.Connection[Any], finished: Finished
) -> None:
    register_model(warehouse, finished.training, finished.folder)
    assert warehouse.execute("select state, error from core.training_run").fetchone() == (
        "succeeded",
        None,
    )


def test_batch_that_did_not_fit_into_memory_is_told_and_kept(
    warehouse: psycopg.Connection[Any], finished: Finished, caplog: pytest.LogCaptureFixture
) -> None:
    path = finished.folder / "result.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "batch_size": 2}))
    register_model(warehouse, finished.training, finished.folder)
    assert "did not fit into memory: trained with 2" in caplog.text
    assert warehouse.execute(
        "select (result ->> 'batch_size')::int from core.model"
    ).fetchone() == (2,)


def test_model_without_its_drawings_is_one(
    warehouse: psycopg.Connection[Any], finished: Finished
) -> None:
    for name in ("curves.png", "confusion_matrix.png"):
        (finished.folder / name).unlink()
    register_model(warehouse, finished.training, finished.folder)
    rows = warehouse.execute("select file_name from core.model_file order by 1").fetchall()
    assert rows == [("model.onnx",), ("result.json",), ("weights.safetensors",)]


def test_live_variant_is_stored_with_what_the_trainer_says_of_it(
    warehouse: psycopg.Connection[Any], finished: Finished
) -> None:
    write_model_folder(finished.folder, finished.training, finished.dataset, live="loose.onnx")
    version = register_model(warehouse, finished.training, finished.folder)
    stored = read_model_file(warehouse, finished.dataset.city_id, version, "live.onnx")
    assert stored == (FIXTURES / "loose.onnx").read_bytes()
    assert warehouse.execute(
        "select file_name, sha256 = sha256(%s), image_size, precision, latency_milliseconds, latency_processor,"
        " map50, map50_95, state from core.model_variant",
        [stored],
    ).fetchall() == [
        ("live.onnx", True, 160, "int8", 21.5, "Some Processor", 0.95, 0.85, "registered")
    ]


def test_model_of_an_older_trainer_has_no_live_variant(
    warehouse: psycopg.Connection[Any], finished: Finished
) -> None:
    result = json.loads((finished.folder / "result.json").read_text())
    del result["live"]
    (finished.folder / "result.json").write_text(json.dumps(result))
    register_model(warehouse, finished.training, finished.folder)
    assert warehouse.execute("select count(*) from core.model_variant").fetchone() == (0,)


def _edit_live(folder: Path, **values: object) -> None:
    live = json.loads((folder / "result.json").read_text())["live"]
    _edit_result(folder, live={**live, **values})


LIVE_SPOILINGS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no file": (lambda folder: (folder / "live.onnx").unlink(), "lacks live.onnx"),
    "other bytes": (
        lambda folder: (folder / "live.onnx").write_bytes((FIXTURES / "blind.onnx").read_bytes()),
        "live.onnx has another SHA-256",
    ),
    "no hash": (
        lambda folder: _edit_result(
            folder,
            files={
                name: sha256
                for name, sha256 in json.loads((folder / "result.json").read_text())[
                    "files"
                ].items()
                if name != "live.onnx"
            },
        ),
        "live of result.json",
    ),
    "a hash and no more": (lambda folder: _edit_result(folder, live=None), "live of result.json"),
    "a text": (lambda folder: _edit_result(folder, live="live.onnx"), "live of result.json"),
    **{
        f"{key} {value!r}": (
            lambda folder, key=key, value=value: _edit_live(folder, **{key: value}),  # type: ignore[misc]
            "live of result.json",
        )
        for key, value in (
            ("image_size", "160"),
            ("precision", "int4"),
            ("map50", 1.5),
            ("map50_95", None),
            ("milliseconds", -1),
            ("milliseconds", float("nan")),
            ("processor", "x" * 101),
            ("processor", 7),
            ("samples", [{"sha256": "7", "rows": []}]),
        )
    },
}


def test_live_variant_that_cannot_be_run_costs_no_model_while_a_machine_is_paid_for(
    warehouse: psycopg.Connection[Any], finished: Finished
) -> None:
    write_model_folder(
        finished.folder, finished.training, finished.dataset, live=BAD_MODELS["loop"][0]
    )
    version = register_model(warehouse, finished.training, finished.folder)
    assert read_model(warehouse, "Q8851", version).state == "registered"


@pytest.mark.parametrize("spoiling", LIVE_SPOILINGS)
def test_spoilt_live_variant_is_refused_in_one_sentence_and_nothing_is_stored(
    warehouse: psycopg.Connection[Any], finished: Finished, spoiling: str
) -> None:
    write_model_folder(finished.folder, finished.training, finished.dataset, live="colours.onnx")
    spoil, sentence = LIVE_SPOILINGS[spoiling]
    spoil(finished.folder)
    with pytest.raises(SightScanError, match=sentence):
        register_model(warehouse, finished.training, finished.folder)
    assert warehouse.execute("select count(*) from core.model_file").fetchone() == (0,)


def _edit_result(folder: Path, **values: object) -> None:
    path = folder / "result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values), encoding="utf-8")


SPOILINGS: dict[str, tuple[Callable[[Path], object], type[SightScanError], str]] = {
    "no result": (
        lambda folder: (folder / "result.json").unlink(),
        TrainingError,
        "lacks result.json",
    ),
    "no weights": (
        lambda folder: (folder / "weights.safetensors").unlink(),
        TrainingError,
        "lacks weights.safetensors",
    ),
    "pickle": (
        lambda folder: (folder / "best.pt").write_bytes(b"\x80"),
        PublicationError,
        "holds best.pt: pickles execute code",
    ),
    "other bytes": (
        lambda folder: (folder / "weights.safetensors").write_bytes(b"other"),
        PublicationError,
        "weights.safetensors has another SHA-256",
    ),
    "no ONNX": (
        lambda folder: (folder / "model.onnx").write_bytes(b"no model"),
        PublicationError,
        "model.onnx is not run, because it is not an ONNX model",
    ),
    "ONNX with a loop": (
        lambda folder: (folder / "model.onnx").write_bytes(BAD_MODELS["loop"][0]),
        PublicationError,
        "because its operator 'Loop' is none that the trainer exports",
    ),
    "ONNX that reads a file": (
        lambda folder: (folder / "model.onnx").write_bytes(BAD_MODELS["external in 33 bits"][0]),
        PublicationError,
        "weights in another file",
    ),
    "other dataset": (
        lambda folder: _edit_result(folder, dataset_sha256="ab" * 32),
        PublicationError,
        "dataset: expected",
    ),
    "other request": (
        lambda folder: _edit_result(folder, request_sha256="ab" * 32),
        PublicationError,
        "request: expected",
    ),
    "other classes": (
        lambda folder: _edit_result(folder, class_names=["Tower"]),
        PublicationError,
        "class names: expected",
    ),
    "classes in another order": (
        lambda folder: (folder / "model.onnx").write_bytes(
            (FIXTURES / "permuted.onnx").read_bytes()
        ),
        PublicationError,
        "class names in model.onnx: expected",
    ),
    "half a result": (
        lambda folder: (folder / "result.json").write_text('{"dataset'),
        TrainingError,
        "is not JSON",
    ),
    "metric above 1": (
        lambda folder: _edit_result(folder, metrics={"test": {"map50": 1.5}}),
        TrainingError,
        "metrics.test of result.json",
    ),
}

# What a rented machine may put in place of its raw answers.
SAMPLES = {
    "none": [],
    "nothing": None,
    "no list": 7,
    "texts": ["abc"],
    "no hash": [{"sha256": "7", "rows": [[0, 1.0]]}],
    "no rows": [{"sha256": "ab" * 32}],
    "no row": [{"sha256": "ab" * 32, "rows": []}],
    "rows of two lengths": [{"sha256": "ab" * 32, "rows": [[0, 1.0], [1, 1.0, 2.0]]}],
    "a place that is none": [{"sha256": "ab" * 32, "rows": [[-1, 1.0]]}],
    "a place that is a share": [{"sha256": "ab" * 32, "rows": [[0.5, 1.0]]}],
    "a value that is no number": [{"sha256": "ab" * 32, "rows": [[0, "1"]]}],
}


@pytest.mark.parametrize("samples", SAMPLES)
def test_senseless_samples_are_refused_before_anything_is_stored(
    warehouse: psycopg.Connection[Any], finished: Finished, samples: str
) -> None:
    _edit_result(finished.folder, samples=SAMPLES[samples])
    with pytest.raises(TrainingError, match=r"samples of result\.json is not what a trainer"):
        register_model(warehouse, finished.training, finished.folder)
    assert warehouse.execute("select count(*) from core.model_file").fetchone() == (0,)


def test_result_of_an_older_trainer_says_so(
    warehouse: psycopg.Connection[Any], finished: Finished
) -> None:
    path = finished.folder / "result.json"
    result = json.loads(path.read_text())
    del result["samples"]
    path.write_text(json.dumps(result))
    with pytest.raises(TrainingError, match=r"an older trainer leaves none.*check the version"):
        register_model(warehouse, finished.training, finished.folder)


@pytest.mark.parametrize("spoiling", SPOILINGS)
def test_spoilt_folder_is_refused_in_one_sentence_and_nothing_is_stored(
    warehouse: psycopg.Connection[Any], finished: Finished, spoiling: str
) -> None:
    spoil, error, sentence = SPOILINGS[spoiling]
    spoil(finished.folder)
    with pytest.raises(error, match=sentence):
        register_model(warehouse, finished.training, finished.folder)
    assert warehouse.execute("select count(*) from core.model_file").fetchone() == (0,)
