"""Google's image search, by icrawler's feeder and parser."""

from icrawler.builtin.google import GoogleFeeder, GoogleParser

from sightscan.crawl.sources.search_page import SearchPageSource


class GoogleSource(SearchPageSource):
    """States no licence, so that under the open policy nothing of it is kept."""

    name = "google"
    feeder_class = GoogleFeeder
    parser_class = GoogleParser

    @property
    def search_url(self) -> str:
        """Return where the search is."""
        return self.config.google_images_url
