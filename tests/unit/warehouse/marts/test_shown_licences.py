"""Cards show photos whose licence is open, and what is open in SQL is what is open in Python."""

from itertools import product
from typing import Any

import psycopg

from sightscan.licences import OPEN_LICENCES, UNKNOWN, is_open, licence_id

FAMILIES = (
    *(
        "cc-by",
        "cc-by-sa",
        "cc-by-nc",
        "cc-by-nd",
        "cc-by-nc-sa",
        "cc-sa",
        "cc",
        "cc0",
        "pdm",
        "by",
    ),
    *(
        "gfdl",
        "lal",
        "wtfpl",
        "mit",
        "apache",
        "odbl",
        "odc-by",
        "odc",
        "ogl",
        "ogl-uk",
        "ogl-canada",
    ),
    *("ogl-us", "mit-genehmigung", "beerware", "fair-use", "public-domain", "attribution"),
)
ENDINGS = (
    *("", "-4.0", "-v1.0", "-3", "-1.2.3", "-3.0-de", "-3.0-igo", "-3.0-nc", "-2.5-nd", "-2.5-sa"),
    *("-3.0-d", "-3.0-abcd", "-3.0de", "-30", "-3x0", "-de", "-nc", "-nd", "-non-commercial"),
    *("-only", "-or-later", "-1.3-only", "-1.3-or-later", "-or-later-1.3", "-1.3-or-later-nc", " "),
)
LICENCES = sorted(
    {
        *OPEN_LICENCES,
        *(family + ending for family, ending in product(FAMILIES, ENDINGS)),
        *("xcc-by-4.0", "see cc-by-4.0", "CC-BY-4.0", UNKNOWN, "all-rights-reserved"),
        licence_id("mit Genehmigung des Urhebers"),
    }
)
# Each licence is that of the one photo of one sight; the rest is as little as the schema takes.
FILL = """
insert into core.city (city_id, slug, name, country, latitude, longitude, radius_meters)
values ('Q1', 'port-aurel', 'Port Aurel', 'Merídia', 40.5, -8.5, 5000);
insert into core.sight (sight_id, city_id, name, normalised_name, rank)
overriding system value
select number, 'Q1', number, number, number from unnest(%(licences)s::text[]) with ordinality as one (licence, number);
insert into core.photo (
    sha256, byte_count, width_pixels, height_pixels, media_type, perceptual_hash, cluster_sha256
)
select sha256(licence::bytea), 1, 640, 480, 'image/jpeg', sha256('p'), sha256(licence::bytea)
from unnest(%(licences)s::text[]) as licence;
insert into core.photo_blob (sha256, bytes) select sha256, 'x' from core.photo;
insert into core.photo_source (sha256, url_sha256, sight_id, url, source, licence, query, found_at)
select sha256(licence::bytea), sha256(licence::bytea), number, 'https://a.example/', 'google', licence, 'q', now()
from unnest(%(licences)s::text[]) with ordinality as one (licence, number);
insert into core.paid_call (
    provider, feature, subject_sha256, attempt, city_id, dag_id, run_id, state, price_usd, answer, settled_at
)
select 'google_vision', 'landmark_detection', sha256, 1, 'Q1', 'd', 'r', 'succeeded', 0, '{}', now() from core.photo;
insert into core.label (
    call_id, annotation_number, city_id, sha256, sight_id, description, score, x1, y1, x2, y2, state
)
select paid_call.call_id, 0, 'Q1', photo_source.sha256, photo_source.sight_id, 's', 1, 0, 0, 1, 1, 'accepted'
from core.photo_source
inner join core.paid_call on photo_source.sha256 = paid_call.subject_sha256;
"""


def test_open_is_the_same_in_the_view_as_in_python(warehouse: psycopg.Connection[Any]) -> None:
    psycopg.ClientCursor(warehouse).execute(FILL, {"licences": LICENCES})
    shown = warehouse.execute(
        "select photo_licence from mart.sight_card where photo_sha256 is not null"
    ).fetchall()
    cards = warehouse.execute("select count(*) from mart.sight_card").fetchone()
    assert cards == (len(LICENCES),)
    opened = {one for one in LICENCES if is_open(one)}
    assert {licence for (licence,) in shown} == opened
    assert 20 < len(opened) < len(LICENCES) / 2
