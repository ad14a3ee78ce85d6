"""Which weights a training starts from: those of the model in place, of COCO, of a file, or none.

COCO's lie in MTS_WEIGHTS_FOLDER, one file for each architecture, where `make weights` has put them
(`trainer.coco_weights`), with their SHA-256 beside them. Nothing is trained from nothing because a
file is missing: that costs a GPU for hours, and shows only in a model that is refused.
"""

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.errors import SettingsError
from sightscan.settings import STARTS, Settings
from sightscan.training import weights_name
from sightscan.warehouse.models.models import find_model_in_place
from sightscan.warehouse.models.trainings import find_architecture

logger = logging.getLogger(__name__)

WEIGHT_SUFFIXES = (".safetensors", ".pt")
# As sha256sum writes and reads it.
HASH_SUFFIX = ".sha256"


def choose_weights(
    connection: psycopg.Connection[Any],
    config: Settings,
    city: City,
    *,
    unfit: Mapping[int, str] | None = None,
) -> str | None:
    """Return the name of the weights that a training of the city would start from; None: nothing.

    A model in place of another architecture is no start for this one: COCO's weights of this one are.
    Nor is one whose version is in `unfit`, where there is said why.

    Raises:
        SettingsError: they are not there, or not what they were; the sentence has the command.

    """
    if config.mts_weights != "model":
        return choose_weights_without_model(config)
    in_place = find_model_in_place(connection, city.city_id)
    if in_place is None:
        return choose_weights_without_model(config)
    why = (unfit or {}).get(in_place.version)
    if why is not None:
        logger.info(
            "city=%s model=%d in place is no start for a training, but the weights of COCO are: %s",
            city.slug,
            in_place.version,
            why,
        )
        return choose_weights_without_model(config)
    architecture = find_architecture(connection, city.city_id, in_place.version)
    # Whoever is not known may fit; the trainer looks before it begins.
    if architecture in (config.mts_architecture, None):
        return weights_name(in_place.weights_sha256, ".safetensors")
    logger.info(
        "city=%s model=%d in place is a %s: a %s starts from the weights of COCO, not from it",
        city.slug,
        in_place.version,
        architecture,
        config.mts_architecture,
    )
    return choose_weights_without_model(config)


def choose_weights_without_model(config: Settings) -> str | None:
    """Return the name of the weights that a first model starts from; None: nothing.

    Raises:
        SettingsError: they are not there, or not what they were; the sentence has the command.

    """
    if config.mts_weights == "none":
        return None
    if config.mts_weights in STARTS:
        return weights_name(_hash_coco_weights(config), ".safetensors")
    path = Path(config.mts_weights)
    return weights_name(_hash_own_weights(path), path.suffix)


def find_weights_file(config: Settings, architecture: str, wanted: bytes) -> Path | None:
    """Return the file of this machine that has this SHA-256, if it is one that the settings name."""
    paths = [_coco_path(config, architecture)]
    if config.mts_weights not in STARTS:
        paths.insert(0, Path(config.mts_weights))
    return next((path for path in paths if path.is_file() and _hash_file(path) == wanted), None)


def _hash_own_weights(path: Path) -> bytes:
    if path.suffix not in WEIGHT_SUFFIXES or not path.is_file():
        msg = (
            f"MTS_WEIGHTS={str(path)!r} is not a {' or '.join(WEIGHT_SUFFIXES)} file that is there; "
            f"give the path of one, or one of {', '.join(STARTS)}"
        )
        raise SettingsError(msg)
    return _hash_file(path)


def _hash_coco_weights(config: Settings) -> bytes:
    path = _coco_path(config, config.mts_architecture)
    get = (
        f"`make weights FROM=<file or URL of {config.mts_architecture}.pt>` makes it; without it, "
        "MTS_WEIGHTS=none trains from nothing, which takes many more photos and epochs"
    )
    if not path.is_file():
        msg = (
            f"the weights of COCO for MTS_ARCHITECTURE={config.mts_architecture} are not there: "
            f"expected {path} (MTS_WEIGHTS_FOLDER); {get}"
        )
        raise SettingsError(msg)
    noted = path.with_name(f"{path.name}{HASH_SUFFIX}")
    words = noted.read_text(encoding="utf-8").split() if noted.is_file() else []
    sha256 = _hash_file(path)
    if words[:1] != [sha256.hex()]:
        msg = (
            f"the weights of COCO have changed since they were made: {path} has the SHA-256 "
            f"{sha256.hex()}, but {noted.name} beside it says {' '.join(words[:1]) or 'nothing'}; {get}"
        )
        raise SettingsError(msg)
    return sha256


def _coco_path(config: Settings, architecture: str) -> Path:
    return config.mts_weights_folder / f"{architecture}.safetensors"


def _hash_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
