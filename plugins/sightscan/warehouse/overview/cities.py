"""Cities and their models as people look for them, a page at a time; and the sights of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row
from slugify import slugify

from sightscan.city import dag_id_of
from sightscan.warehouse.registry.cities import LET_IN
from sightscan.warehouse.statements import statement

CITY_STAGES = ("added", "discovered", "crawled", "labelled", "published")


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody typed to find cities: a part of a name, a slug or a country, or an id; empty: all."""

    text: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        """Return it as the statements take it; `sao` finds São Paulo by its slug."""
        text = self.text.strip()
        return {"search": text, "slug": slugify(text)}


@dataclass(frozen=True, slots=True)
class ListedCity:
    """How far a city is, and what came of its last run that was estimated; null: there is none.

    `decision` is why its model was put in place, or not.
    """

    city_id: str
    slug: str
    name: str
    country: str
    state: str
    stage: str
    sight_count: int
    photo_count: int
    labelled_photo_count: int
    box_count: int
    dataset_version: int | None
    dataset_photo_count: int | None
    model_version: int | None
    map50: float | None
    run_id: str | None
    refusal: str | None
    not_trained_because: str | None
    training_state: str | None
    model_state: str | None
    decision: str | None

    @property
    def dag_id(self) -> str:
        """Return the id of the city's DAG."""
        return dag_id_of(self.slug)


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model in place; null counts: what it shows was not measured."""

    slug: str
    name: str
    model_version: int
    published_at: datetime
    map50: float
    map50_95: float
    test_photo_count: int
    sight_photo_count: int | None
    named_sight_photo_count: int | None
    version_count: int
    newest_version: int
    newest_state: str
    newest_decision: str | None


@dataclass(frozen=True, slots=True)
class ListedSight:
    """What is there of a sight, and how well the model in place finds it.

    `test_photo_count` is of the newest dataset, null without one; `model_version` and what follows are null
    of a sight that the model in place does not know.
    """

    sight_id: int
    name: str
    photo_count: int
    labelled_photo_count: int
    box_count: int
    held_back_count: int
    min_image_number_per_label: int | None
    missing: str | None
    dataset_version: int | None
    model_version: int | None
    ap50: float | None
    is_shown: bool | None
    reviewed_count: int
    test_photo_count: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows are wanted: so many, from the page of this number on, which counts from 1."""

    number: int
    size: int

    @property
    def parameters(self) -> Mapping[str, int]:
        """Return it as the statements take it."""
        return {"most": self.size, "skipped": (self.number - 1) * self.size}


def count_cities(connection: psycopg.Connection[Any], search: Search) -> dict[str, int]:
    """Return how many of the cities that are searched for are at each stage."""
    rows = connection.execute(
        statement("overview/count_cities"), {"states": list(LET_IN), **search.parameters}
    )
    counts: dict[str, int] = dict(rows.fetchall())
    return {stage: counts.get(stage, 0) for stage in CITY_STAGES}


def list_cities(
    connection: psycopg.Connection[Any], search: Search, page: Page, *, stage: str | None = None
) -> list[ListedCity]:
    """Return a page of the cities that were let in and are searched for, those of a stage, or all."""
    with connection.cursor(row_factory=class_row(ListedCity)) as cursor:
        cursor.execute(
            statement("overview/list_cities"),
            {"states": list(LET_IN), "stage": stage, **search.parameters, **page.parameters},
        )
        return cursor.fetchall()


def count_models(connection: psycopg.Connection[Any], search: Search) -> int:
    """Return how many of the cities that are searched for have a model in place."""
    row = connection.execute(statement("overview/count_models"), search.parameters).fetchone()
    return row[0] if row else 0


def list_models(
    connection: psycopg.Connection[Any], search: Search, page: Page
) -> list[ListedModel]:
    """Return a page of the models in place, of the cities that are searched for."""
    with connection.cursor(row_factory=class_row(ListedModel)) as cursor:
        cursor.execute(statement("overview/list_models"), {**search.parameters, **page.parameters})
        return cursor.fetchall()


def list_sights(connection: psycopg.Connection[Any], city_id: str) -> list[ListedSight]:
    """Return the sights of a city, the most famous first."""
    with connection.cursor(row_factory=class_row(ListedSight)) as cursor:
        cursor.execute(statement("overview/list_sights"), {"city_id": city_id})
        return cursor.fetchall()
