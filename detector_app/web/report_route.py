"""What a person says was wrong: `POST /api/report`, with the photo that it was seen on.

The page tells what is sent before it is. Here the photo becomes small and loses whatever came with it, and
faces and number plates in it are blurred, before anything is stored; the answer has the picture as it was
stored. What is stored is bounded, by client and for all, since nobody logs in.
"""

import base64
from functools import partial
from typing import Annotated, Any, Final, Literal
from uuid import uuid4

from pydantic import BaseModel, Field, ValidationError, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from detector_app.catalogue import City
from detector_app.errors import AppError, PhotoRefused, ServerBusy
from detector_app.photos.stored_photo import StoredPhoto, prepare_photo
from detector_app.resources import current_catalogue
from detector_app.settings import read_settings
from detector_app.warehouse import Warehouse
from detector_app.web.answers import refuse
from detector_app.web.limits import RateLimit, client_of
from detector_app.web.photo_bodies import refuse_hurry, work_on_photo

# What the page sends has 1,280 pixels at most.
MAX_REPORT_BYTES: Final = 4_000_000
MAX_REPORT_SIDE_PIXELS: Final = 1280
REPORT_JPEG_QUALITY: Final = 80
# The warehouse takes no larger ones.
MAX_STORED_REPORT_BYTES: Final = 1_000_000
# A person on a walk; and of all together some 2,600 a day, most of them of 200 KB. One device alone has
# a quarter of that at most.
REPORTS_PER_SECOND: Final = 1 / 120
REPORTS_AT_ONCE: Final = 5
REPORTS_PER_SECOND_OF_ALL: Final = 0.03
REPORTS_AT_ONCE_OF_ALL: Final = 60
_ALL: Final = "all"

_client_limit = RateLimit(REPORTS_PER_SECOND, REPORTS_AT_ONCE)
_limit_of_all = RateLimit(REPORTS_PER_SECOND_OF_ALL, REPORTS_AT_ONCE_OF_ALL)

Share = Annotated[float, Field(ge=0, le=1)]


class ReportParts(BaseModel):
    """What is said beside the photo; the box in shares of it."""

    city: Annotated[str, Field(max_length=100)]
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    kind: Literal["wrong", "missing"]
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    x1: Share | None = None
    y1: Share | None = None
    x2: Share | None = None
    y2: Share | None = None

    @model_validator(mode="after")
    def _has_a_whole_box_or_none(self) -> "ReportParts":
        corners = (self.x1, self.y1, self.x2, self.y2)
        count = sum(corner is not None for corner in corners)
        if count not in (0, len(corners)) or (self.kind == "wrong" and self.name is None):
            msg = "a box has four corners, and what is wrong has a name"
            raise ValueError(msg)
        return self


async def take_report(request: Request) -> Response:
    """Put what a person reports into the warehouse's inbox."""
    own = "This device reports too often; try again later."
    hurry = refuse_hurry(_client_limit, client_of(request), own)
    if hurry:
        return hurry
    try:
        parts = ReportParts.model_validate(dict(request.query_params))
    except ValidationError as error:
        return refuse(422, f"The report is not whole: {error.error_count()} parts are wrong.")
    city = current_catalogue().find_city(parts.city)
    if city is None or city.city_id is None or city.model is None:
        return refuse(404, "There is no such city.", reason="no_city")
    if parts.name is not None and parts.name not in city.model.class_names:
        return refuse(422, "The detector knows no sight of this name.")
    # What is refused takes no room from others.
    crowd = "Too many people report just now; try again later."
    hurry = refuse_hurry(_limit_of_all, _ALL, crowd, reason="not_stored")
    if hurry:
        return hurry
    return await work_on_photo(request, MAX_REPORT_BYTES, partial(_store, city, parts))


def _store(city: City, parts: ReportParts, content: bytes) -> Response:
    try:
        photo = _prepare(content)
        Warehouse.from_settings(read_settings()).add_report(_row_of(city, parts, photo.content))
    except PhotoRefused as error:
        return refuse(422, str(error), reason="photo")
    except ServerBusy as error:
        return refuse(503, str(error), {"Retry-After": "2"}, reason="busy")
    except AppError:
        # Who asks is not told where the warehouse is.
        return refuse(503, "The report cannot be stored now; try again later.", reason="not_stored")
    stored = {
        "stored": True,
        "picture": base64.b64encode(photo.content).decode(),
        "faces": photo.face_count,
        "plates": photo.plate_count,
    }
    return JSONResponse(stored, 201, headers={"Cache-Control": "no-store"})


def _prepare(content: bytes) -> StoredPhoto:
    photo = prepare_photo(
        content,
        "The photo",
        max_side_pixels=MAX_REPORT_SIDE_PIXELS,
        jpeg_quality=REPORT_JPEG_QUALITY,
    )
    if len(photo.content) > MAX_STORED_REPORT_BYTES:
        raise PhotoRefused(key="refused.report")
    return photo


def _row_of(city: City, parts: ReportParts, photo: bytes) -> dict[str, Any]:
    named = f"named {parts.name}" if parts.name else "no name"
    return {
        "report_id": uuid4(),
        "city_id": city.city_id,
        "model_version": parts.version,
        "kind": parts.kind,
        "class_name": parts.name,
        "x1": parts.x1,
        "y1": parts.y1,
        "x2": parts.x2,
        "y2": parts.y2,
        "message": f"{parts.kind}: {named}",
        "photo": photo,
    }
