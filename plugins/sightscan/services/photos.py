"""Checks of what the crawl asks: catalogues, robots.txt of the photo hosts, photos, their store."""

import hashlib
import os
from collections.abc import Iterable

import httpx

from sightscan.city import Sight
from sightscan.crawl.fetch.fetcher import PhotoRefusedError, PhotoUnavailableError
from sightscan.crawl.fetch.guarded_transport import origin_of
from sightscan.crawl.sources.flickr import LICENCES
from sightscan.crawl.sources.openverse import OpenverseSource
from sightscan.http_judges import judge_flickr
from sightscan.services.check import Check, Probe
from sightscan.services.question import CheckFailedError, CheckSkippedError
from sightscan.services.wikimedia import EIFFEL_TOWER, LONG_NAME, PARIS, SHORT_NAME
from sightscan.warehouse.photos.blobs import delete_objects, open_photo_store, read_object
from sightscan.warehouse.photos.photos import Attribution

MAX_PHOTO_HOSTS = 4
TOWER = Sight(None, PARIS.city_id, "Eiffel Tower", 1, wikidata_id=EIFFEL_TOWER)


def search_openverse(probe: Probe) -> str:
    """Ask for the first page of photos of one sight."""
    _require_source(probe, "openverse")
    source = OpenverseSource(probe.config, probe.fetcher, PARIS, TOWER)
    listing = next(source.listings(next(source.leads())), None)
    found = [] if listing is None else [each for each in listing.found if _is_photo(each)]
    probe.found_photos.extend(each for each in found if isinstance(each, Attribution))
    if not found:
        msg = "no photo of the Eiffel Tower"
        raise CheckFailedError(msg)
    return f"{len(found)} photos on the first page"


def list_flickr_licences(probe: Probe) -> str:
    """Ask for the table of licences, which needs a key and nothing else."""
    _require_source(probe, "flickr")
    key = probe.config.flickr_api_key
    if key is None:
        msg = "FLICKR_API_KEY is not set, but PHOTO_SOURCES names flickr"
        raise CheckFailedError(msg)
    answer = probe.fetcher.json(
        probe.config.flickr_api_url,
        {
            "method": "flickr.photos.licenses.getInfo",
            "api_key": key.get_secret_value(),
            "format": "json",
            "nojsoncallback": "1",
        },
        judge_flickr,
    )
    if answer.get("stat") != "ok":
        msg = f"error {answer.get('code')}: {answer.get('message')}"
        raise CheckFailedError(msg)
    listed = {str(each["id"]) for each in answer["licenses"]["license"]}
    unknown = sorted(listed - LICENCES.keys())
    if unknown or not listed:
        msg = f"{len(listed)} licences; unknown here are {', '.join(unknown) or 'none'}"
        advice = "photos of unknown licences are left out; report them, so that they are read"
        raise CheckFailedError(msg, advice)
    return f"{len(listed)} licences, all of them known here"


def read_robots(probe: Probe) -> str:
    """Ask each host that the catalogues named for its robots.txt, and whether it lets us in."""
    addresses = _one_of_each_host((*probe.commons_photos.values(), *probe.found_photos))
    if not addresses:
        msg = "no catalogue named a photo, so no host is known: mend the checks above"
        raise CheckSkippedError(msg)
    closed = [host for host, url in addresses.items() if not probe.fetcher.allows(url)]
    if closed:
        msg = f"the robots.txt of {', '.join(closed)} closes its photos to SightScan"
        raise CheckFailedError(msg)
    return f"open: {', '.join(addresses)}"


def fetch_thumbnails(probe: Probe) -> str:
    """Fetch a photo of a short and one of a long name from where Commons' API says they are."""
    if not probe.commons_photos:
        msg = "Commons named no thumbnail: mend the check `commons`"
        raise CheckSkippedError(msg)
    sizes = []
    for name in (LONG_NAME, SHORT_NAME):
        photo = probe.commons_photos.get(name)
        if photo is None:
            continue
        address = photo.url.partition("?")[0]
        which = "the long name" if name == LONG_NAME else "the short name"
        try:
            content = probe.fetcher.visit(photo.url).content or b""
        except PhotoRefusedError as error:
            msg = f"{which}: {error.reason} ({error.detail}) at {address}"
            raise CheckFailedError(msg) from error
        except PhotoUnavailableError as error:
            msg = f"{which}: {error} at {address}"
            raise CheckFailedError(msg) from error
        if not content.startswith((b"\xff\xd8", b"\x89PNG", b"RIFF")):
            msg = f"{which}: {len(content)} bytes that are no photo at {address}"
            raise CheckFailedError(msg)
        probe.photo = content
        sizes.append(f"{which}: {len(content):,} bytes")
    return "; ".join(sizes)


def try_photo_store(probe: Probe) -> str:
    """Write, read and delete one small object of random bytes."""
    store = open_photo_store(probe.config)
    if store is None:
        msg = "PHOTO_STORE is empty: photos are kept in PostgreSQL"
        raise CheckSkippedError(msg)
    content = os.urandom(64)
    sha256 = hashlib.sha256(content).digest()
    address = store.address(sha256, "image/jpeg")
    store.write([(sha256, "image/jpeg", content)])
    try:
        read_object(sha256, address, probe.config)
    except FileNotFoundError as error:
        msg = f"what was written to {store.url} is not there"
        raise CheckFailedError(msg) from error
    finally:
        delete_objects([address], probe.config)
    return f"an object was written to {store.url}, read, and deleted"


def _require_source(probe: Probe, name: str) -> None:
    if name not in probe.config.photo_source_names:
        msg = f"PHOTO_SOURCES does not name {name}, so no crawl asks it"
        raise CheckSkippedError(msg)


def _is_photo(found: object) -> bool:
    return isinstance(found, Attribution)


def _one_of_each_host(photos: Iterable[Attribution]) -> dict[str, str]:
    """Return one address of each host, by the host, of the first few hosts."""
    addresses: dict[str, str] = {}
    for photo in photos:
        addresses.setdefault(origin_of(httpx.URL(photo.url)).partition("://")[2], photo.url)
    return dict(list(addresses.items())[:MAX_PHOTO_HOSTS])


CHECKS = (
    Check(
        name="openverse",
        service="Openverse",
        asks="for the first page of photos of the Eiffel Tower; and Commons for thumbnails of these",
        why="it finds what Commons has not; without a key it answers 200 questions a day",
        expected="photos with licences",
        advice="wait until tomorrow if you are told to wait; else take openverse out of PHOTO_SOURCES",
        max_requests=2,
        ask=search_openverse,
    ),
    Check(
        name="flickr",
        service="Flickr",
        asks="for its table of licences, with your key",
        why="a key that is refused shows only when a city is crawled",
        expected="no licence that is unknown here: 0 to 16 are known",
        advice="check FLICKR_API_KEY, or take flickr out of PHOTO_SOURCES",
        max_requests=1,
        ask=list_flickr_licences,
    ),
    Check(
        name="robots",
        service="the hosts of photos that Commons and Openverse named",
        asks=f"for robots.txt, of at most {MAX_PHOTO_HOSTS} hosts",
        why="what it closes is not fetched, however freely the photos are licensed",
        expected="photos are open to SightScan",
        advice="nothing can be crawled from there; PHOTO_SOURCES can leave that catalogue out",
        max_requests=MAX_PHOTO_HOSTS,
        ask=read_robots,
    ),
    Check(
        name="thumbnails",
        service="Wikimedia's photo hosts",
        asks="for the thumbnails of the two files",
        why="thumbnails of long names have addresses of another form",
        expected="two photos",
        advice="wait as long as Wikimedia says; if only the long name fails, report it",
        max_requests=2,
        ask=fetch_thumbnails,
    ),
)
STORE_CHECK = Check(
    name="photo-store",
    service="the object store of PHOTO_STORE",
    asks="to keep one object of 64 bytes, which is read and deleted",
    why="a key that may not delete shows only when a photo is to be taken down",
    expected="the same bytes, then none",
    advice="check PHOTO_STORE, the key, and that it may write, read and delete there",
    max_requests=3,
    ask=try_photo_store,
)
