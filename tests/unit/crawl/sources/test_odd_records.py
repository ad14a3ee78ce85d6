"""An odd record of any source costs itself and nothing else: it is left out, counted and said."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sightscan.city import City, Place, Sight
from sightscan.crawl.job import CrawlJob, Limit
from sightscan.crawl.pipeline import SourceCrawler
from sightscan.crawl.sources.registry import open_source
from sightscan.crawl.sources.source import BrokenSourceError, Lead, Listing, PhotoSource
from sightscan.settings import Settings, read_settings
from sightscan.warehouse.photos.photos import Attribution, RejectedPhoto

CITY = City("Q1", "town", "Town", "Land", Place(1.0, 2.0), 5_000)
SIGHT = Sight(7, "Q1", "Tower", 1, commons_category="Tower")
ODD: list[Any] = [None, 7, "text", [], {}]


@dataclass
class ScriptedFetcher:
    """Answers as a service does: `documents` in their order, or one page of results."""

    documents: list[dict[str, Any]] = field(default_factory=list)
    body: bytes = b""

    def json(self, url: str, parameters: Mapping[str, str], judge: object = None) -> dict[str, Any]:
        """Return the next document; none of them asks for a category's size."""
        del url, judge
        return {"batchcomplete": True} if "cmtype" in parameters else self.documents.pop(0)

    def page(self, url: str, *, obey_robots: bool) -> bytes:
        """Return the page once, and then one without results."""
        del url, obey_robots
        body, self.body = self.body, b""
        return body

    def wait_for_api(self, name: str, per_minute: float, per_day: float | None = None) -> None:
        """Take no time."""


def source_of(name: str, fetcher: ScriptedFetcher, **overrides: object) -> PhotoSource:
    config: Settings = read_settings(
        photo_sources=name, commons_nearby_meters=0, flickr_api_key="k", **overrides
    )
    return open_source(name, config, fetcher, CITY, SIGHT)  # type: ignore[arg-type]


def listings(source: PhotoSource) -> list[Listing]:
    lead = next(iter(source.leads())) if source.name == "local_folder" else Lead("q", "Tower")
    lead = Lead("q", lead.address, "category") if source.name == "wikimedia_commons" else lead
    return list(source.listings(lead))


def total(found: list[Listing]) -> tuple[int, int, dict[str, int]]:
    """Return how many records there were, how many were read, and why the others were not."""
    left_out: dict[str, int] = {}
    for listing in found:
        for reason, count in listing.left_out.items():
            left_out[reason] = left_out.get(reason, 0) + count
    received = sum(len(listing.found) for listing in found)
    return sum(listing.expected for listing in found), received, left_out


INFO = {
    "url": "https://upload.wikimedia.org/wikipedia/commons/a/ab/T.jpg",
    "descriptionurl": "https://commons.wikimedia.org/wiki/File:T.jpg",
    "mime": "image/jpeg",
    "width": 3000,
    "height": 2000,
    "extmetadata": {"LicenseShortName": {"value": "CC0"}},
}


def commons_page(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a page of Commons, with changes to its imageinfo."""
    title = f"File:T{number}.jpg"
    return {"pageid": number, "ns": 6, "title": title, "imageinfo": [INFO | changes]}


def commons(*pages: Any) -> PhotoSource:
    answer = {"batchcomplete": True, "query": {"pages": list(pages)}}
    return source_of("wikimedia_commons", ScriptedFetcher([answer]))


RESULT = {
    "url": "https://a.example/t.jpg",
    "license": "by",
    "license_version": "4.0",
    "license_url": "https://creativecommons.org/licenses/by/4.0/",
    "foreign_landing_url": "https://a.example/t",
    "creator": "Ana",
    "title": "Tower",
    "width": 3000,
    "height": 2000,
    "filetype": "jpg",
}


def openverse(*results: Any) -> PhotoSource:
    answer = {"result_count": len(results), "page_count": 1, "results": list(results)}
    return source_of("openverse", ScriptedFetcher([answer]))


PHOTO = {"id": "1", "owner": "ana", "ownername": "Ana", "title": "Tower", "license": "4"}
SIZES = {
    "stat": "ok",
    "sizes": {"size": [{"label": "Large", "source": "https://live.staticflickr.com/1/1_b.jpg"}]},
}


def flickr(*photos: Any, sizes: list[dict[str, Any]] | None = None) -> PhotoSource:
    page = {"stat": "ok", "photos": {"page": 1, "pages": 1, "photo": list(photos)}}
    return source_of("flickr", ScriptedFetcher([page, *(sizes or [SIZES] * len(photos))]))


def bing_result(about: object) -> str:
    described = about if isinstance(about, str) else json.dumps(about)
    escaped = described.replace("&", "&amp;").replace('"', "&quot;")
    return f'<div class="imgpt"><a class="iusc" href="#" m="{escaped}"><img/></a></div>'


def bing(*results: object) -> PhotoSource:
    body = f"<html><body>{''.join(map(bing_result, results))}</body></html>"
    return source_of("bing", ScriptedFetcher(body=body.encode()))


def google(*results: str) -> PhotoSource:
    script = f"AF_initDataCallback({{data:[null{''.join(f',{each}' for each in results)}]}});"
    return source_of("google", ScriptedFetcher(body=f"<html><script>{script}</script>".encode()))


COMMONS_GOOD, OPENVERSE_GOOD, FLICKR_GOOD = commons_page(9), RESULT, PHOTO | {"id": "9"}
BING_GOOD = {"murl": "https://a.example/good.jpg", "turl": "https://b.example/th?id=1"}
GOOGLE_GOOD = '["https://a.example/good.jpg",480,640]'

# What a source lists beside one good photo, and what comes of it: a reason, or None if it is read.
CASES: dict[str, tuple[Callable[..., PhotoSource], Any, Any, str | None]] = {
    # A title that was deleted a moment ago, in both formats of the API.
    "commons missing": (
        commons,
        COMMONS_GOOD,
        {"ns": 6, "title": "File:Gone.jpg", "missing": True},
        "missing",
    ),
    "commons missing, old format": (
        commons,
        COMMONS_GOOD,
        {"ns": 6, "title": "File:Gone.jpg", "missing": "", "imagerepository": ""},
        "missing",
    ),
    "commons without a file": (
        commons,
        COMMONS_GOOD,
        {"pageid": 2, "ns": 6, "title": "File:Gone.jpg", "imagerepository": ""},
        "missing",
    ),
    "commons filemissing": (
        commons,
        COMMONS_GOOD,
        {"pageid": 2, "title": "File:T.jpg", "imageinfo": [{"filemissing": True}]},
        "missing",
    ),
    "commons filehidden": (
        commons,
        COMMONS_GOOD,
        {
            "pageid": 2,
            "title": "File:T.jpg",
            "imageinfo": [{"filehidden": True, "suppressed": True}],
        },
        "hidden",
    ),
    "commons file without its description page": (
        commons,
        COMMONS_GOOD,
        commons_page(2) | {"missing": True, "known": True},
        None,
    ),
    "commons without a description of the file": (
        commons,
        COMMONS_GOOD,
        {"pageid": 2, "ns": 6, "title": "File:T.jpg"},
        "odd",
    ),
    "commons no imageinfo": (
        commons,
        COMMONS_GOOD,
        {"title": "File:A.jpg", "imageinfo": []},
        "odd",
    ),
    "commons odd imageinfo": (
        commons,
        COMMONS_GOOD,
        {"title": "File:A.jpg", "imageinfo": ["x"]},
        "odd",
    ),
    "commons null width": (commons, COMMONS_GOOD, commons_page(2, width=None), "odd"),
    "commons endless height": (commons, COMMONS_GOOD, commons_page(2, height=float("inf")), "odd"),
    "commons null mime": (commons, COMMONS_GOOD, commons_page(2, mime=None), "odd"),
    "commons null url": (commons, COMMONS_GOOD, commons_page(2, url=None), "odd"),
    "commons null title": (commons, COMMONS_GOOD, commons_page(2) | {"title": None}, "odd"),
    "commons list of metadata": (commons, COMMONS_GOOD, commons_page(2, extmetadata=[]), None),
    "commons odd metadata": (
        commons,
        COMMONS_GOOD,
        commons_page(2, extmetadata={"Artist": "x", "LicenseShortName": {"value": 7}}),
        None,
    ),
    "openverse null url": (openverse, OPENVERSE_GOOD, RESULT | {"url": None}, "odd"),
    "openverse no url": (openverse, OPENVERSE_GOOD, {"license": "by"}, "odd"),
    "openverse url of another kind": (openverse, OPENVERSE_GOOD, RESULT | {"url": ["x"]}, "odd"),
    **{
        f"{make.__name__} {what} as an address": (make, good, record(address), "odd")
        for make, good, record in (
            (commons, COMMONS_GOOD, lambda url: commons_page(2, thumburl=url)),
            (openverse, OPENVERSE_GOOD, lambda url: RESULT | {"url": url}),
            (bing, BING_GOOD, lambda url: {"murl": url}),
        )
        for what, address in (
            ("a second line", "https://a.example/t.jpg\nERROR"),
            ("a hidden character", "https://a.example/\u202et.jpg"),
            ("a megabyte", f"https://a.example/{'t' * 1_000_000}.jpg"),
        )
    },
    "openverse null licence": (openverse, OPENVERSE_GOOD, RESULT | {"license": None}, "odd"),
    "openverse odd width": (openverse, OPENVERSE_GOOD, RESULT | {"width": "wide"}, "odd"),
    # These may be null by Openverse's own description of its API.
    "openverse null sizes and type": (
        openverse,
        OPENVERSE_GOOD,
        RESULT | dict.fromkeys(("width", "height", "filetype", "title", "creator", "filesize")),
        None,
    ),
    "openverse null version": (openverse, OPENVERSE_GOOD, RESULT | {"license_version": None}, None),
    "flickr without an id": (flickr, FLICKR_GOOD, {"title": "Tower"}, "odd"),
    "flickr titles in objects": (
        flickr,
        FLICKR_GOOD,
        PHOTO | {"title": {"_content": "Tower"}, "license": None},
        None,
    ),
    "bing broken description": (bing, BING_GOOD, '{"murl": "https://a.e', "odd"),
    "bing deep description": (bing, BING_GOOD, "[" * 100_000, "odd"),
    "bing no address": (bing, BING_GOOD, {"turl": "https://b.example/th"}, "odd"),
    "bing no web address": (bing, BING_GOOD, {"murl": "x-raw-image:///1"}, "odd"),
    # icrawler's parser knew only .jpg, and cut where the letters stood in a title.
    "bing webp with a query": (
        bing,
        BING_GOOD,
        {"t": "a .jpg", "murl": "https://a.example/T.WEBP?w=1&h=2"},
        None,
    ),
    "google broken text": (google, GOOGLE_GOOD, r'["https://a.example/\x.jpg",1,2]', "odd"),
    "google escapes": (google, GOOGLE_GOOD, r'["https://a.example/t.jpg?w\u003d1",1,2]', None),
    **{
        f"{make.__name__} {odd!r}": (make, good, odd, "odd")
        for make, good in (
            (commons, COMMONS_GOOD),
            (openverse, OPENVERSE_GOOD),
            (flickr, FLICKR_GOOD),
            (bing, BING_GOOD),
        )
        for odd in ODD
    },
}


@pytest.mark.parametrize("case", CASES)
def test_odd_record_costs_itself_and_is_counted(case: str) -> None:
    make, good, record, reason = CASES[case]
    for records in ((good, record), (record, good)):
        expected, received, left_out = total(listings(make(*records)))
        assert expected == 2
        assert received == (2 if reason is None else 1)
        assert left_out == ({} if reason is None else {reason: 1})


@pytest.mark.parametrize(
    ("sizes", "reason"),
    [
        ({"stat": "fail", "code": 1, "message": "Photo not found"}, "missing"),
        ({"stat": "fail", "code": 2, "message": "Permission denied"}, "hidden"),
        ({"stat": "ok", "sizes": {"size": [{"label": "Square", "source": "x"}]}}, "no_size"),
        ({"stat": "ok", "sizes": {"size": [None, {"label": "Large"}]}}, "no_size"),
        ({"stat": "ok"}, "odd"),
        ({"stat": "ok", "sizes": None}, "odd"),
    ],
)
def test_flickr_photo_without_sizes_is_left_out(sizes: dict[str, Any], reason: str) -> None:
    source = flickr(PHOTO, FLICKR_GOOD, sizes=[sizes, SIZES])
    assert total(listings(source)) == (2, 1, {reason: 1})


def test_missing_address_is_not_stored_as_a_word() -> None:
    (listing,) = listings(openverse(RESULT | {"url": None}, RESULT))
    assert [found.url for found in listing.found] == ["https://a.example/t.jpg"]
    assert "url is None" in listing.problem


@pytest.mark.parametrize("count", [None, "many", float("nan")])
def test_openverse_count_that_is_no_number_costs_no_photo(count: object) -> None:
    answer = {"result_count": count, "page_count": count, "results": [RESULT]}
    assert total(listings(source_of("openverse", ScriptedFetcher([answer])))) == (1, 1, {})


def test_openverse_answer_with_neither_count_nor_photo_is_broken() -> None:
    source = source_of("openverse", ScriptedFetcher([{"results": []}]))
    with pytest.raises(BrokenSourceError, match="neither photos nor their number"):
        listings(source)


def test_flickr_photo_without_an_owner_has_no_page() -> None:
    (listing,) = listings(flickr(PHOTO | {"owner": None}))
    (photo,) = listing.found
    assert isinstance(photo, Attribution)
    assert (photo.page_url, photo.identifiers) == (None, ("flickr:1",))


@pytest.mark.parametrize("odd", ["", "none", 7, None, ["x"]])
def test_what_is_no_identifier_joins_no_photos(odd: object) -> None:
    (listing,) = listings(openverse(RESULT | {"id": odd}))
    assert listing.found[0].identifiers == ()
    (listing,) = listings(commons(commons_page(1) | {"pageid": odd, "title": "File:_"}))
    assert listing.found[0].identifiers == (
        *(["commons:7"] if odd == 7 else []),
        "commons:File:T.jpg",
    )


def test_media_type_that_is_not_taken_is_told_in_plain_words() -> None:
    (listing,) = listings(commons(commons_page(1, mime="image/<b>gif</b>\u202e\n")))
    (photo,) = listing.found
    assert isinstance(photo, RejectedPhoto)
    assert (photo.reason, photo.detail) == ("unsupported_type", "image/gif")


def test_google_page_of_its_own_pictures_has_no_photo() -> None:
    thumbnail = r'["https://encrypted-tbn0.gstatic.com/images?q\u003dtbn:1",183,275]'
    logo = '"https://www.google.com/logo.png"'
    (listing,) = listings(google(logo, thumbnail, GOOGLE_GOOD))
    assert [found.url for found in listing.found] == ["https://a.example/good.jpg"]


HIDDEN_BREAKS = '<br style="display:none" />' * 4_000
STRANGE = {
    "title": '<b>Old</b>\u202e \u200bTower\0 title QS:P1476,en:"Old Tower"',
    "author": f"<a href='//x'>Ana</a>{HIDDEN_BREAKS}",
    "licence": "<span>CC BY 4.0</span>",
}


def attributions_of_strange_texts(tmp_path: Path) -> dict[str, Attribution | RejectedPhoto]:
    metadata = {
        "Artist": {"value": STRANGE["author"]},
        "LicenseShortName": {"value": STRANGE["licence"]},
    }
    page = commons_page(1, extmetadata=metadata) | {"title": f"File:{STRANGE['title']}"}
    result = RESULT | {"title": STRANGE["title"], "creator": STRANGE["author"]}
    photo = PHOTO | {"title": STRANGE["title"], "ownername": STRANGE["author"]}
    folder = tmp_path / "Town" / "Tower"
    folder.mkdir(parents=True)
    (folder / "1.jpg").touch()
    cells = ",".join(
        '"' + STRANGE[name].replace('"', '""').replace("\0", "") + '"'
        for name in ("licence", "author", "title")
    )
    (folder / "attribution.csv").write_text(f"file,licence,author,title\n1.jpg,{cells}\n")
    local = source_of("local_folder", ScriptedFetcher(), photo_folder=tmp_path)
    sources = (commons(page), openverse(result), flickr(photo), local)
    return {source.name: listings(source)[0].found[0] for source in sources}


def test_texts_of_every_source_are_plain(tmp_path: Path) -> None:
    found = attributions_of_strange_texts(tmp_path)
    assert set(found) == {"wikimedia_commons", "openverse", "flickr", "local_folder"}
    for name, photo in found.items():
        assert isinstance(photo, Attribution)
        assert (photo.title, photo.author) == ("Old Tower", "Ana"), name
        assert photo.licence in {"cc-by-4.0", "cc-by-2.0"}, name


@pytest.mark.parametrize(
    ("rows", "left_out", "licences"),
    [
        (b"1.jpg,CC0,Ana\n,CC0,Ana\n2.jpg,CC BY 4.0,Bo\n", 1, ["cc0-1.0", "cc-by-4.0"]),
        (b"1.jpg,CC0,Jos\x81\n2.jpg,CC0,Bo\n", 1, ["unknown", "cc0-1.0"]),
        (b"1.jpg,CC0,Ana\n1.jpg,CC BY 4.0,Ana\n*,CC0,\n", 2, ["unknown", "cc0-1.0"]),
        (b"1.jpg,CC BY-NC 4.0,Ana, Bo\n*,CC0,\n", 1, ["unknown", "cc0-1.0"]),
        (b'1.jpg,CC0,"Ana\n2.jpg,CC0,Bo\n', 0, ["cc0-1.0", "cc0-1.0"]),
        (b"1.jpg,CC0,Ana, Bo\n2.jpg,CC0,Bo,\n", 1, ["unknown", "cc0-1.0"]),
        (b"1.jpg\n2.jpg,CC0,Bo\n", 0, ["unknown", "cc0-1.0"]),
        (b"1.jpg,CC0,A\0\n2.jpg,CC0,Bo\n", 1, ["unknown", "cc0-1.0"]),
        (b"2.jpg,CC0,Bo\n1.jpg,CC0," + b"a" * 200_000 + b"\n", 1, ["unknown", "cc0-1.0"]),
    ],
    ids=[
        *("no file", "no letter of any code page", "contradiction", "odd one among all others"),
        *("open quote", "too many cells", "too few cells", "NUL", "endless cell"),
    ],
)
def test_odd_row_of_an_attribution_file_costs_itself(
    tmp_path: Path, rows: bytes, left_out: int, licences: list[str]
) -> None:
    folder = tmp_path / "Town" / "Tower"
    folder.mkdir(parents=True)
    for number in (1, 2):
        (folder / f"{number}.jpg").touch()
    (folder / "attribution.csv").write_bytes(b"file,licence,author\n" + rows)
    source = source_of("local_folder", ScriptedFetcher(), photo_folder=tmp_path)
    (listing,) = listings(source)
    assert [found.licence for found in listing.found if isinstance(found, Attribution)] == licences
    assert listing.left_out == ({"odd_attribution_row": left_out} if left_out else {})


def test_folder_and_dead_link_with_a_photos_name_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "Town" / "Tower"
    (folder / "1.jpg").mkdir(parents=True)
    (folder / "2.jpg").symlink_to(tmp_path / "nowhere")
    (folder / "3.jpg").touch()
    source = source_of("local_folder", ScriptedFetcher(), photo_folder=tmp_path)
    assert total(listings(source)) == (3, 1, {"missing": 2})


def crawled(source: PhotoSource) -> CrawlJob:
    """Run a crawl of a source, of which nothing is to be fetched; raise what ends it."""
    job = CrawlJob(source.config, source, threading.Event(), Limit(0), frozenset(), set())
    for _ in SourceCrawler(job).outcomes():
        pass
    return job


def test_counts_of_all_listings_come_together() -> None:
    tally = crawled(openverse(RESULT, *[{}] * 9)).tally
    assert (tally.expected, tally.received, dict(tally.left_out)) == (10, 1, {"odd": 9})
    assert "url is None" in tally.problem


def test_source_that_says_nothing_readable_is_broken_with_its_first_oddity() -> None:
    with pytest.raises(BrokenSourceError, match=r"spoke of 5 photos.*url is None.*parser needs"):
        crawled(openverse(*[{}] * 5))
