"""A city whose model was judged and published by somebody with a login, on photos with credits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sightscan.dataset.freeze import freeze_dataset
from sightscan.publish.publish import publish_model
from sightscan.publish.register import register_model
from sightscan.run import Run
from sightscan.settings import read_settings
from sightscan.warehouse.models.datasets import read_dataset
from sightscan.warehouse.registry.cities import find_city
from tests.cities.colour_city import CITY_ID, ask_training, store_colour_city, write_model_folder

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

LOGIN = "secret.login"
REASON = "it fell down"
LICENCE, AUTHOR = "cc-by-4.0", "María Fernández"
LICENCE_URL = "https://creativecommons.org/licenses/by/4.0/"


def store_judged_city(
    warehouse: psycopg.Connection[Any], folder: Path, onnx: str = "colours.onnx"
) -> None:
    """Store the city with model 1 in place; each photo has a licence, an author and a page."""
    place = store_colour_city(warehouse)
    warehouse.execute(
        "insert into core.photo_source (sha256, url_sha256, sight_id, url, page_url, source, licence,"
        " licence_url, author, title, query, found_at)"
        " select sha256, sha256, (select min(sight_id) from core.sight),"
        " 'https://a.example/' || encode(sha256, 'hex'),"
        " 'https://a.example/page/' || encode(sha256, 'hex'), 'a source', %s, %s, %s,"
        " 'A title', 'a', now() from core.photo",
        [LICENCE, LICENCE_URL, AUTHOR],
    )
    config = read_settings(min_image_number_per_label=5)
    dataset = freeze_dataset(warehouse, config, place.city, Run(CITY_ID, "d", "run"))
    training = ask_training(warehouse, dataset, "run 1")
    written = write_model_folder(folder, training, dataset, onnx=onnx)
    version = register_model(warehouse, training, written)
    publish_model(warehouse, config, place.city, version, published_by=LOGIN)


def lose_a_sight(warehouse: psycopg.Connection[Any], folder: Path) -> None:
    """Publish model 2, which knows a sight less than model 1, since somebody with a login says why."""
    city = find_city(warehouse, CITY_ID)
    dataset = read_dataset(warehouse, CITY_ID, 1)
    # As if model 1 had known one more, which is no class now.
    warehouse.execute(
        "insert into core.dataset select city_id, 2, sha256('other'), class_names || '{Old Mill}',"
        " sight_ids || '{999}', train_count, val_count, test_count, dag_id, 'other' from core.dataset"
    )
    warehouse.execute(
        "update core.model set dataset_version = 2, class_names = class_names || '{Old Mill}'"
    )
    training = ask_training(warehouse, dataset, "run 2")
    written = write_model_folder(folder, training, dataset, onnx="colours.onnx")
    version = register_model(warehouse, training, written)
    publish_model(
        warehouse,
        read_settings(min_image_number_per_label=5),
        city,
        version,
        published_by=LOGIN,
        accepted_loss=REASON,
    )
