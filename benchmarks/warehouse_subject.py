"""One question to the warehouse, and the city that it is about, for `benchmarks.warehouse_reads`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from sightscan.warehouse.schema.migrate import FOUND_BY_SECRET


@dataclass(frozen=True, slots=True)
class Question:
    """A query, who asks it, and the parameters."""

    asker: str
    name: str
    text: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    # Where the text is kept; none of what only a dashboard or a person asks.
    file: Path | None = None

    @property
    def measure(self) -> str:
        """Return what it is called in the report."""
        return f"{self.asker}: {self.name}"

    @property
    def views(self) -> frozenset[str]:
        """Return the mart views that the text names, itself or by the function that finds a row."""
        named = re.findall(r"\bmart\.(\w+)", self.text)
        found = [view for view in FOUND_BY_SECRET if f"find_{view}" in named]
        return frozenset(named) | frozenset(found)


@dataclass(frozen=True, slots=True)
class Subject:
    """A city, and what queries about it name: one sight, the photos of its dataset, a page of labels.

    `links` are the clusters and the bursts of those photos; `far_sight_ids` are another city's sights,
    whose photos are backgrounds of this one.
    """

    city_id: str
    slug: str
    sight_id: int = 0
    photos: tuple[bytes, ...] = ()
    links: tuple[bytes, ...] = ()
    label_ids: tuple[int, ...] = ()
    far_sight_ids: tuple[int, ...] = ()


def find_subject(connection: psycopg.Connection[Any], city_id: str, slug: str) -> Subject:
    """Return a city of a filled warehouse with what its queries name."""

    def firsts(query: LiteralString) -> tuple[Any, ...]:
        return tuple(row[0] for row in connection.execute(query, {"city_id": city_id}))

    return Subject(
        city_id,
        slug,
        sight_id=firsts("select min(sight_id) from core.sight where city_id = %(city_id)s")[0],
        photos=firsts("select sha256 from core.dataset_photo where city_id = %(city_id)s"),
        links=firsts(
            "select photo.cluster_sha256 from core.dataset_photo inner join core.photo using (sha256)"
            " where city_id = %(city_id)s union"
            " select burst_sha256 from core.dataset_photo inner join core.photo_burst using (sha256)"
            " where city_id = %(city_id)s"
        ),
        label_ids=firsts(
            # As many as the page asks for at once.
            "select label_id from core.label where city_id = %(city_id)s limit 10"
        ),
        far_sight_ids=firsts(
            "select sight_id from core.sight"
            " where city_id = (select max(city_id) from core.city where city_id <> %(city_id)s)"
        ),
    )


def read_question(asker: str, file: Path, parameters: Mapping[str, object]) -> Question:
    """Return the question that a file of SQL is."""
    return Question(asker, file.stem, file.read_text(encoding="utf-8"), parameters, file)
