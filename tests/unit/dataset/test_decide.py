"""Deciding whether to train: the sentences, and that nothing is tried twice on the same photos."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sightscan.dataset.decide import TrainingDecision, decide_training
from sightscan.dataset.freeze import freeze_dataset
from sightscan.publish.register import register_model
from sightscan.run import Run
from sightscan.settings import Settings, read_settings
from sightscan.warehouse.models.models import conclude_model, read_model
from tests.cities.colour_city import (
    ColourCity,
    add_photo,
    ask_training,
    store_colour_city,
    write_model_folder,
)


@pytest.fixture
def place(warehouse: psycopg.Connection[Any]) -> ColourCity:
    return store_colour_city(warehouse, photos_a_sight=8)


def settings_with(needed: int, a_class: int = 5) -> Settings:
    return read_settings(
        min_labelled_images_needed_for_training=needed, min_image_number_per_label=a_class
    )


def train(
    warehouse: psycopg.Connection[Any],
    place: ColourCity,
    folder: Path,
    *,
    published: bool = True,
    run: str = "run",
) -> None:
    """Freeze, "train", register and publish or refuse."""
    config = settings_with(10)
    dataset = freeze_dataset(
        warehouse, config, place.city, Run(place.city.city_id, "city_malaga", run)
    )
    training = ask_training(warehouse, dataset, run)
    write_model_folder(folder, training, dataset)
    version = register_model(warehouse, training, folder)
    conclude_model(
        warehouse,
        read_model(warehouse, place.city.city_id, version),
        published=published,
        decision="so it was decided",
        map50=1,
        map50_95=1,
        class_metrics=[],
        hidden_sight_ids=[],
    )


def test_too_few_photos_say_how_many_are_to_go(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    decision = decide_training(warehouse, settings_with(57), place.city)
    assert decision == TrainingDecision(
        train=False, reason="40 labelled photos, 57 needed; 17 to go"
    )


def test_enough_photos_train_a_first_model(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    decision = decide_training(warehouse, settings_with(40), place.city)
    assert decision == TrainingDecision(train=True, reason="40 labelled photos, 40 needed")


def test_photos_of_rare_sights_do_not_count(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    add_photo(warehouse, place.city, place.sights[0], "one more")
    decision = decide_training(warehouse, settings_with(40, a_class=9), place.city)
    assert decision == TrainingDecision(
        train=False,
        reason="41 labelled photos, 9 of them of sights with at least 9 each, 40 needed; 31 to go",
    )


def test_no_class_at_all_says_why(warehouse: psycopg.Connection[Any], place: ColourCity) -> None:
    decision = decide_training(warehouse, settings_with(40, a_class=30), place.city, force=True)
    assert not decision.train
    assert "no sight has 30 labelled photos" in decision.reason


@pytest.mark.parametrize(
    ("published", "since"),
    [(True, "since model 1"), (False, "since model 1 (refused)")],
    ids=["published", "refused"],
)
def test_after_a_model_only_new_photos_count(
    warehouse: psycopg.Connection[Any],
    place: ColourCity,
    tmp_path: Path,
    *,
    published: bool,
    since: str,
) -> None:
    train(warehouse, place, tmp_path, published=published)
    for number in range(3):
        add_photo(warehouse, place.city, place.sights[0], f"later {number}")
    decision = decide_training(warehouse, settings_with(10), place.city)
    assert decision == TrainingDecision(
        train=False, reason=f"3 new labelled photos {since}, 10 needed; 7 to go"
    )


def test_enough_new_photos_train_again(
    warehouse: psycopg.Connection[Any], place: ColourCity, tmp_path: Path
) -> None:
    train(warehouse, place, tmp_path)
    for number in range(10):
        add_photo(warehouse, place.city, place.sights[0], f"later {number}")
    assert decide_training(warehouse, settings_with(10), place.city).train


def test_training_that_broke_off_does_not_count_as_tried(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    dataset = freeze_dataset(
        warehouse, settings_with(10), place.city, Run(place.city.city_id, "city_malaga", "run")
    )
    ask_training(warehouse, dataset, "run")
    assert decide_training(warehouse, settings_with(10), place.city).train


def test_force_trains_whenever_a_dataset_can_be_frozen(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    decision = decide_training(warehouse, settings_with(100), place.city, force=True)
    assert decision.train
    assert decision.reason == "asked for in the trigger form; 40 labelled photos"


def test_model_in_place_that_nobody_may_load_counts_as_none(
    warehouse: psycopg.Connection[Any], place: ColourCity, tmp_path: Path
) -> None:
    train(warehouse, place, tmp_path)
    decision = decide_training(warehouse, settings_with(40), place.city, unloadable={1: "no key"})
    assert decision == TrainingDecision(
        train=True,
        reason="40 labelled photos, 40 needed; model 1 counts as none, since nobody may load it: "
        "no key",
    )
    assert not decide_training(warehouse, settings_with(40), place.city, unloadable={}).train


def test_what_was_trained_in_the_place_of_a_model_that_nobody_may_load_is_not_trained_again(
    warehouse: psycopg.Connection[Any], place: ColourCity, tmp_path: Path
) -> None:
    train(warehouse, place, tmp_path / "1")
    train(warehouse, place, tmp_path / "2", published=False, run="run 2")
    decision = decide_training(warehouse, settings_with(40), place.city, unloadable={1: "no key"})
    assert decision == TrainingDecision(
        train=False,
        reason="0 new labelled photos since model 2 (refused), 40 needed; 40 to go",
    )


def test_retired_city_is_never_trained(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    retired = replace(place.city, state="disabled")
    decision = decide_training(warehouse, settings_with(10), retired, force=True)
    assert not decision.train
    assert decision.reason == f"{place.city.name} is retired, and nothing is spent on it"
