"""Objects of the photo store that are to go: noted with the rows, deleted after the commit.

A note outlives whoever is killed in between; the next move, or the next run of `sync_cities`, works
it off. Photos that were taken down are `removals`' own.
"""

from collections.abc import Collection
from typing import Any

import psycopg

from sightscan.dataset_folder import SUFFIXES
from sightscan.settings import Settings, settings
from sightscan.warehouse.photos.blobs import PARALLEL_OBJECTS, delete_objects, open_photo_store
from sightscan.warehouse.statements import statement


def note_objects(
    connection: psycopg.Connection[Any], objects: Collection[tuple[str, bytes]]
) -> None:
    """Note (address, SHA-256 of the photo) of objects, in the transaction that lets go of them."""
    if objects:
        uris, sha256s = zip(*objects, strict=True)
        connection.execute(
            statement("photos/note_objects_to_delete"),
            {"uris": list(uris), "sha256s": list(sha256s)},
        )


def note_possible_objects(
    connection: psycopg.Connection[Any], sha256s: Collection[bytes], config: Settings | None = None
) -> None:
    """Note where the store of the settings would have photos, if there is one.

    A load that was killed or rolled back may have left an object there that no row knows of.
    """
    store = open_photo_store(config or settings())
    if store is not None:
        note_objects(
            connection,
            [(store.address(sha256, kind), sha256) for sha256 in sha256s for kind in SUFFIXES],
        )


def forget_objects(connection: psycopg.Connection[Any], uris: Collection[str]) -> None:
    """Take notes back: these objects are deleted, or are the right places of their photos again."""
    connection.execute(statement("photos/forget_objects_to_delete"), {"uris": list(uris)})


def delete_leftover_objects(
    connection: psycopg.Connection[Any], config: Settings | None = None
) -> int:
    """Delete what moves left behind, a few at a time; return how many objects it was.

    Raises:
        WarehouseError: the object store refuses; the notes stay, and the next call goes on.

    """
    deleted_count = 0
    while True:
        with connection.transaction():
            rows = connection.execute(
                statement("photos/lock_objects_to_delete"), {"most": PARALLEL_OBJECTS}
            ).fetchall()
            if not rows:
                return deleted_count
            uris = [uri for (uri,) in rows]
            delete_objects(uris, config)
            forget_objects(connection, uris)
        deleted_count += len(uris)
