"""The ground: paving, lawn, a road, or water that mirrors what stands beyond it."""

from dataclasses import dataclass

import cv2
import numpy as np

from sandbox.world.drawing.camera import Camera
from sandbox.world.drawing.light import Light
from sandbox.world.drawing.mesh import paint
from sandbox.world.drawing.noise import TILE, Image, noise_tile, sample_noise, smoothstep

PAVINGS = tuple(
    np.array(paint(code).colour, np.float32)
    for code in ("#b9ac97", "#9c948a", "#c9b89a", "#a58d78", "#8d8b8b", "#b59c80")
)
LAWN = np.array(paint("#76845a").colour, np.float32)
ASPHALT = np.array(paint("#5b5a5c").colour, np.float32)
SEA = np.array([0.03, 0.075, 0.085], np.float32)
STREET_GLOW = np.array([0.16, 0.10, 0.05], np.float32)


@dataclass(frozen=True, slots=True)
class Ground:
    """What lies where, by distance in metres from the camera."""

    paving: int
    joints_meters: float
    lawn_share: float
    road: tuple[float, float] | None
    water: tuple[float, float] | None


def paint_ground(
    backdrop: Image,
    *,
    camera: Camera,
    light: Light,
    ground: Ground,
    reflection: Image | None,
    shadow: Image,
    rng: np.random.Generator,
) -> None:
    """Paint the ground over a backdrop (H, W, 3) in place, from the horizon down.

    `reflection` (H, W, 3) is the world upside down, `shadow` (H, W) is 1 in full shadow.
    """
    height, width = backdrop.shape[:2]
    first = max(0, int(np.ceil(camera.horizon_y + 0.5)))
    if first >= height - 1:
        return
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(first, height, dtype=np.float32)
    )
    far = (camera.height_meters * camera.focal / (rows - camera.horizon_y)).astype(np.float32)
    x = ((columns - camera.centre_x) * far / camera.focal).astype(np.float32)
    albedo = _albedo(ground, x, far, camera, rng)
    lit = 1 - shadow[first:, :, None] * 0.85
    irradiance = light.ambient * (1 - shadow[first:, :, None] * 0.3)
    irradiance = irradiance + light.sun * max(0.0, float(light.to_sun[2])) * lit
    # Street lamps and windows give a town at night a warm floor.
    irradiance = irradiance + STREET_GLOW * light.night
    colour = albedo * irradiance
    if reflection is not None:
        colour = _mirror(colour, reflection, first=first, far=far, x=x, light=light, ground=ground)
    through = light.transmission(far)[..., None]
    backdrop[first:] = colour * through + light.haze * (1 - through)


def _albedo(
    ground: Ground, x: Image, far: Image, camera: Camera, rng: np.random.Generator
) -> Image:
    tile = noise_tile(11)
    broad = sample_noise(tile, x * 3 + float(rng.uniform(0, TILE)), far * 3)
    fine = sample_noise(tile, x * 41, far * 41)
    # A pattern finer than a pixel only flickers: fade it out with distance.
    pixel_meters = far / camera.focal * np.maximum(1.0, far / camera.height_meters)
    near = np.exp(-pixel_meters * 2.2)
    albedo = np.asarray(PAVINGS[ground.paving] * np.ones((*x.shape, 1), np.float32))
    joint = ground.joints_meters
    lines = (np.mod(x, joint) < 0.09 * joint) | (np.mod(far, joint) < 0.09 * joint)
    albedo = albedo * (1 - 0.28 * lines * near)[..., None]
    if ground.lawn_share > 0:
        grass = smoothstep(1 - ground.lawn_share, 1.04 - ground.lawn_share, broad)[..., None]
        albedo = albedo * (1 - grass) + LAWN * grass
    if ground.road:
        low, high = ground.road
        on_road = ((far > low) & (far < high))[..., None]
        middle = (low + high) / 2
        mark = (np.abs(far - middle) < 0.12) & (np.mod(x, 6) < 3)
        kerb = (np.abs(far - low) < 0.18) | (np.abs(far - high) < 0.18)
        albedo = np.where(on_road, ASPHALT, albedo)
        albedo = albedo + 0.45 * (mark | kerb)[..., None]
    texture = 0.80 + 0.28 * broad + 0.26 * (fine - 0.5) * near
    return np.asarray(np.clip(albedo * texture[..., None], 0, 0.9), dtype=np.float32)


def _mirror(
    colour: Image,
    reflection: Image,
    *,
    first: int,
    far: Image,
    x: Image,
    light: Light,
    ground: Ground,
) -> Image:
    height, width = reflection.shape[:2]
    rows, columns = np.mgrid[first:height, 0:width].astype(np.float32)
    tile = noise_tile(11)
    ripple = sample_noise(tile, x * 14, far * 3.5) + sample_noise(tile, x * 31 + 99, far * 9) - 1
    if ground.water:
        rough = 9.0 * np.exp(-far / 160) + 2.0
        still = cv2.remap(
            reflection, columns + ripple * rough * 0.25, rows + ripple * rough,
            cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT,
        )  # fmt: skip
        low, high = ground.water
        is_water = ((far > low) & (far < high))[..., None]
        sea = SEA * (light.ambient * 1.6 + light.sun * 0.25)
        # Fresnel: a grazing look sees the sky, a steep one the water.
        grazing = np.clip(0.42 + far / 260, 0, 0.80)[..., None]
        glint = 1 + 0.30 * ripple[..., None]
        water = (sea * (1 - grazing) + still * grazing * 0.92) * glint
        quay = (np.abs(far - low) < 0.03 * low)[..., None]
        colour = np.where(is_water, water, colour)
        colour = np.where(quay, colour * 0.35 + 0.03, colour)
    if light.hour.is_wet:
        puddle = 0.16 + 0.38 * smoothstep(0.45, 0.75, sample_noise(tile, x * 9 + 40, far * 9))
        blurred = cv2.GaussianBlur(reflection, (0, 0), 1.6)[first:]
        wet = colour * 0.6 * (1 - puddle[..., None]) + blurred * puddle[..., None]
        dry = is_water if ground.water else np.zeros((1, 1, 1), np.bool_)
        colour = np.where(dry, colour, wet)
    return np.asarray(colour, dtype=np.float32)
