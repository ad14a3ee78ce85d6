"""Fill the stage: a town behind the sight, distractors beside it, people and trees before it."""

import math
from collections.abc import Sequence

import numpy as np

from sandbox.world.drawing import nature, passers, street
from sandbox.world.drawing.camera import Floats
from sandbox.world.drawing.framing import MARGIN_PIXELS, Extent, Framing, extent_of
from sandbox.world.drawing.mesh import Mesh
from sandbox.world.drawing.sights import SIGHT_MODELS, sight_mesh
from sandbox.world.drawing.stage import BRIDGE, Stage

Rng = np.random.Generator


def try_second_sight(stage: Stage, rng: Rng) -> None:
    """Show another sight beside the first, smaller and further away, if there is room."""
    others = [name for name in SIGHT_MODELS if name != stage.sights[0].name]
    for index in rng.permutation(len(others)).tolist():
        if _stands_beside(stage, others[index], rng):
            return


def _stands_beside(stage: Stage, name: str, rng: Rng) -> bool:
    model = SIGHT_MODELS[name]
    turn = math.radians(float(rng.uniform(-model.turn_degrees, model.turn_degrees)))
    mesh = sight_mesh(name).placed(turn=turn).tinted(1 + rng.normal(0, 0.05, 3))
    camera, framing = stage.camera, stage.framing
    span = np.ptp(mesh.vertices, axis=0)
    size = float(rng.uniform(0.36, 0.48))
    depth = camera.focal * max(
        float(span[2]) / (size * framing.height), float(span[0]) / (size * framing.width)
    )
    main = stage.sights[0]
    if depth < main.depth + main.radius_meters + model.radius_meters:
        return False
    if (name == BRIDGE) != stage.is_water(depth):
        return False
    for _ in range(6):
        column = MARGIN_PIXELS + float(rng.uniform(0.12, 0.88)) * framing.width
        placed = mesh.placed(camera.x_at(column, depth), depth)
        box = extent_of(placed, camera)
        if _share_inside(box, framing) > 0.9 and box.overlap(main.box) < 0.06 * box.area:
            stage.add_sight(name, placed, depth, rng)
            return True
    return False


def _share_inside(box: Extent, framing: Framing) -> float:
    frame = Extent(
        MARGIN_PIXELS, MARGIN_PIXELS,
        MARGIN_PIXELS + framing.width, MARGIN_PIXELS + framing.height,
    )  # fmt: skip
    return box.overlap(frame) / box.area


def add_town(stage: Stage, rng: Rng) -> None:
    """Put a row of houses behind the sights, taller blocks further off, distractors beside."""
    main = stage.sights[0]
    depth, behind = main.depth, main.depth + main.radius_meters
    if stage.ground.water:
        behind = max(behind, stage.ground.water[1] + 3)
    for _ in range(int(rng.integers(1, 4))):
        _try_many(stage, street.distractors(), (depth * 0.8, behind * 1.4), 0.10, rng)
    row = behind + float(rng.uniform(9, 32))
    _add_row(stage, street.houses(), row, rng)
    if rng.random() < 0.8:
        for _ in range(int(rng.integers(2, 7))):
            _try_many(stage, street.blocks(), (row + 25, row + 200), 0.05, rng)
    for _ in range(int(rng.integers(0, 6))):
        _try_many(stage, street.houses(), (depth * 0.4, depth), 0.07, rng, turn=1.5)


def _add_row(stage: Stage, stock: Sequence[Mesh], depth: float, rng: Rng) -> None:
    camera = stage.camera
    x = camera.x_at(-20, depth) + float(rng.uniform(-10, 0))
    end = camera.x_at(stage.canvas_width + 20, depth)
    for _ in range(26):
        if x > end:
            return
        house = stock[int(rng.integers(len(stock)))]
        width = float(np.ptp(house.vertices[:, 0]))
        if rng.random() < 0.86:
            turn = float(rng.normal(0, 0.05))
            middle, back = x + width / 2, depth + float(rng.uniform(0, 5))
            stage.try_add(house.placed(middle, back, turn=turn).tinted(_wash(rng)), 0.05)
        else:
            stock_of_trees = nature.trees()
            tree = stock_of_trees[int(rng.integers(len(stock_of_trees)))]
            stage.try_add(tree.placed(x + width / 2, depth - 4), 0.05)
        x += width + float(rng.choice((0.2, rng.uniform(1, 7)), p=(0.7, 0.3)))


def _wash(rng: Rng) -> Floats:
    return np.asarray(1 + rng.normal(0, 0.07, 3))


def add_foreground(stage: Stage, rng: Rng) -> None:
    """Put trees, lamps, traffic and people before and around the sight, and boats on water."""
    depth = stage.sights[0].depth
    near, far = max(5.0, depth * 0.16), depth * 1.05
    for _ in range(int(rng.integers(2, 9))):
        scale = float(rng.uniform(0.75, 1.35))
        _try_many(stage, nature.trees(), (near + 4, far), 0.20, rng, scale=scale)
    for _ in range(int(rng.integers(0, 7))):
        _try_many(stage, nature.bushes(), (near, far), 0.08, rng)
    for _ in range(int(rng.integers(0, 5))):
        _try_many(stage, passers.lamp_posts(), (near, far), 0.10, rng)
    if rng.random() < 0.45:
        road = stage.ground.road
        depths = (road[0] + 1.5, road[1] - 1.5) if road else (near + 5, far * 0.8)
        _try_many(stage, passers.vehicles(), depths, 0.20, rng, turn=0.12)
    crowd = passers.people() if stage.light.hour.is_wet else passers.people()[:15]
    for _ in range(int(rng.choice((rng.integers(0, 6), rng.integers(6, 26))))):
        _try_many(stage, crowd, (near, far), 0.07, rng)
    if stage.ground.water:
        for _ in range(int(rng.integers(0, 6))):
            low, high = stage.ground.water
            _try_many(stage, passers.boats(), (low + 4, min(high, far)), 0.06, rng, floats=True)


def _try_many(
    stage: Stage,
    stock: Sequence[Mesh],
    depths: tuple[float, float],
    cover: float,
    rng: Rng,
    *,
    turn: float = 0.4,
    scale: float = 1.0,
    floats: bool = False,
) -> None:
    """Try a few places for one thing of a stock; nearer depths are as likely as further ones."""
    mesh = stock[int(rng.integers(len(stock)))]
    for _ in range(4):
        depth = float(np.exp(rng.uniform(np.log(depths[0]), np.log(max(depths)))))
        x = stage.camera.x_at(float(rng.uniform(0, stage.canvas_width)), depth)
        placed = mesh.placed(x, depth, 0.0, float(rng.uniform(-turn, turn)), scale)
        if stage.try_add(placed.tinted(_wash(rng)), cover, floats=floats):
            return
