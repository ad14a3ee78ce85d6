"""The live variant: offered if it is as good as the whole model, and never in the way of one."""

import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from PIL import Image

from sightscan.dataset.freeze import freeze_dataset
from sightscan.dataset_folder import FrozenDataset
from sightscan.publish.publish import publish_model
from sightscan.publish.register import register_model
from sightscan.publish.variant import object_to_live
from sightscan.run import Run
from sightscan.settings import Settings, read_settings
from tests.cities.colour_city import (
    FIXTURES,
    ColourCity,
    ask_training,
    store_colour_city,
    write_model_folder,
)
from tests.model_files import BAD_MODELS, metadata
from tests.unit.publish.test_judge import FAIR, GOOD, OTHERS, POOR, city, contender
from tests.unit.publish.test_publish import sample_of


def objections(
    live: Mapping[str, Sequence[float]],
    whole: Mapping[str, Sequence[float]],
    shown: Sequence[str] = OTHERS,
) -> list[str]:
    return object_to_live(contender(1, live).measure, contender(1, whole).measure, shown)


def test_nothing_speaks_against_an_equal_variant() -> None:
    assert objections(city(FAIR), city(FAIR)) == []


def test_better_variant_is_as_good() -> None:
    assert objections(city(GOOD), city(FAIR)) == []


def test_variant_that_is_worse_by_more_than_a_hundredth_is_objected_to() -> None:
    # Of 48 photos five fit worse: 0.30 each in a tenth of them.
    worse = city(GOOD) | {name: [GOOD] * 10 + [FAIR] * 2 for name in OTHERS}
    (sentence,) = objections(worse, city(GOOD))
    assert sentence.startswith("it is worse by 0.0")
    assert sentence.endswith("at most 0.01 is allowed")


def test_fall_that_may_be_luck_is_forgiven() -> None:
    # One photo is better, one worse: half of the draws say so, half the other way.
    live = {"Bridge": [GOOD, POOR, *[FAIR] * 10]}
    whole = {"Bridge": [FAIR, GOOD, *[FAIR] * 10]}
    assert objections(live, whole, ["Bridge"]) == []
    assert objections({"Bridge": [POOR] * 12}, whole, ["Bridge"]) != []


def test_one_sight_that_collapses_is_named_whatever_the_others_gain() -> None:
    live = {"Rosa Palast": [0.53] * 12} | city(GOOD)
    whole = {"Rosa Palast": [0.73] * 12} | city(FAIR)
    assert objections(live, whole, ["Rosa Palast", *OTHERS]) == [
        "Rosa Palast is worse: AP 0.50 -> 0.10 on 12 test photos"
    ]


def test_sight_that_is_not_shown_does_not_count() -> None:
    live = {"Rosa Palast": [0.53] * 12} | city(FAIR)
    whole = {"Rosa Palast": [0.73] * 12} | city(FAIR)
    assert objections(live, whole) == []


@pytest.fixture
def config(warehouse: psycopg.Connection[Any]) -> Settings:
    return read_settings(min_image_number_per_label=5)


@pytest.fixture
def place(warehouse: psycopg.Connection[Any]) -> ColourCity:
    return store_colour_city(warehouse)


@pytest.fixture
def dataset(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity
) -> FrozenDataset:
    return freeze_dataset(
        warehouse, config, place.city, Run(place.city.city_id, "city_malaga", "run")
    )


# Registers and judges a model as `write_model_folder` makes it; tells whether it was published.
Publish = Callable[..., bool]


@pytest.fixture
def publish(
    warehouse: psycopg.Connection[Any],
    config: Settings,
    place: ColourCity,
    dataset: FrozenDataset,
    tmp_path: Path,
) -> Publish:
    def publish(**model: Any) -> bool:
        training = ask_training(warehouse, dataset, "run 1")
        folder = write_model_folder(tmp_path / "run 1", training, dataset, **model)
        version = register_model(warehouse, training, folder)
        return publish_model(warehouse, config, place.city, version, published_by="run").published

    return publish


def stored_variant(warehouse: psycopg.Connection[Any]) -> tuple[Any, ...]:
    row = warehouse.execute(
        "select state, decision, round(map50_95::numeric, 2)::float, shipped from core.model_variant"
    ).fetchone()
    assert row is not None
    return row


def test_variant_as_good_as_the_model_is_offered_and_measured(
    warehouse: psycopg.Connection[Any], publish: Publish
) -> None:
    assert publish(live="colours.onnx")
    state, decision, map50_95, shipped = stored_variant(warehouse)
    assert (state, map50_95) == ("offered", 1.0)
    assert decision == (
        "mAP50-95 1.000 at 160 px against 1.000 of the whole model on the same 15 test photos"
    )
    assert (shipped["precision"], shipped["recall"]) == (1, 1)
    onnx = (FIXTURES / "colours.onnx").read_bytes()
    assert warehouse.execute(
        "select live_onnx_bytes, live_image_size, live_onnx_sha256 = encode(sha256(%s), 'hex')"
        " from mart.published_model",
        [onnx],
    ).fetchone() == (len(onnx), 160, True)


@pytest.mark.parametrize(
    ("live", "reason"),
    [("loose.onnx", "it is worse by 0."), ("blind.onnx", "it is worse by 1.000, at most 0.01")],
)
def test_model_is_published_without_a_variant_that_is_worse(
    warehouse: psycopg.Connection[Any], publish: Publish, live: str, reason: str
) -> None:
    assert publish(live=live)
    state, decision, _, shipped = stored_variant(warehouse)
    assert (state, reason in decision, shipped["photos"]) == ("refused", True, 15)
    assert warehouse.execute("select live_onnx_sha256 from mart.published_model").fetchone() == (
        None,
    )


def said(calibration: list[list[float]], threshold: float) -> bytes:
    """Return the good model with a decoding of its own, which leaves its precision as it is."""
    decoding = {
        "version": 1,
        "overlap": 0.45,
        "calibration": calibration,
        "thresholds": [threshold] * 5,
    }
    return (FIXTURES / "colours.onnx").read_bytes() + metadata("decoding", json.dumps(decoding))


def add_strangers(warehouse: psycopg.Connection[Any], dataset: FrozenDataset, count: int) -> None:
    """Put photos of nothing among the test photos of a dataset."""
    for number in range(count):
        stream = io.BytesIO()
        Image.new("RGB", (160, 120), (number, number, number)).save(stream, "PNG")
        content = stream.getvalue()
        sha256 = hashlib.sha256(content).digest()
        warehouse.execute(
            "insert into core.photo values (%s, %s, 160, 120, 'image/png', %s, %s)",
            (sha256, len(content), sha256, sha256),
        )
        warehouse.execute("insert into core.photo_blob values (%s, %s)", (sha256, content))
        warehouse.execute(
            "insert into core.dataset_photo (city_id, dataset_version, sha256, split)"
            " values (%s, %s, %s, 'test')",
            (dataset.city_id, dataset.version, sha256),
        )


@pytest.mark.parametrize(
    ("live", "reason"),
    [
        (said([[0, 0], [1, 0.9]], 1), "on none of the 15 test photos of its sights one is named"),
        (said([[0, 0], [1, 1]], 0.05), "20 of 20 photos without a sight get a name, surely more"),
        (said([[0, 1], [1, 1]], 0.25), "right, but it says to be 100% sure of them"),
    ],
)
def test_variant_as_precise_as_the_model_is_judged_by_what_it_shows(
    warehouse: psycopg.Connection[Any],
    dataset: FrozenDataset,
    publish: Publish,
    live: bytes,
    reason: str,
) -> None:
    add_strangers(warehouse, dataset, 20)
    assert publish(live=live)
    state, decision, map50_95, _ = stored_variant(warehouse)
    assert (state, map50_95) == ("refused", 1.0), decision
    assert reason in decision


def test_variant_that_answers_otherwise_than_in_the_trainer_is_refused_alone(
    warehouse: psycopg.Connection[Any], publish: Publish
) -> None:
    assert publish(live="colours.onnx", live_samples=[sample_of(warehouse, "blind.onnx")])
    state, decision, map50_95, shipped = stored_variant(warehouse)
    assert (state, map50_95, shipped) == ("refused", 0.85, None)
    assert "live.onnx answers otherwise than in the trainer" in decision


@pytest.mark.parametrize(
    ("live", "reason"),
    [
        (BAD_MODELS["loop"][0], "live.onnx is not run, because its operator 'Loop'"),
        (
            BAD_MODELS["stored weights for a convolution"][0],
            "live.onnx is not run, because a node Conv reads weights as they are stored",
        ),
        ("permuted.onnx", "live.onnx has the classes "),
    ],
)
def test_variant_that_is_none_of_this_model_is_refused_alone(
    warehouse: psycopg.Connection[Any], publish: Publish, live: str | bytes, reason: str
) -> None:
    assert publish(live=live)
    state, decision, *_ = stored_variant(warehouse)
    assert (state, reason in decision) == ("refused", True), decision


def test_variant_of_another_side_than_it_was_registered_with_is_refused_alone(
    warehouse: psycopg.Connection[Any],
    config: Settings,
    place: ColourCity,
    dataset: FrozenDataset,
    tmp_path: Path,
) -> None:
    training = ask_training(warehouse, dataset, "run 1")
    folder = write_model_folder(tmp_path / "run 1", training, dataset, live="colours.onnx")
    version = register_model(warehouse, training, folder)
    warehouse.execute("update core.model_variant set image_size = 96")
    assert publish_model(warehouse, config, place.city, version, published_by="run").published
    state, decision, *_ = stored_variant(warehouse)
    assert (state, "160 pixels instead of 96" in decision) == ("refused", True), decision


def test_variant_of_a_refused_model_is_not_offered(
    warehouse: psycopg.Connection[Any], publish: Publish
) -> None:
    assert not publish(onnx="blind.onnx", live="colours.onnx")
    assert stored_variant(warehouse)[:2] == ("refused", "the model itself was refused")


def test_model_without_a_variant_is_published(
    warehouse: psycopg.Connection[Any], publish: Publish
) -> None:
    assert publish()
    assert warehouse.execute("select count(*) from core.model_variant").fetchone() == (0,)
