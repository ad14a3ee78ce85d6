"""Read what the API of Wikimedia Commons says of a category's files: no I/O here.

https://www.mediawiki.org/wiki/API:Imageinfo and https://commons.wikimedia.org/wiki/Commons:API.
"""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

from sightscan.crawl.sources.licences import licence_id
from sightscan.warehouse.photos.photos import Attribution, RejectedPhoto
from sightscan.warehouse.text import clean_text

SOURCE = "wikimedia_commons"
# One of the widths that Wikimedia allows; Google Vision needs no more, nor does a detector.
THUMBNAIL_WIDTH_PIXELS = 960
PHOTO_TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})
METADATA = ("LicenseShortName", "LicenseUrl", "Artist", "ObjectName")
_TAG = re.compile(r"<[^>]*>")
_HIDDEN = re.compile(
    r"<(style|script)\b.*?</\1\s*>|<[^>]*display\s*:\s*none.*?</[^>]*>", re.IGNORECASE | re.DOTALL
)


def read_page(
    page: Mapping[str, Any], query: str, min_side_pixels: int
) -> Attribution | RejectedPhoto | None:
    """Return what to fetch for a page of a category, or why not; None if it is not a file.

    Raises:
        KeyError, TypeError: it is a file, but not described as documented.

    """
    infos = page.get("imageinfo")
    if not infos:
        # A title whose file is missing (deleted a moment ago) has no imageinfo.
        return None
    info = infos[0]
    url = clean_text(info.get("thumburl") or info["url"])
    if info["mime"] not in PHOTO_TYPES:
        return RejectedPhoto(url, SOURCE, "unsupported_type", clean_text(info["mime"]))
    width, height = int(info["width"]), int(info["height"])
    if min(width, height) < min_side_pixels:
        seen = f"{width} x {height}, at least {min_side_pixels} each"
        return RejectedPhoto(url, SOURCE, "too_small", seen)
    metadata = info.get("extmetadata") or {}
    licence_url = _text(metadata, "LicenseUrl")
    return Attribution(
        url=url,
        page_url=clean_text(info["descriptionurl"]),
        source=SOURCE,
        licence=licence_id(_text(metadata, "LicenseShortName"), licence_url),
        licence_url=licence_url,
        author=_text(metadata, "Artist"),
        title=clean_text(page["title"]).removeprefix("File:"),
        query=query,
    )


def without_html(text: str) -> str:
    """Return the text of a piece of HTML on one line."""
    return " ".join(clean_text(unescape(_TAG.sub(" ", _HIDDEN.sub(" ", text)))).split())


def _text(metadata: Mapping[str, Any], name: str) -> str | None:
    found = metadata.get(name)
    if not isinstance(found, Mapping):
        return None
    return without_html(str(found.get("value", ""))) or None
