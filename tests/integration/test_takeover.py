"""Take over a database of the first SightScan, from one PostgreSQL database into another."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from sandbox.addresses import PostgresAddress
from sandbox.postgres.server import connect as connect_to
from sandbox.web import WebServer
from sightscan.cli.main import main
from sightscan.run import Run
from sightscan.settings import settings
from sightscan.warehouse.labels.labels import list_photos_to_label
from sightscan.warehouse.spend.paid_calls import VISION_LANDMARKS, sum_calls_spent
from tests.cities.first_system import (
    MODEL,
    add_first_city,
    add_first_image,
    create_first_system,
    fill_first_system,
)
from tests.cities.labelled_city import jpeg_of

# What must be equal however often, and with how many accidents, it was taken over.
OUTCOME = """
select jsonb_build_object(
    'city', (select jsonb_agg(to_jsonb(city) - 'recorded_at' order by city_id) from core.city),
    'photo', (select jsonb_agg(to_jsonb(photo) - 'recorded_at' order by sha256) from core.photo),
    'source', (
        select jsonb_agg(
            jsonb_build_array(sha256, url, sight.wikidata_id, sight.state, licence, source)
            order by url, sight.wikidata_id
        ) from core.photo_source join core.sight using (sight_id)
    ),
    'rejected', (select jsonb_agg(jsonb_build_array(url, reason) order by url) from core.rejected_photo),
    'call', (
        select jsonb_agg(jsonb_build_array(subject_sha256, attempt, state, price_usd, answer) order by subject_sha256)
        from core.paid_call
    ),
    'label', (
        select jsonb_agg(
            jsonb_build_array(sha256, annotation_number, description, state, reason, x1, y1, x2, y2)
            order by sha256, annotation_number
        ) from core.label
    ),
    'model', (select jsonb_agg(jsonb_build_array(sha256, model_version, bytes) order by sha256) from core.imported_model)
)
"""
NOTHING = ("city", "photo", "source", "rejected", "call", "label", "model")
# Ends as by `kill -9` when the second batch is about to be committed.
KILLED = """
import os, signal, sys
from sightscan.takeover import photos
from sightscan.cli.main import main
from sightscan.takeover import source_database as first_system
first_system.BATCH_IMAGES = 4
done, stored = [], photos.store_paid_answers
def deadly(*arguments):
    stored(*arguments)
    done.append(1)
    if len(done) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
photos.store_paid_answers = deadly
main(["takeover"])
"""


@pytest.fixture
def first_address(postgres: PostgresAddress) -> Iterator[PostgresAddress]:
    with connect_to(postgres) as connection:
        connection.execute("create database first_system")
    yield replace(postgres, database="first_system")
    with connect_to(postgres) as connection:
        connection.execute("drop database first_system with (force)")


@pytest.fixture
def first(
    first_address: PostgresAddress,
    server: WebServer,
    warehouse: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[psycopg.Connection[Any]]:
    """Create the old database, and say where it and Wikidata are."""
    monkeypatch.setenv("FIRST_DATABASE_URL", _url(first_address))
    monkeypatch.setenv("WIKIDATA_SPARQL_URL", server.wikidata_sparql_url)
    monkeypatch.setenv("WIKIDATA_API_URL", server.wikidata_api_url)
    settings.cache_clear()
    with connect_to(first_address) as connection:
        yield connection


@pytest.fixture
def filled(first: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    create_first_system(first)
    fill_first_system(first)
    return first


def test_everything_becomes_a_row(
    filled: psycopg.Connection[Any], warehouse: psycopg.Connection[Any]
) -> None:
    assert take_over() == 0
    assert _one(warehouse, "select count(*) from core.photo") == 9
    assert _one(warehouse, "select count(*) from core.photo_blob") == 9
    rejected = warehouse.execute("select reason from core.rejected_photo").fetchall()
    assert rejected == [("not_an_image",), ("not_an_image",)]
    models = warehouse.execute(
        "select model_version, bytes from core.imported_model order by model_version"
    ).fetchall()
    assert models == [(1, MODEL), (2, MODEL + b" anew")]


def test_photo_is_sorted_by_the_sight_that_its_label_names(
    filled: psycopg.Connection[Any], warehouse: psycopg.Connection[Any]
) -> None:
    take_over()
    rows = warehouse.execute(
        "select substring(url from '[a-z]+.(?:jpg|png)$'), sight.name, licence"
        " from core.photo_source join core.sight using (sight_id) order by 1, 2"
    ).fetchall()
    assert {licence for _, _, licence in rows} == {"unknown"}
    sights = [(file, sight) for file, sight, _ in rows]
    assert ("tower.jpg", "Torre Alta") in sights
    assert ("gate.jpg", "Porta do Mar") in sights
    assert ("waiting.jpg", "Unsorted photos") in sights
    assert ("gate.jpg", "Unsorted photos") not in sights


def test_labels_are_read_as_ours_are(
    filled: psycopg.Connection[Any], warehouse: psycopg.Connection[Any]
) -> None:
    take_over()
    rows = warehouse.execute(
        "select description, state, reason, round(y1::numeric, 2)::float, round(y2::numeric, 2)::float"
        " from core.label order by description, state, reason, y1"
    ).fetchall()
    assert rows == [
        ("Elsewhere, X", "unmatched", "no_such_sight", 0.1, 0.8),
        ("PORTA DO MAR", "accepted", None, 0.0, 0.5),
        ("Torre Alta", "accepted", None, 0.1, 0.8),
        ("Torre Alta", "held_back", "degenerate_box", 0.0, 0.0),
        ("Torre Alta", "held_back", "degenerate_box", 0.1, 0.8),
    ]


def test_what_was_paid_for_is_never_sent_again_and_uses_no_budget(
    filled: psycopg.Connection[Any], warehouse: psycopg.Connection[Any]
) -> None:
    take_over()
    city_id = _one(warehouse, "select city_id from core.city")
    paid = {row[0] for row in warehouse.execute("select subject_sha256 from core.paid_call")}
    waiting = set(list_photos_to_label(warehouse, VISION_LANDMARKS, city_id))
    assert len(paid) == 6
    assert len(waiting) == 3
    assert not waiting & paid
    assert sum_calls_spent(warehouse, VISION_LANDMARKS, Run(city_id, "a_dag")).by_city == 0


def test_photo_that_was_taken_down_stays_away(
    filled: psycopg.Connection[Any], warehouse: psycopg.Connection[Any]
) -> None:
    tower = hashlib.sha256(jpeg_of("tower")).digest()
    warehouse.execute("insert into core.removed_photo values (%s, 'my house', 'owner')", (tower,))
    take_over()
    assert (
        warehouse.execute("select 1 from core.photo where sha256 = %s", (tower,)).fetchone() is None
    )
    assert _one(warehouse, "select count(*) from core.rejected_photo where reason = 'removed'") == 2


def test_new_city_runs_only_when_told(
    filled: psycopg.Connection[Any], warehouse: psycopg.Connection[Any]
) -> None:
    take_over()
    assert _one(warehouse, "select state from core.city") == "disabled"
    take_over("--activate")
    assert _one(warehouse, "select state from core.city") == "active"


def test_second_takeover_changes_nothing(
    filled: psycopg.Connection[Any],
    warehouse: psycopg.Connection[Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    take_over()
    once = _one(warehouse, OUTCOME)
    capsys.readouterr()
    take_over()
    assert _one(warehouse, OUTCOME) == once
    output = capsys.readouterr().out
    assert "images: 12\n  known: 12\n  kept: 0\n" in output


def test_killed_takeover_goes_on_where_it_was(
    filled: psycopg.Connection[Any],
    warehouse: psycopg.Connection[Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED], env=os.environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert _one(warehouse, "select count(*) from core.photo") == 4
    take_over()
    assert "known: 4\n" in capsys.readouterr().out
    interrupted = _one(warehouse, OUTCOME)
    warehouse.execute(
        "truncate core.label, core.paid_call, core.imported_model, core.photo_source,"
        " core.rejected_photo, core.clustered_photo, core.photo_blob, core.photo cascade"
    )
    take_over()
    assert _one(warehouse, OUTCOME) == interrupted


def test_labels_that_came_since_are_taken_over_too(
    filled: psycopg.Connection[Any], warehouse: psycopg.Connection[Any]
) -> None:
    take_over()
    filled.execute(
        "update integration_layer.dim_sights_images"
        " set image_labels = array['(0.1,0.9,0.5,0.2,Torre Alta)']::bounding_box[]"
        " where image_source like '%waiting.jpg'"
    )
    take_over()
    assert _one(warehouse, "select count(*) from core.label where state = 'accepted'") == 3


def test_boxes_can_be_read_the_other_way_up_afterwards(
    filled: psycopg.Connection[Any], warehouse: psycopg.Connection[Any]
) -> None:
    take_over()
    take_over("--y-axis", "down")
    top = _one(
        warehouse,
        "select y1 from core.label where description = 'Torre Alta' and state = 'accepted'",
    )
    assert top == pytest.approx(0.2, abs=0.005)


def test_dry_run_says_the_same_and_writes_nothing(
    filled: psycopg.Connection[Any],
    warehouse: psycopg.Connection[Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert take_over("--dry-run") == 0
    foretold = capsys.readouterr().out
    assert _one(warehouse, OUTCOME) == dict.fromkeys(NOTHING)
    assert _one(warehouse, "select count(*) from core.stage_report") == 0
    take_over()
    output = capsys.readouterr().out
    assert foretold.replace("dry run: nothing was written", "taken over") == output


def test_unknown_city_stops_before_anything_is_taken_over(
    filled: psycopg.Connection[Any],
    warehouse: psycopg.Connection[Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    add_first_image(
        filled, add_first_city(filled, "MLAGA"), jpeg_of("malaga"), "https://e.org/m.jpg"
    )
    assert take_over() == 2
    output = capsys.readouterr().err
    assert "'MLAGA' (1 images): no city 'MLAGA' on Wikidata" in output
    assert "--city" in output
    assert _one(warehouse, "select count(*) from core.city") == 0
    assert take_over("--city", "MLAGA=-") == 0
    assert _one(warehouse, "select count(*) from core.city") == 1


def test_other_database_is_refused_with_the_tables_it_lacks(
    first: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert take_over() == 2
    output = capsys.readouterr().err
    assert "is no database of the first SightScan" in output
    assert "integration_layer.dim_sights_images" in output


def test_missing_rights_are_named(
    filled: psycopg.Connection[Any],
    first_address: PostgresAddress,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    filled.execute("create role stranger login password 'secret'")
    try:
        stranger = replace(first_address, user="stranger", password="secret")
        monkeypatch.setenv("FIRST_DATABASE_URL", _url(stranger))
        settings.cache_clear()
        assert take_over() == 2
        assert "'stranger' may not read" in capsys.readouterr().err
    finally:
        filled.execute("drop role stranger")


def test_old_database_is_only_read(filled: psycopg.Connection[Any]) -> None:
    counts = "select count(*), max(xmin::text::bigint) from integration_layer.dim_sights_images"
    before = filled.execute(counts).fetchone()
    take_over()
    assert filled.execute(counts).fetchone() == before


def take_over(*options: str) -> int:
    """Run the command as an operator would; return its exit code."""
    return main(["takeover", *options])


def _url(address: PostgresAddress) -> str:
    return (
        f"postgresql://{address.user}:{address.password}@{address.host}:{address.port}"
        f"/{address.database}"
    )


def _one(connection: psycopg.Connection[Any], query: str) -> Any:
    row = connection.execute(query).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return row[0]
