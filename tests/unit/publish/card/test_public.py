"""What everybody may see of a judged model: no logins, and only pictures whose licence allows it."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from PIL import Image

from sightscan.publish.card import public
from sightscan.publish.card.card import ModelCard, make_card
from sightscan.publish.card.markdown import as_plain
from sightscan.publish.card.public import (
    CUT,
    make_thumbnail,
    store_public_card,
    write_public,
)
from sightscan.settings import settings
from sightscan.warehouse.takedowns.takedowns import Subjects, remove_photos
from tests.cities.colour_city import CITY_ID
from tests.cities.judged_city import LICENCE, LOGIN, REASON, lose_a_sight, store_judged_city

MIGRATION = settings().sql_folder / "schema" / "0049_decisions_without_logins.sql"
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


def test_nobody_reads_who_accepted_that_a_sight_is_lost(
    warehouse: psycopg.Connection[Any], tmp_path: Path
) -> None:
    store_judged_city(warehouse, tmp_path / "first", onnx="loose.onnx")
    lose_a_sight(warehouse, tmp_path / "second")
    assert [said.count(REASON) for said in told(warehouse)] == [1, 1]
    assert LOGIN not in "".join(told(warehouse))
    by = "select published_by from core.publication where model_version = 2"
    assert warehouse.execute(by).fetchall() == [(LOGIN,)]


@pytest.mark.parametrize(
    ("said", "is_left"),
    [
        ('better; lost: Mill, because x_y says "it fell"', "better; lost: Mill, because it fell"),
        (
            'so; lost: Mill, The "Old" Inn, because a b says "it was "new""; new: Inn (AP50 1.00)',
            'so; lost: Mill, The "Old" Inn, because it was "new"; new: Inn (AP50 1.00)',
        ),
        (
            'so; lost: Mill, because ann says "no; not now"; not judged against model 1, which is "x"',
            'so; lost: Mill, because no; not now; not judged against model 1, which is "x"',
        ),
        ('Mill would be lost; first model says "no"', 'Mill would be lost; first model says "no"'),
    ],
)
def test_decisions_of_before_lose_the_login_and_keep_the_reason(
    judged: psycopg.Connection[Any], said: str, is_left: str
) -> None:
    judged.execute("update core.model set decision = %s", [said])
    judged.execute(
        "update core.model_card set markdown = %s", [f"Decision: {as_plain(said)}\n\nEnd"]
    )
    judged.execute(MIGRATION.read_bytes())
    assert told(judged) == [is_left, f"Decision: {as_plain(is_left)}\n\nEnd"]


def told(connection: psycopg.Connection[Any]) -> list[str]:
    """Return the newest version's decision and card, as everybody may read them."""
    row = connection.execute(
        "select decision, markdown from mart.model_version"
        " inner join mart.model_card using (city_id, model_version)"
        " order by model_version desc limit 1"
    ).fetchone()
    assert row is not None
    return list(row)


def test_card_says_nothing_that_the_next_publication_makes_untrue(
    judged: psycopg.Connection[Any],
) -> None:
    row = judged.execute("select markdown from mart.model_card").fetchone()
    assert row is not None
    assert "## Standing" in row[0]
    assert "n place" not in row[0]
    judged.execute("delete from core.publication")
    judged.execute("update core.model set state = 'refused'")
    assert "Refused: it was never in place." in write_public(make_card(judged, CITY_ID, 1))


def of_many_sights(judged: psycopg.Connection[Any], count: int, name: str) -> ModelCard:
    """Return the city's card as if it had so many sights, whose names begin so."""
    card = make_card(judged, CITY_ID, 1)
    return replace(
        card,
        sights=tuple(replace(card.sights[0], name=f"{name} {number}") for number in range(count)),
        confusions=[[number] * (count + 1) for number in range(count + 1)],
    )


def test_card_of_two_hundred_sights_has_all_but_the_matrix_which_has_its_own_column(
    judged: psycopg.Connection[Any],
) -> None:
    text = write_public(of_many_sights(judged, 200, "N" * 80))
    assert len(text) <= 200_000
    assert "What is taken for what" not in text
    assert "## Its file, and what it was made of" in text


def test_card_that_is_too_long_is_cut_between_two_lines_and_says_so(
    judged: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    card = of_many_sights(judged, 400, "N" * 400)
    text = write_public(card)
    assert len(text) <= 200_000
    *kept, empty, last = text.removesuffix("\n").split("\n")
    assert (empty, last) == ("", CUT)
    assert kept[0] == "# Málaga: model 1"
    assert kept[-1].endswith(" |")
    # The warehouse takes it: no judgement ends by its card.
    monkeypatch.setattr(public, "make_card", lambda *_: card)
    store_public_card(judged, CITY_ID, 1)
    row = judged.execute("select markdown from mart.model_card").fetchone()
    assert row == (text,)


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
