"""Photos of the warehouse for the pages: upright, scaled down, as JPEG."""

import io
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Response
from PIL import Image, ImageOps

from sightscan.decoding import BUDGET
from sightscan.pages.staff import Viewer
from sightscan.pages.warehouse import open_warehouse
from sightscan.photo_colour import BROKEN
from sightscan.warehouse.labels.reviews import read_photo

SHOWN_JPEG_QUALITY = 82
# A photo that is taken down is gone from the browsers, too, after as long.
BROWSER_KEEP_SECONDS = 600

router = APIRouter(prefix="/photos")


@router.get("/{sha256}.jpeg")
def show_photo(
    _: Viewer,
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
    side: Annotated[int, Query(ge=64, le=1600)] = 1280,
) -> Response:
    """Return a photo with at most `side` pixels on its longest side."""
    with open_warehouse() as connection:
        content = read_photo(connection, bytes.fromhex(sha256))
    if content is None:
        raise HTTPException(404, f"no photo {sha256}: it was never here, or was taken down")
    return Response(
        scale_down(content, side),
        media_type="image/jpeg",
        headers={"Cache-Control": f"private, max-age={BROWSER_KEEP_SECONDS}"},
    )


def scale_down(content: bytes, side: int) -> bytes:
    """Return the photo as JPEG, upright as it was sent to be labelled, never larger than it is."""
    stream = io.BytesIO()
    try:
        with Image.open(io.BytesIO(content)) as image:
            # A JPEG is decoded at a half or a quarter of its size where that is enough.
            image.draft("RGB", (side, side))
            with BUDGET.taking(image.width * image.height):
                upright = ImageOps.exif_transpose(image).convert("RGB")
                upright.thumbnail((side, side))
    except BROKEN as error:
        raise HTTPException(422, f"the photo cannot be decoded: {error}") from error
    upright.save(stream, "JPEG", quality=SHOWN_JPEG_QUALITY)
    return stream.getvalue()
