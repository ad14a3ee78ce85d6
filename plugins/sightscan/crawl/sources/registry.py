"""All sources by the names that PHOTO_SOURCES uses; a new source is one more line here."""

from collections.abc import Sequence

from sightscan.city import City, Sight
from sightscan.crawl.fetch.fetcher import Fetcher
from sightscan.crawl.sources.bing import BingSource
from sightscan.crawl.sources.flickr import FlickrSource
from sightscan.crawl.sources.google import GoogleSource
from sightscan.crawl.sources.local_folder import LocalFolderSource
from sightscan.crawl.sources.openverse import OpenverseSource
from sightscan.crawl.sources.source import PhotoSource
from sightscan.crawl.sources.wikimedia_commons import WikimediaCommonsSource
from sightscan.settings import Settings

SOURCES: dict[str, type[PhotoSource]] = {
    source.name: source
    for source in (
        WikimediaCommonsSource,
        OpenverseSource,
        FlickrSource,
        GoogleSource,
        BingSource,
        LocalFolderSource,
    )
}


def open_source(
    name: str,
    config: Settings,
    fetcher: Fetcher,
    city: City,
    sight: Sight,
    *,
    sights: Sequence[Sight] = (),
) -> PhotoSource:
    """Return a source, ready to be asked about a sight; the settings know no other names."""
    return SOURCES[name](config, fetcher, city, sight, sights=sights)
