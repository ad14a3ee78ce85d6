"""Frozen datasets: `core.dataset` and what belongs to it, and the labelled photos they are made of."""

import itertools
from collections import defaultdict
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from operator import itemgetter
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from sightscan.box import Box
from sightscan.city import City, Place
from sightscan.dataset_folder import (
    SPLITS,
    FrozenBox,
    FrozenDataset,
    FrozenPhoto,
    FrozenSight,
    Split,
    hash_dataset,
)
from sightscan.errors import DatasetError
from sightscan.run import Run
from sightscan.warehouse.connection import reopener
from sightscan.warehouse.locks import hold_off_removals
from sightscan.warehouse.photos.blobs import PhotoPlace, read_contents
from sightscan.warehouse.photos.photos import CONTRIBUTED
from sightscan.warehouse.spend.paid_calls import VISION_LANDMARKS
from sightscan.warehouse.statements import statement


@dataclass(frozen=True, slots=True)
class SightBox:
    """An accepted box."""

    sight_id: int
    box: Box


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A photo with its accepted boxes, the surest first; `links` are its bursts."""

    sha256: bytes
    cluster_sha256: bytes
    media_type: str
    boxes: tuple[SightBox, ...]
    links: frozenset[bytes] = frozenset()
    # A person decided about a box of it.
    is_reviewed: bool = False

    @property
    def sight_ids(self) -> frozenset[int]:
        """Return the sights on it."""
        return frozenset(one.sight_id for one in self.boxes)


@dataclass(frozen=True, slots=True)
class BackgroundPhoto:
    """A photo that shows none of the city's sights.

    `source` is where that is known from, 1 before 2: decision 38 has them. `subject` is what it
    shows instead, if that is known.
    """

    sha256: bytes
    cluster_sha256: bytes
    media_type: str
    source: int
    subject: str | None
    links: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class PlacedPhoto:
    """A photo that is in a dataset of the city already, and therefore in this split or in none.

    `was_tried` tells whether a model, published or refused, came of one of those datasets.
    """

    split: Split
    cluster_sha256: bytes
    was_tried: bool
    links: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class LinkedPhoto:
    """A photo, and what binds it to others."""

    cluster_sha256: bytes
    links: frozenset[bytes]


def list_labelled_photos(
    connection: psycopg.Connection[Any], city_id: str
) -> tuple[LabelledPhoto, ...]:
    """Return the photos of a city with at least one accepted box, sorted by hash."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(statement("models/list_labelled_photos"), {"city_id": city_id})
        # Grouped here: a row for each box is read sooner than PostgreSQL makes JSON of them.
        by_photo = itertools.groupby(rows, key=itemgetter("sha256"))
        photos = [list(boxes) for _, boxes in by_photo]
    bursts = _list_bursts(connection, [boxes[0]["sha256"] for boxes in photos])
    return tuple(
        LabelledPhoto(
            sha256=boxes[0]["sha256"],
            cluster_sha256=boxes[0]["cluster_sha256"],
            media_type=boxes[0]["media_type"],
            boxes=tuple(
                SightBox(row["sight_id"], Box(row["x1"], row["y1"], row["x2"], row["y2"]))
                for row in boxes
            ),
            links=bursts[boxes[0]["sha256"]],
            is_reviewed=any(row["is_reviewed"] for row in boxes),
        )
        for boxes in photos
    )


def list_backgrounds(
    connection: psycopg.Connection[Any], city: City
) -> tuple[BackgroundPhoto, ...]:
    """Return the photos that are known to show none of a city's sights, sorted by hash."""
    rows = connection.execute(
        statement("models/list_backgrounds"),
        {
            "city_id": city.city_id,
            "far_sight_ids": _list_far_sights(connection, city),
            "provider": VISION_LANDMARKS.provider,
            "feature": VISION_LANDMARKS.feature,
            "contributed": CONTRIBUTED,
        },
    ).fetchall()
    bursts = _list_bursts(connection, [row[0] for row in rows])
    return tuple(
        BackgroundPhoto(sha256, cluster, media_type, source, subject, bursts[sha256])
        for sha256, cluster, media_type, source, subject in rows
    )


def count_far_photos(connection: psycopg.Connection[Any], city: City) -> int:
    """Return how many labelled photos there are of other cities' sights, far from this one."""
    row = connection.execute(
        statement("models/count_far_photos"), {"sight_ids": _list_far_sights(connection, city)}
    ).fetchone()
    return row[0] if row else 0


def _list_far_sights(connection: psycopg.Connection[Any], city: City) -> list[int]:
    rows = connection.execute(statement("models/list_sights_elsewhere"), {"city_id": city.city_id})
    return [
        sight_id
        for sight_id, latitude, longitude in rows
        if city.is_far_from(Place(latitude, longitude))
    ]


def _list_bursts(
    connection: psycopg.Connection[Any], sha256s: Collection[bytes]
) -> defaultdict[bytes, frozenset[bytes]]:
    rows = connection.execute(statement("models/list_bursts"), {"sha256s": list(sha256s)})
    return defaultdict(frozenset, ((sha256, frozenset(bursts)) for sha256, bursts in rows))


def list_placed_photos(
    connection: psycopg.Connection[Any], city_id: str
) -> dict[bytes, PlacedPhoto]:
    """Return, by hash, every photo that was ever in a dataset of the city."""
    rows = connection.execute(
        statement("models/list_frozen_photos"), {"city_id": city_id}
    ).fetchall()
    bursts = _list_bursts(connection, [row[0] for row in rows])
    return {
        sha256: PlacedPhoto(split, cluster, was_tried, bursts[sha256].union(links))
        for sha256, cluster, split, was_tried, links in rows
    }


def list_linked_photos(
    connection: psycopg.Connection[Any], placed: Mapping[bytes, PlacedPhoto]
) -> tuple[LinkedPhoto, ...]:
    """Return all photos that are linked to placed ones, by whatever chain; they need no label for it."""
    found: dict[bytes, LinkedPhoto] = {}
    sha256s: Collection[bytes] = placed
    linked: Iterable[PlacedPhoto | LinkedPhoto] = placed.values()
    while sha256s:
        links = {link for photo in linked for link in (photo.cluster_sha256, *photo.links)}
        rows = connection.execute(
            statement("models/list_linked_photos"),
            {"sha256s": list(sha256s), "links": list(links)},
        )
        clusters = {sha256: cluster for sha256, cluster in rows if sha256 not in found}
        bursts = _list_bursts(connection, clusters)
        new = {sha256: LinkedPhoto(cluster, bursts[sha256]) for sha256, cluster in clusters.items()}
        found |= new
        sha256s, linked = new, new.values()
    return tuple(found.values())


def list_learnt_photos(
    connection: psycopg.Connection[Any], city_id: str, model_version: int
) -> frozenset[bytes]:
    """Return the photos that a model, or one that it was trained from, learnt; by hash."""
    rows = connection.execute(
        statement("models/list_learnt_photos"),
        {"city_id": city_id, "model_version": model_version},
    )
    return frozenset(bytes(sha256) for (sha256,) in rows)


def lock_datasets(connection: psycopg.Connection[Any], city_id: str) -> None:
    """Freeze datasets of a city one at a time, and none while a photo is taken down.

    The lock ends with the transaction.
    """
    connection.execute(statement("models/lock_datasets"), {"city_id": city_id})
    hold_off_removals(connection)


def read_dataset(connection: psycopg.Connection[Any], city_id: str, version: int) -> FrozenDataset:
    """Return a dataset by its version.

    Raises:
        DatasetError: there is none.

    """
    found = find_dataset(connection, city_id, version=version)
    if found is None:
        msg = f"city {city_id} has no dataset {version}; run freeze_dataset first"
        raise DatasetError(msg)
    return found


def find_dataset(
    connection: psycopg.Connection[Any],
    city_id: str,
    *,
    version: int | None = None,
    sha256: bytes | None = None,
    run: Run | None = None,
) -> FrozenDataset | None:
    """Return the newest dataset of a city with this version, contents, or run."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            statement("models/find_dataset"),
            {
                "city_id": city_id,
                "dataset_version": version,
                "sha256": sha256,
                "dag_id": run and run.dag_id,
                "run_id": run and run.run_id,
            },
        ).fetchone()
    if row is None:
        return None
    return FrozenDataset(
        city_id=row["city_id"],
        city_slug=row["slug"],
        version=row["dataset_version"],
        sha256=row["sha256"],
        class_names=tuple(row["class_names"]),
        sight_ids=tuple(row["sight_ids"]),
        train_count=row["train_count"],
        val_count=row["val_count"],
        test_count=row["test_count"],
        sights=row["sights"] and tuple(FrozenSight(**sight) for sight in row["sights"]),
        train_background_count=row["train_background_count"],
        val_background_count=row["val_background_count"],
        test_background_count=row["test_background_count"],
        ignored_regions={
            bytes.fromhex(name): tuple(Box(*edges) for edges in regions)
            for name, regions in row["ignored_regions"].items()
        },
    )


def insert_dataset(
    connection: psycopg.Connection[Any],
    city_id: str,
    *,
    class_names: Sequence[str],
    sights: Sequence[FrozenSight],
    photos: Sequence[FrozenPhoto],
    links: Mapping[bytes, Collection[bytes]],
    run: Run,
) -> int:
    """Store a dataset under the next version and return it; the caller holds `lock_datasets`.

    `links` has what binds each photo to others, for the check that no two sides are linked.
    """
    counts = {
        f"{split}{kind}_count": sum(
            photo.split == split and (photo.is_background or not kind) for photo in photos
        )
        for split in SPLITS
        for kind in ("", "_background")
    }
    asymmetric = [sight.id for sight in sights if sight.is_asymmetric]
    row = connection.execute(
        statement("models/insert_dataset"),
        {
            "city_id": city_id,
            "sha256": hash_dataset(city_id, class_names, photos, asymmetric=asymmetric),
            "class_names": list(class_names),
            "sight_ids": [sight.id for sight in sights],
            "sights": Jsonb([asdict(sight) for sight in sights]),
            **asdict(run),
            **counts,
        },
    ).fetchone()
    version: int = row[0] if row else 0
    with connection.cursor() as cursor:
        with cursor.copy(statement("models/copy_dataset_photos")) as copy:
            copy.set_types(["text", "int4", "bytea", "text", "bytea[]"])
            for photo in photos:
                bound = sorted(links[photo.sha256])
                copy.write_row((city_id, version, photo.sha256, photo.split, bound))
        with cursor.copy(statement("models/copy_dataset_boxes")) as copy:
            copy.set_types(["text", "int4", "bytea", "int2", "int2", *["float4"] * 4])
            for photo in photos:
                for number, one in enumerate(photo.boxes):
                    edges = (one.box.x1, one.box.y1, one.box.x2, one.box.y2)
                    key = (city_id, version, photo.sha256, number, one.class_number)
                    copy.write_row((*key, *edges))
        with cursor.copy(statement("models/copy_ignored_regions")) as copy:
            copy.set_types(["text", "int4", "bytea", "int2", *["float4"] * 4])
            for photo in photos:
                for number, box in enumerate(photo.ignored):
                    edges = (box.x1, box.y1, box.x2, box.y2)
                    copy.write_row((city_id, version, photo.sha256, number, *edges))
    return version


def list_dataset_photos(
    connection: psycopg.Connection[Any], city_id: str, version: int
) -> tuple[FrozenPhoto, ...]:
    """Return the photos of a dataset with their boxes as frozen, sorted by hash.

    Photos that were taken down are left out; `require_whole` is for those who need all.
    """
    rows = connection.execute(
        statement("models/list_dataset_photos"), {"city_id": city_id, "dataset_version": version}
    )
    return tuple(
        FrozenPhoto(
            sha256=sha256,
            media_type=media_type,
            split=split,
            boxes=tuple(FrozenBox(number, Box(*edges)) for number, *edges in boxes),
            ignored=tuple(Box(*edges) for edges in ignored),
            links=frozenset(links),
        )
        for sha256, media_type, split, links, boxes, ignored in rows
    )


def require_whole(dataset: FrozenDataset, photos: Collection[FrozenPhoto]) -> None:
    """Refuse to go on with a dataset whose photos are not all there any more.

    Raises:
        DatasetError: some of them were taken down.

    """
    frozen_count = sum(dataset.counts.values())
    if len(photos) < frozen_count:
        msg = (
            f"dataset {dataset.version} of {dataset.city_slug} lacks {frozen_count - len(photos)} "
            f"of its {frozen_count} photos, which were taken down; start a new run of the city's "
            "DAG: it freezes a dataset without them"
        )
        raise DatasetError(msg)


def list_photo_sizes(
    connection: psycopg.Connection[Any], sha256s: Collection[bytes]
) -> Mapping[bytes, int]:
    """Return the number of bytes of photos, by hash."""
    rows = connection.execute(statement("models/list_photo_sizes"), {"sha256s": list(sha256s)})
    return {bytes(sha256): byte_count for sha256, byte_count in rows}


def list_gone_photos(
    connection: psycopg.Connection[Any], sha256s: Collection[bytes]
) -> frozenset[bytes]:
    """Return which of these are no photos of the warehouse any more, or have a tombstone."""
    rows = connection.execute(statement("models/list_gone_photos"), {"sha256s": list(sha256s)})
    return frozenset(bytes(sha256) for (sha256,) in rows)


def stream_blobs(
    connection: psycopg.Connection[Any], sha256s: Collection[bytes]
) -> Generator[tuple[bytes, bytes], None, None]:
    """Yield (sha256, bytes) of photos sorted by hash; a photo that is gone is left out.

    One COPY, so that few photos are in memory; until the iterator is used up or closed, the
    connection can do nothing else.
    """
    with (
        connection.transaction(),
        connection.cursor() as cursor,
        cursor.copy(statement("models/copy_dataset_blobs"), {"sha256s": list(sha256s)}) as copy,
    ):
        copy.set_types(["bytea", "bytea", "text"])
        yield from read_contents((PhotoPlace(*row) for row in copy.rows()), reopener(connection))
