"""Keep the near-duplicate clusters of a city: photos that must stay on one side of a split."""

import logging
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.crawl.dedupe.near_duplicates import hash_words, near_pairs, smallest_of_components
from sightscan.settings import Settings
from sightscan.warehouse.photos.photos import (
    ALL_CLUSTERS,
    clusters_of,
    hashes_of_city,
    lock_clustering,
    store_clusters,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClusterReport:
    """What a call of `cluster_photos` did: photos of the city, new ones, clusters renamed."""

    photos: int
    compared: int
    joined: int
    seconds: float


def cluster_photos(
    connection: psycopg.Connection[Any], city: City, config: Settings
) -> ClusterReport:
    """Compare the new photos of a city with all of it, and join the clusters that are near.

    A cluster is a connected component, named by its smallest SHA-256, so the result is the same in
    whatever order photos come. Clusters are only ever joined: a smaller threshold later on splits
    none, because a dataset may be built on them already.
    """
    started = time.monotonic()
    with connection.transaction():
        lock_clustering(connection, city.city_id)
        photos = hashes_of_city(connection, city.city_id, config.near_duplicate_bits)
        # New photos first: they are compared with all; what is clustered is not compared again.
        photos = tuple(sorted(photos, key=lambda photo: (photo.is_clustered, photo.sha256)))
        new = [photo for photo in photos if not photo.is_clustered]
        renamed: dict[bytes, bytes] = {}
        if new:
            words = hash_words([photo.perceptual_hash for photo in photos])
            # Pairs are joined while they come: a burst of like photos has millions of them.
            joined = smallest_of_components(near_pairs(words, len(new), config.near_duplicate_bits))
            # Cities share photos: what is read and renamed from here on is theirs, too.
            lock_clustering(connection, ALL_CLUSTERS)
            # A photo that was taken down meanwhile has none any more.
            cluster = clusters_of(connection, [photo.sha256 for photo in photos])
            components = smallest_of_components(
                (cluster[photos[one].sha256], cluster[photos[other].sha256])
                for one, other in _join_survivors(
                    joined, {n for n, photo in enumerate(photos) if photo.sha256 in cluster}
                )
            )
            renamed = {old: best for old, best in components.items() if old != best}
            store_clusters(
                connection,
                city.city_id,
                config.near_duplicate_bits,
                renamed,
                [photo.sha256 for photo in new if photo.sha256 in cluster],
            )
    report = ClusterReport(len(photos), len(new), len(renamed), time.monotonic() - started)
    logger.info(
        "cluster city=%s photos=%d compared=%d joined=%d seconds=%.1f",
        city.slug,
        report.photos,
        report.compared,
        report.joined,
        report.seconds,
    )
    return report


def _join_survivors(
    joined: Mapping[int, int], survivors: Collection[int]
) -> Iterator[tuple[int, int]]:
    """Give pairs that join what is left of each component, even if the one between them is gone."""
    first: dict[int, int] = {}
    for number, root in joined.items():
        for member in (root, number):
            if member in survivors:
                yield first.setdefault(root, member), member
