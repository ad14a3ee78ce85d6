"""Ask for a training: decide its parameters and its starting weights, once a run."""

import hashlib
import logging
from pathlib import Path
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.errors import SettingsError
from sightscan.run import Run
from sightscan.settings import Settings
from sightscan.training import Training, TrainingRequest, weights_name
from sightscan.warehouse.models.models import find_model_in_place
from sightscan.warehouse.models.trainings import find_training, insert_training

logger = logging.getLogger(__name__)

# The same for all: a training is repeated by its seed, and what makes trainings differ is the data.
SEED = 1
WEIGHT_SUFFIXES = (".safetensors", ".pt")


def request_training(
    connection: psycopg.Connection[Any],
    config: Settings,
    city: City,
    run: Run,
    dataset_version: int,
) -> Training:
    """Store what a run asks of the trainer; a run that has asked gets what it asked for again.

    It starts from MTS_WEIGHTS if that is set, else from the model in place, else from nothing.

    Raises:
        SettingsError: MTS_WEIGHTS is no weights file.

    """
    earlier = find_training(connection, run)
    if earlier is not None:
        return earlier
    request = TrainingRequest(
        epochs=config.mts_epochs,
        image_size=config.mts_image_size,
        batch_size=config.mts_batch_size,
        seed=SEED,
        time_limit_seconds=config.mts_time_limit_seconds,
        architecture=config.mts_architecture,
        weights=_starting_weights(connection, config, city),
    )
    training = insert_training(connection, run, dataset_version=dataset_version, request=request)
    logger.info(
        "city=%s dataset=%d epochs=%d image_size=%d weights=%s folder=%s",
        city.slug,
        dataset_version,
        request.epochs,
        request.image_size,
        request.weights,
        training.run_folder,
    )
    return training


def hash_weights(path: Path) -> bytes:
    """Return the SHA-256 of a weights file of this machine.

    Raises:
        SettingsError: it is not there, or its name does not end as weights do.

    """
    if path.suffix not in WEIGHT_SUFFIXES or not path.is_file():
        msg = (
            f"MTS_WEIGHTS={str(path)!r} is not a {' or '.join(WEIGHT_SUFFIXES)} file that is there; "
            "give the path of one, or leave it empty"
        )
        raise SettingsError(msg)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _starting_weights(
    connection: psycopg.Connection[Any], config: Settings, city: City
) -> str | None:
    if config.mts_weights is not None:
        return weights_name(hash_weights(config.mts_weights), config.mts_weights.suffix)
    in_place = find_model_in_place(connection, city.city_id)
    return None if in_place is None else weights_name(in_place.weights_sha256, ".safetensors")
