"""Set the stage: what may stand where, so that sights stay in sight and nothing stands in water."""

import math
from dataclasses import dataclass, field

import numpy as np

from sandbox.world.drawing.camera import Camera
from sandbox.world.drawing.framing import MARGIN_PIXELS, Extent, Framing, extent_of
from sandbox.world.drawing.ground import Ground
from sandbox.world.drawing.light import Light
from sandbox.world.drawing.mesh import Mesh, MeshBuilder
from sandbox.world.drawing.painter import Placed
from sandbox.world.drawing.palette import GRANITE, LIMESTONE_DARK
from sandbox.world.drawing.sights import SIGHT_MODELS

# The largest share of a sight's box that things before it may cover, all together.
MAX_COVERED = 0.42
# The one sight that stands in the water itself; others get a quay.
BRIDGE = "Ponte das Velas"


@dataclass(frozen=True, slots=True)
class StandingSight:
    """A sight in its place: its extent on the canvas, its depth in metres."""

    name: str
    mesh: Mesh
    box: Extent
    depth: float
    radius_meters: float  # of the ground that it stands on

    def keeps_off(self, x: float, depth: float, reach: float) -> bool:
        """Say whether a thing of some reach would stand in the sight."""
        middle_x, middle_y = self.mesh.vertices[:, :2].mean(axis=0).tolist()
        return math.hypot(x - middle_x, depth - middle_y) < self.radius_meters + reach


@dataclass(slots=True)
class Stage:
    """What stands in the scene so far; the first of `sights` is what the photo is taken of."""

    framing: Framing
    light: Light
    ground: Ground
    things: list[Placed] = field(default_factory=list)
    sights: list[StandingSight] = field(default_factory=list)
    covered: float = 0.0

    @property
    def camera(self) -> Camera:
        """Give the camera of the photo."""
        return self.framing.camera

    @property
    def canvas_width(self) -> int:
        """Give the width in pixels that is painted, margins included."""
        return self.framing.width + 2 * MARGIN_PIXELS

    def is_water(self, depth: float) -> bool:
        """Say whether there is water at a depth."""
        water = self.ground.water
        return water is not None and water[0] - 1 < depth < water[1] + 1

    def add_sight(self, name: str, mesh: Mesh, depth: float, rng: np.random.Generator) -> None:
        """Add a sight, on a quay if it stands at the water."""
        if self.is_water(depth) and name != BRIDGE:
            radius = SIGHT_MODELS[name].radius_meters
            x = float(mesh.vertices[:, 0].mean())
            self.things.append(Placed(_build_quay(radius * 2.5).placed(x, depth)))
        floodlit = float(rng.uniform(0.6, 1.5)) if rng.random() < 0.85 else 0.1
        self.things.append(Placed(mesh, floodlit, lit_windows=float(rng.uniform(0.3, 0.95))))
        box = extent_of(mesh, self.camera)
        self.sights.append(StandingSight(name, mesh, box, depth, SIGHT_MODELS[name].radius_meters))

    def add_building(self, mesh: Mesh, depth: float, radius_meters: float) -> None:
        """Add an ordinary building where the sight would be: `name` is empty."""
        self.things.append(Placed(mesh))
        box = extent_of(mesh, self.camera)
        self.sights.append(StandingSight("", mesh, box, depth, radius_meters))

    def try_add(self, mesh: Mesh, cover: float, *, floats: bool = False) -> bool:
        """Add a thing unless it stands in a sight or water, or hides too much of a sight."""
        x, depth = mesh.vertices[:, :2].mean(axis=0).tolist()
        if self.is_water(depth) != floats or float(mesh.vertices[:, 1].min()) < 2.5:
            return False
        reach = float(np.ptp(mesh.vertices[:, :2], axis=0).max()) / 2
        box = extent_of(mesh, self.camera)
        hidden = 0.0
        for sight in self.sights:
            if sight.keeps_off(x, depth, reach):
                return False
            if depth < sight.depth:
                hidden = max(hidden, box.overlap(sight.box) / sight.box.area)
        if hidden > cover or self.covered + hidden > MAX_COVERED:
            return False
        self.covered += hidden
        self.things.append(Placed(mesh))
        return True


def _build_quay(width: float) -> Mesh:
    """An island for a sight at the water, sorted behind all that stands on it."""
    half = width / 2
    mesh = MeshBuilder().part(0, width)
    mesh.polygon(
        [(-half, -half, 0.1), (half, -half, 0.1), (half, half, 0.1), (-half, half, 0.1)],
        LIMESTONE_DARK,
    )
    rim = [(-half, -half, 0), (half, -half, 0), (half, -half, 0.7), (-half, -half, 0.7)]
    mesh.polygon([(float(x), float(y), float(z)) for x, y, z in rim], GRANITE)
    return mesh.build()
