"""Ask for a training: decide its parameters and its starting weights, once for each dataset of a run."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.run import Run
from sightscan.settings import Settings
from sightscan.train.starting_weights import choose_weights
from sightscan.training import Training, TrainingRequest
from sightscan.warehouse.models.trainings import (
    find_training,
    insert_training,
    list_finished_requests,
)

logger = logging.getLogger(__name__)

# As many as the trainer takes, from 0 on.
SEEDS = 2**31


def request_training(
    connection: psycopg.Connection[Any],
    config: Settings,
    city: City,
    run: Run,
    dataset_version: int,
    *,
    is_forced: bool = False,
    find_unfit: Callable[[], Mapping[int, str]] = dict,
) -> Training:
    """Store what a run asks of the trainer; a run that has asked gets what it asked for again.

    A run that was cleared and has frozen another dataset since asks anew. A forced training of what
    came to a model already, all the same, is asked for with another seed: the same one would be the
    same model, which the host still has, for the price of another. A model in place whose version
    `find_unfit` returns is no start (`choose_weights`); it is called only if the run asks anew.

    Raises:
        SettingsError: the weights to start from are not there, or not what they were.

    """
    earlier = find_training(connection, run)
    if earlier is not None and earlier.dataset_version == dataset_version:
        return earlier
    request = TrainingRequest(
        epochs=config.mts_epochs,
        image_size=config.mts_image_size,
        batch_size=config.mts_batch_size,
        seed=config.mts_seed,
        time_limit_seconds=config.mts_time_limit_seconds,
        architecture=config.mts_architecture,
        weights=choose_weights(connection, config, city, unfit=find_unfit()),
        patience=config.mts_patience,
    )
    if is_forced:
        finished = list_finished_requests(connection, city.city_id, dataset_version)
        request = _with_a_new_seed(request, finished)
    training = insert_training(connection, run, dataset_version=dataset_version, request=request)
    logger.info(
        "city=%s dataset=%d architecture=%s epochs=%d image_size=%d weights=%s seed=%d folder=%s",
        city.slug,
        dataset_version,
        request.architecture,
        request.epochs,
        request.image_size,
        request.weights,
        request.seed,
        training.run_folder,
    )
    return training


def _with_a_new_seed(
    request: TrainingRequest, finished: Sequence[TrainingRequest]
) -> TrainingRequest:
    """Return the request with the first seed from its own on that no finished one has, all else the same."""
    asked = request.seed
    while request in finished:
        request = replace(request, seed=(request.seed + 1) % SEEDS)
    if request.seed != asked:
        logger.info("seed=%d instead of %d, which came to a model already", request.seed, asked)
    return request
