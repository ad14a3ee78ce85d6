"""Paint meshes on a canvas, from far to near, each face in the colour that light and haze give it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sandbox.world.drawing.camera import NEAR_METRES, Camera, Floats
from sandbox.world.drawing.light import Light
from sandbox.world.drawing.mesh import Kind, Mesh
from sandbox.world.drawing.noise import Image

# Coordinates are handed to OpenCV in sixteenths of a pixel.
SHIFT = 4
# Far outside any canvas, yet safe in OpenCV's 32-bit arithmetic.
FAR_PIXELS = 20_000.0


@dataclass(frozen=True, slots=True)
class Placed:
    """A mesh in the scene; `floodlit` is what of the light's floodlights falls on it."""

    mesh: Mesh
    floodlit: float = 0.0
    lit_windows: float = 0.35


def paint_meshes(
    canvas: Image,
    camera: Camera,
    light: Light,
    things: Sequence[Placed],
    rng: np.random.Generator,
) -> None:
    """Paint all things on the canvas (H, W, 3) in place, sorted by the depth of their parts."""
    prepared = [_prepare(camera, light, thing, rng) for thing in things]
    order = [
        (-float(thing.mesh.anchor[part, 1]), index, part)
        for index, thing in enumerate(things)
        for part in range(len(thing.mesh.anchor))
    ]
    for _, index, part in sorted(order):
        faces = prepared[index]
        for face in range(faces.bounds[part], faces.bounds[part + 1]):
            if faces.visible[face]:
                _paint_face(canvas, faces, face)


def paint_shadows(
    shape: tuple[int, int], camera: Camera, light: Light, things: Sequence[Placed]
) -> Image:
    """Cast the shadows of all things on the ground: (H, W), 1 in full shadow."""
    shadow = np.zeros(shape, np.float32)
    if float(light.sun.max()) < 0.2:
        return shadow
    lean = light.to_sun[:2] / max(float(light.to_sun[2]), 0.12)
    for thing in things:
        mesh = thing.mesh
        flat = mesh.vertices.copy()
        flat[:, :2] -= flat[:, 2:] * lean
        flat[:, 2] = 0.0
        pixels, depth = camera.project(flat)
        fixed = _fixed_point(pixels)
        reaches = np.minimum.reduceat(depth, mesh.start[:-1]) > NEAR_METRES
        for face in np.flatnonzero(reaches):
            points = fixed[mesh.start[face] : mesh.start[face + 1]]
            if len(points) > 2:
                cv2.fillPoly(shadow, [points], 1.0, cv2.LINE_8, SHIFT)
            elif len(points) == 1:
                size = mesh.width[face] * camera.focal / depth[mesh.start[face]] * 0.5
                axes = (int(size * 16), int(size * 16 * 0.35))
                centre = (int(points[0, 0]), int(points[0, 1]))
                cv2.ellipse(shadow, centre, axes, 0, 0, 360, 1.0, -1, cv2.LINE_8, SHIFT)
    return np.asarray(cv2.GaussianBlur(shadow, (0, 0), 1.3), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Faces:
    pixels: NDArray[np.int32]
    start: list[int]
    colours: list[list[float]]
    visible: list[bool]
    thickness: list[float]
    bounds: list[int]


def _prepare(camera: Camera, light: Light, thing: Placed, rng: np.random.Generator) -> _Faces:
    mesh = thing.mesh
    counts = np.diff(mesh.start)
    centre = np.add.reduceat(mesh.vertices, mesh.start[:-1], axis=0) / counts[:, None]
    view = np.array([0.0, 0.0, camera.height_meters]) - centre
    towards = np.einsum("ij,ij->i", mesh.normal, view)
    pixels, depth = camera.project(mesh.vertices)
    near_enough = np.minimum.reduceat(depth, mesh.start[:-1]) > NEAR_METRES
    visible = near_enough & (mesh.two_sided | (towards > 0))
    flip = mesh.two_sided & (towards < 0) & (counts > 2)
    normal = np.where(flip[:, None], -mesh.normal, mesh.normal)
    colours = _shade(light, thing, centre, normal, rng)
    return _Faces(
        pixels=_fixed_point(pixels),
        start=mesh.start.tolist(),
        colours=colours.tolist(),
        visible=visible.tolist(),
        thickness=(mesh.width * camera.focal / np.maximum(centre[:, 1], NEAR_METRES)).tolist(),
        bounds=np.searchsorted(mesh.part, np.arange(len(mesh.anchor) + 1)).tolist(),
    )


def _shade(
    light: Light, thing: Placed, centre: Floats, normal: Floats, rng: np.random.Generator
) -> Floats:
    """Give each face (F, 3) its radiance as it reaches the camera."""
    mesh = thing.mesh
    count = len(mesh.kind)
    facing = normal @ light.to_sun
    is_leaf = mesh.kind == Kind.LEAF
    direct = np.where(is_leaf, np.clip(0.35 + 0.65 * facing, 0, 1), np.clip(facing, 0, 1))
    skyward = 0.62 + 0.38 * normal[:, 2]
    # Less light reaches the foot of a wall: it sees less of the sky.
    height = np.abs(centre[:, 2])
    footing = 0.72 + 0.28 * np.clip(height / 7, 0, 1)
    irradiance = light.ambient * (skyward * footing)[:, None] + light.sun * direct[:, None]
    warm_street = np.exp(-height / 9)[:, None] * np.array([0.15, 0.095, 0.05]) * light.night
    flood = (0.30 + 0.70 * np.exp(-height / 26)) * (1 - 0.6 * np.abs(normal[:, 2]))
    flood = np.where(is_leaf, 0.0, flood * thing.floodlit)[:, None] * light.flood
    radiance = mesh.albedo * (irradiance + warm_street + flood)
    radiance *= 1 + rng.normal(0, 0.022, count)[:, None]

    is_glass = mesh.kind == Kind.GLASS
    gleam = rng.uniform(0.12, 0.5, count)[:, None]
    mirror = mesh.albedo * light.ambient * 0.5 + gleam * (light.horizon + light.zenith) * 0.35
    is_lit = (rng.random(count) < thing.lit_windows)[:, None]
    glow = rng.uniform(0.35, 1.1, count)[:, None] * np.array([1.0, 0.66, 0.28]) * light.night
    radiance = np.where(is_glass[:, None], mirror + is_lit * glow, radiance)
    is_lamp = (mesh.kind == Kind.LAMP)[:, None]
    radiance = np.where(is_lamp, radiance + mesh.albedo * 1.9 * light.night, radiance)

    through = light.transmission(np.hypot(centre[:, 0], centre[:, 1]))[:, None]
    return np.asarray(radiance * through + light.haze * (1 - through))


def _fixed_point(pixels: Floats) -> NDArray[np.int32]:
    clipped = np.clip(pixels, -FAR_PIXELS, FAR_PIXELS)
    return np.asarray(np.round(clipped * 2**SHIFT), dtype=np.int32)


def _paint_face(canvas: Image, faces: _Faces, face: int) -> None:
    start, stop = faces.start[face], faces.start[face + 1]
    points, colour = faces.pixels[start:stop], faces.colours[face]
    if stop - start > 2:
        cv2.fillPoly(canvas, [points], colour, cv2.LINE_8, SHIFT)
    elif stop - start == 2:
        thick = max(1, round(faces.thickness[face]))
        first, last = points.tolist()
        cv2.line(canvas, first, last, colour, thick, cv2.LINE_8, SHIFT)
    else:
        radius = max(8, round(faces.thickness[face] * 2**SHIFT / 2))
        cv2.circle(canvas, points[0].tolist(), radius, colour, -1, cv2.LINE_8, SHIFT)
