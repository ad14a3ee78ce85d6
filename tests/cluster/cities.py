"""Several cities of coloured patches, which all stand-ins know, for one Airflow to run at once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.vision.landmark_answers import NO_ERRORS
from tests.cities.colour_world import draw_colour_city
from tests.dags.small_cloud import SmallCloud, cloud_of

CITIES = (
    "Port Aurel",
    "Vila Marim",
    "Santa Oria",
    "Castel Verin",
    "Nova Temar",
    "Alta Brisa",
    "Monte Silar",
    "Ponte Larga",
    "San Belior",
    "Rio Damar",
)
# Of each city: enough for a dataset.
SIGHTS, PHOTOS = 3, 14


@contextmanager
def cloud_of_cities(folder: Path, names: Sequence[str], **options: Any) -> Iterator[SmallCloud]:
    """Start a sandbox that shows these cities, each alike and with its own photos; options as `cloud_of`."""
    first, *others = (
        draw_colour_city(folder / f"world-{number}", name, SIGHTS, PHOTOS).folder
        for number, name in enumerate(names)
    )
    with cloud_of(
        folder, first, neighbours=tuple(others), vision_errors=NO_ERRORS, **options
    ) as cloud:
        # The others' photos would be backgrounds, and what a city trains on would depend on who came first.
        cloud.environment["MAX_BACKGROUND_PHOTOS"] = "0"
        yield cloud
