"""Ask for a training: decide its parameters and its starting weights, once for each dataset of a run."""

import logging
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.run import Run
from sightscan.settings import Settings
from sightscan.train.starting_weights import choose_weights
from sightscan.training import Training, TrainingRequest
from sightscan.warehouse.models.trainings import find_training, insert_training

logger = logging.getLogger(__name__)


def request_training(
    connection: psycopg.Connection[Any],
    config: Settings,
    city: City,
    run: Run,
    dataset_version: int,
) -> Training:
    """Store what a run asks of the trainer; a run that has asked gets what it asked for again.

    A run that was cleared and has frozen another dataset since asks anew.

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
        weights=choose_weights(connection, config, city),
        patience=config.mts_patience,
    )
    training = insert_training(connection, run, dataset_version=dataset_version, request=request)
    logger.info(
        "city=%s dataset=%d architecture=%s epochs=%d image_size=%d weights=%s folder=%s",
        city.slug,
        dataset_version,
        request.architecture,
        request.epochs,
        request.image_size,
        request.weights,
        training.run_folder,
    )
    return training
