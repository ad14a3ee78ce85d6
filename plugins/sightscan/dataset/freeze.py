"""Freeze what is labelled now into a dataset that never changes."""

import logging
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.dataset.plan import plan_dataset
from sightscan.dataset_folder import FrozenDataset, hash_dataset
from sightscan.errors import DatasetError
from sightscan.run import Run
from sightscan.settings import Settings
from sightscan.warehouse.marts.data_checks import run_check
from sightscan.warehouse.models.datasets import (
    find_dataset,
    insert_dataset,
    list_backgrounds,
    list_labelled_photos,
    list_placed_photos,
    lock_datasets,
    read_dataset,
)
from sightscan.warehouse.registry.sights import list_sights

LEAK_CHECK = "dataset__no_leak"

logger = logging.getLogger(__name__)


def freeze_dataset(
    connection: psycopg.Connection[Any], config: Settings, city: City, run: Run
) -> FrozenDataset:
    """Store the dataset of what is labelled now, or return the one that has the same contents.

    A run that froze one already gets that one again.

    Raises:
        DatasetError: no sight has enough photos, or a split would be empty, or leak into another.

    """
    with connection.transaction():
        lock_datasets(connection, city.city_id)
        earlier = find_dataset(connection, city.city_id, run=run)
        if earlier is not None:
            return earlier
        plan = plan_dataset(
            list_labelled_photos(connection, city.city_id),
            list_sights(connection, city.city_id),
            list_placed_photos(connection, city.city_id),
            min_photos_per_class=config.min_image_number_per_label,
            seed=city.city_id,
            backgrounds=list_backgrounds(connection, city),
        )
        same = find_dataset(
            connection,
            city.city_id,
            sha256=hash_dataset(
                city.city_id,
                plan.class_names,
                plan.photos,
                asymmetric=[sight.id for sight in plan.sights if sight.is_asymmetric],
            ),
        )
        if same is not None:
            logger.info("city=%s dataset=%d unchanged", city.slug, same.version)
            return same
        version = insert_dataset(
            connection,
            city.city_id,
            class_names=plan.class_names,
            sights=plan.sights,
            photos=plan.photos,
            links=plan.links,
            run=run,
        )
        leaks = run_check(connection, LEAK_CHECK, city.city_id)
        if leaks.offending_count:
            msg = (
                f"the dataset would have {leaks.offending_count} photos that judge and are linked to "
                f"photos of another side (the check {LEAK_CHECK}): nothing is frozen; this is a "
                "mistake of the split, report it"
            )
            raise DatasetError(msg)
        frozen = read_dataset(connection, city.city_id, version)
    logger.info(
        "city=%s dataset=%d classes=%d train=%d val=%d test=%d left_out=%d backgrounds=%d/%d/%d",
        city.slug,
        version,
        len(plan.class_names),
        *frozen.counts.values(),
        plan.left_out_count,
        *frozen.background_counts.values(),
    )
    return frozen
