"""Whether a city is worth a training now, in a sentence that a person can read."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.dataset.plan import DatasetPlan, plan_dataset
from sightscan.errors import DatasetError
from sightscan.settings import Settings
from sightscan.warehouse.models.datasets import list_labelled_photos, list_placed_photos
from sightscan.warehouse.models.models import find_newest_model
from sightscan.warehouse.registry.sights import list_sights

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainingDecision:
    """Whether to train, and why or why not."""

    train: bool
    reason: str


def decide_training(
    connection: psycopg.Connection[Any],
    config: Settings,
    city: City,
    *,
    force: bool = False,
    unloadable: Mapping[int, str] | None = None,
) -> TrainingDecision:
    """Return whether a training is due.

    The first model needs MIN_LABELLED_IMAGES_NEEDED_FOR_TRAINING photos; a later one that many new
    ones, compared with everything that a model came of already, published or refused: what was
    refused is not tried again on the same photos. A training that broke off left no model and does
    not count, nor does the newest model if its version is in `unloadable`: nobody may load it, and
    there is said why. `force` asks only that a dataset can be frozen. A retired city is never trained.
    """
    decision = _decide(connection, config, city, force=force, unloadable=unloadable or {})
    logger.info("city=%s train=%s reason=%s", city.slug, decision.train, decision.reason)
    return decision


def _decide(
    connection: psycopg.Connection[Any],
    config: Settings,
    city: City,
    *,
    force: bool,
    unloadable: Mapping[int, str],
) -> TrainingDecision:
    if city.state != "active":
        return TrainingDecision(
            train=False, reason=f"{city.name} is retired, and nothing is spent on it"
        )
    photos = list_labelled_photos(connection, city.city_id)
    placed = list_placed_photos(connection, city.city_id)
    needed = config.min_labelled_images_needed_for_training
    try:
        plan = plan_dataset(
            photos,
            list_sights(connection, city.city_id),
            placed,
            min_photos_per_class=config.min_image_number_per_label,
            seed=city.city_id,
        )
    except DatasetError as error:
        if len(photos) < needed:
            counts = f"{_photos(len(photos), 'labelled')}, {needed} needed"
            return TrainingDecision(train=False, reason=f"{counts}; {needed - len(photos)} to go")
        return TrainingDecision(train=False, reason=str(error))
    model = find_newest_model(connection, city.city_id)
    remark = ""
    if model is not None and model.version in unloadable:
        remark = (
            f"; model {model.version} counts as none, since nobody may load it: "
            f"{unloadable[model.version]}"
        )
    if model is None or remark:
        ready, counts = len(plan.photos), _first_counts(plan, len(photos), config)
    else:
        tried = {sha256 for sha256, known in placed.items() if known.was_tried}
        ready = sum(photo.sha256 not in tried for photo in plan.photos)
        verdict = " (refused)" if model.state == "refused" else ""
        counts = f"{_photos(ready, 'new labelled')} since model {model.version}{verdict}"
    if force:
        return TrainingDecision(
            train=True, reason=f"asked for in the trigger form; {counts}{remark}"
        )
    if ready < needed:
        return TrainingDecision(
            train=False, reason=f"{counts}, {needed} needed; {needed - ready} to go{remark}"
        )
    return TrainingDecision(train=True, reason=f"{counts}, {needed} needed{remark}")


def _first_counts(plan: DatasetPlan, labelled: int, config: Settings) -> str:
    if plan.left_out_count == 0:
        return _photos(labelled, "labelled")
    return (
        f"{_photos(labelled, 'labelled')}, {len(plan.photos)} of them of sights with at least "
        f"{config.min_image_number_per_label} each"
    )


def _photos(count: int, kind: str) -> str:
    return f"{count} {kind} photo{'' if count == 1 else 's'}"
