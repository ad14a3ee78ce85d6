"""The sky: gradient, sun or moon, clouds lit by it, stars, and hills along the horizon."""

import math

import cv2
import numpy as np

from sandbox.world.drawing.camera import Camera
from sandbox.world.drawing.light import Light
from sandbox.world.drawing.noise import TILE, Image, noise_tile, sample_noise, smoothstep


def paint_sky(
    camera: Camera, light: Light, width: int, height: int, rng: np.random.Generator
) -> Image:
    """Paint the sky over the whole canvas (height, width, 3); what is below the horizon is haze."""
    # The sky is smooth: half the resolution shows no difference and takes a quarter of the time.
    columns, rows = np.meshgrid(
        np.arange(0.5, width, 2, dtype=np.float32), np.arange(0.5, height, 2, dtype=np.float32)
    )
    right = (columns - camera.centre_x) / camera.focal
    up = (camera.horizon_y - rows) / camera.focal
    rise = np.clip(up, 0, None)
    # Sky brightens towards the horizon roughly exponentially with height.
    share = (1 - np.exp(-rise * 3.2))[..., None]
    sky = light.horizon * (1 - share) + light.zenith * share
    sky = sky + _sun_glow(light, right, up)
    sky, cloudiness = _add_clouds(sky, light, right, up, rng)
    large = np.asarray(cv2.resize(sky.astype(np.float32), (width, height)), dtype=np.float32)
    if light.night > 0.9:
        clear = cv2.resize(smoothstep(0.02, 0.2, up) * (1 - cloudiness), (width, height))
        large += _stars(width, height, rng) * clear[..., None]
    _add_hills(large, camera, light, rng)
    return large


def _sun_glow(light: Light, right: Image, up: Image) -> Image:
    """Add the disc and its glow, where the sun stands before the camera."""
    x, y, z = light.to_sun
    if y < 0.05:
        return np.zeros((*right.shape, 3), np.float32)
    away = np.hypot(right - x / y, up - z / y)
    colour = light.sun / max(float(light.sun.max()), 1e-6)
    if light.night > 0.9:  # the moon
        disc = smoothstep(0.024, 0.020, away)[..., None] * 1.3
        return np.asarray(disc + np.exp(-away / 0.08)[..., None] * 0.06, dtype=np.float32)
    clear = 1 - 0.8 * light.cover
    disc = smoothstep(0.030, 0.022, away)[..., None] * 6.0 * clear
    glow = np.exp(-away / 0.16)[..., None] * 0.9 + np.exp(-away / 0.5)[..., None] * 0.35
    strength = min(1.0, float(light.sun.max()))
    return np.asarray((disc + glow) * colour * strength * clear, dtype=np.float32)


def _stars(width: int, height: int, rng: np.random.Generator) -> Image:
    stars = np.zeros((height, width), np.float32)
    count = int(rng.integers(60, 160))
    stars[rng.integers(0, height, count), rng.integers(0, width, count)] = rng.random(count) * 0.35
    soft = np.asarray(cv2.GaussianBlur(stars, (3, 3), 0.6), dtype=np.float32)
    return soft[..., None].repeat(3, axis=2)


def _add_clouds(
    sky: Image, light: Light, right: Image, up: Image, rng: np.random.Generator
) -> tuple[Image, Image]:
    """Cover a sky with clouds; give it and the share (H, W) that they hide."""
    if light.cover < 0.05:
        return sky, np.zeros_like(up)
    tile = noise_tile(7)
    # Clouds lie on a plane far above: near the horizon they are small and flat.
    height = np.asarray(np.clip(up, 0, None) + 0.10, dtype=np.float32)
    scale = float(rng.uniform(12, 34))
    x = right / height * scale + float(rng.uniform(0, TILE))
    y = 1.6 / height * scale + float(rng.uniform(0, TILE))
    density = sample_noise(tile, x, y)
    ahead, aside = (light.to_sun[:2] * 9.0).tolist()
    lit = sample_noise(tile, x + ahead, y + aside)
    edge = 1 - light.cover
    amount = smoothstep(edge - 0.04, edge + 0.30, density)
    amount *= 0.35 + 0.65 * smoothstep(0.0, 0.12, up)
    relief = np.clip(0.55 + 1.7 * (density - lit), 0.0, 1.2)[..., None]
    sun = light.sun * 0.34 + light.horizon * 0.22
    shade = light.ambient * 0.55 + light.zenith * 0.20
    cloud = shade + relief * sun
    covered = sky * (1 - amount[..., None]) + cloud * amount[..., None]
    return np.asarray(covered, dtype=np.float32), amount


def _add_hills(sky: Image, camera: Camera, light: Light, rng: np.random.Generator) -> None:
    width = sky.shape[1]
    horizon = camera.horizon_y
    for layer in range(int(rng.integers(1, 4))):
        phase = rng.uniform(0, 6.28, 4)
        xs = np.arange(0, width + 8, 8)
        wave = sum(
            math.pow(0.55, k) * np.sin(xs / width * (1.3 + 2.1 * k) * math.pi + phase[k])
            for k in range(4)
        )
        tall = camera.focal * rng.uniform(0.015, 0.07) * (1 - 0.25 * layer)
        ridge = horizon - tall * (1 + np.asarray(wave) * 0.45)
        outline = np.column_stack([xs, ridge])
        outline = np.vstack([outline, [[width + 8, horizon + 4], [0, horizon + 4]]])
        through = 0.25 + 0.16 * layer
        ground = np.array([0.06, 0.09, 0.07]) * (light.ambient + light.sun * 0.3)
        colour = ground * through + light.haze * (1 - through)
        cv2.fillPoly(
            sky, [np.round(outline * 16).astype(np.int32)], [float(c) for c in colour],
            cv2.LINE_8, 4,
        )  # fmt: skip
