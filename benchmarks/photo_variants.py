"""Copies of a photo as the web makes them, and cuts that show less and less of it."""

import io
import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance

Variant = Callable[[Image.Image, np.random.Generator], Image.Image]


def scaled(share: float) -> Variant:
    """Return a variant with so much of the sides."""
    return lambda photo, _: photo.resize(
        (round(photo.width * share), round(photo.height * share)), Image.Resampling.LANCZOS
    )


def compressed(quality: int) -> Variant:
    """Return a variant that was saved as JPEG of this quality."""

    def variant(photo: Image.Image, _: np.random.Generator) -> Image.Image:
        buffer = io.BytesIO()
        photo.save(buffer, "JPEG", quality=quality)
        return Image.open(buffer).convert("RGB")

    return variant


def brightened(factor: float) -> Variant:
    """Return a variant whose pixels are so many times as bright."""
    return lambda photo, _: ImageEnhance.Brightness(photo).enhance(factor)


def marked(photo: Image.Image, _: np.random.Generator) -> Image.Image:
    """Return the photo with a white label over 3.4 % of its area."""
    width, height = photo.size
    copy = photo.copy()
    draw = ImageDraw.Draw(copy)
    draw.rectangle((width * 0.55, height * 0.88, width * 0.97, height * 0.96), fill="white")
    draw.text((width * 0.57, height * 0.9), "© photo agency", fill="black")
    return copy


def grey(photo: Image.Image, _: np.random.Generator) -> Image.Image:
    """Return the photo without its colours."""
    return photo.convert("L").convert("RGB")


def cut(left: float, top: float, right: float, bottom: float) -> Variant:
    """Return a variant without these shares of the sides."""
    return lambda photo, _: photo.crop(
        (
            round(photo.width * left),
            round(photo.height * top),
            round(photo.width * (1 - right)),
            round(photo.height * (1 - bottom)),
        )
    )


def cut_around(area: float) -> Variant:
    """Return a variant without this share of the area, as much from each side."""
    margin = (1 - math.sqrt(1 - area)) / 2
    return cut(margin, margin, margin, margin)


def cut_to_corner(area: float) -> Variant:
    """Return a variant without this share of the area, all from two sides that meet."""
    margin = 1 - math.sqrt(1 - area)
    return cut(margin, margin, 0, 0)


def cut_anywhere(area: float) -> Variant:
    """Return a variant without this share of the area: a window of chance shape and place."""

    def variant(photo: Image.Image, random: np.random.Generator) -> Image.Image:
        width = random.uniform(1 - area, 1)
        height = (1 - area) / width
        left, top = random.uniform(0, 1 - width), random.uniform(0, 1 - height)
        return cut(left, top, 1 - width - left, 1 - height - top)(photo, random)

    return variant


# What is promised: recall over all of these together.
COPIES: dict[str, Variant] = {
    "scaled to 25 %": scaled(0.25),
    "JPEG of quality 40": compressed(40),
    "20 % brighter": brightened(1.2),
    "20 % darker": brightened(0.8),
    "watermark over 3.4 %": marked,
    "10 % cropped, all around": cut_around(0.1),
    "10 % cropped, anywhere": cut_anywhere(0.1),
    "10 % cropped, into a corner": cut_to_corner(0.1),
    "10 % cropped, left side": cut(0.1, 0, 0, 0),
    "10 % cropped, bottom": cut(0, 0, 0, 0.1),
}
# What is only reported.
STRONGER: dict[str, Variant] = {
    "20 % cropped, all around": cut_around(0.2),
    "20 % cropped, anywhere": cut_anywhere(0.2),
    "30 % cropped, all around": cut_around(0.3),
    "30 % cropped, anywhere": cut_anywhere(0.3),
    "made grey": grey,
}
