"""Keep the near-duplicate clusters of a city: photos that must stay on one side of a split."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.crawl.near_duplicates import hash_words, near_pairs, smallest_of_components
from sightscan.settings import Settings
from sightscan.warehouse.photos import (
    ALL_CLUSTERS,
    clusters_of,
    hashes_of_city,
    lock_clustering,
    store_clusters,
)

log = logging.getLogger(__name__)


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
        new = [photo for photo in photos if not photo.is_settled]
        renamed: dict[bytes, bytes] = {}
        if new:
            pairs = near_pairs(
                hash_words([photo.perceptual_hash for photo in new]),
                hash_words([photo.perceptual_hash for photo in photos]),
                config.near_duplicate_bits,
            )
            # Cities share photos: what is read and renamed from here on is theirs, too.
            lock_clustering(connection, ALL_CLUSTERS)
            # A photo that was taken down meanwhile has none any more.
            cluster = clusters_of(connection, [photo.sha256 for photo in photos])
            near = [
                (one.sha256, other.sha256)
                for one, other in ((new[row], photos[column]) for row, column in pairs)
                if one.sha256 in cluster and other.sha256 in cluster
            ]
            components = smallest_of_components(
                (cluster[one], cluster[other]) for one, other in near
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
    log.info(
        "cluster city=%s photos=%d compared=%d joined=%d seconds=%.1f",
        city.slug,
        report.photos,
        report.compared,
        report.joined,
        report.seconds,
    )
    return report
