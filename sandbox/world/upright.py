"""Turn pictures upright, and boxes with them: cameras store a photo as it came, and how to turn it.

The manifest of a world may mean its boxes on either picture, which its sizes tell. MediaWiki and
Vision speak of the upright one, as browsers show it; so does a `World`.
"""

import struct
from collections.abc import Callable

from PIL import Image
from PIL.ExifTags import Base

Size = tuple[int, int]
Corners = tuple[float, float, float, float]

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
FIRST_ON_ITS_SIDE = 5
# Where a point of a stored picture (its width, height, x, y) is on the upright one.
_MOVES: dict[int, Callable[[float, float, float, float], tuple[float, float]]] = {
    2: lambda width, _, x, y: (width - x, y),
    3: lambda width, height, x, y: (width - x, height - y),
    4: lambda _, height, x, y: (x, height - y),
    5: lambda _, __, x, y: (y, x),
    6: lambda _, height, x, y: (height - y, x),
    7: lambda width, height, x, y: (height - y, width - x),
    8: lambda width, _, x, y: (y, width - x),
}


def orientation_of(image: Image.Image) -> int:
    """Return EXIF's orientation, 1 to 8; 1, upright, where there is none or it is rubbish."""
    try:
        value = image.getexif().get(Base.Orientation)
    except (OSError, SyntaxError, ValueError, LookupError, TypeError, struct.error):
        return 1
    return value if value in TURNS else 1


def upright(image: Image.Image) -> Image.Image:
    """Return a picture as it is shown; its profile stays with it."""
    turn = TURNS.get(orientation_of(image))
    return image if turn is None else image.transpose(turn)


def upright_size(size: Size, orientation: int) -> Size:
    """Return the size of a picture when it is turned."""
    return (size[1], size[0]) if orientation >= FIRST_ON_ITS_SIDE else size


def upright_corners(corners: Corners, size: Size, orientation: int) -> Corners:
    """Return x1, y1, x2, y2 on the upright picture of a box on the stored one of this size."""
    move = _MOVES.get(orientation)
    if move is None:
        return corners
    (ax, ay), (bx, by) = (move(*size, x, y) for x, y in (corners[:2], corners[2:]))
    return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)
