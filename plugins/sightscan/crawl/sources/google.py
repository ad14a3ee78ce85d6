"""Google's image search: a script of the page holds each picture as an address with its size."""

import json
import re

from icrawler.builtin.google import GoogleFeeder

from sightscan.crawl.sources.search_page import SearchPageSource

# ["https://a.example/tower.jpg",480,640]; other addresses belong to the page itself.
_RESULT = re.compile(r'\[("https?:[^"\s\[\]]*"),[0-9]{1,6},[0-9]{1,6}\]')
# Beside each picture is a thumbnail of Google's.
THUMBNAIL_HOST = "gstatic.com/"


class GoogleSource(SearchPageSource):
    """States no licence, so that under the open policy nothing of it is kept."""

    name = "google"
    feeder_class = GoogleFeeder

    @property
    def search_url(self) -> str:
        """Return where the search is."""
        return self.config.google_images_url

    def results_in(self, body: bytes) -> list[str]:
        """Return the addresses of pictures, each a string of JSON."""
        return [
            found
            for found in _RESULT.findall(body.decode("utf-8", "replace"))
            if THUMBNAIL_HOST not in found
        ]

    def address_of(self, result: str) -> str:
        """Return the address, in which the page escapes some characters."""
        return str(json.loads(result))
