"""Read what the API of Wikimedia Commons says of a category's files: no I/O here.

https://www.mediawiki.org/wiki/API:Imageinfo and https://commons.wikimedia.org/wiki/Commons:API.

A file that is gone or hidden comes without what describes it, under `missing`, `filemissing` or
`filehidden`, as MediaWiki's ApiPageSet and ApiQueryImageInfo write them.
"""

from collections.abc import Mapping
from typing import Any

from sightscan.crawl.sources.licences import licence_id
from sightscan.crawl.sources.source import HIDDEN, MISSING, LeftOutError, text_in
from sightscan.plain_text import plain_text, web_address
from sightscan.warehouse.photos.identity import commons_file, commons_page, identifiers_of
from sightscan.warehouse.photos.photos import Attribution, RejectedPhoto
from sightscan.warehouse.text import clean_text

SOURCE = "wikimedia_commons"
# One of the widths that Wikimedia allows; Google Vision needs no more, nor does a detector.
THUMBNAIL_WIDTH_PIXELS = 960
PHOTO_TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})
METADATA = ("LicenseShortName", "LicenseUrl", "Artist", "ObjectName")


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
    url = clean_text(info.get("thumburl") or text_in(info, "url"))
    identifiers = _identifiers(page, url)
    if (media_type := text_in(info, "mime")) not in PHOTO_TYPES:
        return RejectedPhoto(url, SOURCE, "unsupported_type", clean_text(media_type), identifiers)
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
    )


def _says(described: Mapping[str, Any], flag: str) -> bool:
    """Tell whether a flag is set: `true`, or in the old format an empty text."""
    return described.get(flag, False) not in (False, None)


def _value(metadata: object, name: str) -> object:
    found = metadata.get(name) if isinstance(metadata, Mapping) else None
    return found.get("value") if isinstance(found, Mapping) else None


def _identifiers(page: Mapping[str, Any], url: str) -> tuple[str, ...]:
    title = page.get("title")
    names = (
        *([commons_page(page["pageid"])] if page.get("pageid") else ()),
        *([commons_file(clean_text(title))] if isinstance(title, str) else ()),
        *identifiers_of(url),
    )
    return tuple(dict.fromkeys(names))
