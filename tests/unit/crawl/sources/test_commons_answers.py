"""What Commons says of a file becomes a photo to fetch, or a refusal with a reason."""

from typing import Any

import pytest

from sightscan.city import Place
from sightscan.crawl.sources.commons_answers import read_page
from sightscan.warehouse.photos.photos import Attribution, RejectedPhoto

MIN_SIDE = 200


def page(**changes: Any) -> dict[str, Any]:
    """Return a page as the API describes it (formatversion 2), with changes to its imageinfo."""
    info = {
        "size": 2_400_000,
        "width": 3000,
        "height": 2000,
        "thumburl": "https://upload.wikimedia.org/wikipedia/commons/thumb/a/ab/T.jpg/960px-T.jpg",
        "thumbwidth": 960,
        "thumbheight": 640,
        "url": "https://upload.wikimedia.org/wikipedia/commons/a/ab/T.jpg",
        "descriptionurl": "https://commons.wikimedia.org/wiki/File:T.jpg",
        "mime": "image/jpeg",
        "extmetadata": {
            "LicenseShortName": {"value": "CC BY-SA 4.0", "source": "commons-desc-page"},
            "LicenseUrl": {"value": "https://creativecommons.org/licenses/by-sa/4.0"},
            "Artist": {"value": '<a href="//commons.wikimedia.org/wiki/User:B">Bea &amp; Jo</a>'},
        },
    } | changes
    return {"pageid": 1, "ns": 6, "title": "File:T.jpg", "imageinfo": [info]}


def test_photo_comes_with_its_licence_and_author() -> None:
    assert read_page(page(), "Torre Alta", MIN_SIDE) == Attribution(
        url="https://upload.wikimedia.org/wikipedia/commons/thumb/a/ab/T.jpg/960px-T.jpg",
        page_url="https://commons.wikimedia.org/wiki/File:T.jpg",
        source="wikimedia_commons",
        licence="cc-by-sa-4.0",
        licence_url="https://creativecommons.org/licenses/by-sa/4.0",
        author="Bea & Jo",
        title="T.jpg",
        query="Torre Alta",
        identifiers=("commons:1", "commons:File:T.jpg"),
    )


@pytest.mark.parametrize(
    ("stated", "day"),
    [
        ("2015-06-14 12:33:21", "2015-06-14"),
        ('<time class="dtstart" datetime="2012-05-06">6 May 2012</time>', "2012-05-06"),
        ("Taken on\u00a02019-02-30", None),
        ("circa 1905", None),
        ("2015-06", None),
        (None, None),
    ],
)
def test_day_is_read_where_one_is_stated(stated: str | None, day: str | None) -> None:
    metadata = {"LicenseShortName": {"value": "CC0"}, "DateTimeOriginal": {"value": stated}}
    read = read_page(page(extmetadata=metadata), "Torre Alta", MIN_SIDE)
    assert isinstance(read, Attribution)
    assert read.taken_on == day


@pytest.mark.parametrize(
    ("coordinates", "camera"),
    [
        # From `{{Location}}`, and from EXIF, which says no type.
        ([{"lat": 38.7, "lon": -9.2, "primary": True, "globe": "earth", "type": "camera"}], True),
        ([{"lat": 38.7, "lon": -9.2, "primary": True, "globe": "earth"}], True),
        # What stands on it, beside where it was taken.
        (
            [
                {"lat": 38.8, "lon": -9.1, "primary": False, "type": "object"},
                {"lat": 38.7, "lon": -9.2, "primary": True, "type": "camera"},
            ],
            True,
        ),
        ([{"lat": 38.7, "lon": -9.2, "primary": True, "type": "object"}], False),
        ([{"lat": 38.7, "lon": -9.2, "primary": False}], False),
        ([{"lat": 38.7, "lon": -9.2, "primary": True, "globe": "moon"}], False),
        ([{"lat": 0, "lon": 0, "primary": True}], False),
        ([{"lat": 138.7, "lon": -9.2, "primary": True}], False),
        ([{"lat": float("nan"), "lon": -9.2, "primary": True}], False),
        ([{"lat": "38.7", "lon": None, "primary": True}], False),
        (["38.7"], False),
        ({}, False),
        ([], False),
        (None, False),
    ],
)
def test_camera_is_where_its_page_says_that_it_stood(coordinates: Any, camera: bool) -> None:  # noqa: FBT001
    read = read_page({**page(), "coordinates": coordinates}, "Torre Alta", MIN_SIDE)
    assert isinstance(read, Attribution)
    assert read.camera == (Place(38.7, -9.2) if camera else None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mime": "image/svg+xml"}, "unsupported_type"),
        ({"mime": "application/pdf"}, "unsupported_type"),
        ({"width": 32, "height": 32}, "too_small"),
    ],
)
def test_what_cannot_be_kept_is_refused_before_it_is_fetched(
    changes: dict[str, Any], reason: str
) -> None:
    read = read_page(page(**changes), "Torre Alta", MIN_SIDE)
    assert isinstance(read, RejectedPhoto)
    assert read.reason == reason


@pytest.mark.parametrize(
    "extmetadata", [{}, {"LicenseShortName": {"value": " "}}, []], ids=["none", "blank", "a list"]
)
def test_photo_that_states_no_licence_says_so(extmetadata: Any) -> None:
    read = read_page(page(extmetadata=extmetadata), "Torre Alta", MIN_SIDE)
    assert isinstance(read, Attribution)
    assert read.licence == "unknown"


def test_work_in_the_public_domain_needs_no_licence_page() -> None:
    metadata = {"LicenseShortName": {"value": "Public domain"}}
    read = read_page(page(extmetadata=metadata), "Torre Alta", MIN_SIDE)
    assert isinstance(read, Attribution)
    assert (read.licence, read.licence_url, read.author) == ("public-domain", None, None)
