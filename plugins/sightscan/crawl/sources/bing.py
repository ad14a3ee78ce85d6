"""Bing's image search: each result is a link with a description of itself, in JSON."""

import json
from collections.abc import Mapping
from urllib.parse import quote_plus

from icrawler.builtin.bing import BingFeeder

from sightscan.crawl.sources.search_page import SearchPageSource
from sightscan.crawl.sources.source import text_in
from sightscan.plain_text import ShownText, feed_html

# The class of a result's link.
RESULT_CLASS = "iusc"


class BingSource(SearchPageSource):
    """States no licence, so that under the open policy nothing of it is kept."""

    name = "bing"
    feeder_class = BingFeeder

    @property
    def search_url(self) -> str:
        """Return where the search is."""
        return self.config.bing_images_url

    def results_in(self, body: bytes) -> list[str]:
        """Return the description of each result, in JSON."""
        results = _Results()
        feed_html(body, results)
        return results.found

    def address_of(self, result: str) -> str:
        """Return the address of the original; `turl` beside it is a thumbnail of Bing's."""
        return text_in(json.loads(result), "murl")

    def _keyword(self, words: str) -> str:
        """Return the words quoted: the feeder puts them into an address as they are."""
        return quote_plus(words)


class _Results(ShownText):
    """Collects the descriptions of results."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        super().start(tag, attributes)
        if RESULT_CLASS in attributes.get("class", "").split():
            self.found.append(attributes.get("m", ""))
