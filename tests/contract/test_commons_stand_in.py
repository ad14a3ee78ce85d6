"""The stand-in of Wikimedia Commons, asked over HTTP as Commons is asked."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from PIL import Image

from sandbox.commons.files import catalogue_of
from sandbox.commons.pages import thumbnail_url
from sandbox.commons.server import CommonsLimits
from sandbox.counts import Counts
from sandbox.web import WebServer
from sandbox.world.city_facts import CityFacts, facts_of
from sandbox.world.world import World, WorldBox, WorldPhoto
from tests.cities.small_world import GATE, PHOTOS_PER_SIGHT, TOWER, draw_small_world
from tests.contract.conftest import CONTACT

DIRT_PER_SIGHT = 9
IMAGE_INFO = "url|size|mime|sha1|extmetadata|timestamp|user"


class Commons:
    """A client of the stand-in that knows one sight's category."""

    def __init__(self, http: httpx.Client, server: WebServer, category: str) -> None:
        self.http = http
        self.url = server.commons_api_url
        self.category = category

    def query(self, **parameters: str | int) -> dict[str, object]:
        defaults: dict[str, str | int] = {"action": "query", "format": "json", "formatversion": 2}
        return self.http.get(self.url, params=defaults | parameters).json()

    def pages(self, limit: int = 500, **parameters: str | int) -> list[dict[str, object]]:
        """Return the pages of the category whose file can be had, following `continue`."""
        listed = self.listed(limit, **parameters)
        return [page for page in listed if "url" in page.get("imageinfo", [{}])[0]]

    def listed(self, limit: int = 500, **parameters: str | int) -> list[dict[str, object]]:
        """Return all pages of the category, following `continue`."""
        asked: dict[str, str | int] = {
            "generator": "categorymembers",
            "gcmtitle": f"Category:{self.category}",
            "gcmtype": "file",
            "gcmlimit": limit,
            "prop": "imageinfo",
            "iiprop": IMAGE_INFO,
        }
        asked |= parameters
        pages: list[dict[str, object]] = []
        while True:
            body = self.query(**asked)
            pages += body["query"]["pages"]
            if "continue" not in body:
                return pages
            asked |= body["continue"]

    def file(self, title: str, **parameters: str | int) -> dict[str, object]:
        found = self.query(
            titles=f"File:{title}", prop="imageinfo", iiprop=IMAGE_INFO, **parameters
        )
        return found["query"]["pages"][0]["imageinfo"][0]


@pytest.fixture(scope="module")
def commons(http: httpx.Client, server: WebServer, facts: CityFacts) -> Commons:
    return Commons(http, server, facts.of(TOWER).commons_category)


def test_category_and_subcategory_have_every_photo_and_the_dirt(commons: Commons) -> None:
    members = commons.query(
        list="categorymembers", cmtitle=f"Category:{commons.category}", cmtype="subcat"
    )
    (subcategory,) = members["query"]["categorymembers"]
    below = commons.pages(gcmtitle=subcategory["title"])
    # One photo shows both sights.
    assert len(commons.pages()) + len(below) == PHOTOS_PER_SIGHT + 1 + DIRT_PER_SIGHT


def test_categories_have_a_cycle(commons: Commons) -> None:
    below = commons.query(
        list="categorymembers", cmtitle=f"Category:Exterior of {commons.category}", cmtype="subcat"
    )
    titles = [member["title"] for member in below["query"]["categorymembers"]]
    assert titles == [f"Category:{commons.category}"]


def test_category_that_is_there_empty_or_missing_says_so(
    http: httpx.Client, world: World, facts: CityFacts
) -> None:
    """As ApiQueryCategoryInfo answers: of none that is missing and holds nothing, there is no count."""
    city = facts.city.name
    with WebServer(replace(world, backgrounds=world.photos), facts, Counts()) as server:
        asked = Commons(http, server, f"Streets in {city}")
        names = [f"Category:{subject} in {city}" for subject in ("Streets", "Houses", "Buildings")]
        answer = asked.query(titles="|".join(names), prop="categoryinfo")
        pages = {page["title"]: page for page in answer["query"]["pages"]}
        below = asked.query(list="categorymembers", cmtitle=names[0], cmtype="subcat")
        empty = asked.query(list="categorymembers", cmtitle=names[2])
    streets, houses, buildings = (pages[name] for name in names)
    assert streets["categoryinfo"]["files"] > 0
    assert streets["categoryinfo"]["subcats"] == len(below["query"]["categorymembers"]) == 3
    assert houses["categoryinfo"] == {
        "size": 0, "pages": 0, "files": 0, "subcats": 0, "hidden": False
    }  # fmt: skip
    assert buildings == {"ns": 14, "title": names[2], "missing": True}
    assert empty["query"]["categorymembers"] == []


@pytest.mark.parametrize("limit", [1, 4, 500])
def test_continuation_gives_each_file_once(commons: Commons, limit: int) -> None:
    titles = [page["title"] for page in commons.pages(limit)]
    assert titles == sorted(set(titles))


def test_photo_of_two_sights_is_in_both_categories(
    http: httpx.Client, server: WebServer, facts: CityFacts
) -> None:
    sights = [facts.of(name).commons_category for name in (TOWER, GATE)]
    hashes = [
        {page["imageinfo"][0]["sha1"] for page in Commons(http, server, name).pages()}
        | {
            page["imageinfo"][0]["sha1"]
            for page in Commons(http, server, name).pages(gcmtitle=f"Category:Exterior of {name}")
        }
        for name in sights
    ]
    assert any(hashes[0] & hashes[1])


def test_sha1_and_size_are_those_of_the_file(commons: Commons, http: httpx.Client) -> None:
    info = commons.file(f"{TOWER}, Port Aurel 001.jpg")
    data = http.get(info["url"]).content
    sha1 = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    assert (info["sha1"], info["size"]) == (sha1, len(data))


def test_licence_and_author_are_given_as_commons_gives_them(commons: Commons) -> None:
    metadata = commons.file(f"{TOWER}, Port Aurel 001.jpg")["extmetadata"]
    assert metadata["LicenseShortName"]["value"]
    assert metadata["Artist"]["value"].startswith("<a href=")


def test_licences_vary(commons: Commons) -> None:
    names = {
        page["imageinfo"][0]["extmetadata"]["LicenseShortName"]["value"] for page in commons.pages()
    }
    assert len(names) >= 3


def test_thumbnail_has_the_width_asked_for(commons: Commons, http: httpx.Client) -> None:
    info = commons.file(f"{TOWER}, Port Aurel 001.jpg", iiurlwidth=250)
    with Image.open(io.BytesIO(http.get(info["thumburl"]).content)) as picture:
        assert picture.size == (info["thumbwidth"], info["thumbheight"]) == (250, 179)


def test_pictures_are_never_enlarged(commons: Commons) -> None:
    info = commons.file(f"{TOWER}, Port Aurel 001.jpg", iiurlwidth=960)
    address, _, told = str(info["thumburl"]).partition("?")
    assert (address, info["thumbwidth"]) == (str(info["url"]).partition("?")[0], 420)
    assert told.endswith("utm_content=thumbnail_unscaled")


@pytest.mark.parametrize(("width", "status"), [(250, 200), (300, 429), (500, 400)])
def test_only_standard_widths_below_the_original_are_served(
    commons: Commons, http: httpx.Client, width: int, status: int
) -> None:
    info = commons.file(f"{TOWER}, Port Aurel 001.jpg", iiurlwidth=250)
    url = str(info["thumburl"]).replace("250px-", f"{width}px-")
    assert http.get(url).status_code == status


def test_known_file_is_not_sent_again(commons: Commons, http: httpx.Client) -> None:
    url = str(commons.file(f"{TOWER}, Port Aurel 001.jpg")["url"])
    first = http.get(url)
    etag = http.get(url, headers={"If-None-Match": first.headers["ETag"]})
    date = http.get(url, headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert [etag.status_code, date.status_code] == [304, 304]


def content(commons: Commons, title: str) -> httpx.Response:
    return commons.http.get(str(commons.file(title)["url"]))


def test_opt_out_is_in_the_header(commons: Commons) -> None:
    headers = content(commons, f"{TOWER} not for AI.jpg").headers
    assert headers["X-Robots-Tag"] == "noai, noimageai"


def test_error_page_says_it_is_a_jpeg(commons: Commons) -> None:
    page = content(commons, f"{TOWER} lost.jpg")
    assert (page.headers["Content-Type"], page.content[:9]) == ("image/jpeg", b"<!DOCTYPE")


def test_broken_upload_cannot_be_decoded(commons: Commons) -> None:
    data = content(commons, f"{TOWER} broken upload.jpg").content
    with Image.open(io.BytesIO(data)) as picture, pytest.raises(OSError, match="truncated"):
        picture.load()


def test_exact_copy_has_another_title_and_the_same_hash(commons: Commons) -> None:
    copy = commons.file(f"IMG 2041 {TOWER}.jpg")["sha1"]
    same = [page for page in commons.pages() if page["imageinfo"][0]["sha1"] == copy]
    assert len(same) == 2


def test_files_that_are_gone_or_hidden_are_listed_as_mediawiki_does(commons: Commons) -> None:
    gone = [page for page in commons.listed() if page not in commons.pages()]
    missing = {
        "ns": 6,
        "title": f"File:{TOWER} missing.jpg",
        "missing": True,
        "imagerepository": "",
    }
    assert missing in gone
    infos = [page["imageinfo"] for page in gone if "imageinfo" in page]
    assert infos == [[{"filehidden": True}], [{"filemissing": True}]]


def test_icon_is_tiny(commons: Commons) -> None:
    info = commons.file(f"{TOWER} icon.png")
    assert (info["width"], info["height"]) == (32, 32)


@pytest.mark.parametrize(
    ("title", "mime"),
    [(f"Map of {TOWER}.svg", "image/svg+xml"), (f"{TOWER} (1911 scan).pdf", "application/pdf")],
)
def test_drawings_and_documents_say_what_they_are(commons: Commons, title: str, mime: str) -> None:
    assert commons.file(title)["mime"] == mime


def test_search_finds_by_category_and_type(commons: Commons) -> None:
    found = commons.query(
        list="search",
        srnamespace=6,
        srlimit=500,
        srsearch=f'incategory:"{commons.category}" filetype:bitmap -intitle:icon',
    )
    titles = [row["title"] for row in found["query"]["search"]]
    assert titles
    assert not [title for title in titles if title.endswith(("svg", "pdf")) or "icon" in title]


def test_geosearch_finds_nearest_first(commons: Commons, facts: CityFacts) -> None:
    tower = facts.of(TOWER)
    found = commons.query(
        list="geosearch",
        gsnamespace=6,
        gslimit=500,
        gsradius=10_000,
        gscoord=f"{tower.latitude}|{tower.longitude}",
    )
    distances = [row["dist"] for row in found["query"]["geosearch"]]
    assert distances[0] == 0
    assert distances == sorted(distances)


def test_places_of_cameras_come_ten_at_a_time_unless_asked_for_more(
    commons: Commons, facts: CityFacts
) -> None:
    asked = {"prop": "imageinfo|coordinates", "coprop": "type", "gcmlimit": 500}
    first, all_told = (
        {
            page["title"]: page["coordinates"]
            for page in commons.query(
                generator="categorymembers",
                gcmtitle=f"Category:{commons.category}",
                gcmtype="file",
                **asked,
                **more,
            )["query"]["pages"]
            if "coordinates" in page
        }
        for more in ({}, {"colimit": "max"})
    )
    parts = {
        page["title"]: page["coordinates"]
        for page in commons.listed(**asked)
        if "coordinates" in page
    }
    assert len(first) == 10
    assert parts == all_told
    (place,) = all_told[f"File:{TOWER}, Port Aurel 001.jpg"]
    tower = facts.of(TOWER)
    assert place["type"] == "camera"
    assert (place["lat"], place["lon"]) != (tower.latitude, tower.longitude)
    assert abs(place["lat"] - tower.latitude) < 0.002


def test_old_format_keys_pages_by_id(commons: Commons) -> None:
    body = commons.query(titles="File:Nope.jpg", formatversion=1)
    assert body["query"]["pages"]["-1"]["missing"] == ""


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"list": "categorymembers"}, "missingparam"),
        ({"list": "categorymembers", "cmtitle": "Tower"}, "invalidcategory"),
        ({"generator": "nonsense"}, "badvalue"),
        ({"titles": "|".join(f"File:{n}.jpg" for n in range(51))}, "toomanyvalues"),
        (
            {"list": "categorymembers", "cmtitle": "Category:X", "cmcontinue": "file|00|1"},
            "badcontinue",
        ),
    ],
)
def test_wrong_request_is_refused_as_mediawiki_does(
    commons: Commons, parameters: dict[str, str], code: str
) -> None:
    assert commons.query(**parameters)["error"]["code"] == code


def test_client_without_contact_gets_no_file(commons: Commons) -> None:
    url = str(commons.file(f"{TOWER}, Port Aurel 001.jpg")["url"])
    assert httpx.get(url).status_code == 403


def test_hurry_is_answered_with_a_pause(world: World, facts: CityFacts) -> None:
    limits = CommonsLimits(files_per_minute=60, files_at_once=2)
    counts = Counts()
    with (
        WebServer(world, facts, counts, commons_limits=limits) as server,
        httpx.Client(headers=CONTACT) as http,
    ):
        commons = Commons(http, server, facts.of(TOWER).commons_category)
        url = str(commons.file(f"{TOWER}, Port Aurel 001.jpg")["url"])
        answers = [http.get(url) for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert answers[-1].headers["Retry-After"] == "1"
    assert counts.snapshot()["commons"]["file_downloads"] == 2


STRANGE = ("AC/DC Lane", 'St. Peter & Paul\'s "Church"', "100% Tor?", "Müller #3 + 4")


def test_names_with_strange_letters_can_be_queried_and_downloaded(
    http: httpx.Client, tmp_path: Path
) -> None:
    small = draw_small_world(tmp_path)
    photos = tuple(
        WorldPhoto(
            photo.file, photo.path, photo.width, photo.height, (WorldBox(name, 1, 1, 99, 99),)
        )
        for name, photo in zip(STRANGE, small.photos, strict=False)
    )
    world = World(small.folder, "Málaga", photos)
    facts = facts_of(world)
    with WebServer(world, facts, Counts()) as server:
        urls = [
            page["imageinfo"][0]["url"]
            for sight in facts.sights
            for page in Commons(http, server, sight.commons_category).pages()
        ]
        statuses = {http.get(url).status_code for url in urls}
    assert (len(urls), statuses) == (len(STRANGE) * (1 + DIRT_PER_SIGHT), {200})


@pytest.mark.parametrize(
    ("name", "mime", "form"),
    [
        ("Tower (1).jpg", "image/jpeg", "960px-Tower_%281%29.jpg"),
        ("Map.svg", "image/svg+xml", "960px-Map.svg.png"),
        ("Scan.tif", "image/tiff", "lossy-page1-960px-Scan.tif.jpg"),
        ("Book.pdf", "application/pdf", "page1-960px-Book.pdf.jpg"),
        (f"{'long ' * 33}.jpg", "image/jpeg", "960px-thumbnail.jpg"),
    ],
)
def test_thumbnail_is_called_as_commons_calls_it(
    world: World, facts: CityFacts, name: str, mime: str, form: str
) -> None:
    (file, *_) = catalogue_of(world, facts).files
    url = thumbnail_url("https://thumb.wikimedia.org", replace(file, name=name, mime=mime), 960)
    assert url.rpartition("/")[2] == form


def test_page_is_named_by_its_title_and_by_its_number(commons: Commons) -> None:
    info = commons.file(f"{TOWER}, Port Aurel 001.jpg")
    page = "https://commons.wikimedia.org/wiki/File:Torre_Alta,_Port_Aurel_001.jpg"
    assert info["descriptionurl"] == page
    assert info["descriptionshorturl"] == "https://commons.wikimedia.org/w/index.php?curid=80000000"
    assert str(info["url"]).endswith(
        "/Torre_Alta%2C_Port_Aurel_001.jpg"
        "?utm_source=commons.wikimedia.org&utm_campaign=imageinfo&utm_content=original"
    )
