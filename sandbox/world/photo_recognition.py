"""Recognise a world's photo by its content, whatever a client did to the file.

Google looks at pictures, not at file names. A pipeline may scale a photo or save it again before it
is sent, so a photo is found first by its bytes and then by its perceptual hash.
"""

import hashlib
import io
from dataclasses import dataclass
from functools import cached_property

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image

from sandbox.world.photo_copies import PhotoCopy, near_copies_of
from sandbox.world.upright import upright
from sandbox.world.world import World, WorldBox

HASH_SIDE = 16
# Of 256 bits. Scaling and recompressing changed up to 6 of them on 148 real photos; the photo most
# like another one differed in 66.
MAX_DIFFERENT_BITS = 40
DRAFT_SIDE = 128


@dataclass(frozen=True)
class KnownPicture:
    """What is on a picture: boxes in pixels of a picture of this size; `key` is its identity."""

    key: str
    width: int
    height: int
    boxes: tuple[WorldBox, ...]


class PhotoRecogniser:
    """The memory of all photos of a world and of the near-copies that the stand-ins show."""

    def __init__(self, world: World) -> None:
        self._world = world

    def recognise(self, content: bytes, picture: Image.Image) -> KnownPicture | None:
        """Return the known photo that `content`, opened as `picture`, shows, or None."""
        known = self._by_sha256.get(hashlib.sha256(content).hexdigest())
        if known is not None:
            return known
        pictures, hashes = self._index
        differences = np.bitwise_count(hashes ^ perceptual_bits(picture)).sum(axis=1)
        nearest = int(differences.argmin())
        return pictures[nearest] if differences[nearest] <= MAX_DIFFERENT_BITS else None

    @cached_property
    def _by_sha256(self) -> dict[str, KnownPicture]:
        found: dict[str, KnownPicture] = {}
        of_photo: dict[str, KnownPicture] = {}
        for photo in self._world.photos:
            digest = hashlib.sha256(photo.path.read_bytes()).hexdigest()
            picture = KnownPicture(digest, photo.width, photo.height, tuple(photo.boxes))
            found[digest] = of_photo[photo.file] = picture
        for copy in self._copies:
            digest = hashlib.sha256(copy.content).hexdigest()
            found[digest] = (
                KnownPicture(digest, copy.width, copy.height, copy.boxes)
                if copy.is_cropped
                else of_photo[copy.original.file]
            )
        return found

    @cached_property
    def _index(self) -> tuple[list[KnownPicture], npt.NDArray[np.uint8]]:
        """Return all pictures, and their hashes as one row of packed bits each."""
        contents = [photo.path.read_bytes() for photo in self._world.photos]
        # A recompressed copy is as good as its photo; a cropped one has boxes of its own.
        contents += [copy.content for copy in self._copies if copy.is_cropped]
        pictures = [self._by_sha256[hashlib.sha256(content).hexdigest()] for content in contents]
        return pictures, np.stack([_bits_of(content) for content in contents])

    @cached_property
    def _copies(self) -> list[PhotoCopy]:
        return [copy for sight in self._world.sights for copy in near_copies_of(self._world, sight)]


def perceptual_bits(picture: Image.Image) -> npt.NDArray[np.uint8]:
    """Return the packed bits of the perceptual hash of a picture, upright: shape (32,), uint8."""
    picture.draft(
        "L", (DRAFT_SIDE, DRAFT_SIDE)
    )  # JPEG decodes to a small size several times as fast
    return np.packbits(imagehash.phash(upright(picture), hash_size=HASH_SIDE).hash)


def _bits_of(content: bytes) -> npt.NDArray[np.uint8]:
    with Image.open(io.BytesIO(content)) as picture:
        return perceptual_bits(picture)
