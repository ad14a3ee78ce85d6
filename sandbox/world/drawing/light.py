"""The light of a photo: hour and weather, as colours of sun, sky, haze and lamps.

Colours are linear RGB radiance, white around 1; the exposure is set later, as a camera does it.
"""

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sandbox.world.drawing.camera import Floats
from sandbox.world.drawing.mesh import Colour
from sandbox.world.drawing.noise import Image

Range = tuple[float, float]
AnyFloat = TypeVar("AnyFloat", np.float32, np.float64)


@dataclass(frozen=True, slots=True)
class Hour:
    """What an hour or a weather looks like; ranges are drawn from for each photo."""

    name: str
    weight: float
    zenith: Colour
    horizon: Colour
    sun: Colour
    ambient: Colour
    elevation_degrees: Range
    cover: Range  # share of the sky in clouds
    visibility: Range  # in distances to the sight: at 1, haze leaves it 37 % of its contrast
    night: float = 0.0  # how far lamps are on
    key: float = 0.19  # the mean brightness that the exposure aims at
    is_wet: bool = False


HOURS = (
    Hour("noon", 1.5, (0.10, 0.25, 0.62), (0.55, 0.70, 0.90), (2.9, 2.75, 2.5),
         (0.40, 0.50, 0.66), (38, 65), (0.10, 0.6), (9, 30), key=0.23),
    Hour("morning", 1.3, (0.17, 0.31, 0.60), (0.80, 0.80, 0.80), (2.7, 2.25, 1.65),
         (0.40, 0.45, 0.56), (18, 35), (0.15, 0.65), (5, 18), key=0.22),
    Hour("golden", 1.5, (0.15, 0.25, 0.48), (1.10, 0.76, 0.44), (2.9, 1.75, 0.80),
         (0.36, 0.37, 0.45), (9, 20), (0.15, 0.6), (5, 16), key=0.19),
    Hour("sunset", 1.0, (0.11, 0.12, 0.32), (1.25, 0.50, 0.22), (1.7, 0.70, 0.25),
         (0.30, 0.26, 0.38), (3, 9), (0.25, 0.7), (6, 16), night=0.3, key=0.15),
    Hour("dawn", 0.8, (0.20, 0.22, 0.45), (1.00, 0.60, 0.58), (1.5, 0.95, 0.75),
         (0.36, 0.34, 0.44), (4, 12), (0.2, 0.6), (3, 8), night=0.15, key=0.18),
    Hour("dusk", 1.2, (0.025, 0.055, 0.20), (0.34, 0.27, 0.40), (0.0, 0.0, 0.0),
         (0.11, 0.14, 0.27), (2, 5), (0.15, 0.55), (6, 16), night=0.85, key=0.12),
    Hour("night", 1.0, (0.004, 0.008, 0.024), (0.035, 0.038, 0.072), (0.02, 0.025, 0.04),
         (0.026, 0.034, 0.062), (25, 50), (0.0, 0.5), (8, 20), night=1.0, key=0.075),
    Hour("overcast", 1.1, (0.42, 0.46, 0.52), (0.66, 0.68, 0.70), (0.30, 0.30, 0.29),
         (0.60, 0.63, 0.68), (40, 60), (0.75, 0.95), (4, 12), key=0.20),
    Hour("fog", 0.7, (0.58, 0.61, 0.64), (0.64, 0.66, 0.68), (0.25, 0.24, 0.22),
         (0.62, 0.64, 0.66), (20, 50), (0.0, 0.2), (1.15, 2.2), night=0.25, key=0.27),
    Hour("rain", 0.9, (0.21, 0.24, 0.28), (0.40, 0.42, 0.45), (0.05, 0.05, 0.05),
         (0.34, 0.37, 0.42), (40, 60), (0.8, 1.0), (3.5, 8), night=0.45, key=0.15, is_wet=True),
    Hour("dust", 0.4, (0.50, 0.38, 0.24), (0.85, 0.66, 0.42), (1.3, 0.95, 0.55),
         (0.52, 0.42, 0.30), (25, 50), (0.2, 0.5), (1.6, 3.5), key=0.22),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Light:
    """The light of one photo."""

    hour: Hour
    to_sun: Floats  # (3,) unit vector
    sun: Image  # (3,)
    ambient: Image  # (3,)
    zenith: Image  # (3,)
    horizon: Image  # (3,)
    haze: Image  # (3,)
    haze_meters: float
    cover: float
    flood: Image  # (3,) the floodlights that sights have at night
    key: float

    @property
    def night(self) -> float:
        """How far lamps are on, 0 to 1."""
        return self.hour.night

    def transmission(self, metres: NDArray[AnyFloat]) -> NDArray[AnyFloat]:
        """Say which share of light comes through the haze of a distance."""
        return np.asarray(np.exp(-np.maximum(metres, 0) / self.haze_meters), dtype=metres.dtype)


def draw_light(rng: np.random.Generator, sight_meters: float) -> Light:
    """Draw the light of one photo whose sight stands at a distance."""
    weights = np.array([hour.weight for hour in HOURS])
    hour = HOURS[int(rng.choice(len(HOURS), p=weights / weights.sum()))]
    elevation = math.radians(rng.uniform(*hour.elevation_degrees))
    # 0 is behind the photographer; most photos are taken with the sun from a side.
    azimuth = math.radians(rng.uniform(20, 165)) * rng.choice((-1, 1))
    to_sun = np.array(
        [
            math.cos(elevation) * math.sin(azimuth),
            -math.cos(elevation) * math.cos(azimuth),
            math.sin(elevation),
        ]
    )
    mood = 1 + rng.normal(0, 0.09, 3)
    horizon = np.array(hour.horizon) * mood
    zenith = np.array(hour.zenith) * (1 + rng.normal(0, 0.10, 3))
    flood_tints = ((1.0, 0.62, 0.26), (1.0, 0.78, 0.50), (0.85, 0.88, 1.0), (1.0, 0.45, 0.55),
                   (0.45, 0.75, 1.0), (0.60, 1.0, 0.72))  # fmt: skip
    tint = flood_tints[int(rng.choice(6, p=(0.38, 0.3, 0.14, 0.06, 0.07, 0.05)))]
    return Light(
        hour=hour,
        to_sun=to_sun,
        sun=_colour(np.array(hour.sun) * rng.uniform(0.8, 1.15)),
        ambient=_colour(np.array(hour.ambient) * mood),
        zenith=_colour(zenith),
        horizon=_colour(horizon),
        haze=_colour(horizon * 0.86 + zenith * 0.10),
        haze_meters=sight_meters * rng.uniform(*hour.visibility),
        cover=rng.uniform(*hour.cover),
        flood=_colour(np.array(tint) * rng.uniform(0.2, 0.5) * hour.night),
        key=hour.key * rng.uniform(0.75, 1.3),
    )


def _colour(values: Floats) -> Image:
    # Single precision, since whole pictures are computed with it.
    return np.asarray(np.maximum(values, 0), dtype=np.float32)
