"""Make the copies of photos that the internet is full of: recompressed, cropped, mirrored, cut off.

Both the Commons stand-in (which shows them) and the Vision stand-in (which must still recognise
what is on them) make them here, so both speak of the same bytes.
"""

import io
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageOps

from sandbox.world.upright import upright
from sandbox.world.world import World, WorldBox, WorldPhoto

CROPPED_FRACTION = 0.03
THUMBNAIL_QUALITY = 82


@dataclass(frozen=True)
class PhotoCopy:
    """A near-copy of a photo: JPEG bytes, size in pixels, and the boxes moved with the crop."""

    original: WorldPhoto
    content: bytes
    width: int
    height: int
    boxes: tuple[WorldBox, ...]

    @property
    def is_cropped(self) -> bool:
        """Whether something of the original is missing, so that its boxes are other ones."""
        return (self.width, self.height) != (self.original.width, self.original.height)


def near_copies_of(world: World, sight: str) -> tuple[PhotoCopy, ...]:
    """Return the near-copies that go round of a sight: one recompressed, one cropped."""
    photos = world.photos_of(sight)
    return recompressed(photos[0]), cropped(photos[1 % len(photos)])


def recompressed(photo: WorldPhoto, quality: int = 55) -> PhotoCopy:
    """Return the same picture, saved again at a low quality."""
    content = _jpeg(_opened(photo), quality)
    return PhotoCopy(photo, content, photo.width, photo.height, tuple(photo.boxes))


def cropped(photo: WorldPhoto, fraction: float = CROPPED_FRACTION) -> PhotoCopy:
    """Return the picture without a strip at its left and at its top."""
    left, top = round(photo.width * fraction), round(photo.height * fraction)
    content = _jpeg(_opened(photo).crop((left, top, photo.width, photo.height)), 88)
    boxes = tuple(
        WorldBox(
            box.sight, max(0, box.x1 - left), max(0, box.y1 - top), box.x2 - left, box.y2 - top
        )
        for box in photo.boxes
    )
    return PhotoCopy(photo, content, photo.width - left, photo.height - top, boxes)


def mirrored(photo: WorldPhoto) -> bytes:
    """Return JPEG bytes of the picture, left and right exchanged."""
    return _jpeg(ImageOps.mirror(_opened(photo)), 88)


def truncated(photo: WorldPhoto) -> bytes:
    """Return the first third of the file, as after a broken upload."""
    content = photo.path.read_bytes()
    return content[: len(content) // 3]


def scaled(content: bytes, width: int) -> bytes:
    """Return a picture scaled to `width` pixels, as JPEG or, if it may be transparent, PNG.

    As MediaWiki does it: upright, without EXIF, with its colour profile.
    """
    with Image.open(io.BytesIO(content)) as picture:
        picture.draft("RGB", (width * 2, width * 2))
        keeps_alpha = picture.format == "PNG"
        turned = upright(picture)
        height = max(1, round(turned.height * width / turned.width))
        smaller = _converted(turned, "RGBA" if keeps_alpha else "RGB").resize((width, height))
    if keeps_alpha:
        buffer = io.BytesIO()
        smaller.save(buffer, "PNG")
        return buffer.getvalue()
    return _jpeg(smaller, THUMBNAIL_QUALITY)


def icon(width: int, height: int, colour: str) -> bytes:
    """Return a PNG of a plain disc."""
    picture = Image.new("RGBA", (width, height))
    ImageDraw.Draw(picture).ellipse((1, 1, width - 2, height - 2), fill=colour)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _opened(photo: WorldPhoto) -> Image.Image:
    with Image.open(photo.path) as picture:
        return _converted(upright(picture), "RGB")


def _converted(picture: Image.Image, mode: str) -> Image.Image:
    """Return a picture in a mode; the profile of another kind of pixels does not stay with it."""
    converted = picture.convert(mode)
    if not picture.mode.startswith("RGB"):
        converted.info.pop("icc_profile", None)
    return converted


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, icc_profile=picture.info.get("icc_profile"))
    return buffer.getvalue()
