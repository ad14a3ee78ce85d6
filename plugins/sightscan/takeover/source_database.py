"""Read a database of the first SightScan: in one read-only snapshot, a few images at a time.

Its layers: `load_layer` holds what its triggers have not moved yet (normally nothing),
`integration_layer` a star of cities, images, models and the facts between them. An image has its
labels as an array of `bounding_box (ul_x, ul_y, lr_x, lr_y, box_label)`, in shares of its size;
null where Google Vision was not asked, or its answer was lost.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from sightscan.crawl.writer import BATCH_BYTES
from sightscan.errors import WarehouseError
from sightscan.warehouse.connection import CONNECT_TIMEOUT_SECONDS
from sightscan.warehouse.statements import statement

TABLES = (
    "integration_layer.dim_models_timestamps",
    "integration_layer.dim_models_trained_models",
    "integration_layer.dim_sights_cities",
    "integration_layer.dim_sights_images",
    "integration_layer.dim_sights_timestamps",
    "integration_layer.fact_models",
    "integration_layer.fact_sights",
    "load_layer.sight_image_labels",
    "load_layer.sight_images",
)
# What is read at once: enough to be quick, little enough to stay small.
BATCH_IMAGES = 32


@dataclass(frozen=True, slots=True)
class FirstCity:
    """A city as it was spelled there, perhaps several times; its images and models are counted."""

    spellings: tuple[str, ...]
    city_ids: tuple[int, ...]
    image_count: int
    model_count: int


@dataclass(frozen=True, slots=True)
class ListedImage:
    """An image without its bytes; `is_left_behind`: it never left the load layer."""

    is_left_behind: bool
    image_id: int
    source: str
    byte_count: int
    is_labelled: bool

    @property
    def key(self) -> str:
        """Return its name within its database."""
        return f"{'load_image' if self.is_left_behind else 'image'}/{self.image_id}"


@dataclass(frozen=True, slots=True)
class FirstLabel:
    """A box as stored: shares of width and height; what a row does not say is None."""

    ul_x: float | None
    ul_y: float | None
    lr_x: float | None
    lr_y: float | None
    box_label: str | None


@dataclass(frozen=True, slots=True)
class FirstImage:
    """An image with its bytes; `labels` is None where Google Vision's answer is not known."""

    listed: ListedImage
    content: bytes
    labels: tuple[FirstLabel, ...] | None
    found_at: datetime | None


@dataclass(frozen=True, slots=True)
class FirstModel:
    """A trained model without its bytes."""

    trained_model_id: int
    model_version: int
    sha256: bytes
    trained_at: datetime


@contextmanager
def open_first_system(address: str) -> Iterator[psycopg.Connection[Any]]:
    """Open a read-only snapshot of a database of the first SightScan.

    Raises:
        WarehouseError: it does not let us in, does not let us read, or is another database.

    """
    try:
        connection = psycopg.connect(
            address,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            application_name="sightscan takeover",
            options="-c timezone=UTC",
        )
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
        reason = str(error).strip().splitlines()[-1]
        msg = (
            f"the database to take over does not let us in: {reason}; expected an address such as "
            "postgresql://reader@host:5432/name, check FIRST_DATABASE_URL or --from"
        )
        raise WarehouseError(msg) from None
    with connection:
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        _check_tables(connection)
        yield connection


def list_first_cities(first: psycopg.Connection[Any]) -> list[tuple[str, list[int], int, int]]:
    """Return (name as spelled, city ids, number of images, number of models)."""
    return first.execute(statement("takeover/list_first_cities")).fetchall()


def count_orphans(first: psycopg.Connection[Any]) -> int:
    """Return how many images belong to no city."""
    row = first.execute(statement("takeover/count_first_orphans")).fetchone()
    return 0 if row is None else int(row[0])


def list_first_images(
    first: psycopg.Connection[Any], city: FirstCity
) -> Iterator[list[ListedImage]]:
    """Give the images of a city in batches that are small enough to be read at once."""
    batch: list[ListedImage] = []
    with first.cursor("images", row_factory=class_row(ListedImage)) as cursor:
        cursor.execute(
            statement("takeover/list_first_images"),
            {"city_ids": list(city.city_ids), "spellings": list(city.spellings)},
        )
        for listed in cursor:
            size = sum(each.byte_count for each in batch) + listed.byte_count
            if batch and (len(batch) >= BATCH_IMAGES or size > BATCH_BYTES):
                yield batch
                batch = []
            batch.append(listed)
    if batch:
        yield batch


def read_first_images(
    first: psycopg.Connection[Any], listed: Sequence[ListedImage]
) -> tuple[FirstImage, ...]:
    """Read images with their bytes and labels, in the order of their ids."""
    by_key = {(image.is_left_behind, image.image_id): image for image in listed}
    rows = first.execute(
        statement("takeover/read_first_images"),
        {
            "image_ids": [image.image_id for image in listed if not image.is_left_behind],
            "left_behind_ids": [image.image_id for image in listed if image.is_left_behind],
        },
        binary=True,
    )
    return tuple(
        FirstImage(by_key[is_left_behind, image_id], bytes(content), _labels(labels), found_at)
        for is_left_behind, image_id, content, labels, found_at in rows
    )


def list_first_models(first: psycopg.Connection[Any], city: FirstCity) -> tuple[FirstModel, ...]:
    """Return the models of a city, the first one first."""
    with first.cursor(row_factory=class_row(FirstModel)) as cursor:
        cursor.execute(statement("takeover/list_first_models"), {"city_ids": list(city.city_ids)})
        return tuple(cursor)


def read_first_model(first: psycopg.Connection[Any], model: FirstModel) -> bytes:
    """Read the file of a model; nothing ever loads it."""
    row = first.execute(
        statement("takeover/read_first_model"),
        {"trained_model_id": model.trained_model_id},
        binary=True,
    ).fetchone()
    return b"" if row is None else bytes(row[0])


def _check_tables(connection: psycopg.Connection[Any]) -> None:
    found = dict(connection.execute(statement("takeover/list_first_tables")).fetchall())
    name, user = connection.info.dbname, connection.info.user
    missing = [table for table in TABLES if table not in found]
    if missing:
        msg = (
            f"{name!r} is no database of the first SightScan: it lacks {', '.join(missing)}; "
            "check FIRST_DATABASE_URL or --from"
        )
        raise WarehouseError(msg)
    closed = [table for table in TABLES if not found[table]]
    if closed:
        msg = (
            f"{user!r} may not read {', '.join(closed)} of {name!r}; grant it usage on the schemas "
            "load_layer and integration_layer, and select on their tables"
        )
        raise WarehouseError(msg)


def _labels(stored: Sequence[dict[str, Any] | None] | None) -> tuple[FirstLabel, ...] | None:
    if stored is None:
        return None
    names = ("ul_x", "ul_y", "lr_x", "lr_y", "box_label")
    return tuple(FirstLabel(*((box or {}).get(name) for name in names)) for box in stored)
