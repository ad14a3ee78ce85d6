"""A warehouse that is filled and in use is migrated: nobody errs, nothing is lost, nothing hangs.

It is one of the thirty migrations that were squashed, so each test takes it over, too.
"""

import itertools
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from sandbox.addresses import PostgresAddress
from sightscan.errors import WarehouseError
from sightscan.settings import settings
from sightscan.warehouse.backup.dump import backup_warehouse
from sightscan.warehouse.backup.pg_tools import find_program
from sightscan.warehouse.backup.restore import restore_warehouse
from sightscan.warehouse.connection import connect
from sightscan.warehouse.photos.identity import identifiers_of
from sightscan.warehouse.schema import migrate as runner
from sightscan.warehouse.schema.lock_retry import LockRetry
from sightscan.warehouse.schema.migrate import MigrationReport, be_silent, migrate
from tests.waiting import LIMIT_SECONDS, wait_until

SQL_FOLDER = settings().sql_folder
# The files of commit 98da476, the last that has them.
SQUASHED_FILES = Path(__file__).parents[1] / "fixtures" / "squashed_migrations.tar.gz"
SQUASHED_COUNT = 30
QUICK = LockRetry(lock_seconds=0.3, statement_seconds=60, total_seconds=200)
PHOTO_COUNT = 400
FILL = """
insert into core.city (city_id, slug, name, country, latitude, longitude, radius_meters)
values ('Q1', 'malaga', 'Málaga', 'Spain', 36.7, -4.4, 8000), ('Q2', 'beijing', '北京', 'China', 39.9, 116.4, 20000);
insert into core.sight (city_id, wikidata_id, name, normalised_name, rank)
select 'Q' || 1 + number %% 2, 'Q' || 100 + number, 'Sight ' || number, 'sight ' || number, 1 + number
from generate_series(0, 19) as number;
insert into core.photo (sha256, byte_count, width_pixels, height_pixels, media_type, perceptual_hash, cluster_sha256)
select sha256(number::text::bytea), 100, 640, 480, 'image/jpeg', sha256('p'), sha256(number::text::bytea)
from generate_series(1, %(photos)s) as number;
insert into core.photo_blob (sha256, bytes) select photo.sha256, convert_to(repeat('x', 100), 'UTF8') from core.photo;
insert into core.photo_source (sha256, url_sha256, sight_id, url, source, licence, query, found_at)
select
    photo.sha256, sha256(photo.sha256), 1 + row_number() over () %% 20, 'https://example.org/', 'wikimedia_commons',
    'cc-by-sa-4.0', 'q', now()
from core.photo;
insert into core.rejected_photo (url_sha256, sight_id, url, source, reason, detail)
select sha256(number::text::bytea), 1 + number %% 20, 'https://example.org/' || number, 'wikimedia_commons', 'too_small', '9 x 9'
from generate_series(1, 100) as number;
insert into core.removed_photo (sha256, reason, removed_by) values (sha256('gone'), 'asked', 'ann');
insert into core.removed_url (url_sha256, sha256, reason, removed_by) values (sha256('u'), sha256('gone'), 'asked', 'ann');
insert into core.photo_visit (url_sha256, etag, visited_at) values (sha256('u'), '"1"', now());
insert into core.object_to_delete (uri, sha256) values ('s3://bucket/gone', sha256('gone'));
insert into core.clustered_photo (city_id, sha256, near_duplicate_bits) select 'Q1', photo.sha256, 10 from core.photo;
insert into core.city_request (request_id, asked_name, city_id, stage, vote_count, asked_at)
values (gen_random_uuid(), 'Málaga', 'Q1', 'resolved', 3, now()), (gen_random_uuid(), 'Atlantis', null, 'refused', 1, now());
insert into core.paid_call (provider, feature, subject_sha256, attempt, city_id, dag_id, run_id, state, price_usd, answer, settled_at)
select 'google_vision', 'landmark_detection', photo.sha256, 1, 'Q1', 'city_malaga', 'run', 'succeeded', 0.0015, '{}', now()
from core.photo;
insert into core.label (call_id, annotation_number, city_id, sha256, sight_id, description, score, x1, y1, x2, y2, state)
select paid_call.call_id, 0, 'Q1', paid_call.subject_sha256, 2, 'Sight', 0.9, 0.1, 0.1, 0.8, 0.8, 'accepted' from core.paid_call;
insert into core.label_review (review_id, label_id, decision, sight_id, reviewed_by, reviewed_at)
select
    gen_random_uuid(), label.label_id, (array['accept', 'reject', 'rename'])[1 + label.label_id %% 3],
    case when label.label_id %% 3 = 2 then 4 end, 'ann', now()
from core.label where label.label_id <= 90;
insert into core.label_claim values (91, 'ann', now() + interval '1 hour');
insert into core.dataset
values ('Q1', 1, sha256('d'), '{Sight 1}', '{2}', 300, 50, 50, 'city_malaga', 'run');
insert into core.dataset_photo select 'Q1', 1, photo.sha256, 'train' from core.photo;
insert into core.dataset_box select 'Q1', 1, photo.sha256, 0, 0, 0.1, 0.1, 0.8, 0.8 from core.photo;
insert into core.training_run (city_id, dataset_version, dag_id, run_id, request) values ('Q1', 1, 'city_malaga', 'run', '{}');
insert into core.model (
    city_id, model_version, dataset_version, training_id, class_names, image_size, onnx_sha256, weights_sha256,
    map50, map50_95, class_metrics, result
) select 'Q1', 1, 1, training_run.training_id, '{Sight 1}', 640, sha256('o'), sha256('w'), 0.8, 0.5, '[]', '{}' from core.training_run;
insert into core.model_file values ('Q1', 1, 'model.onnx', sha256('o'), 'o');
insert into core.imported_model (city_id, sha256, model_version, bytes) values ('Q1', sha256('i'), 1, 'i');
insert into core.publication (city_id, model_version, published_by, reason) values ('Q1', 1, 'run', 'first');
insert into core.check_result (check_name, severity, offending_count, dag_id, run_id)
select 'a check', 'warn', 0, 'refresh_data_marts', number::text from generate_series(1, 50) as number;
insert into core.instance_lease (instance_id, city_id, dag_id, run_id, deadline_at)
values ('i-1', 'Q1', 'city_malaga', 'run', now() + interval '1 hour');
insert into core.instance_session (instance_id, city_id, dag_id, run_id, price_per_hour_usd, started_at, running_at, stopped_at, stopped_by)
values ('i-1', 'Q1', 'city_malaga', 'earlier', 0.5, now() - interval '2 hours', now() - interval '2 hours', now(), 'teardown'),
    ('i-1', 'Q1', 'city_malaga', 'run', 0.5, now(), null, null, null);
insert into core.rate_limit (bucket, capacity, refill_per_second, tokens) values ('google_vision.images', 10, 2, 5);
insert into core.spend_estimate
select 'city_malaga', 'run', 'Q1', 400, 0, 400, 300, 600, 0.6, 0.5, 0, 1.5, 1, 2.1, 1.5, null, now(), now(), now();
insert into mart.city_activity_hourly_v1 values (date_trunc('hour', now()), 'Q1', 400, 100, 400, 400, 0, 1);
insert into mart.city_activity_hourly_v2
values ('Q1', date_trunc('hour', now()), 400, 400, 100, 400, 400, 0, 0.6, 400, 0, 0, 0, 90, 1, now());
insert into mart.sight_activity_hourly_v1 values (2, date_trunc('hour', now()), 20, 5, 20, 0, 0, 400, 400, 0, 0, 90);
insert into mart.city_spend_hourly_v1 values ('Q1', date_trunc('hour', now()), 'google_vision', 'landmark_detection', 400, 0, 0.6);
insert into mart.refreshed_hour values (date_trunc('hour', now()), now());
insert into core.stage_report (dag_id, run_id, task_id, city_id, report) values
    ('city_malaga', 'run', 'crawl_photos', 'Q1', '{"kept": 400}'), ('city_malaga', 'run', 'label_photos', 'Q1', '{"kept": 7}');
insert into load.photo (
    batch_id, sha256, bytes, width_pixels, height_pixels, media_type, perceptual_hash, sight_id, url, source, licence, query, found_at
) values (gen_random_uuid(), sha256('l'), 'l', 1, 1, 'image/png', sha256('p'), 1, 'https://example.org/', 'test', 'CC0', 'q', now());
insert into load.rejected_photo (batch_id, sight_id, url, source, reason) values (gen_random_uuid(), 1, 'https://example.org/', 'test', 'too_small');
insert into load.label (batch_id, call_id, annotation_number, city_id, sha256, description, score, x1, y1, x2, y2, state)
values (gen_random_uuid(), 1, 0, 'Q1', sha256('l'), 'Sight', 0.5, 0, 0, 1, 1, 'unmatched');
insert into load.city_request (request_id, asked_name, asked_by) values (gen_random_uuid(), 'Porto', 'somebody');
insert into load.contribution (contribution_id, city_id, bytes, licence, contributed_by)
values (gen_random_uuid(), 'Q1', 'photo', 'CC0', 'somebody');
insert into load.withdrawal (withdrawal_id, sha256, reason) values (gen_random_uuid(), sha256('l'), 'mine');
insert into load.report (report_id, city_id, message) select gen_random_uuid(), 'Q1', 'wrong' from generate_series(1, 20);
"""
INSERT_PHOTO = """
with added as (
    insert into core.photo (sha256, byte_count, width_pixels, height_pixels, media_type, perceptual_hash, cluster_sha256)
    values (sha256(%(seed)s::text::bytea), 9, 640, 480, 'image/png', sha256('p'), sha256('c')) returning sha256
)
insert into core.photo_source (sha256, url_sha256, sight_id, url, source, licence, query, found_at)
select added.sha256, added.sha256, 1, 'https://example.org/', 'test', 'CC0', 'q', now() from added
"""
READ_MARTS = "select city_slug, photo_count, spend_usd from mart.city_overview"


UPLOAD = "https://upload.wikimedia.org/wikipedia/commons"
COMMONS = "https://commons.wikimedia.org"
# Address and page of photos, as sources gave them, and how many identifiers can be read there.
FOUND_BEFORE: tuple[tuple[str, str, str | None, int], ...] = (
    ("wikimedia_commons", f"{UPLOAD}/thumb/a/ab/T_%281%29.jpg/960px-T_%281%29.jpg", f"{COMMONS}/wiki/File:T_(1).jpg", 1),
    ("openverse", f"{UPLOAD}/a/ab/Caf%C3%A9,_100%25.jpg", f"{COMMONS}/w/index.php?curid=49782418", 2),
    ("openverse", f"{UPLOAD}/a/ab/Cafe%CC%81%E4%B8%AD%F0%9F%98%80.jpg", None, 1),
    ("openverse", f"{UPLOAD}/a/ab/%FF%C3.jpg", f"{COMMONS}/w/index.php?curid=5", 1),
    ("openverse", f"{UPLOAD}/a/ab/%00.jpg", None, 0),
    ("openverse", f"{UPLOAD}/a/ab/100%_of_%zz.jpg", None, 1),
    ("openverse", "https://live.staticflickr.com/65535/517_c10358e1a3_b.jpg", "https://www.flickr.com/photos/1@N0/517", 1),
    ("flickr", "https://farm8.staticflickr.com/34/341_f7d3_o.jpg", None, 1),
    ("google", "https://a.example/?u=https://www.flickr.com/photos/a/1", "https://www.flickr.com/photos/a/sets/7", 0),
)  # fmt: skip


@dataclass
class Traffic:
    """What those who used the warehouse meanwhile met."""

    done: int = 0
    errors: list[str] = field(default_factory=list)


@pytest.fixture
def filled(
    empty_database: PostgresAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> PostgresAddress:
    """Fill a warehouse of the thirty migrations that were squashed."""
    folder = tmp_path / "old"
    shutil.unpack_archive(SQUASHED_FILES, folder / "schema")
    (folder / "schema" / "squashed.sha256").touch()
    # The marts of today may read what the old schema lacks, so the old database has its own.
    (folder / "marts").mkdir()
    (folder / "marts" / "city_overview.sql").write_text(
        "create view mart.city_overview as select city.slug as city_slug,"
        " (select count(*) from core.photo) as photo_count,"
        " 0::double precision as spend_usd from core.city"
    )
    with monkeypatch.context() as patched, connect(autocommit=True) as connection:
        patched.setattr(runner, "MART_ORDER", ("city_overview",))
        assert len(migrate(connection, folder).applied) == SQUASHED_COUNT
        psycopg.ClientCursor(connection).execute(FILL, {"photos": PHOTO_COUNT})
    return empty_database


def test_the_filled_warehouse_leaves_no_table_out(filled: PostgresAddress) -> None:
    rows = fingerprints(filled, columns_of(filled))
    assert len(rows) > 40
    assert [name for name, (count, _) in rows.items() if count == 0] == []


def test_a_filled_warehouse_in_use_is_taken_over_without_an_error_or_a_loss(
    filled: PostgresAddress,
) -> None:
    columns = columns_of(filled)
    before = fingerprints(filled, columns)
    with traffic_on(filled) as traffic:
        report = migrate_in(filled)
        wait_until(lambda: traffic.done > 20)
    after = fingerprints(filled, columns)
    assert traffic.errors == []
    assert report.marts_renewed
    written = {"core.photo", "core.photo_source"}
    assert {name: rows for name, rows in before.items() if name not in written} == {
        name: after[name] for name in before if name not in written
    }
    with connect_as(filled) as connection:
        found = connection.execute("select task_id, photos_new from core.stage_report order by 1")
        assert found.fetchall() == [("crawl_photos", 400), ("label_photos", None)]
    assert after["core.photo"][0] == PHOTO_COUNT + written_by(filled)
    assert after["core.photo_source"][0] == after["core.photo"][0]


def test_a_warehouse_that_was_taken_over_is_what_a_new_one_is(
    filled: PostgresAddress, warehouse_address: PostgresAddress
) -> None:
    migrate_in(filled)
    assert schema_of(filled) == schema_of(warehouse_address)
    assert register_of(filled) == register_of(warehouse_address)
    assert migrate_in(filled) == MigrationReport((), len(files_of_today()), marts_renewed=False)


def test_photos_that_were_found_before_are_known_by_what_their_addresses_say(
    filled: PostgresAddress,
) -> None:
    """As they are read today, so that what is met again is known."""
    shared_page = f"{COMMONS}/wiki/File:Collage.jpg"
    with connect_as(filled) as connection:
        for number, (source, url, page_url, _) in enumerate(
            (*FOUND_BEFORE, ("local_folder", "local:a/1.jpg", shared_page, 0)), start=1
        ):
            connection.execute(
                "update core.photo_source set source = %s, url = %s, page_url = %s,"
                " url_sha256 = sha256(convert_to(%s, 'UTF8')) where sha256 = sha256(%s::text::bytea)",
                (source, url, page_url, url, number),
            )
        connection.execute(
            "update core.rejected_photo set url = %s where url = 'https://example.org/7'",
            (f"{UPLOAD}/a/ab/Refused.jpg",),
        )
    migrate_in(filled)
    with connect_as(filled) as connection:
        found = connection.execute(
            "select url, array_agg(identifier) from core.photo_identifier"
            " inner join core.photo_source using (url_sha256)"
            " where identifier_sha256 = sha256(convert_to(identifier, 'UTF8')) group by url"
        ).fetchall()
        refused = connection.execute(
            "select identifier from core.photo_identifier"
            " inner join core.rejected_photo using (url_sha256)"
        ).fetchall()
    assert {url: len(names) for url, names in found} == {
        url: count for _, url, _, count in FOUND_BEFORE if count
    }
    assert {url: set(names) for url, names in found} == {
        url: set(identifiers_of(url, page_url)) for _, url, page_url, count in FOUND_BEFORE if count
    }
    assert refused == [("commons:File:Refused.jpg",)]


def test_files_that_were_squashed_are_not_run_and_later_ones_are(
    filled: PostgresAddress, tmp_path: Path
) -> None:
    output: list[str] = []
    folder = with_file(tmp_path, "9990_later", "create table core.later (id int);")
    later = [name for name in files_of_today() if name > "0007_facts_and_reports"]
    assert migrate_in(filled, folder, say=output.append).applied == (*later, "9990_later")
    assert output[0] == "7 files stand for the 30 that were applied ..."


def test_a_warehouse_with_only_some_of_the_squashed_files_is_told_what_to_do(
    filled: PostgresAddress,
) -> None:
    with connect_as(filled) as connection:
        connection.execute("delete from public.schema_migration where name >= '0029'")
    before = register_of(filled)
    with pytest.raises(
        WarehouseError,
        match=r"has 28 of the 30 .* lacks 0029_licence_comments, 0030_object_to_delete: "
        r"migrate it with the files of commit 98da476",
    ):
        migrate_in(filled)
    assert register_of(filled) == before


def test_a_warehouse_with_an_edited_squashed_file_is_refused(filled: PostgresAddress) -> None:
    with connect_as(filled) as connection:
        connection.execute(
            "update public.schema_migration set sha256 = 'x' where name = '0017_colour_hash'"
        )
    before = register_of(filled)
    with pytest.raises(WarehouseError, match="'0017_colour_hash' was applied with other contents"):
        migrate_in(filled)
    assert register_of(filled) == before


def test_a_take_over_that_fails_leaves_the_old_register(filled: PostgresAddress) -> None:
    with connect_as(filled) as connection:
        connection.execute(
            "alter table public.schema_migration add constraint probe check (name <> '0005_labels')"
        )
        before = register_of(filled)
        with pytest.raises(WarehouseError, match="the new register failed"):
            migrate_in(filled)
        assert register_of(filled) == before
        connection.execute("alter table public.schema_migration drop constraint probe")
    migrate_in(filled)
    assert list(register_of(filled)) == [*files_of_today(), "marts"]


def test_rows_that_a_constraint_refuses_are_found_as_the_runbook_says(
    filled: PostgresAddress, tmp_path: Path
) -> None:
    add = "alter table core.label add constraint label_sure check (score < 0.95) not valid;"
    folder = with_file(tmp_path, "9990_sure", add)
    (folder / "schema" / "9991_sure_of_old_rows.sql").write_text(
        "alter table core.label validate constraint label_sure;"
    )
    with connect_as(filled) as connection:
        connection.execute("update core.label set score = 1 where label_id = 7")
    with pytest.raises(WarehouseError, match="violated by some row"):
        migrate_in(filled, folder)
    page = (SQL_FOLDER.parents[1] / "docs" / "runbooks" / "upgrade.md").read_text()
    query = page[page.index("    select format(") :].split(";")[0]
    with connect_as(filled) as connection:
        queries = [text for (text,) in connection.execute(query.encode()).fetchall()]
        counts = [(text.split()[3], connection.execute(text.encode()).rowcount) for text in queries]
    assert counts == [("core.label", 1)]


def test_a_restored_database_forbids_temporary_tables_again(filled: PostgresAddress) -> None:
    """A dump holds no rights to the database itself."""
    migrate_in(filled)
    name = sql.Identifier(filled.database)
    may = "select has_database_privilege('sightscan_app', current_database(), 'temporary')"
    with connect_as(filled) as connection:
        connection.execute(sql.SQL("grant temporary on database {} to public").format(name))
        assert connection.execute(may).fetchone() == (True,)
        migrate_in(filled)
        assert connection.execute(may).fetchone() == (False,)


def test_a_restored_database_forbids_large_objects_and_locks_again(
    filled: PostgresAddress,
) -> None:
    may = "select has_function_privilege('sightscan_app', %s::regprocedure, 'execute')"
    functions = ("lo_create(oid)", "pg_advisory_lock(bigint)")
    with connect_as(filled) as connection:
        for name in functions:
            connection.execute(
                sql.SQL("grant execute on function {} to public").format(sql.SQL(name))
            )
        migrate_in(filled)
        for name in functions:
            assert connection.execute(may, [name]).fetchone() == (False,)


def test_a_login_that_may_not_forbid_says_what_to_run(filled: PostgresAddress) -> None:
    """Of who owns the database: the functions are the server's, so only its superuser may."""
    output: list[str] = []
    owner = replace(filled, user="probe_owner", password="of the tests")
    names = {"owner": sql.Identifier(owner.user), "database": sql.Identifier(filled.database)}
    with connect_as(filled) as connection:
        connection.execute(
            sql.SQL("create role {owner} login password 'of the tests'").format(**names)
        )
        try:
            connection.execute("drop schema load, core, mart, public cascade")
            connection.execute("create schema public")
            connection.execute(
                sql.SQL("grant all on schema public to {owner} with grant option").format(**names)
            )
            connection.execute(
                sql.SQL("alter database {database} owner to {owner}").format(**names)
            )
            connection.execute(sql.SQL("alter role {owner} createrole").format(**names))
            # As on a server whose superuser nobody asked.
            functions = "select oid::regprocedure::text from pg_proc where proname ~ '^lo_cre'"
            for (name,) in connection.execute(functions).fetchall():
                connection.execute(
                    sql.SQL("grant execute on function {} to public").format(sql.SQL(name))
                )
            for _ in range(2):
                migrate_in(owner, say=output.append)
        finally:
            connection.execute(
                sql.SQL("alter database {database} owner to postgres").format(**names)
            )
            connection.execute(sql.SQL("drop owned by {owner} cascade").format(**names))
            connection.execute(sql.SQL("drop role {owner}").format(**names))
    hints = [line for line in output if "forbid_shared_functions.sql" in line]
    assert len(hints) == 1
    assert f"psql --dbname={filled.database} --file=" in hints[0]


def test_a_backup_of_an_older_version_does_not_bring_back_what_was_taken_down(
    filled: PostgresAddress, tmp_path: Path
) -> None:
    """It is migrated before it gets the name: a take-down reaches tables that it does not have."""
    dump = tmp_path / "old.dump"
    backup_warehouse(settings(), dump)
    with connect_as(filled) as connection:
        connection.execute(
            "insert into core.removed_photo (sha256, reason, removed_by)"
            " values (sha256('7'), 'asked', 'ann')"
        )
    report = restore_warehouse(settings(), dump, filled.database, replace_existing=True)
    assert report.kept_as is not None
    try:
        assert report.buried == 1
        assert list(register_of(filled)) == [*files_of_today(), "marts"]
        assert migrate_in(filled).applied == ()
    finally:
        with replace(filled, database="postgres").connect() as connection:
            connection.execute(sql.SQL("drop database {}").format(sql.Identifier(report.kept_as)))


def test_a_backup_of_the_squashed_version_is_taken_over_once_it_is_back(
    filled: PostgresAddress, tmp_path: Path
) -> None:
    dump = tmp_path / "old.dump"
    backup_warehouse(settings(), dump)
    before = fingerprints(filled, columns_of(filled, "core"))
    name = f"{filled.database}_back"
    restored = replace(filled, database=name)
    try:
        restore_warehouse(settings(), dump, name)
        migrate_in(restored)
        assert fingerprints(restored, columns_of(filled, "core")) == before
        assert list(register_of(restored)) == [*files_of_today(), "marts"]
    finally:
        with replace(filled, database="postgres").connect() as connection:
            connection.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(name)))


def test_two_at_once_upgrade_once(filled: PostgresAddress) -> None:
    reports: list[MigrationReport] = []
    threads = [
        threading.Thread(target=lambda: reports.append(migrate_in(filled))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(report.marts_renewed for report in reports) == [False, True]


def test_a_reader_that_holds_a_lock_delays_and_breaks_nothing(
    filled: PostgresAddress, tmp_path: Path
) -> None:
    migrate_in(filled)
    with connect_as(filled) as reader, connect_as(filled) as another:
        output: list[str] = []

        def let_go_once_named(line: str) -> None:
            output.append(line)
            if "9990_strong gives way to process" in line:
                reader.execute("commit")

        reader.execute("begin")
        reader.execute("select count(*) from core.label_review")
        report = migrate_in(filled, strong(tmp_path), say=let_go_once_named)
        # Whoever came behind the waiting migration was served: it gave way.
        another.execute("select count(*) from core.label_review")
    assert report.applied[-1] == "9990_strong"
    assert any("9990_strong gives way to process" in line for line in output)


def test_others_are_served_while_a_migration_waits(filled: PostgresAddress, tmp_path: Path) -> None:
    """A lock that is waited for makes everybody wait, unless who waits gives way."""
    migrate_in(filled)
    folder = strong(tmp_path)
    served = threading.Event()

    def read_behind() -> None:
        with connect_as(filled) as connection:
            connection.execute("select count(*) from core.label_review")
            served.set()

    with connect_as(filled) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from core.label_review")
        migration = threading.Thread(target=lambda: migrate_in(filled, folder))
        migration.start()
        wait_until(lambda: is_waiting(filled))
        late = threading.Thread(target=read_behind)
        late.start()
        assert served.wait(LIMIT_SECONDS)
        reader.execute("commit")
        late.join()
        migration.join()


def test_a_long_transaction_is_named_in_the_sentence(
    filled: PostgresAddress, tmp_path: Path
) -> None:
    migrate_in(filled)
    with connect_as(filled) as reader:
        reader.execute("set application_name = 'a long report'")
        reader.execute("begin")
        reader.execute("select count(*) from core.label_review")
        process = reader.info.backend_pid
        with pytest.raises(
            WarehouseError,
            match=rf"9990_strong did not get its locks within 2 s: process {process} of postgres "
            r"\(a long report, idle in transaction",
        ):
            migrate_in(filled, strong(tmp_path), retry=LockRetry(0.5, 20, 2))


def test_a_statement_that_takes_too_long_is_undone(filled: PostgresAddress, tmp_path: Path) -> None:
    # What comes before it takes as long as it takes.
    migrate_in(filled)
    folder = with_file(
        tmp_path, "9990_slow", "create table core.slow (id int); select pg_sleep(600)"
    )
    with pytest.raises(WarehouseError, match=r"9990_slow took longer than 1 s.*statement-seconds"):
        migrate_in(filled, folder, retry=LockRetry(0.5, 1, 5))
    with connect_as(filled) as connection:
        assert connection.execute("select to_regclass('core.slow')").fetchone() == (None,)


def test_a_killed_migration_leaves_nothing_and_is_done_by_the_next(
    filled: PostgresAddress, tmp_path: Path
) -> None:
    folder = with_file(
        tmp_path, "9990_slow", "create table core.slow (id int); select pg_sleep(50)"
    )
    failures: list[str] = []

    def run() -> None:
        try:
            migrate_in(filled, folder)
        except WarehouseError as error:
            failures.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    with connect_as(filled) as connection:
        kill = (
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where datname = current_database() and query like '%pg_sleep(50)%'"
            " and pid <> pg_backend_pid()"
        )
        wait_until(lambda: connection.execute(kill).fetchone() == (1,))
        thread.join()
        assert connection.execute("select to_regclass('core.slow')").fetchone() == (None,)
    assert "9990_slow failed: terminating connection" in failures[0]
    # The same, but for the time that it takes.
    (folder / "schema" / "9990_slow.sql").write_text("create table core.slow (id int);")
    assert migrate_in(filled, folder).applied == ("9990_slow",)


def test_an_index_that_was_left_unfinished_is_built_anew(
    filled: PostgresAddress, tmp_path: Path
) -> None:
    """The build waits for an older transaction and is killed there: the index is left invalid."""
    migrate_in(filled)
    build = (
        "create index concurrently if not exists review_by_whom on core.label_review (reviewed_by);"
    )
    folder = with_file(tmp_path, "9990_index", f"-- outside a transaction\n{build}")

    def build_in_vain() -> None:
        with suppress(WarehouseError):
            migrate_in(filled, folder)

    with connect_as(filled) as writer, connect_as(filled) as killer:
        writer.execute("begin")
        writer.execute("update core.label_review set reason = 'seen'")
        builder = threading.Thread(target=build_in_vain)
        builder.start()
        kill = (
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where datname = current_database() and query like '%concurrently if not%'"
            " and wait_event_type = 'Lock' and pid <> pg_backend_pid()"
        )
        wait_until(lambda: killer.execute(kill).fetchone() == (1,))
        builder.join()
        valid = "select indisvalid from pg_index where indexrelid = 'core.review_by_whom'::regclass"
        assert killer.execute(valid).fetchone() == (False,)
        writer.execute("commit")
        assert migrate_in(filled, folder).applied == ("9990_index",)
        assert killer.execute(valid).fetchone() == (True,)


def test_an_index_is_built_beside_writers_and_a_second_migration(
    filled: PostgresAddress, tmp_path: Path
) -> None:
    """Who waits for his turn to migrate holds no snapshot that the build would wait for."""
    build = "create index concurrently if not exists photo_by_size on core.photo (byte_count);"
    folder = with_file(tmp_path, "9990_index", f"-- outside a transaction\n{build}")
    with traffic_on(filled) as traffic:
        threads = [threading.Thread(target=lambda: migrate_in(filled, folder)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert traffic.errors == []
    with connect_as(filled) as connection:
        valid = "select indisvalid from pg_index where indexrelid = 'core.photo_by_size'::regclass"
        assert connection.execute(valid).fetchone() == (True,)


def test_readers_never_miss_a_mart_that_is_renewed(filled: PostgresAddress) -> None:
    migrate_in(filled)
    with traffic_on(filled) as traffic, connect_as(filled) as connection:
        for _ in range(5):
            connection.execute("delete from public.schema_migration where name = 'marts'")
            assert migrate_in(filled).marts_renewed
    assert traffic.errors == []


@contextmanager
def traffic_on(address: PostgresAddress) -> Iterator[Traffic]:
    """Write and read all the time, as workers and the app do."""
    traffic = Traffic()
    over = threading.Event()

    def use(name: str, statement: sql.SQL, *, is_writer: bool) -> None:
        with connect_as(address) as connection:
            for number in itertools.count():
                if over.is_set():
                    return
                try:
                    names = {"seed": f"{name} {number}"} if is_writer else None
                    connection.execute(statement, names)
                except psycopg.Error as error:
                    traffic.errors.append(str(error))
                traffic.done += 1

    threads = [
        threading.Thread(
            target=use, args=("w1", sql.SQL(INSERT_PHOTO)), kwargs={"is_writer": True}
        ),
        threading.Thread(
            target=use, args=("w2", sql.SQL(INSERT_PHOTO)), kwargs={"is_writer": True}
        ),
        threading.Thread(target=use, args=("r1", sql.SQL(READ_MARTS)), kwargs={"is_writer": False}),
    ]
    for thread in threads:
        thread.start()
    wait_until(lambda: traffic.done > 5)
    try:
        yield traffic
    finally:
        over.set()
        for thread in threads:
            thread.join()


def migrate_in(
    address: PostgresAddress,
    folder: Path = SQL_FOLDER,
    *,
    retry: LockRetry = QUICK,
    say: Callable[[str], None] = be_silent,
) -> MigrationReport:
    """Migrate on a connection of its own, as the command does."""
    with connect_as(address) as connection:
        return migrate(connection, folder, retry=retry, say=say)


def connect_as(address: PostgresAddress) -> psycopg.Connection[Any]:
    return address.connect()


def with_file(tmp_path: Path, name: str, text: str) -> Path:
    """Return a copy of the SQL folder with one more migration."""
    folder = tmp_path / "new"
    shutil.copytree(SQL_FOLDER, folder)
    (folder / "schema" / f"{name}.sql").write_text(text)
    return folder


def strong(tmp_path: Path) -> Path:
    """Add a migration that needs a table for itself alone."""
    text = "alter table core.label_review add column probe integer not null default 0;"
    return with_file(tmp_path, "9990_strong", text)


def is_waiting(address: PostgresAddress) -> bool:
    """Tell whether the migration waits for a lock."""
    with connect_as(address) as connection:
        row = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and wait_event_type = 'Lock' and query like '%probe integer%'"
        ).fetchone()
    return row is not None and row[0] > 0


def columns_of(address: PostgresAddress, *schemas: str) -> dict[tuple[str, str], list[str]]:
    """Return the columns of each table that holds rows of its own."""
    with connect_as(address) as connection:
        rows = connection.execute(
            "select table_schema, table_name, array_agg(column_name::text order by column_name)"
            " from information_schema.columns inner join information_schema.tables"
            " using (table_schema, table_name)"
            " where table_type = 'BASE TABLE' and table_schema = any(%s) group by 1, 2",
            [list(schemas or ("load", "core", "mart"))],
        ).fetchall()
    return {(schema, name): columns for schema, name, columns in rows}


def fingerprints(
    address: PostgresAddress, columns: dict[tuple[str, str], list[str]]
) -> dict[str, tuple[int, int]]:
    """Return the number of rows of each table, and a hash of what is in these columns."""
    found = {}
    with connect_as(address) as connection:
        for (schema, name), names in columns.items():
            query = sql.SQL(
                "select count(*), coalesce(sum(hashtextextended(row({})::text, 0)), 0) from {}"
            ).format(sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(schema, name))
            (found[f"{schema}.{name}"],) = connection.execute(query).fetchall()
    return found


def written_by(address: PostgresAddress) -> int:
    """Return how many photos the writers of `traffic_on` added."""
    with connect_as(address) as connection:
        row = connection.execute("select count(*) from core.photo where byte_count = 9").fetchone()
    assert row is not None
    return int(row[0])


def schema_of(address: PostgresAddress) -> list[str]:
    """Return what pg_dump makes of all that is no row: no object, comment or grant is left out."""
    with connect_as(address) as connection:
        major = connection.info.server_version // 10_000
    dump = subprocess.run(
        [find_program(settings(), "pg_dump", major), "--schema-only"],
        env=os.environ | address.environment,
        capture_output=True,
        check=True,
        text=True,
    )
    # Those two lines are random.
    lines = dump.stdout.splitlines()
    return [line for line in lines if not line.startswith(("\\restrict", "\\unrestrict"))]


def register_of(address: PostgresAddress) -> dict[str, str]:
    """Return the hash of each migration that was applied, and of the marts, by name."""
    with connect_as(address) as connection:
        return dict(
            connection.execute(
                "select name, sha256 from public.schema_migration order by name"
            ).fetchall()
        )


def files_of_today() -> list[str]:
    return sorted(path.stem for path in (SQL_FOLDER / "schema").glob("*.sql"))
