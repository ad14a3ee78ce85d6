"""What everybody may see of a judged model: no logins, and only pictures whose licence allows it."""

import io
from pathlib import Path
from typing import Any

import psycopg
import pytest
from PIL import Image

from sightscan.publish.card.public import make_thumbnail, store_public_card
from sightscan.warehouse.takedowns.takedowns import Subjects, remove_photos
from tests.cities.colour_city import CITY_ID
from tests.cities.judged_city import LICENCE, LOGIN, store_judged_city

EXAMPLES = "select sha256, is_right, thumbnail from mart.model_example order by is_right, place"


@pytest.fixture
def judged(warehouse: psycopg.Connection[Any], tmp_path: Path) -> psycopg.Connection[Any]:
    """A city with a model that somebody with a login has published."""
    store_judged_city(warehouse, tmp_path)
    return warehouse


def test_card_names_no_login_and_has_its_figures(judged: psycopg.Connection[Any]) -> None:
    row = judged.execute("select markdown, confusions from mart.model_card").fetchone()
    assert row is not None
    markdown, confusions = row
    assert LOGIN not in markdown
    assert "## As people get it" in markdown
    classes = judged.execute("select class_names from mart.model_version").fetchone()
    assert classes is not None
    assert len(confusions) == len(classes[0]) + 1


def test_examples_are_small_bounded_and_without_metadata(judged: psycopg.Connection[Any]) -> None:
    rows = judged.execute(EXAMPLES).fetchall()
    assert 1 <= len(rows) <= 12
    for _, _, thumbnail in rows:
        with Image.open(io.BytesIO(thumbnail)) as picture:
            assert max(picture.size) <= 480
            assert not picture.getexif()
        assert len(thumbnail) <= 100_000


@pytest.mark.parametrize("licence", ["unknown", "cc-by-nc-4.0", "cc-by-nd-4.0"])
def test_photo_whose_licence_does_not_allow_it_is_not_shown(
    judged: psycopg.Connection[Any], licence: str
) -> None:
    judged.execute("update core.photo_source set licence = %s", [licence])
    store_public_card(judged, CITY_ID, 1)
    assert judged.execute(EXAMPLES).fetchall() == []


def test_photo_that_is_taken_down_is_shown_no_more(judged: psycopg.Connection[Any]) -> None:
    (sha256, _, _), *others = judged.execute(EXAMPLES).fetchall()
    remove_photos(judged, Subjects((bytes.fromhex(sha256),)), reason="asked", removed_by="ann")
    left = [row[0] for row in judged.execute("select sha256 from mart.model_example").fetchall()]
    assert sha256 not in left
    assert len(left) == len(others)


def test_each_photo_of_the_dataset_is_credited(judged: psycopg.Connection[Any]) -> None:
    counts = judged.execute(
        "select count(*), count(*) filter (where licence = %s),"
        " (select train_count + val_count + test_count from mart.model_version) from mart.model_credit",
        [LICENCE],
    ).fetchone()
    assert counts is not None
    assert counts[0] == counts[1] == counts[2]


def test_broken_photo_has_no_picture_and_a_noisy_one_fits() -> None:
    assert make_thumbnail(b"no photo") is None
    noise = Image.effect_noise((2000, 2000), 255).convert("RGB")
    stream = io.BytesIO()
    noise.save(stream, "PNG")
    thumbnail = make_thumbnail(stream.getvalue())
    assert thumbnail is not None
    assert len(thumbnail) <= 100_000
