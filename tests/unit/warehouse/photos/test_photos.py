"""Batches of photos are merged whole, once, whatever was there before."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from sightscan.city import City, Place, Sight
from sightscan.crawl.dedupe.clusters import cluster_photos
from sightscan.errors import WarehouseError
from sightscan.settings import read_settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.photos.photos import (
    Attribution,
    FoundPhoto,
    LinkedPhoto,
    MetPhoto,
    PhotoFile,
    RejectedPhoto,
    known_names,
    learn_identifiers,
    merge_photos,
    photos_of_sight,
)
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.sights import upsert_sights

CITY = City("Q64", "berlin", "Berlin", "Germany", Place(52.5, 13.4), 10_000)
OTHER_CITY = replace(CITY, city_id="Q1022", slug="stuttgart", name="Stuttgart")


@pytest.fixture
def sight_ids(warehouse: psycopg.Connection[Any]) -> tuple[int, int]:
    """Store a sight in each of two cities."""
    ids = []
    for city in (CITY, OTHER_CITY):
        add_city(warehouse, city)
        sight = Sight(None, city.city_id, "Gate", 1, wikidata_id="Q7")
        ids += [stored.sight_id for stored in upsert_sights(warehouse, city.city_id, [sight])]
    return ids[0] or 0, ids[1] or 0


def photo(number: int, *, hash_bits: int | None = None) -> FoundPhoto:
    """Return a photo; its perceptual hash has `hash_bits` low bits set."""
    content = f"photo {number}".encode()
    digest = hashlib.sha256(content).digest()
    perceptual = digest if hash_bits is None else ((1 << hash_bits) - 1).to_bytes(32)
    return FoundPhoto(
        PhotoFile(digest, content, 640, 480, "image/jpeg", perceptual),
        Attribution(
            url=f"https://a.example/{number}.jpg",
            page_url=None,
            source="wikimedia_commons",
            licence="CC0",
            licence_url=None,
            author=None,
            title=None,
            query="Gate",
        ),
        datetime.now(UTC),
    )


def counts(warehouse: psycopg.Connection[Any]) -> tuple[int, ...]:
    """Count photos, blobs, sources, rejections, and what is left in the staging tables."""
    row = warehouse.execute(
        "select (select count(*) from core.photo), (select count(*) from core.photo_blob),"
        " (select count(*) from core.photo_source), (select count(*) from core.rejected_photo),"
        " (select count(*) from load.photo) + (select count(*) from load.rejected_photo)"
    ).fetchone()
    assert row is not None
    return tuple(row)


def test_same_batch_again_adds_nothing(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    refused = RejectedPhoto("https://a.example/map.svg", "wikimedia_commons", "unsupported_type")
    for _ in range(2):
        assert (
            merge_photos(warehouse, sight_ids[0], [photo(1), photo(2)], [refused]).removed_count
            == 0
        )
    assert counts(warehouse) == (2, 2, 2, 1, 0)


def test_same_photo_twice_in_a_batch_is_stored_once(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    one = photo(1)
    moved = replace(one, attribution=replace(one.attribution, url="https://a.example/copy.jpg"))
    merge_photos(warehouse, sight_ids[0], [one, one, moved], [])
    assert counts(warehouse) == (1, 1, 2, 0, 0)


def test_photo_of_two_sights_is_one_photo_with_two_sources(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    for sight_id in sight_ids:
        merge_photos(warehouse, sight_id, [photo(1)], [])
        assert photos_of_sight(warehouse, sight_id) == {photo(1).file.sha256}
    assert counts(warehouse) == (1, 1, 2, 0, 0)


def test_kept_and_refused_addresses_are_known_for_their_sight_only(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    refused = RejectedPhoto("https://a.example/ü.svg", "wikimedia_commons", "unsupported_type")
    merge_photos(warehouse, sight_ids[0], [photo(1)], [refused])
    urls = (photo(1).attribution.url, refused.url)
    assert known_names(warehouse, sight_ids[0]) == {
        hashlib.sha256(url.encode()).digest() for url in urls
    }
    assert known_names(warehouse, sight_ids[1]) == frozenset()


def test_photo_that_was_taken_down_is_never_stored_again(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    warehouse.execute(
        "insert into core.removed_photo (sha256, reason, removed_by) values (%s, 'asked', 'me')",
        (photo(1).file.sha256,),
    )
    assert merge_photos(warehouse, sight_ids[0], [photo(1), photo(2)], []).removed_count == 1
    assert counts(warehouse) == (1, 1, 1, 1, 0)
    assert len(known_names(warehouse, sight_ids[0])) == 2


def test_address_of_5000_characters_is_stored(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    long = "https://a.example/?" + "x" * 5_000
    one = photo(1)
    moved = replace(one, attribution=replace(one.attribution, url=long))
    merge_photos(warehouse, sight_ids[0], [moved], [RejectedPhoto(long + "y", "s", "too_large")])
    assert counts(warehouse) == (1, 1, 1, 1, 0)


def test_broken_batch_leaves_nothing(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    with pytest.raises(WarehouseError, match=r"no sight \d+ in core\.sight"):
        merge_photos(warehouse, sight_ids[1] + 1_000, [photo(1)], [])
    assert counts(warehouse) == (0, 0, 0, 0, 0)


INVALID = {
    "no licence": lambda one: replace(one, attribution=replace(one.attribution, licence=" ")),
    "half a character: 'https://a.example/\\ud800'": lambda one: replace(
        one, attribution=replace(one.attribution, url="https://a.example/\ud800")
    ),
    "no query": lambda one: replace(one, attribution=replace(one.attribution, query="\0")),
    "an empty photo: 0 x 480 pixels": lambda one: replace(
        one, file=replace(one.file, width_pixels=0)
    ),
    "media type 'image/gif'": lambda one: replace(
        one, file=replace(one.file, media_type="image/gif")
    ),
    "a perceptual hash of 8 bytes": lambda one: replace(
        one, file=replace(one.file, perceptual_hash=b"8 bytes.")
    ),
    "found at 1970": lambda one: replace(one, found_at=datetime(1970, 1, 1, tzinfo=UTC)),
}


@pytest.mark.parametrize("fault", INVALID)
def test_row_that_core_would_refuse_becomes_a_rejection_and_the_others_are_stored(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int], fault: str
) -> None:
    merged = merge_photos(warehouse, sight_ids[0], [INVALID[fault](photo(1)), photo(2)], [])
    assert (merged.new_count, merged.invalid_count) == (1, 1)
    assert counts(warehouse) == (1, 1, 1, 1, 0)
    row = warehouse.execute("select reason, detail from core.rejected_photo").fetchone()
    assert row is not None
    assert row[0] == "invalid"
    assert fault in row[1]


def linked(number: int, **texts: str) -> LinkedPhoto:
    one = photo(number)
    return LinkedPhoto(one.file.sha256, replace(one.attribution, **texts), one.found_at)


def test_texts_that_cannot_be_stored_are_cleaned_and_the_photo_is_kept(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    one = photo(1)
    texts = {"author": "A\0nn", "title": "\ud83d\ude00 and \udc80", "page_url": "https://p/\0"}
    dirty = replace(one, attribution=replace(one.attribution, **texts), etag="\ud800")
    assert merge_photos(warehouse, sight_ids[0], [dirty], []).new_count == 1
    merge_photos(warehouse, sight_ids[1], [], [], linked=[linked(1, **texts)])
    rows = warehouse.execute("select author, title, page_url from core.photo_source").fetchall()
    assert rows == [("Ann", "😀 and \ufffd", "https://p/")] * 2
    assert warehouse.execute("select etag from core.photo_visit").fetchone() == ("\ufffd",)


@pytest.mark.parametrize(
    ("refusal", "stored"),
    [
        (("https://a/1", "s", "Too Small", "9 x 9"), ("https://a/1", "s", "invalid", "'Too Small': 9 x 9")),
        (("https://a/1", "s", "", None), ("https://a/1", "s", "invalid", "''")),
        (("https://a/1", "s", "no_image\n", None), ("https://a/1", "s", "invalid", r"'no_image\n'")),
        (("https://a/1", "s", "no_image", "\0\ud800"), ("https://a/1", "s", "no_image", "\ufffd")),
        (("https://a/\0\udfff", " ", "no_image", None), ("https://a/\ufffd", "unknown", "no_image", None)),
        (("\0", "\0", "no_image", None), ("unknown", "unknown", "no_image", None)),
    ],
)  # fmt: skip
def test_rejection_that_core_would_refuse_does_not_cost_the_batch(
    warehouse: psycopg.Connection[Any],
    sight_ids: tuple[int, int],
    refusal: tuple[str, str, str, str | None],
    stored: tuple[str, str, str, str | None],
) -> None:
    merge_photos(warehouse, sight_ids[0], [photo(1)], [RejectedPhoto(*refusal)])
    assert counts(warehouse) == (1, 1, 1, 1, 0)
    rows = warehouse.execute("select url, source, reason, detail from core.rejected_photo")
    assert rows.fetchall() == [stored]


def test_link_that_core_would_refuse_becomes_a_rejection(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    merge_photos(warehouse, sight_ids[0], [photo(1), photo(2)], [])
    links = [linked(1, licence=" "), linked(2), linked(3)]
    assert merge_photos(warehouse, sight_ids[1], [], [], linked=links).invalid_count == 1
    assert photos_of_sight(warehouse, sight_ids[1]) == {photo(2).file.sha256}
    assert warehouse.execute("select reason, detail from core.rejected_photo").fetchall() == [
        ("invalid", "no licence")
    ]


def test_link_to_an_address_that_was_taken_down_is_not_stored(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    merge_photos(warehouse, sight_ids[0], [photo(1)], [])
    warehouse.execute(
        "insert into core.removed_url (url_sha256, reason, removed_by)"
        " values (sha256(%s), 'asked', 'me')",
        (b"https://p/",),
    )
    merge_photos(warehouse, sight_ids[1], [], [], linked=[linked(1, page_url="https://p/")])
    assert photos_of_sight(warehouse, sight_ids[1]) == frozenset()


def test_crawls_of_one_sight_that_link_in_opposite_orders_do_not_deadlock(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    numbers = range(150)
    merge_photos(warehouse, sight_ids[0], [photo(number) for number in numbers], [])
    links = [linked(number) for number in numbers]

    def merge(worker: int) -> None:
        ordered = links if worker % 2 else links[::-1]
        # What one batch found and the other links, and the other way round.
        found = [photo(140)] if worker % 2 else [photo(10)]
        with connect(autocommit=True) as connection:
            merge_photos(connection, sight_ids[1], found, [], linked=ordered)

    for _ in range(3):
        warehouse.execute("delete from core.photo_source where sight_id = %s", [sight_ids[1]])
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(merge, range(4)))
        assert len(photos_of_sight(warehouse, sight_ids[1])) == len(numbers)


def test_photo_whose_bytes_were_lost_gets_them_back(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    merge_photos(warehouse, sight_ids[0], [photo(1), photo(2)], [])
    warehouse.execute("delete from core.photo_blob where sha256 = %s", (photo(1).file.sha256,))
    merge_photos(warehouse, sight_ids[0], [photo(1), photo(3)], [])
    assert counts(warehouse) == (3, 3, 3, 0, 0)


def test_bytes_of_a_known_photo_do_not_travel_again(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    merge_photos(warehouse, sight_ids[0], [photo(1)], [])
    before = warehouse.execute("select xmin from core.photo_blob").fetchone()
    assert merge_photos(warehouse, sight_ids[1], [photo(1)], []).new_count == 0
    assert warehouse.execute("select xmin from core.photo_blob").fetchone() == before


def test_crawls_of_the_same_photos_at_once_do_not_block_each_other(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    photos = [photo(number) for number in range(60)]

    def merge(worker: int) -> None:
        with connect(autocommit=True) as connection:
            ordered = photos if worker % 2 else photos[::-1]
            for start in range(0, 60, 20):
                merge_photos(connection, sight_ids[worker % 2], ordered[start : start + 20], [])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(merge, range(4)))
    assert counts(warehouse) == (60, 60, 120, 0, 0)


def clusters(warehouse: psycopg.Connection[Any]) -> dict[bytes, bytes]:
    return dict(warehouse.execute("select sha256, cluster_sha256 from core.photo").fetchall())


def test_near_copies_become_one_cluster_in_whatever_order_they_come(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    """A chain: 0 - 10 - 20 bits; the ends are far apart, and the middle comes last."""
    config = read_settings(near_duplicate_bits=10)
    chain = [photo(number, hash_bits=bits) for number, bits in enumerate((0, 10, 20, 200))]
    for number in (0, 2, 3, 1):
        merge_photos(warehouse, sight_ids[0], [chain[number]], [])
        cluster_photos(warehouse, CITY, config)
    digests = [found.file.sha256 for found in chain]
    smallest = min(digests[:3])
    assert clusters(warehouse) == dict.fromkeys(digests[:3], smallest) | {digests[3]: digests[3]}


def test_clustered_photos_are_not_compared_again(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    merge_photos(warehouse, sight_ids[0], [photo(1), photo(2)], [])
    config = read_settings()
    assert cluster_photos(warehouse, CITY, config).compared == 2
    assert cluster_photos(warehouse, CITY, config).compared == 0
    merge_photos(warehouse, sight_ids[0], [photo(3)], [])
    assert cluster_photos(warehouse, CITY, config).compared == 1


def test_other_threshold_compares_anew(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    merge_photos(warehouse, sight_ids[0], [photo(1, hash_bits=0), photo(2, hash_bits=12)], [])
    assert cluster_photos(warehouse, CITY, read_settings(near_duplicate_bits=10)).joined == 0
    assert cluster_photos(warehouse, CITY, read_settings(near_duplicate_bits=20)).joined == 1


def test_cities_that_share_a_photo_share_its_cluster(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    config = read_settings(near_duplicate_bits=10)
    left, middle, right = (photo(n, hash_bits=bits) for n, bits in enumerate((0, 8, 16)))
    merge_photos(warehouse, sight_ids[0], [left, middle], [])
    merge_photos(warehouse, sight_ids[1], [middle, right], [])
    for city in (CITY, OTHER_CITY):
        cluster_photos(warehouse, city, config)
    assert len(set(clusters(warehouse).values())) == 1


@pytest.mark.parametrize(
    ("reason", "age_days", "reopened", "is_known"),
    [
        ("licence", 1, [], True),
        ("licence", 1, ["licence"], False),
        ("mostly_a_face", 90, [], True),
        ("mostly_a_face", 1, ["mostly_a_face"], False),
        ("opted_out", 29, [], True),
        ("opted_out", 31, [], False),
        ("http_404", 31, [], False),
        ("too_small", 31, [], True),
    ],
)
def test_rejection_holds_as_long_as_what_made_it(  # noqa: PLR0917 - a table
    warehouse: psycopg.Connection[Any],
    sight_ids: tuple[int, int],
    reason: str,
    age_days: int,
    reopened: list[str],
    is_known: bool,  # noqa: FBT001 - a case
) -> None:
    refusal = RejectedPhoto("https://a.example/1.jpg", "wikimedia_commons", reason)
    merge_photos(warehouse, sight_ids[0], [], [refusal])
    warehouse.execute(
        "update core.rejected_photo set recorded_at = now() - make_interval(days => %s)",
        (age_days,),
    )
    assert bool(known_names(warehouse, sight_ids[0], reopened)) is is_known


@pytest.mark.parametrize(
    ("reason", "detail", "is_known"),
    [
        ("too_small", "100 x 200, at least 150 each", True),
        ("too_small", "100 x 200, at least 250 each", False),
        ("too_small", None, True),
        ("too_large", "2001 bytes stated, 2000 allowed", True),
        ("too_large", "more than the 2000 bytes allowed", True),
        ("too_large", "more than the 12000 bytes allowed", False),
        ("mostly_a_face", "35% of the area, less than 3% is kept", True),
        ("mostly_a_face", "35% of the area, less than 30% is kept", False),
        ("broken", "35% of the area, less than 30% is kept", True),
    ],
)
def test_rejection_by_a_bound_holds_while_it_is_the_same(
    warehouse: psycopg.Connection[Any],
    sight_ids: tuple[int, int],
    reason: str,
    detail: str | None,
    is_known: bool,  # noqa: FBT001 - a case
) -> None:
    refusal = RejectedPhoto("https://a.example/1.jpg", "wikimedia_commons", reason, detail)
    merge_photos(warehouse, sight_ids[0], [], [refusal])
    bounds = {
        "too_small": "%at least 150 each",
        "too_large": "% 2000 %allowed",
        "mostly_a_face": r"%less than 3\% is kept",
    }
    assert bool(known_names(warehouse, sight_ids[0], bounds=bounds)) is is_known


def test_rejection_of_a_file_of_ones_own_never_holds(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    refusal = RejectedPhoto("local:Town/Tower/1.jpg", "local_folder", "broken")
    merge_photos(warehouse, sight_ids[0], [], [refusal])
    assert known_names(warehouse, sight_ids[0]) == frozenset()


@pytest.mark.parametrize(("bits", "refused"), [(0, 1), (32, 1), (33, 0)])
def test_photo_that_looks_the_same_as_one_taken_down_is_refused(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int], bits: int, refused: int
) -> None:
    warehouse.execute(
        "insert into core.removed_photo (sha256, reason, removed_by, perceptual_hash)"
        " values (sha256('gone'), 'asked', 'me', decode(repeat('00', 32), 'hex'))"
    )
    report = merge_photos(warehouse, sight_ids[0], [photo(1, hash_bits=bits)], [])
    assert (report.new_count, report.removed_copy_count) == (1 - refused, refused)
    # It may be an error, so no other sight hears of it.
    assert known_names(warehouse, sight_ids[1]) == frozenset()


def test_near_copy_that_was_left_in_the_warehouse_may_be_found_again(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    merge_photos(warehouse, sight_ids[0], [photo(1, hash_bits=3)], [])
    warehouse.execute(
        "insert into core.removed_photo (sha256, reason, removed_by, perceptual_hash)"
        " values (sha256('gone'), 'asked', 'me', decode(repeat('00', 32), 'hex'))"
    )
    assert (
        merge_photos(warehouse, sight_ids[1], [photo(1, hash_bits=3)], []).removed_copy_count == 0
    )
    assert counts(warehouse) == (1, 1, 2, 0, 0)


def named(number: int, *identifiers: str) -> FoundPhoto:
    """Return a photo with identifiers."""
    found = photo(number)
    return replace(found, attribution=replace(found.attribution, identifiers=identifiers))


def test_photo_is_known_by_its_identifiers_for_its_sight_only(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    refused = RejectedPhoto("https://a.example/2.jpg", "s", "too_small", None, ("flickr:2",))
    merge_photos(warehouse, sight_ids[0], [named(1, "flickr:1", "commons:1")], [refused])
    names = {
        hashlib.sha256(name.encode()).digest() for name in ("flickr:1", "commons:1", "flickr:2")
    }
    assert names <= known_names(warehouse, sight_ids[0])
    assert known_names(warehouse, sight_ids[1]) == frozenset()


def test_identifier_of_5000_characters_is_stored(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    plain = f"https://a.example/{'a' * 5_000}"
    assert merge_photos(warehouse, sight_ids[0], [named(1, plain)], []).new_count == 1


def test_another_name_is_learnt_by_the_address_or_by_an_identifier(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    merge_photos(warehouse, sight_ids[0], [photo(1), named(2, "commons:2")], [])
    learn_identifiers(
        warehouse,
        [
            MetPhoto("https://a.example/1.jpg", ("openverse:1",)),
            MetPhoto("https://elsewhere.example/2.jpg", ("commons:2", "openverse:2")),
            MetPhoto("https://elsewhere.example/3.jpg", ("commons:3", "openverse:3")),
        ],
    )
    found = warehouse.execute(
        "select url, identifier from core.photo_identifier"
        " inner join core.photo_source using (url_sha256) order by identifier"
    ).fetchall()
    assert found == [
        ("https://a.example/2.jpg", "commons:2"),
        ("https://a.example/1.jpg", "openverse:1"),
        ("https://a.example/2.jpg", "openverse:2"),
    ]


def cameras(warehouse: psycopg.Connection[Any]) -> list[tuple[object, ...]]:
    return warehouse.execute(
        "select sight_id, url, camera_latitude, camera_longitude from core.photo_source"
        " order by sight_id, url"
    ).fetchall()


def placed(found: FoundPhoto, latitude: float, longitude: float) -> FoundPhoto:
    camera = Place(latitude, longitude)
    return replace(found, attribution=replace(found.attribution, camera=camera))


def test_place_of_a_photo_is_stored_where_it_is_found_and_where_it_is_linked(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    found = placed(photo(1), 38.7, -9.2)
    merge_photos(warehouse, sight_ids[0], [found, photo(2)], [])
    link = LinkedPhoto(found.file.sha256, found.attribution, found.found_at)
    merge_photos(warehouse, sight_ids[1], [], [], linked=[link])
    assert cameras(warehouse) == [
        (sight_ids[0], "https://a.example/1.jpg", 38.7, -9.2),
        (sight_ids[0], "https://a.example/2.jpg", None, None),
        (sight_ids[1], "https://a.example/1.jpg", 38.7, -9.2),
    ]


def test_place_of_a_photo_that_is_there_is_learnt_once(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    merge_photos(
        warehouse, sight_ids[0], [photo(1), named(2, "commons:2"), placed(photo(3), 1.5, 2.5)], []
    )
    learn_identifiers(
        warehouse,
        [
            MetPhoto("https://a.example/1.jpg", (), Place(38.7, -9.2)),
            MetPhoto("https://elsewhere.example/2.jpg", ("commons:2",), Place(38.8, -9.3)),
            MetPhoto("https://a.example/3.jpg", (), Place(38.9, -9.4)),
        ],
    )
    assert cameras(warehouse) == [
        (sight_ids[0], "https://a.example/1.jpg", 38.7, -9.2),
        (sight_ids[0], "https://a.example/2.jpg", 38.8, -9.3),
        (sight_ids[0], "https://a.example/3.jpg", 1.5, 2.5),
    ]


def test_photo_that_a_visitor_shared_can_have_no_place(
    warehouse: psycopg.Connection[Any], sight_ids: tuple[int, int]
) -> None:
    found = placed(photo(1), 38.7, -9.2)
    shared = replace(found, attribution=replace(found.attribution, source="contribution"))
    with pytest.raises(psycopg.errors.CheckViolation, match="contributions_have_no_place"):
        merge_photos(warehouse, sight_ids[0], [shared], [])
    assert cameras(warehouse) == []
