"""A take-down leaves nothing but tombstones, and what was frozen stays true."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from sightscan.dataset.export import export_dataset
from sightscan.dataset.freeze import freeze_dataset
from sightscan.errors import DatasetError, WarehouseError
from sightscan.run import Run
from sightscan.settings import read_settings
from sightscan.takeover.store import sort_photos
from sightscan.warehouse.connection import connect
from sightscan.warehouse.labels.labels import list_photos_to_label
from sightscan.warehouse.marts.hourly_facts import rebuild_hourly_marts
from sightscan.warehouse.models.datasets import (
    list_dataset_photos,
    list_placed_photos,
    read_dataset,
)
from sightscan.warehouse.photos.photos import (
    Attribution,
    FoundPhoto,
    PhotoFile,
    RejectedPhoto,
    known_names,
    merge_photos,
)
from sightscan.warehouse.registry.sights import replace_sights
from sightscan.warehouse.spend.paid_calls import CallResult, PaidFeature, record_call_results
from sightscan.warehouse.statements import statement
from sightscan.warehouse.takedowns.takedowns import (
    RemovalReport,
    Subjects,
    delete_removed_objects,
    lock_removals,
    read_subjects,
    remove_photos,
)
from tests.cities.colour_city import ColourCity, add_photo, store_colour_city
from tests.waiting import LIMIT_SECONDS, wait_until

TABLES = ("photo", "photo_blob", "photo_source", "label", "clustered_photo", "label_review")


@pytest.fixture
def place(warehouse: psycopg.Connection[Any]) -> ColourCity:
    return store_colour_city(warehouse, photos_a_sight=6)


def first_photo(place: ColourCity) -> bytes:
    return next(iter(place.photos.values()))[0]


def remove(
    warehouse: psycopg.Connection[Any], *sha256s: bytes, urls: tuple[str, ...] = (), **how: bool
) -> RemovalReport:
    return remove_photos(
        warehouse, Subjects(sha256s, urls), reason="my house", removed_by="ann", **how
    )


def freeze(warehouse: psycopg.Connection[Any], place: ColourCity, run_id: str) -> int:
    config = read_settings(min_image_number_per_label=3)
    return freeze_dataset(
        warehouse, config, place.city, Run(place.city.city_id, "city_malaga", run_id)
    ).version


def fetched(name: str, url: str | None = None, page_url: str | None = None) -> FoundPhoto:
    content = name.encode()
    digest = hashlib.sha256(content).digest()
    url = url or f"https://a.example/{name}.jpg"
    return FoundPhoto(
        PhotoFile(digest, content, 640, 480, "image/jpeg", digest),
        Attribution(url, page_url, "wikimedia_commons", "CC0", None, None, None, "Gate"),
        datetime.now(UTC),
    )


def rows_of(warehouse: psycopg.Connection[Any], table: str, sha256: bytes) -> int:
    query = sql.SQL("select count(*) from core.{} where to_jsonb({}.*)::text like %s")
    name = sql.Identifier(table)
    row = warehouse.execute(query.format(name, name), (f"%{sha256.hex()}%",)).fetchone()
    assert row is not None
    return int(row[0])


def test_removed_photo_is_in_no_layer(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    gone = first_photo(place)
    report = remove(warehouse, gone)
    assert report.removed == (gone,)
    assert {table: rows_of(warehouse, table, gone) for table in TABLES} == dict.fromkeys(TABLES, 0)


def test_other_photos_stay(warehouse: psycopg.Connection[Any], place: ColourCity) -> None:
    remove(warehouse, first_photo(place))
    count = warehouse.execute("select count(*) from core.photo_blob").fetchone()
    assert count == (6 * len(place.sights) - 1,)


def test_second_removal_changes_nothing(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    gone = first_photo(place)
    remove(warehouse, gone)
    tombstone = warehouse.execute("select * from core.removed_photo").fetchall()
    again = remove(warehouse, gone)
    assert (again.removed, again.removed_before, again.row_counts) == ((), (gone,), {})
    assert warehouse.execute("select * from core.removed_photo").fetchall() == tombstone


def test_rehearsal_reports_the_same_and_changes_nothing(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    gone = first_photo(place)
    rehearsed = remove(warehouse, gone, is_rehearsal=True)
    assert rows_of(warehouse, "photo", gone) == 1
    assert remove(warehouse, gone) == rehearsed


def test_removed_address_is_known_for_every_sight(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    one, other = (sight.sight_id or 0 for sight in place.sights[:2])
    photo = fetched("castle", page_url="https://a.example/File:Castle")
    merge_photos(warehouse, one, [photo], [])
    remove(warehouse, photo.file.sha256)
    for url in (photo.attribution.url, "https://a.example/File:Castle"):
        assert hashlib.sha256(url.encode()).digest() in known_names(warehouse, other)


def test_page_that_two_photos_share_is_not_taken_down_with_one(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    """As pages of a whole collection are, by different authors."""
    sight_id = place.sights[0].sight_id or 0
    page = "https://a.example/Castles"
    gone, stays = (fetched(name, page_url=page) for name in ("castle", "keep"))
    merge_photos(warehouse, sight_id, [gone, stays], [])
    remove(warehouse, gone.file.sha256)
    found_anew = fetched("keep", url="https://b.example/keep.jpg", page_url=page)
    assert merge_photos(warehouse, sight_id, [found_anew], []).removed_count == 0
    assert merge_photos(warehouse, sight_id, [gone], []).removed_count == 1
    # Once nobody else has it, it goes as the page of one photo.
    remove(warehouse, stays.file.sha256)
    another = fetched("tower", page_url=page)
    assert merge_photos(warehouse, sight_id, [another], []).removed_count == 1


@pytest.mark.parametrize("asked", ["https://a.example/castle.jpg", "https://a.example/Castle"])
def test_photo_is_found_by_its_address_and_by_its_page(
    warehouse: psycopg.Connection[Any], place: ColourCity, asked: str
) -> None:
    photo = fetched("castle", page_url="https://a.example/Castle")
    merge_photos(warehouse, place.sights[0].sight_id or 0, [photo], [])
    assert remove(warehouse, urls=(asked,)).removed == (photo.file.sha256,)


def identified(name: str, *identifiers: str) -> FoundPhoto:
    found = fetched(name)
    return replace(found, attribution=replace(found.attribution, identifiers=identifiers))


def test_all_sizes_of_a_photo_go_with_one(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    """As warehouses have them that were filled before there were identifiers."""
    sight_id = place.sights[0].sight_id or 0
    small = identified("small", "commons:1", "commons:File:Castle.jpg")
    large = identified("large", "commons:1")
    other, refused = identified("other", "commons:2"), "https://a.example/tiny.jpg"
    tiny = RejectedPhoto(refused, "s", "too_small", None, ("commons:File:Castle.jpg",))
    merge_photos(warehouse, sight_id, [small, large, other], [tiny])
    report = remove(warehouse, large.file.sha256)
    assert report.removed == tuple(sorted((small.file.sha256, large.file.sha256)))
    assert warehouse.execute("select url from core.rejected_photo").fetchall() == []
    left = warehouse.execute("select identifier from core.photo_identifier").fetchall()
    assert left == [("commons:2",)]
    again = identified("render", "commons:File:Castle.jpg")
    assert merge_photos(warehouse, sight_id, [again], []).removed_count == 1


def test_identifiers_of_bytes_that_were_taken_down_are_never_asked_for_again(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    sight_id = place.sights[0].sight_id or 0
    photo = identified("castle", "flickr:1")
    remove(warehouse, photo.file.sha256)
    assert merge_photos(warehouse, sight_id, [photo], []).removed_count == 1
    assert hashlib.sha256(b"flickr:1").digest() in known_names(warehouse, sight_id)
    assert warehouse.execute("select count(*) from core.photo_identifier").fetchone() == (0,)


def test_restore_finds_photos_by_identifiers_that_were_taken_down(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    photo = identified("castle", "flickr:1")
    merge_photos(warehouse, place.sights[0].sight_id or 0, [photo], [])
    warehouse.execute(
        "insert into core.removed_url (url_sha256, reason, removed_by)"
        " values (sha256('flickr:1'), 'asked', 'ann')"
    )
    found = warehouse.execute(statement("backup/list_photos_of_removed_urls")).fetchall()
    assert found == [(photo.file.sha256,)]


def test_address_of_which_nothing_is_stored_is_never_stored(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    photo = fetched("castle")
    report = remove(warehouse, urls=(photo.attribution.url,))
    assert (report.removed, report.url_count) == ((), 1)
    assert merge_photos(warehouse, place.sights[0].sight_id or 0, [photo], []).removed_count == 1
    assert rows_of(warehouse, "photo", photo.file.sha256) == 0


def test_same_bytes_at_another_address_are_not_stored(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    sight_id = place.sights[0].sight_id or 0
    photo = fetched("castle")
    merge_photos(warehouse, sight_id, [photo], [])
    remove(warehouse, photo.file.sha256)
    moved = fetched("castle", url="https://b.example/c.jpg")
    assert merge_photos(warehouse, sight_id, [moved], []).removed_count == 1
    assert rows_of(warehouse, "photo", photo.file.sha256) == 0


def test_frozen_dataset_still_says_where_the_photo_was(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    version = freeze(warehouse, place, "one")
    gone = first_photo(place)
    (use,) = remove(warehouse, gone).uses
    assert (use.city_slug, use.dataset_version, use.photo_count) == ("malaga", version, 1)
    assert remove(warehouse, gone).uses == (use,)


def test_next_dataset_is_without_the_photo(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    first = freeze(warehouse, place, "one")
    gone = first_photo(place)
    remove(warehouse, gone)
    second = freeze(warehouse, place, "two")
    assert second == first + 1
    photos = list_dataset_photos(warehouse, place.city.city_id, second)
    assert gone not in {photo.sha256 for photo in photos}
    assert read_dataset(warehouse, place.city.city_id, first).version == first


def test_dataset_that_lacks_a_photo_is_not_exported(
    warehouse: psycopg.Connection[Any], place: ColourCity, tmp_path: Path
) -> None:
    version = freeze(warehouse, place, "one")
    remove(warehouse, first_photo(place))
    with pytest.raises(DatasetError, match="lacks 1 of its 30 photos, which were taken down"):
        export_dataset(warehouse, place.city.city_id, version, tmp_path / "out")


def test_copy_of_a_removed_photo_stays_on_its_side_of_the_split(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    freeze(warehouse, place, "one")
    gone = first_photo(place)
    side = list_placed_photos(warehouse, place.city.city_id)[gone]
    remove(warehouse, gone)
    assert list_placed_photos(warehouse, place.city.city_id)[gone] == side


def test_near_copies_are_named_and_go_if_asked(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    gone = first_photo(place)
    copy = add_photo(warehouse, place.city, place.sights[0], "a copy", cluster=gone)
    assert remove(warehouse, gone).near_copies == (copy,)
    # Later, too: the tombstone remembers the cluster.
    assert remove(warehouse, gone, near_copies=True).removed == (copy,)


def test_paid_call_stays_and_its_answer_goes(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    gone = first_photo(place)
    asked = "select count(*), sum(price_usd) from core.paid_call"
    before = warehouse.execute(asked).fetchone()
    remove(warehouse, gone)
    assert warehouse.execute(asked).fetchone() == before
    answers = warehouse.execute(
        "select answer from core.paid_call where subject_sha256 = %s", (gone,)
    ).fetchall()
    assert answers == [({"removed": True},)]


def test_answer_that_comes_after_the_removal_is_not_kept(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    gone = first_photo(place)
    remove(warehouse, gone)
    row = warehouse.execute(
        "update core.paid_call set state = 'reserved', settled_at = null, answer = null"
        " where subject_sha256 = %s returning call_id",
        (gone,),
    ).fetchone()
    assert row is not None
    record_call_results(warehouse, [CallResult(row[0], "succeeded", {"response": {"boxes": 1}})])
    found = warehouse.execute(
        "select state, answer from core.paid_call where call_id = %s", row
    ).fetchone()
    assert found == ("succeeded", {"removed": True})


def test_removed_photo_is_never_sent(warehouse: psycopg.Connection[Any], place: ColourCity) -> None:
    photo = fetched("castle")
    merge_photos(warehouse, place.sights[0].sight_id or 0, [photo], [])
    bought = PaidFeature("google_vision", "landmark_detection")
    city_id = place.city.city_id
    waiting = list_photos_to_label(warehouse, bought, city_id)
    assert photo.file.sha256 in waiting
    remove(warehouse, photo.file.sha256)
    waiting = list_photos_to_label(warehouse, bought, city_id)
    assert photo.file.sha256 not in waiting


def test_hourly_marts_are_those_of_what_is_left(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    """A photo of which one thing after the other became known, each in an hour of its own."""
    gone = first_photo(place)
    sight_id = place.sights[0].sight_id or 0
    merge_photos(warehouse, sight_id, [fetched("castle")], [])
    known = datetime.now(UTC).replace(minute=5, second=0, microsecond=0) - timedelta(hours=9)
    warehouse.execute(
        "insert into core.photo_source select %s, sha256(url::bytea), %s, url, null, 's', 'CC0', null, null,"
        " null, 'q', now(), now() - hours * interval '1 hour' from (values ('a', 9), ('b', 7)) as found (url, hours)",
        (gone, sight_id),
    )
    warehouse.execute(
        "insert into core.rejected_photo values (sha256('a'), %s, 'a', 's', 'too_small', null, %s)",
        (place.sights[1].sight_id, known + timedelta(hours=1)),
    )
    warehouse.execute(
        "update core.label set recorded_at = %s where sha256 = %s",
        (known + timedelta(hours=3), gone),
    )
    warehouse.execute(
        "insert into core.label_review select gen_random_uuid(), label_id, 'accept', null, 'ann',"
        " null, now(), %s + number * interval '1 hour'"
        " from core.label cross join generate_series(4, 5) as number where sha256 = %s",
        (known, gone),
    )
    rebuild_hourly_marts(warehouse)
    before = facts(warehouse)
    remove(warehouse, gone)
    kept = facts(warehouse)
    assert [len(rows) for rows in kept] < [len(rows) for rows in before]
    rebuild_hourly_marts(warehouse)
    assert kept == facts(warehouse)


def facts(warehouse: psycopg.Connection[Any]) -> list[list[tuple[Any, ...]]]:
    """Return the rows of all tables of facts."""
    return [
        warehouse.execute(
            sql.SQL("select * from {} order by 1, 2, 3").format(sql.Identifier("mart", table))
        ).fetchall()
        for table in ("city_activity_hourly_v2", "sight_activity_hourly_v1", "city_spend_hourly_v1")
    ]


def test_contribution_that_waits_goes_too(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    warehouse.execute(
        "insert into load.contribution values"
        " (gen_random_uuid(), %s, null, 'castle', 'CC0', 'me'),"
        " (gen_random_uuid(), %s, null, 'another', 'CC0', 'me')",
        (place.city.city_id, place.city.city_id),
    )
    remove(warehouse, hashlib.sha256(b"castle").digest())
    left = warehouse.execute("select bytes from load.contribution").fetchall()
    assert left == [(b"another",)]


def test_object_is_deleted_after_the_commit_even_by_a_later_call(
    warehouse: psycopg.Connection[Any],
    place: ColourCity,
    tmp_path: Path,
) -> None:
    gone = first_photo(place)
    file = tmp_path / "photo"
    # No store deletes a folder as if it were an object.
    file.mkdir()
    warehouse.execute(
        "update core.photo_blob set bytes = null, uri = %s where sha256 = %s",
        (file.as_uri(), gone),
    )
    with pytest.raises(WarehouseError, match="run the same command again"):
        remove(warehouse, gone)
    assert rows_of(warehouse, "photo_blob", gone) == 0
    assert file.exists()
    file.rmdir()
    file.write_bytes(b"bytes")
    assert remove(warehouse, gone).object_count == 1
    assert not file.exists()
    assert delete_removed_objects(warehouse) == 0


def test_photo_that_is_being_stored_does_not_come_back(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    """The crawl has merged and not committed yet when the take-down begins."""
    photo = fetched("castle")
    with connect() as crawl, ThreadPoolExecutor(1) as pool:
        begin(crawl)
        merge_photos(crawl, place.sights[0].sight_id or 0, [photo], [])

        def take_down() -> RemovalReport:
            with connect(autocommit=True) as connection:
                return remove(connection, photo.file.sha256)

        removal = pool.submit(take_down)
        wait_for_lock(warehouse)
        crawl.commit()
        assert removal.result(LIMIT_SECONDS).removed == (photo.file.sha256,)
    assert rows_of(warehouse, "photo", photo.file.sha256) == 0


def test_photo_that_is_being_taken_down_is_not_stored(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    """The take-down has not committed yet when the crawl merges."""
    photo = fetched("castle")
    with connect() as removal, ThreadPoolExecutor(1) as pool:
        begin(removal)
        remove(removal, photo.file.sha256)

        def crawl() -> int:
            with connect(autocommit=True) as connection:
                merged = merge_photos(connection, place.sights[0].sight_id or 0, [photo], [])
                return merged.removed_count

        merged = pool.submit(crawl)
        wait_for_lock(warehouse)
        removal.commit()
        assert merged.result(LIMIT_SECONDS) == 1
    assert rows_of(warehouse, "photo", photo.file.sha256) == 0


MOVES = {
    "sights": lambda connection, city_id: replace_sights(connection, city_id, []),
    "photos": sort_photos,
}


@pytest.mark.parametrize("moved", MOVES)
def test_what_moves_between_sights_waits_for_a_take_down_before_it_touches_a_row(
    warehouse: psycopg.Connection[Any], place: ColourCity, moved: str
) -> None:
    """They lock sources before labels, a take-down the other way round: together they would hang."""
    with connect() as removal, ThreadPoolExecutor(1) as pool:
        lock_removals(removal)

        def move() -> None:
            with connect(autocommit=True) as connection:
                MOVES[moved](connection, place.city.city_id)

        moving = pool.submit(move)
        wait_for_lock(warehouse)
        assert row_locks(warehouse) == 0
        removal.commit()
        moving.result(LIMIT_SECONDS)


def row_locks(warehouse: psycopg.Connection[Any]) -> int:
    """Count tables in which somebody changes rows."""
    row = warehouse.execute(
        "select count(*) from pg_locks where mode = 'RowExclusiveLock' and granted"
        " and relation = any('{core.photo_source, core.label, core.sight}'::regclass[])"
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_two_at_once_remove_it_once(warehouse: psycopg.Connection[Any], place: ColourCity) -> None:
    gone = first_photo(place)
    start = threading.Barrier(2)

    def take_down(_: int) -> int:
        with connect(autocommit=True) as connection:
            start.wait()
            return len(remove(connection, gone).removed)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(take_down, range(2))) == [0, 1]


@pytest.mark.parametrize("text", ["abc", "0" * 63, "g" * 64, "ftp://a.example/b", "https://", ""])
def test_what_is_no_photo_is_a_sentence(text: str) -> None:
    with pytest.raises(WarehouseError, match="expected its sha256"):
        read_subjects([text])


def test_reason_is_needed(warehouse: psycopg.Connection[Any]) -> None:
    with pytest.raises(WarehouseError, match="needs a reason"):
        remove_photos(warehouse, Subjects(), reason=" ", removed_by="ann")


def begin(connection: psycopg.Connection[Any]) -> None:
    """Begin a transaction of which all that follows is a part."""
    connection.execute("select 1")


def wait_for_lock(warehouse: psycopg.Connection[Any]) -> None:
    """Wait until somebody waits for an advisory lock."""
    query = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
    wait_until(lambda: warehouse.execute(query).fetchone() != (0,))


def test_replaced_tombstone_keeps_its_first_reason(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    subjects = replace(Subjects(), sha256s=(first_photo(place),))
    for reason in ("first", "second"):
        remove_photos(warehouse, subjects, reason=reason, removed_by="ann")
    assert warehouse.execute("select reason from core.removed_photo").fetchall() == [("first",)]
