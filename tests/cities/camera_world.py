"""The coloured patches of `colour_world.py` as cameras and phones store photos.

On their side, wider than a thumbnail, in Display P3, with GPS: a crawl changes the bytes of each.
"""

import io
import random
import struct
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageDraw
from PIL.ExifTags import IFD, Base

from sandbox.world.world import World, WorldBox, WorldPhoto, load_world, write_manifest
from tests.cities.colour_city import COLOURS

CITY = "Port Aurel"
# Stored width and height, EXIF's orientation, whether the colours are those of Display P3.
CAMERAS = (
    (2000, 1500, 6, True),
    (1600, 1200, 8, False),
    (1200, 1600, 3, True),
    (640, 480, 1, True),
)
# What turns an upright picture into the stored one.
BACK = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270, 3: Image.Transpose.ROTATE_180}
# Apple's primaries under D50, as columns X, Y, Z of the profile's tags.
P3_PRIMARIES = {
    b"rXYZ": (0.51512, 0.24120, -0.00105),
    b"gXYZ": (0.29198, 0.69225, 0.04189),
    b"bXYZ": (0.15710, 0.06657, 0.78407),
}


def draw_camera_world(folder: Path) -> World:
    """Draw a photo of each sight by each camera; boxes are meant on the pictures as stored."""
    folder.mkdir(parents=True, exist_ok=True)
    profile = display_p3()
    photos = [
        _photo(folder, sight, f"IMG_{rank}{number}.jpg", *camera, profile)
        for rank, sight in enumerate(COLOURS)
        for number, camera in enumerate(CAMERAS)
    ]
    write_manifest(folder, CITY, photos)
    return load_world(folder)


def display_p3() -> bytes:
    """Return a profile of Display P3: that of sRGB, which has the same curves, with other primaries."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    (tag_count,) = struct.unpack_from(">I", profile, 128)
    for number in range(tag_count):
        name, offset, _ = struct.unpack_from(">4sII", profile, 132 + 12 * number)
        if name in P3_PRIMARIES:
            fixed = (round(value * 65536) for value in P3_PRIMARIES[name])
            struct.pack_into(">3i", profile, offset + 8, *fixed)
    return bytes(profile)


def _photo(  # noqa: PLR0917 - a camera
    folder: Path,
    sight: str,
    name: str,
    stored_width: int,
    stored_height: int,
    orientation: int,
    is_p3: bool,  # noqa: FBT001 - a camera's
    profile: bytes,
) -> WorldPhoto:
    is_on_its_side = orientation in (6, 8)
    size = (stored_height, stored_width) if is_on_its_side else (stored_width, stored_height)
    dice = random.Random(name)  # noqa: S311 - no secret
    clouds = np.random.default_rng(dice.randrange(2**32)).integers(70, 220, (9, 12), dtype=np.uint8)
    grey = Image.fromarray(clouds).resize(size, Image.Resampling.BICUBIC)
    shown = Image.merge("RGB", (grey, grey, grey))
    x1, y1 = round(size[0] * dice.uniform(0.1, 0.4)), round(size[1] * dice.uniform(0.1, 0.4))
    x2, y2 = (
        x1 + round(size[0] * dice.uniform(0.3, 0.5)),
        y1 + round(size[1] * dice.uniform(0.3, 0.5)),
    )
    ImageDraw.Draw(shown).rectangle((x1, y1, x2 - 1, y2 - 1), fill=COLOURS[sight])
    mask = Image.new("L", size)
    mask.paste(255, (x1, y1, x2, y2))
    if is_p3:
        ImageCms.profileToProfile(
            shown, ImageCms.createProfile("sRGB"), io.BytesIO(profile), inPlace=True
        )
    if orientation in BACK:
        shown, mask = shown.transpose(BACK[orientation]), mask.transpose(BACK[orientation])
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    exif.get_ifd(IFD.GPSInfo).update({1: "N", 2: (36.0, 43.0, 12.0), 3: "W", 4: (4.0, 25.0, 1.0)})
    shown.save(folder / name, quality=92, exif=exif, icc_profile=profile if is_p3 else None)
    corners = mask.getbbox()
    assert corners is not None
    return WorldPhoto(
        name, folder / name, stored_width, stored_height, (WorldBox(sight, *corners),)
    )
