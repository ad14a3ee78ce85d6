"""What addresses, pages and people's words say of which photo of which provider it is."""

import pytest

from sightscan.warehouse.photos.identity import (
    commons_file,
    former_addresses,
    identifiers_of,
    name_sha256,
    page_id_of,
    provider_identifiers,
    read_identifier,
)

UPLOAD = "https://upload.wikimedia.org/wikipedia/commons"
THUMB = "https://thumb.wikimedia.org/wikipedia/commons/thumb"
PAGE = "https://commons.wikimedia.org"
TRACKED = "utm_source=commons.wikimedia.org&utm_campaign=imageinfo"
UUID = "4bc43a04-ef46-4544-a0c1-63c63f56e276"

# Forms that public projects recorded, with the identifier that each names.
ADDRESSES = [
    (f"{UPLOAD}/0/06/Sim%C3%B3n_Bol%C3%ADvar%2C_1825.jpg", "commons:File:Simón Bolívar, 1825.jpg"),
    (f"{UPLOAD}/thumb/a/ab/T.jpg/960px-T.jpg", "commons:File:T.jpg"),
    (f"{UPLOAD}/thumb/d/dc/Long_name.jpg/960px-thumbnail.jpg", "commons:File:Long name.jpg"),
    (f"{UPLOAD}/thumb/7/70/Std.svg/960px-Std.svg.png", "commons:File:Std.svg"),
    (f"{THUMB}/3/3e/A_%28B%29.tif/lossy-page1-960px-A_%28B%29.tif.jpg", "commons:File:A (B).tif"),
    (f"{UPLOAD}/a/ab/100%_T.jpg", "commons:File:100% T.jpg"),
    (f"{PAGE}/wiki/File:Tower_(1911).jpg", "commons:File:Tower (1911).jpg"),
    (f"{PAGE}/wiki/Image:tower.jpg", "commons:File:Tower.jpg"),
    (f"{PAGE}/wiki/Old_Town#/media/File:Tower.jpg", "commons:File:Tower.jpg"),
    (f"{PAGE}/w/index.php?title=File:Tower.jpg&action=history", "commons:File:Tower.jpg"),
    (f"{PAGE}/w/index.php?curid=49782418", "commons:49782418"),
    ("https://commons.m.wikimedia.org/?curid=7", "commons:7"),
    (f"{PAGE}/entity/M7", "commons:7"),
    # What people and Wikidata write of Commons' pages.
    (f"{PAGE}/wiki/File:Tom_&_Ann.jpg", "commons:File:Tom & Ann.jpg"),
    (f"{PAGE}/wiki/File%3ATower.jpg", "commons:File:Tower.jpg"),
    (f"{PAGE}/wiki/file:tower.jpg?uselang=de", "commons:File:Tower.jpg"),
    (f"{PAGE}/wiki/File:Tower.jpg%E2%80%8E", "commons:File:Tower.jpg"),
    (f"{PAGE}/wiki/Special:FilePath/Old%20tower.jpg?width=300", "commons:File:Old tower.jpg"),
    (f"{PAGE}/wiki/Special:Redirect/file/Tower.jpg", "commons:File:Tower.jpg"),
    (f"{PAGE}/w/thumb.php?f=Tower.jpg&w=300", "commons:File:Tower.jpg"),
    (f"{PAGE}/w/index.php?title=File%3AOld+tower.jpg&oldid=3", "commons:File:Old tower.jpg"),
    (f"{PAGE}/wiki/Special:EntityData/M7.json", "commons:7"),
    ("https://flic.kr/p/4Azxcv", "flickr:2360374815"),
    ("https://secure.flickr.com/photos/ana/1", "flickr:1"),
    ("http://static.flickr.com/10/123_abc.jpg", "flickr:123"),
    ("http://photos12.flickr.com/16159487_3a6615a565_b.jpg", "flickr:16159487"),
    (f"https://wordpress.org/openverse/image/{UUID}/", f"openverse:{UUID}"),
    (f"https://api.openverse.engineering/v1/images/{UUID}/thumb/", f"openverse:{UUID}"),
    ("https://www.flickr.com/photos/126744325@N07/51745389858", "flickr:51745389858"),
    ("https://www.flickr.com/photos/ana/1/in/datetaken/", "flickr:1"),
    ("https://live.staticflickr.com/65535/51745389858_c10358e1a3_b.jpg", "flickr:51745389858"),
    ("https://farm8.staticflickr.com/3408/3417626589_f7d3483824_o.jpg", "flickr:3417626589"),
    ("https://c4.staticflickr.com/4/3408/3417626589_8b2cf62e72_z.jpg", "flickr:3417626589"),
    (f"https://openverse.org/image/{UUID}?q=tower", f"openverse:{UUID}"),
    (f"https://api.openverse.org/v1/images/{UUID}/thumb/", f"openverse:{UUID}"),
]


@pytest.mark.parametrize(("address", "identifier"), ADDRESSES)
def test_address_of_a_known_form_names_its_photo(address: str, identifier: str) -> None:
    assert identifiers_of(address) == (identifier,)


@pytest.mark.parametrize(
    "address",
    [
        f"{PAGE}/wiki/Category:Towers",
        "https://www.flickr.com/photos/ana/albums/72157",
        "https://www.flickr.com/photos/ana/",
        "https://www.flickr.com/photos/tags/2010/",
        "https://flic.kr/s/aHsjzs",
        f"{PAGE}/wiki/File:_",
        "https://en.wikipedia.org/wiki/File:Tower.jpg",
        "https://en.wikipedia.org/w/index.php?curid=7",
        "https://upload.wikimedia.org/wikipedia/en/3/38/Tower.jpg",
        "https://a.example/?u=https://www.flickr.com/photos/ana/1",
        f"{UPLOAD}/a/ab/%FF.jpg",
        f"{UPLOAD}/a/ab/a%00b.jpg",
        "local:Porto/Tower/1.jpg",
        "",
        None,
    ],
)
def test_other_addresses_name_none(address: str | None) -> None:
    assert identifiers_of(address) == ()


@pytest.mark.parametrize(
    "query",
    [
        f"?{TRACKED}&utm_content=original",
        f"?{TRACKED}&utm_content=thumbnail_unscaled&_=20160830001436",
        "?expires=1790000000&signature=ab12",
    ],
)
def test_what_tracks_or_expires_makes_no_second_photo(query: str) -> None:
    assert "commons:File:T.jpg" in identifiers_of(f"{UPLOAD}/a/ab/T.jpg{query}")


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("https://a.example/1.jpg?utm_source=b&w=9", "https://a.example/1.jpg?w=9"),
        ("https://a.example/1.jpg?w=9&utm_source=b", "https://a.example/1.jpg?w=9"),
        ("https://a.example/1.jpg?utm_source=b&utm_medium=c", "https://a.example/1.jpg"),
    ],
)
def test_photo_of_no_provider_is_known_without_what_tracks(address: str, plain: str) -> None:
    assert identifiers_of(address) == (plain,)


def test_page_without_what_tracks_is_no_identifier_since_it_may_show_several_photos() -> None:
    """As pages of Europeana are in its own answers."""
    page = "https://www.europeana.eu/item/1/a?utm_source=api&utm_medium=api"
    assert provider_identifiers(page) == ()
    assert provider_identifiers(f"{PAGE}/w/index.php?curid=7&utm_source=b") == ("commons:7",)


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("File:my_house.jpg", "commons:File:My house.jpg"),
        ("commons:File:My house.jpg", "commons:File:My house.jpg"),
        ("File:My house.jpg\u200e", "commons:File:My house.jpg"),
        ("commons:12", "commons:12"),
        ("flickr:51745389858", "flickr:51745389858"),
        (f"openverse:{UUID}", f"openverse:{UUID}"),
    ],
)
def test_identifier_is_read_as_people_write_it(text: str, identifier: str) -> None:
    assert read_identifier(text) == identifier


@pytest.mark.parametrize(
    "text", ["12", "File:", "File: ", "File:_", "commons:", "flickr:x", "openverse:1"]
)
def test_what_names_no_photo_is_no_identifier(text: str) -> None:
    assert read_identifier(text) is None


def test_name_in_two_spellings_of_unicode_is_one() -> None:
    assert commons_file("Cafe\u0301_1.jpg") == commons_file("File:Caf\u00e9  1.jpg")


def test_old_addresses_of_a_file_are_those_that_were_stored() -> None:
    """MD5 of `Tower_(a,_b).jpg` begins with ea, as Commons' folders do."""
    assert list(former_addresses(("commons:File:Tower (a, b).jpg", "commons:7", "flickr:1"))) == [
        f"{PAGE}/wiki/File:Tower_(a,_b).jpg",
        f"{UPLOAD}/e/ea/Tower_%28a%2C_b%29.jpg",
        f"{UPLOAD}/thumb/e/ea/Tower_%28a%2C_b%29.jpg/960px-Tower_%28a%2C_b%29.jpg",
        f"{PAGE}/w/index.php?curid=7",
    ]


def test_page_id_is_told_from_a_name() -> None:
    assert page_id_of(("flickr:5", "commons:File:7", "commons:7")) == "7"
    assert page_id_of(("commons:File:7",)) is None


def test_names_are_compared_by_the_hash_of_their_text() -> None:
    assert name_sha256("abc").hex().startswith("ba7816bf")
