"""Whatever form a picture's transparency has, white shows through it."""

import pytest
from PIL import Image

from sightscan.photo_colour import flatten_on_white

SIZE = (2, 1)


def half_glass(mode: str) -> Image.Image:
    """Return a picture of two pixels, the left one transparent and the right one black."""
    picture = Image.new("RGBA", SIZE, (200, 10, 10, 0))
    picture.putpixel((1, 0), (0, 0, 0, 255))
    if mode in {"RGBA", "LA"}:
        return picture.convert(mode)
    if mode == "P":
        return picture.convert("RGB").quantize(2)
    return picture.convert("RGB").convert(mode)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "RGB", "L", "P"])
def test_white_shows_through(mode: str) -> None:
    picture = half_glass(mode)
    if mode in {"RGB", "L", "P"}:
        # As PNG has it: one colour, or one entry of the palette, is transparent.
        picture.info["transparency"] = picture.getpixel((0, 0))
    flat = flatten_on_white(picture)
    assert flat.mode == "RGB"
    assert [flat.getpixel((x, 0)) for x in (0, 1)] == [(255, 255, 255), (0, 0, 0)]


def test_half_transparent_black_is_grey() -> None:
    flat = flatten_on_white(Image.new("RGBA", SIZE, (0, 0, 0, 128)))
    assert flat.getpixel((0, 0)) == (127, 127, 127)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_opaque_picture_keeps_its_colours(mode: str) -> None:
    picture = Image.new("RGB", SIZE, (90, 90, 90)).convert(mode)
    assert flatten_on_white(picture).getpixel((1, 0)) == (90, 90, 90)
