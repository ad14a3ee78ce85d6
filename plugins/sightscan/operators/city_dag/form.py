"""The trigger form of a city's DAG: what people may set for one run, and what holds if they do not.

What holds is read where DAGs are parsed, and shown by the form: the settings of all, and the city's own
from the registry's snapshot. The tasks read both anew when the run has begun.
"""

from collections.abc import Mapping
from copy import copy
from functools import lru_cache
from typing import Any

from airflow.sdk import Param

from sightscan.errors import SettingsError
from sightscan.operators.city_dag.in_force import InForce
from sightscan.settings import ARCHITECTURES, PHOTO_SOURCES, STARTS, Settings, settings

# Strings, since Airflow's form makes a switch of a boolean, and one that nobody touched looks off.
ON_OR_OFF = ("on", "off")


def form_of(own: Mapping[str, object]) -> dict[str, Param]:
    """Return the fields of a city's form, given what its row overrides; nobody else has these.

    Settings that make no sense are no reason to show no city: the form then names them only.
    """
    try:
        config = settings()
        fields = _fields(InForce(config.with_overrides(own), own)) if own else _common(config)
    except SettingsError:
        fields = _common(None)
    # A copy, since a field holds what is asked of it.
    return {name: copy(field) for name, field in fields.items()}


@lru_cache(maxsize=1)
def _common(config: Settings | None) -> dict[str, Param]:
    return _fields(InForce(config, {}))


def _fields(held: InForce) -> dict[str, Param]:
    return {
        "sights": _number(
            "Sights",
            f"At most so many, the most famous first: 1 to 200. {held('max_sights_per_city')}",
            minimum=1,
            maximum=200,
        ),
        "photos_per_sight": _number(
            "Photos per sight",
            "At most so many of each sight: 0 (crawls none) to 10,000. "
            f"{held('max_images_per_sight')}",
            minimum=0,
            maximum=10_000,
        ),
        "photo_sources": Param(
            None,
            # A choice of several in the form; by the API a list, or their names with commas between.
            type=["null", "array", "string"],
            items={"type": "string", "enum": list(PHOTO_SOURCES)},
            minItems=1,
            uniqueItems=True,
            examples=list(PHOTO_SOURCES),
            title="Photo sources",
            description=f"In this order, until there are enough. {held('photo_sources')}",
        ),
        "licence_policy": _choice(
            "Licence policy",
            "open: photos that anybody may use and change; any: all, with the licence as it is known.",
            ("open", "any"),
            held.choice("licence_policy"),
        ),
        "full_resolution": _choice(
            "Full resolution",
            "on: fetch originals, not 960 pixels.",
            ON_OR_OFF,
            held.choice("crawl_full_resolution"),
        ),
        "skip_known": _choice(
            "Skip known photos",
            "on: leave photos alone that are there; off: ask for them again, fetch what has changed.",
            ON_OR_OFF,
            held.choice("crawl_skip_known"),
        ),
        "vision_calls": _number(
            "Vision calls",
            f"Pay for at most so many images in this run: 0 to 1,000,000, {held.vision_calls()}",
            minimum=0,
            maximum=1_000_000,
        ),
        "architecture": _choice(
            "Architecture",
            "From n to x larger: better with enough photos, slower in the app.",
            ARCHITECTURES,
            held.choice("mts_architecture"),
        ),
        "weights": _choice(
            "Starting weights",
            "model: those of the model in place, or COCO's for a first one or another architecture; "
            "coco: COCO's; none: random ones.",
            STARTS,
            held.choice("mts_weights"),
        ),
        "epochs": _number(
            "Epochs",
            f"How often the training sees each photo: 1 to 2,000. {held('mts_epochs')}",
            minimum=1,
            maximum=2_000,
        ),
        "image_size": _number(
            "Image size",
            "Pixels a side that photos are scaled to: a multiple of 32, 64 to 1,536. "
            f"{held('mts_image_size')}",
            minimum=64,
            maximum=1_536,
            multipleOf=32,
        ),
        "batch_size": _number(
            "Batch size",
            f"Photos a step: 1 to 512; 0: as many as the GPU takes. {held('mts_batch_size')}",
            minimum=0,
            maximum=512,
        ),
        "minutes": _number(
            "Minutes",
            "At most, for all epochs: 1 to 1,380; what the run may cost follows. "
            f"{held.minutes('mts_time_limit_seconds')}",
            minimum=1,
            maximum=1_380,
        ),
        "patience": _number(
            "Patience",
            "Ends after so many epochs without a better one: 1 to 2,000; 0: after all. "
            f"{held('mts_patience')}",
            minimum=0,
            maximum=2_000,
        ),
        "seed": _number(
            "Seed",
            f"The same seed, dataset and parameters are the same training. {held('mts_seed')}",
            minimum=0,
            maximum=2_147_483_647,
        ),
        "force_training": Param(
            default=False,
            type="boolean",
            title="Force training",
            description="Train even if too little is new, if only a dataset is possible. What came to a "
            "model already is trained with the next seed.",
        ),
    }


def _number(title: str, description: str, **bounds: Any) -> Param:
    return Param(None, type=["null", "integer"], title=title, description=description, **bounds)


def _choice(title: str, description: str, values: tuple[str, ...], held: str) -> Param:
    """Return a choice whose first entry is what holds anyway, and says what that is."""
    schema: dict[str, Any] = {"enum": [None, *values], "values_display": {"null": held}}
    return Param(None, type=["null", "string"], title=title, description=description, **schema)
