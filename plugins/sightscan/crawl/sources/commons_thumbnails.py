"""Ask Wikimedia Commons where it has scaled copies of its files: their addresses are its own affair.

https://www.mediawiki.org/wiki/API:Imageinfo: at most 50 pages a request, 50 thumbnails an answer, and
`continue` where there are more.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sightscan.crawl.fetch.fetcher import Fetcher
from sightscan.crawl.sources.commons_answers import THUMBNAIL_WIDTH_PIXELS
from sightscan.crawl.sources.source import UNREADABLE, photo_address
from sightscan.errors import ServiceError
from sightscan.http_judges import judge_mediawiki
from sightscan.plain_text import one_line

MAX_PAGES_A_REQUEST = 50


def ask_thumbnails(fetcher: Fetcher, api_url: str, page_ids: Sequence[str]) -> dict[str, str]:
    """Return the address of a scaled copy of each file that Commons still has, by its page's id.

    Raises:
        ServiceError: Commons does not answer, or not what is documented.

    """
    found: dict[str, str] = {}
    for start in range(0, len(page_ids), MAX_PAGES_A_REQUEST):
        asked = {
            "action": "query",
            "format": "json",
            "formatversion": "2",
            "pageids": "|".join(page_ids[start : start + MAX_PAGES_A_REQUEST]),
            "prop": "imageinfo",
            "iiprop": "url",
            "iiurlwidth": str(THUMBNAIL_WIDTH_PIXELS),
        }
        while (
            going_on := _read(fetcher.json(api_url, asked, judge_mediawiki), found)
        ).items() - asked.items():
            asked |= going_on
    return found


def _read(answer: Mapping[str, Any], found: dict[str, str]) -> dict[str, str]:
    """Add the addresses of an answer; return how to go on. An odd record costs only itself."""
    problem: Exception | None = None
    try:
        for page in answer["query"]["pages"]:
            try:
                _add(page, found)
            except UNREADABLE as error:
                problem = problem or error
        going_on = {name: str(value) for name, value in answer.get("continue", {}).items()}
    except (AttributeError, KeyError, TypeError) as error:
        problem, found, going_on = error, {}, {}
    if problem is not None and not found:
        said = one_line(str(answer.get("error", answer))[:200])
        msg = f"Commons names no thumbnails ({type(problem).__name__}: {problem}): {said}"
        raise ServiceError(msg) from problem
    return going_on


def _add(page: Mapping[str, Any], found: dict[str, str]) -> None:
    for info in page.get("imageinfo", ()):
        # A file that is gone or hidden has no address.
        if not info.keys() & {"filehidden", "filemissing"}:
            found[str(page["pageid"])] = photo_address(info.get("thumburl") or info["url"])
