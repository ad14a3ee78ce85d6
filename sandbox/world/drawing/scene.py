"""Compose a photo: a sight in its town, with what stands behind, beside and before it."""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from sandbox.world.drawing import street
from sandbox.world.drawing.camera import Camera, Floats
from sandbox.world.drawing.framing import MARGIN_PIXELS, Framing, frame_sight
from sandbox.world.drawing.ground import Ground, paint_ground
from sandbox.world.drawing.light import Light, draw_light
from sandbox.world.drawing.noise import Image
from sandbox.world.drawing.painter import Placed, paint_meshes, paint_shadows
from sandbox.world.drawing.sights import SIGHT_MODELS, SightModel, sight_mesh
from sandbox.world.drawing.sky import paint_sky
from sandbox.world.drawing.stage import Stage
from sandbox.world.drawing.town import add_foreground, add_town, try_second_sight

Rng = np.random.Generator
# Drawn twice as large, then averaged down: smooth edges without hairlines between faces.
OVERSAMPLING = 2
# The share of photos that try to show a second sight; about a third of them find room for it.
SECOND_SIGHT_SHARE = 0.2
# Of photos without a sight, which is never at the water: there it would need a quay.
PORTRAIT_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Scene:
    """Radiance on the canvas (H, W, 3) with a margin around the frame, and where the sights are."""

    radiance: Image
    framing: Framing
    light: Light
    outlines: tuple[tuple[str, Floats], ...]  # the canvas points (N, 2) of each sight


def compose_scene(sight: str, rng: Rng) -> Scene:
    """Draw one scene whose main sight is `sight`, with all that chance decides drawn from `rng`."""
    model = SIGHT_MODELS[sight]
    turn = math.radians(float(rng.uniform(-model.turn_degrees, model.turn_degrees)))
    mesh = sight_mesh(sight).placed(turn=turn).tinted(1 + rng.normal(0, 0.05, 3))
    portrait = bool(rng.random() < model.portrait)
    framing = frame_sight(mesh, model.radius_meters, rng, portrait=portrait)
    light = draw_light(rng, framing.distance_meters)
    ground = _draw_ground(model, framing.distance_meters, rng)
    stage = Stage(framing, light, ground)
    stage.add_sight(sight, mesh.placed(y=framing.distance_meters), framing.distance_meters, rng)
    if rng.random() < SECOND_SIGHT_SHARE:
        try_second_sight(stage, rng)
    add_town(stage, rng)
    add_foreground(stage, rng)
    outlines = tuple(
        (shown.name, framing.camera.project(shown.mesh.vertices)[0]) for shown in stage.sights
    )
    return Scene(_paint(stage, rng), framing, light, outlines)


def compose_street(rng: Rng) -> Scene:
    """Draw one scene without a sight: an ordinary building of the same town is in its place."""
    stock = (street.distractors(), street.blocks(), street.houses())[int(rng.integers(3))]
    mesh = stock[int(rng.integers(len(stock)))].placed(turn=float(rng.uniform(-0.7, 0.7)))
    radius = float(np.ptp(mesh.vertices[:, :2], axis=0).max()) / 2
    framing = frame_sight(mesh, radius, rng, portrait=bool(rng.random() < PORTRAIT_SHARE))
    light = draw_light(rng, framing.distance_meters)
    model = replace(next(iter(SIGHT_MODELS.values())), radius_meters=radius, waterside=0)
    stage = Stage(framing, light, _draw_ground(model, framing.distance_meters, rng))
    stage.add_building(mesh.placed(y=framing.distance_meters), framing.distance_meters, radius)
    add_town(stage, rng)
    add_foreground(stage, rng)
    return Scene(_paint(stage, rng), framing, light, outlines=())


def _draw_ground(model: SightModel, distance: float, rng: Rng) -> Ground:
    water = None
    if rng.random() < model.waterside:
        shore = distance - model.radius_meters
        near = max(5.0, shore * float(rng.uniform(0.12, 0.5)))
        far = distance + model.radius_meters * 1.2 + float(rng.uniform(10, 90))
        water = (near, far)
    road = None
    if water is None and rng.random() < 0.35:
        low = (distance - model.radius_meters) * float(rng.uniform(0.35, 0.7))
        road = (low, low + 8.0)
    return Ground(
        paving=int(rng.integers(6)),
        joints_meters=float(rng.choice((1.0, 2.0, 3.0))),
        lawn_share=float(rng.choice((0.0, rng.uniform(0.2, 0.75)))),
        road=road,
        water=water,
    )


def _paint(stage: Stage, rng: Rng) -> Image:
    camera, light, ground = stage.camera, stage.light, stage.ground
    width = stage.canvas_width
    height = stage.framing.height + 2 * MARGIN_PIXELS
    backdrop = paint_sky(camera, light, width, height, rng)
    seed = int(rng.integers(2**32))
    reflection = None
    if ground.water or light.hour.is_wet:
        upside_down = [
            Placed(thing.mesh.mirrored(), thing.floodlit, thing.lit_windows)
            for thing in stage.things
        ]
        reflection = _mirror_sky(backdrop, camera.horizon_y)
        # The same seed as below: the same windows are lit in the mirror.
        paint_meshes(reflection, camera, light, upside_down, np.random.default_rng(seed))
    shadow = paint_shadows((height, width), camera, light, stage.things)
    paint_ground(
        backdrop,
        camera=camera,
        light=light,
        ground=ground,
        reflection=reflection,
        shadow=shadow,
        rng=rng,
    )
    scale = OVERSAMPLING
    canvas = np.asarray(
        cv2.resize(backdrop, (width * scale, height * scale), interpolation=cv2.INTER_LINEAR),
        dtype=np.float32,
    )
    large = Camera(
        camera.focal * scale, camera.height_meters, camera.centre_x * scale,
        camera.horizon_y * scale,
    )  # fmt: skip
    paint_meshes(canvas, large, light, stage.things, np.random.default_rng(seed))
    small = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32)


def _mirror_sky(sky: Image, horizon_y: float) -> Image:
    height, width = sky.shape[:2]
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    flipped = cv2.remap(
        sky, columns, np.float32(2 * horizon_y) - rows, cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return np.asarray(flipped, dtype=np.float32)
