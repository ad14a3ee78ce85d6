"""The camera's part: tilt, exposure, lens, sensor. Radiance goes in, a photo comes out."""

import math
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from sandbox.world.drawing.camera import Floats
from sandbox.world.drawing.framing import MARGIN_PIXELS, Extent, extent_of_pixels
from sandbox.world.drawing.light import Light
from sandbox.world.drawing.noise import Image
from sandbox.world.drawing.scene import Scene

Rng = np.random.Generator
CURVE_STEPS = 4096  # fine enough that deep shadows show no bands
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709


@dataclass(frozen=True, slots=True)
class Photo:
    """Pixels (H, W, 3) in sRGB, and each sight's whole extent in them, not yet clipped."""

    pixels: NDArray[np.uint8]
    extents: tuple[tuple[str, Extent], ...]


def finish_photo(scene: Scene, rng: Rng) -> Photo:
    """Take the photo of a scene."""
    width, height = scene.framing.width, scene.framing.height
    tilt = _draw_tilt(width, height, rng)
    seen = cv2.warpPerspective(
        scene.radiance, tilt, (width, height), flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    picture = np.maximum(np.asarray(seen, dtype=np.float32), 0)
    if scene.light.hour.is_wet:
        picture = _add_rain(picture, rng)
    picture = _expose(picture, scene.light.key)
    picture = _add_bloom(picture)
    picture = _add_lens(picture, rng)
    pixels = _develop(picture, scene.light, rng)
    extents = tuple(
        (name, extent_of_pixels(_transform(tilt, outline))) for name, outline in scene.outlines
    )
    return Photo(pixels, extents)


def _draw_tilt(width: int, height: int, rng: Rng) -> Floats:
    """Give the homography (3, 3) from canvas to frame of a camera held by hand.

    Verticals lean together as when it looks up, the picture rolls a little, and its corners
    wander by a percent or two.
    """
    roll = math.radians(float(np.clip(rng.normal(0, 1.6), -4, 4)))
    keystone = float(np.clip(rng.normal(0.015, 0.02), -0.03, 0.06))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    middle = np.array([width / 2, height / 2])
    centred = corners - middle
    # What the camera sees is wider at the top when it looks up, so the top is drawn narrower.
    centred[:2, 0] *= 1 + keystone
    centred[2:, 0] *= 1 - keystone
    cos, sin = math.cos(roll), math.sin(roll)
    turned = centred @ np.array([[cos, sin], [-sin, cos]])
    turned += rng.normal(0, 0.008, (4, 2)) * (width, height)
    source = np.clip(turned + middle, -MARGIN_PIXELS, np.array([width, height]) + MARGIN_PIXELS)
    return np.asarray(
        cv2.getPerspectiveTransform(
            (source + MARGIN_PIXELS).astype(np.float32), corners.astype(np.float32)
        )
    )


def _transform(homography: Floats, points: Floats) -> Floats:
    spread = np.column_stack([points, np.ones(len(points))]) @ homography.T
    return np.asarray(spread[:, :2] / spread[:, 2:])


def _add_rain(picture: Image, rng: Rng) -> Image:
    height, width = picture.shape[:2]
    streaks = np.zeros((height, width), np.float32)
    slant = float(rng.uniform(-0.25, 0.25))
    for _ in range(int(rng.integers(120, 380))):
        x, y = float(rng.uniform(0, width)), float(rng.uniform(-20, height))
        length = float(rng.uniform(8, 26))
        start, end = (round(x), round(y)), (round(x + slant * length), round(y + length))
        cv2.line(streaks, start, end, float(rng.uniform(0.08, 0.30)), 1, cv2.LINE_8)
    streaks = np.asarray(cv2.GaussianBlur(streaks, (0, 0), 0.6), dtype=np.float32)
    brightness = float((picture @ LUMINANCE).mean())
    veil = picture * 0.93 + 0.07 * brightness
    return np.asarray(veil + streaks[..., None] * brightness * 2.0, dtype=np.float32)


def _expose(picture: Image, key: float) -> Image:
    """Scale to a mean brightness, as automatic exposure does (the log-average of Reinhard 2002)."""
    luminance = np.maximum(picture @ LUMINANCE, 1e-4)
    average = float(np.exp(np.log(luminance).mean()))
    return np.asarray(picture * (key / average), dtype=np.float32)


def _add_bloom(picture: Image) -> Image:
    bright = np.clip(picture - 0.9, 0, 6)
    height, width = picture.shape[:2]
    # The wide halo is smooth: a quarter of the size is enough for it.
    small = cv2.resize(bright, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    halo = cv2.resize(cv2.GaussianBlur(small, (0, 0), 2.4), (width, height))
    core = cv2.GaussianBlur(bright, (0, 0), 1.8)
    return np.asarray(picture + core * 0.30 + halo * 0.28, dtype=np.float32)


def _add_lens(picture: Image, rng: Rng) -> Image:
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    falloff = float(rng.uniform(0.02, 0.22))
    shaded = picture * (1 - falloff * (rows**2 + columns**2) / 2 * 1.4)[..., None]
    soft = float(rng.uniform(0.0, 0.75))
    if soft > 0.2:
        shaded = cv2.GaussianBlur(shaded, (0, 0), soft)
    if rng.random() < 0.05:  # a shaken hand
        length = int(rng.integers(3, 6))
        shaded = cv2.blur(shaded, (length, 1))
    return np.asarray(shaded, dtype=np.float32)


def _develop(radiance: Image, light: Light, rng: Rng) -> NDArray[np.uint8]:
    """Balance white, add sensor noise, and map tones to 8 bits."""
    balance = np.clip(1 + rng.normal(0, 0.07, 3), 0.82, 1.2).astype(np.float32)
    balanced = radiance * balance
    grey = (balanced @ LUMINANCE)[..., None]
    toned = grey + (balanced - grey) * float(rng.uniform(0.78, 1.15))
    grain = float(rng.uniform(0.003, 0.010)) * (1 + 1.5 * light.night)
    # Shot noise grows with the root of the signal.
    noise = _grain(radiance.shape[:2], rng) * grain * np.sqrt(np.abs(toned) + 0.02)
    curve = _film_curve(float(rng.uniform(1.05, 1.4)), light.key)
    levels = np.clip((toned + noise) * CURVE_STEPS, 0, len(curve) - 1).astype(np.uint16)
    return np.asarray(np.take(curve, levels), dtype=np.uint8)


def _grain(shape: tuple[int, int], rng: Rng) -> Image:
    """Cut a piece (H, W, 3) from a sheet of white noise, which is cheaper than to draw it anew."""
    sheet = _grain_sheet()
    top, left = (
        int(rng.integers(size - cut)) for size, cut in zip(sheet.shape, shape, strict=False)
    )
    return sheet[top : top + shape[0], left : left + shape[1]]


@cache
def _grain_sheet() -> Image:
    return np.random.default_rng(12).standard_normal((640, 640, 3), dtype=np.float32)


def _film_curve(contrast: float, key: float) -> NDArray[np.uint8]:
    """Tabulate radiance 0..8 to sRGB bytes: contrast about the mean, film, the display's gamma.

    The film's curve is Narkowicz's fit of ACES: https://knarkowicz.wordpress.com/2016/01/06/
    """
    x = np.arange(8 * CURVE_STEPS) / CURVE_STEPS
    x = key * (x / key) ** contrast
    film = x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14)
    return np.asarray(np.clip(film, 0, 1) ** (1 / 2.2) * 255 + 0.5, dtype=np.uint8)
