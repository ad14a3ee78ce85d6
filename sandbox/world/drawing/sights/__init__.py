"""The five sights of the drawn city, each a building in metres with its front towards -y."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from sandbox.world.drawing.mesh import Mesh
from sandbox.world.drawing.sights.basilica import build_basilica
from sandbox.world.drawing.sights.bridge import build_bridge
from sandbox.world.drawing.sights.gate import build_gate
from sandbox.world.drawing.sights.theatre import build_theatre
from sandbox.world.drawing.sights.tower import build_tower


@dataclass(frozen=True, slots=True)
class SightModel:
    """How a sight is built and from where it is photographed.

    `turn_degrees` is the widest turn of its front away from the camera, `waterside` the share of
    photos that show it at the water, `portrait` the share of upright photos.
    """

    build: Callable[[], Mesh]
    radius_meters: float
    turn_degrees: float
    waterside: float
    portrait: float


SIGHT_MODELS: Mapping[str, SightModel] = {
    "Torre do Farol": SightModel(build_tower, 11, 50, 0.4, 0.45),
    "Basílica de São Telmo": SightModel(build_basilica, 24, 48, 0.1, 0.3),
    "Ponte das Velas": SightModel(build_bridge, 58, 38, 1.0, 0.06),
    "Porta das Andorinhas": SightModel(build_gate, 20, 45, 0.1, 0.22),
    "Teatro das Conchas": SightModel(build_theatre, 34, 40, 0.65, 0.08),
}


@cache
def sight_mesh(name: str) -> Mesh:
    """Build a sight once and keep it."""
    return SIGHT_MODELS[name].build()
