"""A city whose model was judged and published by somebody with a login, on photos with credits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sightscan.dataset.freeze import freeze_dataset
from sightscan.publish.publish import publish_model
from sightscan.publish.register import register_model
from sightscan.run import Run
from sightscan.settings import read_settings
from tests.cities.colour_city import CITY_ID, ask_training, store_colour_city, write_model_folder

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

LOGIN = "secret.login"
LICENCE, AUTHOR = "cc-by-4.0", "María Fernández"


def store_judged_city(warehouse: psycopg.Connection[Any], folder: Path) -> None:
    """Store the city with model 1 in place; each photo has a licence, an author and a page."""
    place = store_colour_city(warehouse)
    warehouse.execute(
        "insert into core.photo_source (sha256, url_sha256, sight_id, url, page_url, source, licence,"
        " author, title, query, found_at)"
        " select sha256, sha256, (select min(sight_id) from core.sight),"
        " 'https://a.example/' || encode(sha256, 'hex'),"
        " 'https://a.example/page/' || encode(sha256, 'hex'), 'a source', %s, %s,"
        " 'A title', 'a', now() from core.photo",
        [LICENCE, AUTHOR],
    )
    config = read_settings(min_image_number_per_label=5)
    dataset = freeze_dataset(warehouse, config, place.city, Run(CITY_ID, "d", "run"))
    training = ask_training(warehouse, dataset, "run 1")
    written = write_model_folder(folder, training, dataset, onnx="colours.onnx")
    version = register_model(warehouse, training, written)
    publish_model(warehouse, config, place.city, version, published_by=LOGIN)
