"""Read what the API of Wikimedia Commons says of a category's files: no I/O here.

https://www.mediawiki.org/wiki/API:Imageinfo and https://commons.wikimedia.org/wiki/Commons:API.

A file that is gone or hidden comes without what describes it, under `missing`, `filemissing` or
`filehidden`, as MediaWiki's ApiPageSet and ApiQueryImageInfo write them.
"""

from collections.abc import Mapping
from typing import Any

from sightscan.city import Place
from sightscan.crawl.sources.source import (
    HIDDEN,
    MISSING,
    LeftOutError,
    day_in,
    photo_address,
    text_in,
)
from sightscan.licences import licence_id
from sightscan.plain_text import one_line, plain_text, web_address
from sightscan.warehouse.photos.identity import COMMONS, identifiers_of, read_identifier
from sightscan.warehouse.photos.photos import Attribution, RejectedPhoto

SOURCE = "wikimedia_commons"
# One of the widths that Wikimedia allows; Google Vision needs no more, nor does a detector.
THUMBNAIL_WIDTH_PIXELS = 960
PHOTO_TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})
METADATA = ("LicenseShortName", "LicenseUrl", "Artist", "ObjectName", "DateTimeOriginal")


def read_page(
    page: Mapping[str, Any], query: str, min_side_pixels: int
) -> Attribution | RejectedPhoto:
    """Return what to fetch for a page of a category, or why not.

    Raises:
        LeftOutError: its file is gone, or hidden from the public.
        ArithmeticError, AttributeError, LookupError, TypeError, ValueError: it is not described as
            documented.

    """
    # A description may be missing where the file is there.
    if not page.get("imageinfo") and (_says(page, "missing") or page.get("imagerepository") == ""):
        raise LeftOutError(MISSING)
    info = page["imageinfo"][0]
    for flag, reason in (("filemissing", MISSING), ("filehidden", HIDDEN)):
        if _says(info, flag):
            raise LeftOutError(reason)
    url = photo_address(info.get("thumburl") or info.get("url"))
    identifiers = _identifiers(page, url)
    if (media_type := text_in(info, "mime")) not in PHOTO_TYPES:
        return RejectedPhoto(url, SOURCE, "unsupported_type", plain_text(media_type), identifiers)
    width, height = int(info["width"]), int(info["height"])
    if min(width, height) < min_side_pixels:
        seen = f"{width} x {height}, at least {min_side_pixels} each"
        return RejectedPhoto(url, SOURCE, "too_small", seen, identifiers)
    metadata = info.get("extmetadata") or {}
    licence_url = web_address(_value(metadata, "LicenseUrl"))
    return Attribution(
        url=url,
        page_url=web_address(info.get("descriptionurl")),
        source=SOURCE,
        licence=licence_id(plain_text(_value(metadata, "LicenseShortName")), licence_url),
        licence_url=licence_url,
        author=plain_text(_value(metadata, "Artist")),
        title=plain_text(text_in(page, "title").removeprefix("File:")),
        query=query,
        identifiers=identifiers,
        taken_on=day_in(_value(metadata, "DateTimeOriginal")),
        camera=_camera(page.get("coordinates")),
    )


def _camera(coordinates: object) -> Place | None:
    """Return where a photo was taken: the primary place of its page, from `{{Location}}` or from EXIF.

    https://www.mediawiki.org/wiki/Extension:GeoData; what stands on it (`type:object`) is another place.
    A place that is odd is none: the photo is worth having without.
    """
    for place in coordinates if isinstance(coordinates, list) else ():
        if not isinstance(place, Mapping) or not _says(place, "primary"):
            continue
        latitude, longitude = place.get("lat"), place.get("lon")
        is_camera = place.get("type") in (None, "camera") and place.get("globe") in (None, "earth")
        if is_camera and isinstance(latitude, int | float) and isinstance(longitude, int | float):
            camera = Place(latitude, longitude)
            # 0, 0 is what devices say that know none.
            if camera.is_on_earth and (latitude, longitude) != (0, 0):
                return camera
    return None


def _says(described: Mapping[str, Any], flag: str) -> bool:
    """Tell whether a flag is set: `true`, or in the old format an empty text."""
    return described.get(flag, False) not in (False, None)


def _value(metadata: object, name: str) -> object:
    found = metadata.get(name) if isinstance(metadata, Mapping) else None
    return found.get("value") if isinstance(found, Mapping) else None


def _identifiers(page: Mapping[str, Any], url: str) -> tuple[str, ...]:
    title = page.get("title")
    names = (
        read_identifier(f"{COMMONS}{page.get('pageid')}"),
        read_identifier(one_line(title)) if isinstance(title, str) else None,
        *identifiers_of(url),
    )
    return tuple(dict.fromkeys(name for name in names if name))
