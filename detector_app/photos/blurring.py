"""Blur faces and number plates in a photo, so that nothing of them can be had back from it.

OpenCV's own cascades (Viola and Jones, shipped with it) find them: faces from the front and from both
sides, plates of European shape. They miss some, which is why a person looks at the picture before it goes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import cv2.data
import numpy as np
from PIL import Image, ImageFilter

# A face of a passer-by is some thirty pixels high at this size; larger costs seconds.
BLUR_SEARCH_PIXELS: Final = 1280
MIN_FACE_PIXELS: Final = 20
MIN_PLATE_PIXELS: Final = (30, 10)
# Few finds are enough: to blur a window costs less than to show a face.
MIN_BLUR_FINDS: Final = 3
BLUR_SEARCH_STEP: Final = 1.1
# Beyond what a cascade draws there are hair, chin and the edge of the plate.
MARGIN_SHARE: Final = 0.3
# Of what is blurred, so many averages across remain.
LEFT_ACROSS: Final = 4

_CASCADES_FOLDER: Final = Path(cv2.data.haarcascades)
_FACE_CASCADES: Final = ("haarcascade_frontalface_alt2.xml", "haarcascade_frontalface_default.xml")
_PROFILE_CASCADE: Final = "haarcascade_profileface.xml"
_PLATE_CASCADES: Final = (
    "haarcascade_russian_plate_number.xml",
    "haarcascade_license_plate_rus_16stages.xml",
)

Region = tuple[int, int, int, int]


@dataclass(frozen=True)
class Blurred:
    """A photo with what was found in it blurred."""

    picture: Image.Image
    face_count: int
    plate_count: int


def blur_people(picture: Image.Image) -> Blurred:
    """Return a copy of an upright RGB photo in which all faces and plates that are found are blurred."""
    faces, plates = find_private_regions(picture)
    blurred = picture.copy()
    for region in (*faces, *plates):
        _blur(blurred, region)
    return Blurred(blurred, len(faces), len(plates))


def find_private_regions(picture: Image.Image) -> tuple[list[Region], list[Region]]:
    """Return where faces and plates are, as left, top, right and bottom pixels."""
    grey = picture.convert("L")
    grey.thumbnail((BLUR_SEARCH_PIXELS, BLUR_SEARCH_PIXELS))
    scale = picture.width / grey.width
    # As it is: with its histogram equalised, half of the faces on light and dark grounds were missed.
    pixels = np.asarray(grey)
    least = (MIN_FACE_PIXELS, MIN_FACE_PIXELS)
    faces = [found for name in _FACE_CASCADES for found in _search(name, pixels, least)]
    faces += _search(_PROFILE_CASCADE, pixels, least)
    # The cascade knows faces that look to one side.
    width = pixels.shape[1]
    mirrored = _search(_PROFILE_CASCADE, np.ascontiguousarray(pixels[:, ::-1]), least)
    faces += [(width - right, top, width - left, bottom) for left, top, right, bottom in mirrored]
    plates = [
        found for name in _PLATE_CASCADES for found in _search(name, pixels, MIN_PLATE_PIXELS)
    ]
    return (
        [_enlarge(one, scale, picture.size) for one in _apart(faces)],
        [_enlarge(one, scale, picture.size) for one in _apart(plates)],
    )


def _search(name: str, pixels: np.ndarray, least: tuple[int, int]) -> list[Region]:
    # One for each search: a cascade keeps what it works on in itself, and pages have threads.
    cascade = cv2.CascadeClassifier(str(_CASCADES_FOLDER / name))
    found = cascade.detectMultiScale(
        pixels, scaleFactor=BLUR_SEARCH_STEP, minNeighbors=MIN_BLUR_FINDS, minSize=least
    )
    return [
        (int(left), int(top), int(left + width), int(top + height))
        for left, top, width, height in found
    ]


def _apart(regions: list[Region]) -> list[Region]:
    """Return the regions, without those whose middle is in another one already."""
    kept: list[Region] = []
    for one in sorted(regions, key=_area, reverse=True):
        x, y = (one[0] + one[2]) / 2, (one[1] + one[3]) / 2
        if not any(left <= x <= right and top <= y <= bottom for left, top, right, bottom in kept):
            kept.append(one)
    return kept


def _area(region: Region) -> int:
    return (region[2] - region[0]) * (region[3] - region[1])


def _enlarge(region: Region, scale: float, size: tuple[int, int]) -> Region:
    left, top, right, bottom = (edge * scale for edge in region)
    across, down = (right - left) * MARGIN_SHARE, (bottom - top) * MARGIN_SHARE
    return (
        max(0, int(left - across)),
        max(0, int(top - down)),
        min(size[0], int(right + across) + 1),
        min(size[1], int(bottom + down) + 1),
    )


def _blur(picture: Image.Image, region: Region) -> None:
    part = picture.crop(region)
    # Averages first: what only a filter blurred can be sharpened again.
    small = part.resize((LEFT_ACROSS, LEFT_ACROSS), Image.Resampling.BOX)
    coarse = small.resize(part.size, Image.Resampling.BICUBIC)
    picture.paste(coarse.filter(ImageFilter.GaussianBlur(max(part.size) / 20)), region)
