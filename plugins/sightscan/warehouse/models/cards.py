"""What the warehouse knows of a version of a city's model: all that its card says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from sightscan.errors import LastingPublicationError
from sightscan.warehouse.models.variants import LIVE
from sightscan.warehouse.statements import statement


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A version of a city's model among the others."""

    model_version: int
    state: str
    recorded_at: datetime
    map50_95: float
    is_in_place: bool


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A row of core.model with its city, dataset and training; `signed_by` is a key in base64.

    `class_metrics` is a list but for models of a first SightScan; `shipped` is null of a model that
    was not judged, or by an older version.
    """

    city_slug: str
    city_name: str
    model_version: int
    state: str
    decision: str | None
    recorded_at: datetime
    class_names: list[str]
    sight_ids: list[int]
    hidden_sight_ids: list[int]
    image_size: int
    map50: float
    map50_95: float
    class_metrics: Any
    shipped: Mapping[str, Any] | None
    onnx_sha256: str
    onnx_bytes: int | None
    signed_by: str | None
    dataset_version: int
    dataset_sha256: str
    train_count: int
    val_count: int
    test_count: int
    train_background_count: int
    val_background_count: int
    test_background_count: int
    dag_id: str
    run_id: str
    request: Mapping[str, Any]
    epoch_metrics: Sequence[Mapping[str, Any]]
    is_in_place: bool


@dataclass(frozen=True, slots=True)
class LiveFacts:
    """A model's row of core.model_variant, with null throughout where there is none.

    `why` is what the trainer said when it made it, or made none; null of a model of an older version.
    """

    state: str | None
    decision: str | None
    image_size: int
    precision: str
    latency_milliseconds: float
    latency_processor: str
    map50: float
    map50_95: float
    shipped: Mapping[str, Any] | None
    onnx_sha256: str
    onnx_bytes: int
    signed_by: str | None
    why: str | None


@dataclass(frozen=True, slots=True)
class ClassPhotos:
    """How many photos of a split show a class, and its boxes on them."""

    class_number: int
    split: str
    photo_count: int
    box_count: int


@dataclass(frozen=True, slots=True)
class LicenceCount:
    """Photos of a dataset by licence, their authors, and those without one; no licence: taken down."""

    licence: str | None
    photo_count: int
    author_count: int
    unnamed_count: int


@dataclass(frozen=True, slots=True)
class RunCost:
    """What a run cost so far, in US dollars; other is for pages of Google Places."""

    image_count: int
    image_usd: float
    other_usd: float
    gpu_seconds: float
    gpu_usd: float
    is_running: bool

    @property
    def usd(self) -> float:
        """Return what all of it cost."""
        return self.image_usd + self.other_usd + self.gpu_usd


@dataclass(frozen=True, slots=True)
class PublicationEvent:
    """When a version was put in place, by whom and why; and how it was taken back, if it was."""

    published_at: datetime
    published_by: str
    reason: str
    rolled_back_at: datetime | None
    rolled_back_by: str | None
    rolled_back_reason: str | None


@dataclass(frozen=True, slots=True)
class JudgedPhotoRow:
    """A test photo: boxes as lists of numbers, edges as shares of width and height.

    `shown` [class number, confidence, x1, y1, x2, y2], surest first; `truths` [class number, x1, y1,
    x2, y2]; `ignored` [x1, y1, x2, y2]. One that is not here was taken down.
    """

    sha256: bytes
    shown: list[list[float]]
    truths: list[list[float]]
    ignored: list[list[float]]
    is_here: bool
    licence: str | None
    author: str | None
    page_url: str | None


@dataclass(frozen=True, slots=True)
class ModelExample:
    """A test photo that everybody may see, as core.model_example has it."""

    sha256: bytes
    is_right: bool
    place: int
    there: list[list[Any]]
    shown: list[list[Any]]
    thumbnail: bytes


@dataclass(frozen=True, slots=True)
class MissingCard:
    """A version that lacks its card among its files, what everybody may see of it, or both."""

    model_version: int
    lacks_file: bool
    lacks_public: bool


def list_models(connection: psycopg.Connection[Any], city_id: str) -> list[ListedModel]:
    """Return all versions of a city's model, the newest first."""
    with connection.cursor(row_factory=class_row(ListedModel)) as cursor:
        return cursor.execute(statement("models/list_models"), {"city_id": city_id}).fetchall()


def read_model_facts(connection: psycopg.Connection[Any], city_id: str, version: int) -> ModelFacts:
    """Return what is known of a version.

    Raises:
        LastingPublicationError: there is none.

    """
    with connection.cursor(row_factory=class_row(ModelFacts)) as cursor:
        facts = cursor.execute(
            statement("models/find_model_card"), {"city_id": city_id, "model_version": version}
        ).fetchone()
    if facts is None:
        msg = (
            f"city {city_id} has no model {version}; `sightscan model card` without one shows which"
        )
        raise LastingPublicationError(msg)
    return facts


def read_live_facts(connection: psycopg.Connection[Any], city_id: str, version: int) -> LiveFacts:
    """Return what is known of the live variant of a version that there is."""
    with connection.cursor(row_factory=class_row(LiveFacts)) as cursor:
        facts = cursor.execute(
            statement("models/find_card_variant"),
            {"city_id": city_id, "model_version": version, "kind": LIVE},
        ).fetchone()
    if facts is None:
        msg = "the caller has read the facts of that model"
        raise AssertionError(msg)
    return facts


def list_class_photos(
    connection: psycopg.Connection[Any], city_id: str, dataset_version: int
) -> list[ClassPhotos]:
    """Count the photos and boxes of each class of a dataset, by split."""
    with connection.cursor(row_factory=class_row(ClassPhotos)) as cursor:
        return cursor.execute(
            statement("models/list_card_photos"),
            {"city_id": city_id, "dataset_version": dataset_version},
        ).fetchall()


def list_licences(
    connection: psycopg.Connection[Any], city_id: str, dataset_version: int
) -> list[LicenceCount]:
    """Count the photos of a dataset by licence, most first."""
    with connection.cursor(row_factory=class_row(LicenceCount)) as cursor:
        return cursor.execute(
            statement("models/list_card_licences"),
            {"city_id": city_id, "dataset_version": dataset_version},
        ).fetchall()


def read_run_cost(connection: psycopg.Connection[Any], dag_id: str, run_id: str) -> RunCost:
    """Return what a run cost so far."""
    with connection.cursor(row_factory=class_row(RunCost)) as cursor:
        cost = cursor.execute(
            statement("models/find_card_cost"), {"dag_id": dag_id, "run_id": run_id}
        ).fetchone()
    if cost is None:
        msg = "sums always have one row"
        raise AssertionError(msg)
    return cost


def list_publications(
    connection: psycopg.Connection[Any], city_id: str, version: int
) -> list[PublicationEvent]:
    """Return when a version was put in place, in the order of time."""
    with connection.cursor(row_factory=class_row(PublicationEvent)) as cursor:
        return cursor.execute(
            statement("models/list_publications_of_model"),
            {"city_id": city_id, "model_version": version},
        ).fetchall()


def list_judged_photos(
    connection: psycopg.Connection[Any], city_id: str, version: int
) -> list[JudgedPhotoRow]:
    """Return the test photos that a version was judged on, by hash; none: by an older SightScan."""
    with connection.cursor(row_factory=class_row(JudgedPhotoRow)) as cursor:
        return cursor.execute(
            statement("models/list_judged_photos"),
            {"city_id": city_id, "model_version": version},
        ).fetchall()


def save_judged_photos(
    connection: psycopg.Connection[Any],
    city_id: str,
    version: int,
    photos: Iterable[tuple[bytes, Sequence[Sequence[float]]]],
) -> None:
    """Store what a version showed on test photos: hash, and boxes as `JudgedPhotoRow.shown`."""
    with connection.cursor() as cursor:
        cursor.executemany(
            statement("models/save_judged_photo"),
            [
                {
                    "city_id": city_id,
                    "model_version": version,
                    "sha256": photo,
                    "shown": Jsonb([list(box) for box in shown]),
                }
                for photo, shown in photos
            ],
        )


def list_missing_cards(
    connection: psycopg.Connection[Any], city_id: str, file_name: str
) -> list[MissingCard]:
    """Return what is missing of versions that were judged and measured as shown; the file has that name."""
    with connection.cursor(row_factory=class_row(MissingCard)) as cursor:
        return cursor.execute(
            statement("models/list_models_without_card"),
            {"city_id": city_id, "file_name": file_name},
        ).fetchall()


def save_model_file(
    connection: psycopg.Connection[Any], city_id: str, version: int, name: str, content: bytes
) -> None:
    """Store a file beside a model's, or in the place of one of that name."""
    connection.execute(
        statement("models/save_model_file"),
        {
            "city_id": city_id,
            "model_version": version,
            "file_name": name,
            "sha256": sha256(content).digest(),
            "bytes": content,
        },
    )


def save_public_card(
    connection: psycopg.Connection[Any],
    city_id: str,
    version: int,
    markdown: str,
    confusions: Sequence[Sequence[int]],
) -> None:
    """Store the card that everybody may see, in the place of an older one."""
    connection.execute(
        statement("models/save_public_card"),
        {
            "city_id": city_id,
            "model_version": version,
            "markdown": markdown,
            "confusions": Jsonb([list(row) for row in confusions]),
        },
    )


def save_examples(
    connection: psycopg.Connection[Any],
    city_id: str,
    version: int,
    examples: Sequence[ModelExample],
) -> None:
    """Store the test photos that a version is shown by, in the place of others."""
    whose = {"city_id": city_id, "model_version": version}
    connection.execute(statement("models/delete_examples"), whose)
    with connection.cursor() as cursor:
        cursor.executemany(
            statement("models/insert_example"),
            [
                {
                    **whose,
                    "sha256": one.sha256,
                    "is_right": one.is_right,
                    "place": one.place,
                    "there": Jsonb(one.there),
                    "shown": Jsonb(one.shown),
                    "thumbnail": one.thumbnail,
                }
                for one in examples
            ],
        )
