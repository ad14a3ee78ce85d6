"""Bing's image search, by icrawler's feeder and parser."""

from urllib.parse import quote_plus

from icrawler.builtin.bing import BingFeeder, BingParser

from sightscan.crawl.sources.search_page import SearchPageSource


class BingSource(SearchPageSource):
    """States no licence, so that under the open policy nothing of it is kept."""

    name = "bing"
    feeder_class = BingFeeder
    parser_class = BingParser

    @property
    def search_url(self) -> str:
        """Return where the search is."""
        return self.config.bing_images_url

    def _keyword(self, words: str) -> str:
        """Return the words quoted: the feeder puts them into an address as they are."""
        return quote_plus(words)
