"""Put a city with a published model into a warehouse, as the pipeline would leave it.

The model is the tiny one of the app's tests: it finds colours, so a drawn picture tests all of
the app's chain without a training.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import sql

from detector_app.atomic_file import write_atomically
from detector_app.catalogue import Catalogue, City, PublishedModel, save_snapshot
from detector_app.models.model_store import path_of_model
from tests.model_files import metadata

if TYPE_CHECKING:
    import psycopg

TINY_ONNX = Path(__file__).resolve().parents[1] / "app" / "fixtures" / "tiny.onnx"
CITY_ID, CITY_SLUG, CITY_NAME = "Q8851", "malaga", "Málaga"
CLASS_NAMES = ["Torre do Relógio", "Green Gate", "Blue Mosque", "Sunflower Hall", "Rosa Palast"]
APP_LOGIN, APP_PASSWORD = "app_reader", "app-reader-of-a-test"


def add_city(connection: psycopg.Connection[Any]) -> None:
    """Insert the city, without sights or a model."""
    connection.execute(
        "insert into core.city (city_id, slug, name, country, latitude, longitude, radius_meters)"
        " values (%s, %s, %s, 'Spain', 36.72, -4.42, 8000)",
        [CITY_ID, CITY_SLUG, CITY_NAME],
    )


def publish_model(connection: psycopg.Connection[Any], version: int) -> bytes:
    """Insert the tiny model as a version of the city's, put it in place, return its bytes."""
    onnx = TINY_ONNX.read_bytes()
    onnx_sha256 = hashlib.sha256(onnx).digest()
    some_sha256 = hashlib.sha256(str(version).encode()).digest()
    with connection.transaction():
        connection.execute(
            "insert into core.dataset (city_id, dataset_version, sha256, class_names, sight_ids,"
            " train_count, val_count, test_count, dag_id, run_id)"
            " values (%s, %s, %s, %s, '{1,2,3,4,5}', 200, 40, 60, 'city_malaga', %s)",
            [CITY_ID, version, some_sha256, CLASS_NAMES, f"run {version}"],
        )
        training = connection.execute(
            "insert into core.training_run (city_id, dataset_version, dag_id, run_id, request,"
            " state) values (%s, %s, 'city_malaga', %s, '{}', 'succeeded') returning training_id",
            [CITY_ID, version, f"run {version}"],
        ).fetchone()
        assert training is not None
        connection.execute(
            "insert into core.model (city_id, model_version, dataset_version, training_id,"
            " class_names, image_size, onnx_sha256, weights_sha256, map50, map50_95,"
            " class_metrics, result, state)"
            " values (%s, %s, %s, %s, %s, 160, %s, %s, 0.91, 0.62, '{}', '{}', 'published')",
            [CITY_ID, version, version, training[0], CLASS_NAMES, onnx_sha256, some_sha256],
        )
        connection.execute(
            "insert into core.model_file (city_id, model_version, file_name, sha256, bytes)"
            " values (%s, %s, 'model.onnx', %s, %s)",
            [CITY_ID, version, onnx_sha256, onnx],
        )
        connection.execute(
            "insert into core.publication (city_id, model_version, published_by, reason)"
            " values (%s, %s, 'a test', 'first model')",
            [CITY_ID, version],
        )
    return onnx


def offer_live_variant(connection: psycopg.Connection[Any], version: int) -> bytes:
    """Give a published version a live variant, return its bytes: the tiny model, which says one thing more."""
    onnx = TINY_ONNX.read_bytes() + metadata("city", CITY_NAME)
    onnx_sha256 = hashlib.sha256(onnx).digest()
    connection.execute(
        "insert into core.model_file (city_id, model_version, file_name, sha256, bytes)"
        " values (%s, %s, 'live.onnx', %s, %s)",
        [CITY_ID, version, onnx_sha256, onnx],
    )
    connection.execute(
        "insert into core.model_variant (city_id, model_version, kind, file_name, sha256,"
        " image_size, precision, latency_milliseconds, latency_processor, map50, map50_95, state)"
        " values (%s, %s, 'live', 'live.onnx', %s, 160, 'int8', 21.5, 'Some Processor', 0.9, 0.61,"
        " 'offered')",
        [CITY_ID, version, onnx_sha256],
    )
    return onnx


def keep_model(cache_folder: Path) -> None:
    """Leave the city and its model in an app's folder, as after a visit with a warehouse."""
    onnx = TINY_ONNX.read_bytes()
    model = PublishedModel(
        city_slug=CITY_SLUG,
        city_name=CITY_NAME,
        model_version=1,
        published_at=datetime.now(UTC),
        class_names=tuple(CLASS_NAMES),
        image_size=160,
        onnx_sha256=hashlib.sha256(onnx).hexdigest(),
        onnx_bytes=len(onnx),
        map50=0.91,
        map50_95=0.62,
        test_photo_count=60,
    )
    city = City(CITY_SLUG, CITY_NAME, "Spain", "published", 5, 400, 350, model=model)
    save_snapshot(Catalogue((city,), as_of=datetime.now(UTC)), cache_folder)
    write_atomically(path_of_model(model, cache_folder), onnx)


def create_app_login(connection: psycopg.Connection[Any]) -> None:
    """Create a login that may do what `sightscan_app` may, and nothing else."""
    # Roles belong to the server, not to the database: another test may have made it.
    known = connection.execute("select 1 from pg_roles where rolname = %s", [APP_LOGIN]).fetchone()
    if known is None:
        connection.execute(
            sql.SQL("create role {} login password {} in role sightscan_app").format(
                sql.Identifier(APP_LOGIN), sql.Literal(APP_PASSWORD)
            )
        )
