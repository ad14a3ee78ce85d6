"""The perceptual hash: 256 bits that copies of a photo share, and different photos do not.

Like pHash it compares the low frequencies of the picture with their median, but it takes half of
its bits from the colours: there are more low frequencies in three channels than in one, and the
lower a frequency, the less a crop moves it. docs/decisions/0005-near-duplicates.md has the figures.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightscan.photo_colour import flatten_on_white

HASH_BITS = 256
# The picture is looked at in so many pixels each way.
HASHED_SIDE_PIXELS = 32
LUMA_BITS = 128
CHROMA_BITS = (HASH_BITS - LUMA_BITS) // 2
# Below this deviation (of 255 levels) colours are the camera's noise, and their bits are chance.
# All grey photos would share them, so grey photos have more bits of luma instead.
MIN_COLOUR_DEVIATION = 2.0
# Differences below the arithmetic's own noise are none: a plain picture has a hash of zeros.
DECIMALS = 3

Channel = NDArray[np.float64]


def perceptual_hash(image: Image.Image) -> bytes:
    """Return the 256-bit hash of an upright picture (32 bytes)."""
    luma, *chroma = _channels(image)
    frequencies = _low_frequencies(luma, HASH_BITS)
    if max(float(plane.std()) for plane in chroma) < MIN_COLOUR_DEVIATION:
        parts = [frequencies[:LUMA_BITS], frequencies[LUMA_BITS:]]
    else:
        parts = [frequencies[:LUMA_BITS]]
        parts += [_low_frequencies(plane, CHROMA_BITS) for plane in chroma]
    return np.packbits(np.concatenate([part > np.median(part) for part in parts])).tobytes()


def _channels(image: Image.Image) -> list[Channel]:
    """Return luma, Cb and Cr, each of 32 x 32 pixels."""
    plain = image if image.mode in {"L", "RGB", "RGBA"} else flatten_on_white(image)
    # Large pictures are first reduced by whole factors: much faster, and no bit changes by it.
    size = (HASHED_SIDE_PIXELS, HASHED_SIDE_PIXELS)
    small = plain.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    split = flatten_on_white(small).convert("YCbCr").split()
    return [np.asarray(channel, dtype=np.float64) for channel in split]


def _cosines() -> Channel:
    """Return the matrix of the discrete cosine transform (type II, orthonormal)."""
    frequency, pixel = np.indices((HASHED_SIDE_PIXELS, HASHED_SIDE_PIXELS))
    waves = np.cos(np.pi * frequency * (2 * pixel + 1) / (2 * HASHED_SIDE_PIXELS))
    scale = np.sqrt(np.where(frequency == 0, 1, 2) / HASHED_SIDE_PIXELS)
    return np.asarray(waves * scale, dtype=np.float64)


def _lowest_first() -> NDArray[np.intp]:
    """Return the places of the frequencies in the flat transform; brightness, the first, is out."""
    down, across = np.indices((HASHED_SIDE_PIXELS, HASHED_SIDE_PIXELS))
    return np.lexsort((down.ravel(), (down + across).ravel()))[1:]


COSINES = _cosines()
LOWEST_FIRST = _lowest_first()


def _low_frequencies(channel: Channel, count: int) -> Channel:
    transform = COSINES @ channel @ COSINES.T
    return np.round(transform.ravel()[LOWEST_FIRST[:count]], DECIMALS)
