"""A filled warehouse for measurements: set-based, so that a million photos take minutes, not hours.

Photos are spread over time at one rate (`PHOTOS_PER_HOUR`), as a crawl of months brings them, so a
warehouse ten times the size has ten times the history. Blobs are a few bytes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, LiteralString

import psycopg

PHOTOS_PER_HOUR = 100

CITIES: LiteralString = """
insert into core.city (
    city_id, slug, name, country, latitude, longitude, radius_meters, min_image_number_per_label
)
select 'Q' || n, 'city-' || n, 'City ' || n, 'Merídia', 0, 0, 5000, 30
from generate_series(1, %(cities)s) as n
"""
SIGHTS: LiteralString = """
insert into core.sight (sight_id, city_id, wikidata_id, name, normalised_name, rank)
overriding system value
select (c - 1) * %(sights)s + s, 'Q' || c, 'Q' || (c * 1000 + s), 'Sight ' || s, 'sight ' || s, s
from generate_series(1, %(cities)s) as c, generate_series(1, %(sights)s) as s
"""
# Each city has a stretch of the photos; n is the photo's number from 0.
NUMBERED: LiteralString = """
create temporary table numbered as
select
    n,
    sha256(int8send(n)) as sha256,
    (n * %(cities)s / %(photos)s) * %(sights)s + n %% %(sights)s + 1 as sight_id,
    'Q' || (n * %(cities)s / %(photos)s + 1) as city_id,
    %(end_at)s - (n + 1) * interval '1 hour' / %(rate)s as at
from generate_series(0::bigint, %(photos)s - 1) as n
"""
PHOTOS: LiteralString = """
insert into core.photo (
    sha256, byte_count, width_pixels, height_pixels, media_type, perceptual_hash, cluster_sha256,
    recorded_at
)
select sha256, 8, 640, 480, 'image/jpeg', sha256, sha256, at from numbered
"""
BLOBS: LiteralString = (
    "insert into core.photo_blob (sha256, bytes) select sha256, int8send(n) from numbered"
)
SOURCES: LiteralString = """
insert into core.photo_source (
    sha256, url_sha256, sight_id, url, source, licence, author, query, found_at, recorded_at
)
select
    sha256, sha256, sight_id, 'https://commons.example/' || n, 'wikimedia_commons', 'cc-by-4.0',
    'Ann', 'q', at, at
from numbered
"""
CALLS: LiteralString = """
insert into core.paid_call (
    call_id, provider, feature, subject_sha256, attempt, city_id, dag_id, run_id, state, price_usd,
    answer, settled_at, reserved_at, recorded_at, changed_at
)
overriding system value
select
    n + 1, 'google_vision', 'landmark_detection', sha256, 1, city_id, 'city_' || city_id,
    'run ' || n / 500, 'succeeded', 0.0015,
    '{}', at, at, at, at
from numbered
"""
# For each photo that is kept, one is not; every fifth is found at a second address.
REJECTIONS: LiteralString = """
insert into core.rejected_photo (url_sha256, sight_id, url, source, reason, recorded_at)
select
    sha256(int8send(-n - 1)), sight_id, 'https://commons.example/x/' || n, 'wikimedia_commons',
    'too_small', at
from numbered
"""
SECOND_SOURCES: LiteralString = """
insert into core.photo_source (
    sha256, url_sha256, sight_id, url, source, licence, author, query, found_at, recorded_at
)
select
    sha256, sha256(int8send(-n - 1)), sight_id, 'https://openverse.example/' || n, 'openverse',
    'cc-by-4.0', 'Ann', 'q', at, at
from numbered
where n %% 5 = 0
"""
# A run for each five hundred photos, with its estimate and an hour of the GPU.
ESTIMATES: LiteralString = """
insert into core.spend_estimate (
    dag_id, run_id, city_id, photo_limit, waiting_photos, most_units, probable_units,
    free_units_left, most_vision_usd, probable_vision_usd, most_places_usd, most_gpu_usd,
    probable_gpu_usd, most_usd, probable_usd, estimated_at, ended_at
)
select
    'city_' || city_id, 'run ' || n / 500, city_id, 500, 0, 500, 400, 0, 0.75, 0.6, 0, 9, 3, 9.75,
    3.6, min(at), max(at)
from numbered
group by city_id, n / 500
"""
SESSIONS: LiteralString = """
insert into core.instance_session (
    instance_id, city_id, dag_id, run_id, price_per_hour_usd, started_at, running_at, stopped_at,
    stopped_by, recorded_at
)
select
    'i-1', city_id, dag_id, run_id, 3.06, estimated_at, estimated_at,
    estimated_at + interval '1 hour', 'd', estimated_at
from core.spend_estimate
"""
# Of ten photos one is empty, one unmatched, one held back.
LABELS: LiteralString = """
insert into core.label (
    call_id, annotation_number, city_id, sha256, sight_id, description, score, x1, y1, x2, y2,
    state, reason, recorded_at, changed_at
)
select
    n + 1, 0, city_id, sha256, case when n %% 10 <> 1 then sight_id end, 'd', 0.5, 0.1, 0.1, 0.9,
    0.9, case n %% 10 when 1 then 'unmatched' when 2 then 'held_back' else 'accepted' end,
    case n %% 10 when 1 then 'no such sight' when 2 then 'too small' end, at, at
from numbered
where n %% 10 > 0
"""
# A person looked at one of a hundred.
REVIEWS: LiteralString = """
insert into core.label_review (review_id, label_id, decision, reviewed_by, reviewed_at, recorded_at)
select gen_random_uuid(), label_id, 'accept', 'ann', recorded_at, recorded_at
from core.label
where call_id %% 100 = 5
"""
# A tenth of each city's photos are frozen, and its model is in place. Its file is a few bytes.
DATASETS: LiteralString = """
insert into core.dataset (
    city_id, dataset_version, sha256, class_names, sight_ids, train_count, val_count, test_count,
    dag_id, run_id
)
select
    city_id, 1, sha256(city_id::bytea), array_agg(name order by sight_id),
    array_agg(sight_id order by sight_id), 80, 10, 10, 'd', city_id
from core.sight
group by city_id
"""
DATASET_PHOTOS: LiteralString = """
insert into core.dataset_photo (city_id, dataset_version, sha256, split)
select city_id, 1, sha256, case n %% 100 when 3 then 'val' when 13 then 'test' else 'train' end
from numbered
where n %% 10 = 3
"""
TRAININGS: LiteralString = """
insert into core.training_run (city_id, dataset_version, dag_id, run_id, request, state)
select city_id, 1, 'd', city_id, '{}', 'succeeded' from core.dataset
"""
MODELS: LiteralString = """
insert into core.model (
    city_id, model_version, dataset_version, training_id, class_names, image_size, onnx_sha256,
    weights_sha256, map50, map50_95, class_metrics, result, state, decision
)
select
    city_id, 1, 1, training_id, class_names, 640, sha256('onnx'), sha256('weights'), 0.9, 0.6,
    (
        select jsonb_agg(
            jsonb_build_object('name', name, 'map50', 0.9, 'map50_95', 0.6, 'photos', 1, 'boxes', 1)
        )
        from unnest(class_names) as name
    ),
    '{}', 'published', 'first'
from core.training_run
inner join core.dataset using (city_id, dataset_version)
"""
MODEL_FILES: LiteralString = """
insert into core.model_file (city_id, model_version, file_name, sha256, bytes)
select city_id, 1, 'model.onnx', sha256('onnx'), 'onnx' from core.model
"""
PUBLICATIONS: LiteralString = """
insert into core.publication (city_id, model_version, published_by, reason, published_at, recorded_at)
select city_id, 1, 'd', 'first', %(end_at)s, %(end_at)s - interval '1 minute' from core.model
"""


def fill(
    connection: psycopg.Connection[Any],
    *,
    cities: int,
    sights_per_city: int,
    photos: int,
    end: datetime,
) -> datetime:
    """Fill an empty warehouse with `photos` in all, the newest just before `end`.

    `connection` is a superuser's, in autocommit.

    Returns the time of the oldest. The facts stay empty: `rebuild_hourly_marts` fills them.
    """
    given = {
        "cities": cities,
        "sights": sights_per_city,
        "photos": photos,
        "rate": PHOTOS_PER_HOUR,
        "end_at": end,
    }
    with connection.transaction():
        # The rows are right by construction: a million look-ups of foreign keys would prove it.
        connection.execute("set local session_replication_role = replica")
        for text in (
            *(CITIES, SIGHTS, NUMBERED, PHOTOS, BLOBS, SOURCES, SECOND_SOURCES, REJECTIONS),
            *(CALLS, LABELS, REVIEWS, ESTIMATES, SESSIONS),
            *(DATASETS, DATASET_PHOTOS, TRAININGS, MODELS, MODEL_FILES, PUBLICATIONS),
        ):
            connection.execute(text, given)
        connection.execute("drop table numbered")
        for table in ("core.sight", "core.paid_call"):
            column = "sight_id" if table == "core.sight" else "call_id"
            connection.execute(
                "select setval(pg_get_serial_sequence(%s, %s), %s)",
                (table, column, max(photos, cities * sights_per_city) + 1),
            )
    # The map of pages without dead rows is what autovacuum makes in time; index-only scans need it.
    connection.execute("vacuum analyze")
    return end - timedelta(hours=photos / PHOTOS_PER_HOUR)
