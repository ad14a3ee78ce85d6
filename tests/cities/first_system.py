"""A small database of the first SightScan, with the defects that its operators have to live with."""

import io
from collections.abc import Sequence
from typing import Any

import psycopg
from PIL import Image

from tests.cities.labelled_city import jpeg_of

# The names and types of its last version; its triggers and marts are not needed to read it.
SCHEMA = """
create schema load_layer;
create schema integration_layer;
create type bounding_box as (
    ul_x double precision, ul_y double precision, lr_x double precision, lr_y double precision,
    box_label varchar(100)
);
create table load_layer.sight_images (
    id serial primary key, sight_image bytea not null, sight_city varchar(100) not null,
    sight_image_width int not null, sight_image_height int not null,
    sight_image_data_source varchar(300) not null
);
create table load_layer.sight_image_labels (
    id serial primary key, sight_image_data_source varchar(300) not null,
    sight_labels bounding_box[] not null
);
create table load_layer.trained_models (
    id serial primary key, city varchar(100) not null, trained_model bytea not null,
    n_considered_images int not null
);
create table integration_layer.dim_sights_cities (
    city_id serial primary key, city_name varchar(100) not null
);
create table integration_layer.dim_sights_resolutions (
    resolution_id serial primary key, resolution_height int not null, resolution_width int not null
);
create table integration_layer.dim_sights_images (
    image_id serial primary key, image_file bytea not null, image_source varchar(300) not null,
    image_labels bounding_box[]
);
create table integration_layer.dim_sights_timestamps (
    timestamp_id serial primary key, timestamp_unix bigint not null
);
create table integration_layer.dim_models_timestamps (
    timestamp_id serial primary key, timestamp_unix bigint not null
);
create table integration_layer.dim_models_trained_models (
    trained_model_id serial primary key, trained_model_model bytea not null,
    n_considered_images int not null, surrogate_key int not null, version int not null
);
create table integration_layer.fact_sights (
    city_id int references integration_layer.dim_sights_cities,
    timestamp_id int references integration_layer.dim_sights_timestamps,
    image_id int references integration_layer.dim_sights_images,
    resolution_id int references integration_layer.dim_sights_resolutions,
    primary key (city_id, timestamp_id, image_id, resolution_id)
);
create table integration_layer.fact_models (
    city_id int references integration_layer.dim_sights_cities,
    timestamp_id int references integration_layer.dim_models_timestamps,
    trained_model_id int references integration_layer.dim_models_trained_models,
    primary key (city_id, timestamp_id, trained_model_id)
);
insert into integration_layer.dim_sights_timestamps (timestamp_unix) values (1610000000);
insert into integration_layer.dim_models_timestamps (timestamp_unix) values (1612000000);
-- Width and height swapped, as its marts had them.
insert into integration_layer.dim_sights_resolutions (resolution_height, resolution_width)
values (320, 240);
"""
MODEL = b"PK\x03\x04 a pickle that nobody must load"


def create_first_system(first: psycopg.Connection[Any]) -> None:
    """Create the empty database."""
    first.execute(SCHEMA)


def add_first_city(first: psycopg.Connection[Any], name: str) -> int:
    """Add a city as a trigger would have spelled it; return its id."""
    row = first.execute(
        "insert into integration_layer.dim_sights_cities (city_name) values (%s) returning city_id",
        (name,),
    ).fetchone()
    assert row is not None
    return int(row[0])


def add_first_image(
    first: psycopg.Connection[Any],
    city_id: int | None,
    content: bytes,
    source: str,
    labels: Sequence[str] | None = None,
) -> None:
    """Add an image of a city; a label is the text of a bounding_box."""
    row = first.execute(
        "insert into integration_layer.dim_sights_images (image_file, image_source, image_labels)"
        " values (%s, %s, %s::bounding_box[]) returning image_id",
        (content, source, None if labels is None else list(labels)),
    ).fetchone()
    assert row is not None
    if city_id is not None:
        first.execute(
            "insert into integration_layer.fact_sights values (%s, 1, %s, 1)", (city_id, row[0])
        )


def add_first_model(
    first: psycopg.Connection[Any], city_id: int, content: bytes, version: int
) -> None:
    """Add a model of a city."""
    row = first.execute(
        "insert into integration_layer.dim_models_trained_models"
        " (trained_model_model, n_considered_images, surrogate_key, version)"
        " values (%s, 100, %s, %s) returning trained_model_id",
        (content, version, version),
    ).fetchone()
    assert row is not None
    first.execute("insert into integration_layer.fact_models values (%s, 1, %s)", (city_id, row[0]))


def fill_first_system(first: psycopg.Connection[Any]) -> None:
    """Fill it with one city, twice, and twelve images with one defect each."""
    city, again = add_first_city(first, "PORT AUREL"), add_first_city(first, "PORT AUREL")
    tower = r"(0.1,0.9,0.5,0.2,Torre\\ Alta)"
    images: list[tuple[int | None, bytes, str, list[str] | None]] = [
        (city, jpeg_of("tower"), "https://example.org/tower.jpg", [tower]),
        (again, jpeg_of("gate"), "https://example.org/gate.jpg", ["(0,1,0.5,0.5,PORTA DO MAR)"]),
        (city, jpeg_of("unknown"), "https://example.org/unknown.jpg", ['(0.1,0.9,0.5,0.2,"Elsewhere, X")']),
        (city, jpeg_of("flat"), "https://example.org/flat.jpg", ['(0.1,0.9,0.1,0.2,"Torre Alta")']),
        (city, jpeg_of("partial"), "https://example.org/partial.jpg", ['(,0.9,0.5,,"Torre Alta")']),
        (city, jpeg_of("empty"), "https://example.org/empty.jpg", []),
        # Its label had a comma and was lost, or it was never sent: nobody can tell.
        (city, jpeg_of("waiting"), "https://example.org/waiting.jpg", None),
        (city, jpeg_of("tower"), "https://mirror.example.org/tower.jpg", None),
        (again, png(), "https://example.org/photo.png", None),
        (city, bytes(320 * 240 * 3), "0cc175b9c0f1b6a831c399e269772661", [tower]),
        (city, b"test image", "mts-deployment-test", None),
        (None, jpeg_of("orphan"), "https://example.org/orphan.jpg", None),
    ]  # fmt: skip
    for owner, content, source, labels in images:
        add_first_image(first, owner, content, source, labels)
    first.execute(
        "insert into load_layer.sight_images values (7, %s, 'Port_Aurel', 320, 240, 'https://example.org/left.jpg')",
        (jpeg_of("left behind"),),
    )
    add_first_model(first, city, MODEL, 1)
    add_first_model(first, again, MODEL + b" anew", 2)


def png() -> bytes:
    """Return a photo as PNG."""
    stream = io.BytesIO()
    Image.open(io.BytesIO(jpeg_of("png"))).save(stream, "PNG")
    return stream.getvalue()
