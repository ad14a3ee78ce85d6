"""The page that shows what crawls kept as pictures, and what they left out, with its reasons."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import HTMLResponse

from sightscan.errors import WarehouseError
from sightscan.pages.navigation import page_of
from sightscan.pages.staff import Text, Viewer
from sightscan.pages.warehouse import open_warehouse
from sightscan.warehouse.photos.gallery import (
    PageEnd,
    count_crawled_photos,
    list_kept_photos,
    list_left_out_photos,
)
from sightscan.warehouse.registry.cities import find_city, list_cities
from sightscan.warehouse.takedowns.takedowns import Subjects, find_photos, read_subjects

MAX_PHOTOS_AT_ONCE = 120
MAX_PHOTOS_LEFT_OUT = 500

router = APIRouter(prefix="/gallery")

SightId = Annotated[int | None, Query(ge=1, lt=2**63)]


@router.get("/")
def show_page(_: Viewer) -> HTMLResponse:
    """Return the page."""
    return HTMLResponse(page_of("gallery"), headers={"Cache-Control": "no-cache"})


@router.get("/start")
def start(_: Viewer) -> dict[str, Any]:
    """Return the cities."""
    with open_warehouse() as connection:
        cities = list_cities(connection)
    return {"cities": [{"slug": city.slug, "name": city.name} for city in cities]}


@router.get("/counts")
def count(_: Viewer, city: Text) -> dict[str, Any]:
    """Return how many photos of each sight were kept, and left out for which reason."""
    with open_warehouse() as connection:
        counts = count_crawled_photos(connection, find_city(connection, city).city_id)
    return {"counts": [asdict(each) for each in counts]}


@router.get("/kept")
def list_kept(  # noqa: PLR0917 - each is a part of the address
    _: Viewer,
    city: Text,
    sight_id: SightId = None,
    photo: Text | None = None,
    after_recorded_at: datetime | None = None,
    after_sha256: Annotated[str | None, Query(pattern="^[0-9a-f]{64}$")] = None,
    after_sight_id: SightId = None,
    most: Annotated[int, Query(ge=1, le=MAX_PHOTOS_AT_ONCE)] = 60,
) -> dict[str, Any]:
    """Return the next photos that were kept, the newest first; or one by whatever it is known by."""
    subjects = None if photo is None else _read_subjects(photo)
    after = None
    if after_recorded_at is not None and after_sha256 is not None and after_sight_id is not None:
        after = PageEnd(after_recorded_at, bytes.fromhex(after_sha256), after_sight_id)
    with open_warehouse() as connection:
        city_id = find_city(connection, city).city_id
        sha256s = None if subjects is None else find_photos(connection, subjects)
        photos = list_kept_photos(
            connection, city_id, sight_id=sight_id, sha256s=sha256s, after=after, most=most
        )
    return {"photos": [asdict(kept) | {"sha256": kept.sha256.hex()} for kept in photos]}


def _read_subjects(photo: str) -> Subjects:
    try:
        return read_subjects([photo.strip()])
    except WarehouseError as error:
        raise HTTPException(422, str(error)) from error


@router.get("/left-out")
def list_left_out(
    _: Viewer, city: Text, sight_id: SightId = None, reason: Text | None = None
) -> dict[str, Any]:
    """Return the newest photos that were not kept."""
    with open_warehouse() as connection:
        city_id = find_city(connection, city).city_id
        photos = list_left_out_photos(
            connection, city_id, sight_id=sight_id, reason=reason, most=MAX_PHOTOS_LEFT_OUT
        )
    return {"photos": [asdict(photo) for photo in photos], "most": MAX_PHOTOS_LEFT_OUT}
