"""Publishing: never worse, decided once, taken back by one command."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg.types.json import Jsonb

from sightscan.dataset.freeze import freeze_dataset
from sightscan.dataset_folder import FrozenDataset
from sightscan.errors import PublicationError
from sightscan.publish.compare import compare_models
from sightscan.publish.contender import open_entrant, read_test_photos
from sightscan.publish.detector import OnnxDetector, Pixels, decode_photo
from sightscan.publish.publish import publish_model, rollback
from sightscan.publish.register import register_model
from sightscan.run import Run
from sightscan.settings import Settings, read_settings
from sightscan.warehouse.models.datasets import read_dataset, stream_blobs
from sightscan.warehouse.models.models import find_model_in_place, read_model
from tests.cities.colour_city import (
    COLOURS,
    FIXTURES,
    ColourCity,
    add_photo,
    ask_training,
    store_colour_city,
    write_model_folder,
)
from tests.model_files import metadata
from tests.recording_proxy import proxied, recording_proxy


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


class Shelf:
    """Registers models of one dataset, each by a run of its own."""

    def __init__(
        self, warehouse: psycopg.Connection[Any], dataset: FrozenDataset, folder: Path
    ) -> None:
        self._warehouse, self._dataset, self._folder = warehouse, dataset, folder

    def register(self, onnx: str, **metrics: Any) -> int:
        run_id = f"run {len(list(self._folder.iterdir()))}"
        training = ask_training(self._warehouse, self._dataset, run_id)
        folder = write_model_folder(
            self._folder / run_id, training, self._dataset, onnx=onnx, **metrics
        )
        return register_model(self._warehouse, training, folder)


@pytest.fixture
def shelf(warehouse: psycopg.Connection[Any], dataset: FrozenDataset, tmp_path: Path) -> Shelf:
    return Shelf(warehouse, dataset, tmp_path)


def test_judging_and_publishing_ask_nothing_of_anybody_else(
    warehouse: psycopg.Connection[Any],
    config: Settings,
    place: ColourCity,
    shelf: Shelf,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All but the warehouse; whatever knows of no proxy is kept on this machine by the tests."""
    version = shelf.register("colours.onnx")
    with recording_proxy() as (address, asked):
        for name, value in proxied(address).items():
            monkeypatch.setenv(name, value)
        decision = publish_model(warehouse, config, place.city, version, published_by="run")
    assert decision.published
    assert asked == []


def test_first_model_above_the_minimum_is_published(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity, shelf: Shelf
) -> None:
    version = shelf.register("colours.onnx")
    decision = publish_model(warehouse, config, place.city, version, published_by="run")
    assert decision.published
    assert decision.map50 == pytest.approx(1)
    in_place = find_model_in_place(warehouse, place.city.city_id)
    assert in_place is not None
    assert in_place.version == version


def test_first_model_below_the_minimum_is_refused_with_the_reason(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity, shelf: Shelf
) -> None:
    version = shelf.register("blind.onnx", map50=0, map50_95=0)
    decision = publish_model(warehouse, config, place.city, version, published_by="run")
    assert not decision.published
    assert "mAP50 0.000" in decision.reason
    assert "0.50 needed" in decision.reason
    assert find_model_in_place(warehouse, place.city.city_id) is None


def test_first_model_at_the_minimum_is_published(
    warehouse: psycopg.Connection[Any], place: ColourCity, shelf: Shelf
) -> None:
    config = read_settings(min_image_number_per_label=5, min_map50_for_first_model=1)
    version = shelf.register("colours.onnx")
    decision = publish_model(warehouse, config, place.city, version, published_by="run")
    assert (decision.published, decision.map50) == (True, 1.0)


def test_better_model_replaces_the_one_in_place(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity, shelf: Shelf
) -> None:
    old, new = shelf.register("loose.onnx"), shelf.register("colours.onnx")
    publish_model(warehouse, config, place.city, old, published_by="run")
    decision = publish_model(warehouse, config, place.city, new, published_by="run")
    assert decision.published, decision.reason
    in_place = find_model_in_place(warehouse, place.city.city_id)
    assert in_place is not None
    assert in_place.version == new


@pytest.mark.parametrize("newer", ["colours.onnx", "loose.onnx"], ids=["equal", "worse"])
def test_model_that_is_not_better_never_replaces_the_one_in_place(
    warehouse: psycopg.Connection[Any],
    config: Settings,
    place: ColourCity,
    shelf: Shelf,
    newer: str,
) -> None:
    old, new = shelf.register("colours.onnx"), shelf.register(newer)
    publish_model(warehouse, config, place.city, old, published_by="run")
    decision = publish_model(warehouse, config, place.city, new, published_by="run")
    assert not decision.published
    assert f"not surely better than model {old}" in decision.reason
    assert read_model(warehouse, place.city.city_id, new).state == "refused"
    in_place = find_model_in_place(warehouse, place.city.city_id)
    assert in_place is not None
    assert in_place.version == old


def test_publishing_again_returns_the_decision_that_stands(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity, shelf: Shelf
) -> None:
    version = shelf.register("colours.onnx")
    first = publish_model(warehouse, config, place.city, version, published_by="run")
    again = publish_model(warehouse, config, place.city, version, published_by="run")
    assert again == first
    count = warehouse.execute("select count(*) from core.publication").fetchone()
    assert count == (1,)


def test_measure_of_the_exported_file_replaces_the_trainers(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity, shelf: Shelf
) -> None:
    version = shelf.register("loose.onnx", map50_95=0.99)
    decision = publish_model(warehouse, config, place.city, version, published_by="run")
    model = read_model(warehouse, place.city.city_id, version)
    assert model.map50_95 == decision.map50_95 < 0.5


def sample_of(warehouse: psycopg.Connection[Any], onnx: str, side: str = "test") -> dict[str, Any]:
    """Return what a trainer notes of a model's answer to a photo."""
    row = warehouse.execute(
        "select sha256 from core.dataset_photo where split = %s order by 1 limit 1", (side,)
    ).fetchone()
    assert row is not None
    ((_, content),) = stream_blobs(warehouse, [row[0]])
    detector = OnnxDetector((FIXTURES / onnx).read_bytes())
    answer = detector.answer_photo(decode_photo(content))
    places = np.argsort(-answer[:, 4])[:8].tolist()
    return {
        "sha256": row[0].hex(),
        "rows": [[place, *answer[place].round(5).tolist()] for place in places],
    }


def test_model_that_answers_as_in_the_trainer_is_judged(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity, shelf: Shelf
) -> None:
    # One whose photo is gone by now is left out.
    gone = {"sha256": "ab" * 32, "rows": [[0, 1, 2]]}
    version = shelf.register("colours.onnx", samples=[sample_of(warehouse, "colours.onnx"), gone])
    assert publish_model(warehouse, config, place.city, version, published_by="run").published


@pytest.mark.parametrize("rows", ["another model's", "of another shape", "beyond the last"])
def test_broken_export_fails_and_decides_nothing(
    warehouse: psycopg.Connection[Any],
    config: Settings,
    place: ColourCity,
    shelf: Shelf,
    rows: str,
) -> None:
    sample = sample_of(warehouse, "blind.onnx" if rows == "another model's" else "colours.onnx")
    if rows == "of another shape":
        sample["rows"] = [row[:-1] for row in sample["rows"]]
    if rows == "beyond the last":
        sample["rows"] = [[1_000_000, *row[1:]] for row in sample["rows"]]
    version = shelf.register("colours.onnx", samples=[sample])
    with pytest.raises(PublicationError, match="the export is broken"):
        publish_model(warehouse, config, place.city, version, published_by="run")
    assert read_model(warehouse, place.city.city_id, version).state == "registered"


def test_test_photos_are_read_once_for_all_models_and_measures(
    warehouse: psycopg.Connection[Any],
    config: Settings,
    place: ColourCity,
    shelf: Shelf,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old, new = shelf.register("loose.onnx"), shelf.register("colours.onnx")
    publish_model(warehouse, config, place.city, old, published_by="run")
    decoded: list[bytes] = []
    answers: Counter[int] = Counter()
    answer = OnnxDetector.answer

    def note_photo(content: bytes) -> Pixels:
        decoded.append(content)
        return decode_photo(content)

    def note_answer(detector: OnnxDetector, padded: Sequence[Pixels]) -> Any:
        answers[id(detector)] += len(padded)
        return answer(detector, padded)

    monkeypatch.setattr("sightscan.publish.reading.decode_photo", note_photo)
    monkeypatch.setattr(OnnxDetector, "answer", note_answer)
    assert publish_model(warehouse, config, place.city, new, published_by="run").published
    assert (len(decoded), len(set(decoded))) == (15, 15)
    assert list(answers.values()) == [15, 15]


def test_what_people_are_shown_is_measured_and_kept(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity, shelf: Shelf
) -> None:
    version = shelf.register("colours.onnx")
    publish_model(warehouse, config, place.city, version, published_by="run")
    row = warehouse.execute("select shipped from core.model").fetchone()
    assert row is not None
    (shipped,) = row
    assert (shipped["precision"], shipped["recall"]) == (1, 1)
    assert (shipped["false_alarms"], shipped["background_photos"]) == (None, 0)
    assert shipped["milliseconds"] > 0
    assert {one["threshold"] for one in shipped["per_class"]} == {0.25}
    assert (shipped["sight_photos"], shipped["named_sight_photos"]) == (15, 15)


@pytest.mark.parametrize(
    ("shipped", "told"),
    [
        (
            {
                "sight_photos": 42,
                "named_sight_photos": 36,
                "background_photos": 200,
                "named_background_photos": 2,
            },
            (42, 36, 200, 2),
        ),
        # An older version counted no photos of sights, and had shares.
        ({"background_photos": 200, "false_alarms": 0.035}, (None, None, 200, 7)),
        ({"background_photos": 0, "false_alarms": None}, (None, None, 0, None)),
        (None, (None,) * 4),
    ],
)
def test_visitors_are_told_what_was_counted(
    warehouse: psycopg.Connection[Any],
    config: Settings,
    place: ColourCity,
    shelf: Shelf,
    *,
    shipped: dict[str, float | None] | None,
    told: tuple[int | None, ...],
) -> None:
    version = shelf.register("colours.onnx")
    publish_model(warehouse, config, place.city, version, published_by="run")
    warehouse.execute(
        "update core.model set shipped = %s", (None if shipped is None else Jsonb(shipped),)
    )
    row = warehouse.execute(
        "select sight_photo_count, named_sight_photo_count, background_photo_count,"
        " named_background_photo_count from mart.published_model"
    ).fetchone()
    assert row == told


def test_model_that_names_nothing_is_refused_for_what_it_shows(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity, shelf: Shelf
) -> None:
    """Its precision is that of a good one: its thresholds keep it silent."""
    said = {"version": 1, "overlap": 0.45, "calibration": [[0, 0], [1, 0.9]], "thresholds": [1] * 5}
    first = shelf.register("colours.onnx")
    assert publish_model(warehouse, config, place.city, first, published_by="run").published
    version = shelf.register("colours.onnx", more=metadata("decoding", json.dumps(said)))
    decision = publish_model(warehouse, config, place.city, version, published_by="run")
    assert (decision.published, decision.map50) == (False, pytest.approx(1))
    assert "on none of the 15 test photos of its sights one is named right" in decision.reason


def test_model_is_measured_by_sights_when_names_have_changed(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity, shelf: Shelf
) -> None:
    version = shelf.register("colours.onnx")
    warehouse.execute("update core.sight set name = 'Porta Verde' where name = 'Green Gate'")
    add_photo(warehouse, place.city, place.sights[0], "one more")
    later = freeze_dataset(
        warehouse, config, place.city, Run(place.city.city_id, "city_malaga", "later")
    )
    assert "Porta Verde" in later.class_names
    model = read_model(warehouse, place.city.city_id, version)
    (reading,) = read_test_photos(
        warehouse, later, [open_entrant(warehouse, place.city, model, later, ())]
    )
    assert reading.measure.map50 == pytest.approx(1)


def test_sight_that_is_lost_needs_a_persons_word(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity, shelf: Shelf
) -> None:
    old = shelf.register("loose.onnx")
    publish_model(warehouse, config, place.city, old, published_by="run")
    new = shelf.register("colours.onnx")
    # As if model 1 had known one more, which is no class now.
    warehouse.execute(
        "insert into core.dataset select city_id, 2, sha256('other'), class_names || '{Old Mill}',"
        " sight_ids || '{999}', train_count, val_count, test_count, dag_id, 'other' from core.dataset"
    )
    warehouse.execute(
        "update core.model set dataset_version = 2, class_names = class_names || '{Old Mill}'"
        " where model_version = %s",
        (old,),
    )
    refused = publish_model(warehouse, config, place.city, new, published_by="run")
    assert not refused.published
    assert refused.reason.startswith("Old Mill would be lost")
    assert publish_model(warehouse, config, place.city, new, published_by="run") == refused
    accepted = publish_model(
        warehouse, config, place.city, new, published_by="ada", accepted_loss="it fell down"
    )
    assert accepted.published
    assert accepted.reason.endswith("lost: Old Mill, because it fell down")


def test_sights_that_are_not_known_are_stored_as_not_shown(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity, shelf: Shelf
) -> None:
    """Two of its three test photos are gone: that says too little of a sight."""
    version = shelf.register("colours.onnx")
    dataset = read_dataset(warehouse, place.city.city_id, 1)
    number = dataset.class_names.index("Green Gate")
    warehouse.execute(
        "delete from core.photo_blob where sha256 in (select sha256 from core.dataset_box"
        " inner join core.dataset_photo using (city_id, dataset_version, sha256)"
        " where split = 'test' and class_number = %s order by sha256 limit 2)",
        (number,),
    )
    decision = publish_model(warehouse, config, place.city, version, published_by="run")
    assert decision.published
    assert decision.reason.endswith("; not shown: Green Gate (AP50 1.00 on 1 test photo)")
    model = read_model(warehouse, place.city.city_id, version)
    assert model.hidden_sight_ids == {dataset.sight_ids[number]}
    names = warehouse.execute("select class_names from mart.published_model").fetchone()
    assert names == ([name for name in dataset.class_names if name != "Green Gate"],)


def test_compared_models_tell_the_photos_that_changed(
    warehouse: psycopg.Connection[Any], place: ColourCity, shelf: Shelf
) -> None:
    first, second = shelf.register("blind.onnx", map50=0), shelf.register("colours.onnx")
    found = compare_models(warehouse, place.city, first, second, public_keys=())
    assert found.photo_count == 15
    assert {one.name: (one.photo_count, one.first) for one in found.sights} == dict.fromkeys(
        COLOURS, (3, 0.0)
    )
    assert [one.second for one in found.sights] == pytest.approx([1] * 5, abs=0.2)
    assert len(found.changed) == 15
    assert all(one.first == () and one.second == one.truth for one in found.changed)


@pytest.fixture
def two_models(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity, shelf: Shelf
) -> ColourCity:
    """Model 1 in place, model 2 refused."""
    for onnx in ("colours.onnx", "loose.onnx"):
        version = shelf.register(onnx)
        publish_model(warehouse, config, place.city, version, published_by="run")
    return place


@pytest.mark.parametrize(
    ("to_version", "problem"),
    [(7, "no model 7"), (2, "never published"), (None, "nothing is left before model 1")],
)
def test_rollback_to_nothing_good_is_refused(
    warehouse: psycopg.Connection[Any],
    two_models: ColourCity,
    to_version: int | None,
    problem: str,
) -> None:
    with pytest.raises(PublicationError, match=problem):
        rollback(
            warehouse,
            two_models.city,
            by="ada",
            reason="why not",
            to_version=to_version,
            public_keys=(),
        )
