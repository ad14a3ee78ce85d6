"""No leak: what is linked is never on two sides, whenever that becomes known; and what a freeze keeps."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from sightscan.box import Box
from sightscan.city import City, Place, Sight
from sightscan.crawl.dedupe.clusters import cluster_photos
from sightscan.dataset import learnt_leaks
from sightscan.dataset.freeze import freeze_dataset
from sightscan.dataset.learnt_leaks import count_learnt_leaks
from sightscan.dataset_folder import FrozenDataset, FrozenPhoto
from sightscan.publish.register import register_model
from sightscan.run import Run
from sightscan.settings import read_settings
from sightscan.training import weights_name
from sightscan.warehouse.marts.data_checks import run_check
from sightscan.warehouse.models.datasets import list_dataset_photos
from sightscan.warehouse.models.models import read_model
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.sights import list_sights, upsert_sights
from tests.cities.colour_city import (
    ColourCity,
    add_photo,
    ask_training,
    label_photo,
    store_colour_city,
    write_model_folder,
)

Warehouse = psycopg.Connection[Any]
Link = Callable[[Warehouse, ColourCity, list[bytes]], None]
CONFIG = read_settings(min_image_number_per_label=5)


@pytest.fixture
def place(warehouse: Warehouse) -> ColourCity:
    return store_colour_city(warehouse, photos_a_sight=8)


def freeze(warehouse: Warehouse, place: ColourCity, run_id: str) -> FrozenDataset:
    return freeze_dataset(
        warehouse, CONFIG, place.city, Run(place.city.city_id, "city_malaga", run_id)
    )


def frozen_photos(
    warehouse: Warehouse, place: ColourCity, dataset: FrozenDataset
) -> dict[bytes, FrozenPhoto]:
    photos = list_dataset_photos(warehouse, place.city.city_id, dataset.version)
    return {one.sha256: one for one in photos}


def store_source(
    warehouse: Warehouse,
    sight_id: int | None,
    sha256: bytes,
    *,
    query: str = "q",
    author: str | None = None,
    taken_on: str | None = None,
) -> None:
    url = f"https://example.org/{sha256.hex()}/{sight_id}"
    warehouse.execute(
        "insert into core.photo_source (sha256, url_sha256, sight_id, url, page_url, source, licence,"
        " author, query, found_at, taken_on)"
        " values (%s, sha256(%s), %s, %s, %s, 'test', 'CC0', %s, %s, now(), %s)",
        (sha256, url.encode(), sight_id, url, url, author, query, taken_on),
    )


def _as_a_burst(warehouse: Warehouse, place: ColourCity, photos: list[bytes]) -> None:
    for sha256 in photos:
        store_source(
            warehouse, place.sights[0].sight_id, sha256, author="Ana", taken_on="2024-05-01"
        )


def _by_a_bridge(warehouse: Warehouse, place: ColourCity, photos: list[bytes]) -> None:
    """Store a photo that is like each of them; they are not like one another."""
    for number, sha256 in enumerate(photos):
        store_source(warehouse, place.sights[0].sight_id, sha256)
        _look_like(warehouse, sha256, bytes(number) + b"\xff" + bytes(31 - number))
    bridge = add_photo(warehouse, place.city, place.sights[0], "bridge")
    store_source(warehouse, place.sights[0].sight_id, bridge)
    _look_like(warehouse, bridge, bytes(32))
    cluster_photos(warehouse, place.city, read_settings(near_duplicate_bits=8))


def _by_a_raised_threshold(warehouse: Warehouse, place: ColourCity, photos: list[bytes]) -> None:
    for number, sha256 in enumerate(photos):
        store_source(warehouse, place.sights[0].sight_id, sha256)
        _look_like(warehouse, sha256, bytes([15 << 4 * number, *bytes(31)]))
    cluster_photos(warehouse, place.city, read_settings(near_duplicate_bits=4))
    assert len({_cluster(warehouse, sha256) for sha256 in photos}) == 2
    cluster_photos(warehouse, place.city, read_settings(near_duplicate_bits=8))


def _look_like(warehouse: Warehouse, sha256: bytes, perceptual_hash: bytes) -> None:
    warehouse.execute(
        "update core.photo set perceptual_hash = %s where sha256 = %s", (perceptual_hash, sha256)
    )


def _cluster(warehouse: Warehouse, sha256: bytes) -> bytes:
    row = warehouse.execute(
        "select cluster_sha256 from core.photo where sha256 = %s", (sha256,)
    ).fetchone()
    assert row is not None
    return bytes(row[0])


@pytest.mark.parametrize("link", [_as_a_burst, _by_a_bridge, _by_a_raised_threshold])
def test_linked_later_leaves_training_never_test(
    warehouse: Warehouse, place: ColourCity, link: Link
) -> None:
    before = frozen_photos(warehouse, place, freeze(warehouse, place, "run 1"))
    own = set(place.photos[place.sights[0].name])
    judging, learning = (
        next(sha256 for sha256, one in before.items() if sha256 in own and one.split == split)
        for split in ("test", "train")
    )
    link(warehouse, place, [judging, learning])
    # What is found later does not stop the run that mends it.
    assert run_check(warehouse, "dataset__no_leak", place.city.city_id).offending_count == 0
    after = frozen_photos(warehouse, place, freeze(warehouse, place, "run 2"))
    assert after[judging].split == "test"
    assert learning not in after
    assert run_check(warehouse, "dataset__no_leak", place.city.city_id).offending_count == 0


@pytest.mark.parametrize("link", [_as_a_burst, _by_a_bridge])
def test_model_that_learnt_what_judges_now_is_known_and_so_are_those_trained_from_it(
    warehouse: Warehouse, place: ColourCity, tmp_path: Path, link: Link
) -> None:
    def register(dataset: FrozenDataset, parent: int | None = None) -> int:
        training = ask_training(warehouse, dataset, f"run of {dataset.version} from {parent}")
        folder = write_model_folder(tmp_path / str(training.training_id), training, dataset)
        version = register_model(warehouse, training, folder)
        if parent is not None:
            weights = read_model(warehouse, place.city.city_id, parent).weights_sha256
            warehouse.execute(
                "update core.training_run set request = request || %s where training_id = %s",
                (Jsonb({"weights": weights_name(weights, ".safetensors")}), training.training_id),
            )
        return version

    dataset = freeze(warehouse, place, "run 1")
    before = frozen_photos(warehouse, place, dataset)
    own = set(place.photos[place.sights[0].name])
    linked = [
        next(sha256 for sha256, one in before.items() if sha256 in own and one.split == split)
        for split in ("test", "train")
    ]
    first = register(dataset)
    assert count_learnt_leaks(warehouse, place.city, first) == 0
    link(warehouse, place, linked)
    assert count_learnt_leaks(warehouse, place.city, first) == 1
    later = freeze(warehouse, place, "run 2")
    second = register(later, parent=first)
    assert count_learnt_leaks(warehouse, place.city, second) == 1
    assert count_learnt_leaks(warehouse, place.city, register(later, parent=second)) == 1
    assert count_learnt_leaks(warehouse, place.city, register(later)) == 0


def test_learnt_leak_over_a_photo_of_another_city_is_found(
    warehouse: Warehouse, place: ColourCity, tmp_path: Path
) -> None:
    """The chain is: a photo that trains, its copy there, a burst of that one, a copy of one that judges."""
    dataset = freeze(warehouse, place, "run 1")
    training = ask_training(warehouse, dataset, "run 1")
    version = register_model(
        warehouse, training, write_model_folder(tmp_path / "model", training, dataset)
    )
    splits = {sha256: one.split for sha256, one in frozen_photos(warehouse, place, dataset).items()}
    there = _store_far_city(warehouse, "Farport", Place(38.7, -9.1), 2)
    row = warehouse.execute(
        "select sight_id from core.label where sha256 = %s", (there[0],)
    ).fetchone()
    assert row is not None
    for split, sha256 in zip(("train", "test"), there, strict=True):
        warehouse.execute(
            "update core.photo set cluster_sha256 = %s where sha256 = %s",
            (
                _cluster(warehouse, next(one for one, side in splits.items() if side == split)),
                sha256,
            ),
        )
        assert count_learnt_leaks(warehouse, place.city, version) == 0
    # What is a copy of a sight's photo is no background, so that only what the photos are of is changed.
    warehouse.execute("delete from core.label where city_id = %s", (place.city.city_id,))
    for sha256 in there:
        store_source(warehouse, row[0], sha256, author="Ana", taken_on="2024-05-01")
    assert count_learnt_leaks(warehouse, place.city, version) == 1


def test_nothing_is_read_of_other_cities_where_no_photo_is_linked(
    warehouse: Warehouse, place: ColourCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = freeze(warehouse, place, "run 1")
    training = ask_training(warehouse, dataset, "run 1")
    version = register_model(
        warehouse, training, write_model_folder(tmp_path / "model", training, dataset)
    )
    _store_far_city(warehouse, "Farport", Place(38.7, -9.1), 5)
    asked = []
    monkeypatch.setattr(learnt_leaks, "list_backgrounds", asked.append)
    assert count_learnt_leaks(warehouse, place.city, version) == 0
    assert asked == []


def test_burst_is_on_one_side_from_the_start(warehouse: Warehouse, place: ColourCity) -> None:
    burst = place.photos[place.sights[1].name][:5]
    for sha256 in burst:
        store_source(
            warehouse, place.sights[1].sight_id, sha256, author="Bea", taken_on="2024-05-01"
        )
    photos = frozen_photos(warehouse, place, freeze(warehouse, place, "run 1"))
    assert len({photos[sha256].split for sha256 in burst}) == 1


def test_boxes_of_what_is_no_class_are_ignored_regions(
    warehouse: Warehouse, place: ColourCity
) -> None:
    upsert_sights(warehouse, place.city.city_id, [Sight(None, place.city.city_id, "Kiosk", rank=9)])
    (kiosk,) = (one for one in list_sights(warehouse, place.city.city_id) if one.name == "Kiosk")
    shown = place.photos[place.sights[0].name][0]
    box = Box(0.75, 0.5, 1.0, 1.0)
    label_photo(warehouse, place.city, kiosk, shown, box)
    dataset = freeze(warehouse, place, "run 1")
    assert dataset.ignored_regions == {shown: (box,)}
    photo = frozen_photos(warehouse, place, dataset)[shown]
    assert (photo.ignored, len(photo.boxes)) == ((box,), 1)


def test_sights_are_frozen_as_they_were_known(warehouse: Warehouse, place: ColourCity) -> None:
    first = place.sights[0]
    warehouse.execute(
        'update core.sight set is_asymmetric = true, names = \'{"de": "Uhrturm"}\', latitude = 36.7,'
        " longitude = -4.4 where sight_id = %s",
        (first.sight_id,),
    )
    dataset = freeze(warehouse, place, "run 1")
    assert dataset.sights is not None
    (known,) = (sight for sight in dataset.sights if sight.id == first.sight_id)
    assert (known.wikidata_id, known.names) == ("Q901", {"en": first.name, "de": "Uhrturm"})
    assert (known.latitude, known.longitude, known.is_asymmetric) == (36.7, -4.4, True)
    assert tuple(sight.id for sight in dataset.sights) == dataset.sight_ids


def _store_far_city(warehouse: Warehouse, name: str, where: Place, photos: int) -> list[bytes]:
    """Store another city with photos of one sight."""
    city_id = f"Q{int(hashlib.sha256(name.encode()).hexdigest()[:6], 16) + 1}"
    city = add_city(warehouse, City(city_id, name.lower(), name, "X", where, radius_meters=5_000))
    upsert_sights(warehouse, city_id, [Sight(None, city_id, "Blue Mosque", rank=1, place=where)])
    (sight,) = list_sights(warehouse, city_id)
    return [add_photo(warehouse, city, sight, f"{name} {number}") for number in range(photos)]


def test_photos_of_far_cities_are_backgrounds_and_those_of_near_ones_never(
    warehouse: Warehouse, place: ColourCity
) -> None:
    far = _store_far_city(warehouse, "Farport", Place(38.7, -9.1), 30)
    near = _store_far_city(warehouse, "Nearby", Place(37.2, -4.42), 30)
    # One of them was found for a sight of this city, too: nobody said that it does not show it.
    store_source(warehouse, place.sights[0].sight_id, far[0])
    dataset = freeze(warehouse, place, "run 1")
    photos = frozen_photos(warehouse, place, dataset)
    backgrounds = {sha256 for sha256, one in photos.items() if one.is_background}
    assert backgrounds <= set(far[1:])
    assert not backgrounds & set(near)
    # A tenth of training, a third for thresholds, all others judge.
    assert dataset.background_counts == {"train": 3, "val": 9, "test": 17}
    assert sum(dataset.counts.values()) == 40 + 29


def test_photo_that_was_taken_down_is_no_background(
    warehouse: Warehouse, place: ColourCity
) -> None:
    far = _store_far_city(warehouse, "Farport", Place(38.7, -9.1), 8)
    warehouse.execute(
        "insert into core.removed_photo (sha256, reason, removed_by) values (%s, 'asked', 'a')",
        (far[0],),
    )
    photos = frozen_photos(warehouse, place, freeze(warehouse, place, "run 1"))
    assert far[0] not in photos


@pytest.mark.parametrize(
    ("state", "is_answered", "expected"),
    [("streets", True, True), ("streets", False, False), ("elsewhere", False, True)],
)
def test_streets_need_an_answer_and_sights_elsewhere_none(
    warehouse: Warehouse, place: ColourCity, state: str, *, is_answered: bool, expected: bool
) -> None:
    city = place.city
    row = warehouse.execute(
        "insert into core.sight (city_id, name, normalised_name, rank, state)"
        " values (%s, 'Streets', 'streets', 9, %s) returning sight_id",
        (city.city_id, state),
    ).fetchone()
    assert row is not None
    found = []
    for number in range(10):
        sha256 = add_photo(warehouse, city, place.sights[0], f"street {number}")
        warehouse.execute("delete from core.label where sha256 = %s", (sha256,))
        warehouse.execute("delete from core.paid_call where subject_sha256 = %s", (sha256,))
        if is_answered:
            warehouse.execute(
                "insert into core.paid_call (provider, feature, subject_sha256, attempt, city_id,"
                " dag_id, run_id, state, price_usd, answer, settled_at) values ('google_vision',"
                " 'landmark_detection', %s, 1, %s, 'd', 'r', 'succeeded', 0, '{}', now())",
                (sha256, city.city_id),
            )
        store_source(warehouse, row[0], sha256, query=f"Streets {number % 2}")
        found.append(sha256)
    photos = frozen_photos(warehouse, place, freeze(warehouse, place, "run 1"))
    assert bool(photos.keys() & set(found)) is expected
