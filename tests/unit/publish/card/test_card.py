"""The card of a model that was really judged: everything on it is what a query says."""

import io
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import psycopg
import pytest
from markdown_it import MarkdownIt
from PIL import Image

from sightscan.cli.main import main
from sightscan.dataset.freeze import freeze_dataset
from sightscan.errors import LastingPublicationError
from sightscan.plain_text import one_line
from sightscan.publish.card.card import ModelCard, make_card
from sightscan.publish.card.evidence import calibration_error
from sightscan.publish.card.markdown import as_plain, write_markdown
from sightscan.publish.card.parts import Section, Table
from sightscan.publish.card.store import card_files
from sightscan.publish.card.words import sections_of
from sightscan.publish.publish import publish_model, rollback
from sightscan.publish.register import register_model
from sightscan.run import Run
from sightscan.settings import read_settings
from sightscan.warehouse.models.cards import list_judged_photos
from tests.cities.colour_city import (
    CITY_ID,
    COLOURS,
    ColourCity,
    ask_training,
    store_colour_city,
    write_model_folder,
)
from tests.nasty_names import NASTY_NAMES

EPOCHS = [
    {"epoch": 1, "val_map50": 0.2, "val_map50_95": 0.1, "box_loss": 0.1, "obj_loss": 0.2, "class_loss": 0},
    {"epoch": 2, "val_map50": 0.9, "val_map50_95": 0.6, "box_loss": 0.05, "obj_loss": 0.1, "class_loss": 0},
    {"epoch": 3, "val_map50": 0.8, "val_map50_95": 0.5, "box_loss": 0.04, "obj_loss": 0.1, "class_loss": 0},
]  # fmt: skip
RUN = ("city_malaga", "run 1")


@pytest.fixture
def place(warehouse: psycopg.Connection[Any]) -> ColourCity:
    return store_colour_city(warehouse)


@pytest.fixture
def judged(warehouse: psycopg.Connection[Any], place: ColourCity, tmp_path: Path) -> ColourCity:
    """A city with a loose model in place, a better one after it, and what its run cost."""
    config = read_settings(min_image_number_per_label=5)
    dataset = freeze_dataset(warehouse, config, place.city, Run(CITY_ID, "d", "freeze"))
    for number, onnx in enumerate(("loose.onnx", "colours.onnx")):
        training = ask_training(warehouse, dataset, f"run {number}")
        folder = write_model_folder(tmp_path / str(number), training, dataset, onnx=onnx)
        version = register_model(warehouse, training, folder)
        warehouse.execute(
            "update core.training_run set epoch_metrics = %s where training_id = %s",
            (psycopg.types.json.Jsonb(EPOCHS), training.training_id),
        )
        publish_model(warehouse, config, place.city, version, published_by="run")
    _pay(warehouse)
    return place


def _pay(warehouse: psycopg.Connection[Any]) -> None:
    warehouse.execute(
        "insert into core.paid_call (provider, feature, subject_sha256, attempt, city_id, dag_id,"
        " run_id, state, price_usd, answer, settled_at)"
        " select 'google_vision', 'landmark_detection', sha256(number::text::bytea), 1, %s, %s, %s,"
        " 'succeeded', 0.0015, '{}', now() from generate_series(1, 7) as call (number)",
        (CITY_ID, *RUN),
    )
    warehouse.execute(
        "with session as ("
        " insert into core.instance_session (instance_id, city_id, dag_id, run_id,"
        "  price_per_hour_usd, started_at, running_at, stopped_at, stopped_by, started_by)"
        " values ('i-1', %(city)s, %(dag)s, %(run)s, 0.5, now() - interval '20 minutes',"
        "  now() - interval '20 minutes', now(), 'teardown', 'run') returning session_id)"
        " insert into core.lease_use (session_id, instance_id, city_id, dag_id, run_id, leased_at,"
        "  released_at)"
        " select session_id, 'i-1', %(city)s, %(dag)s, %(run)s, now() - interval '21 minutes', now()"
        " from session",
        {"city": CITY_ID, "dag": RUN[0], "run": RUN[1]},
    )


def card_of(warehouse: psycopg.Connection[Any], version: int = 2) -> ModelCard:
    return make_card(warehouse, CITY_ID, version)


def rows_of(card: ModelCard, name: str) -> list[tuple[Any, ...]]:
    (section,) = [one for one in sections_of(card) if one.name == name]
    assert section.table is not None
    return list(section.table.rows)


@pytest.mark.usefixtures("judged")
def test_sights_and_their_photos_are_what_the_warehouse_has(
    warehouse: psycopg.Connection[Any],
) -> None:
    expected = warehouse.execute(
        "select sight_name, case when is_shown then 'yes' else 'no' end,"
        " count(distinct photo.sha256) filter (where split = 'train'),"
        " count(distinct photo.sha256) filter (where split = 'val'),"
        " count(distinct photo.sha256) filter (where split = 'test'), ap50, ap50_95"
        " from mart.model_scorecard"
        " join core.dataset using (city_id, dataset_version)"
        " join core.dataset_box as box using (city_id, dataset_version)"
        " join core.dataset_photo as photo on photo.sha256 = box.sha256"
        " and photo.dataset_version = box.dataset_version"
        " where model_version = 2 and class_names[class_number + 1] = sight_name"
        " group by sight_name, is_shown, ap50, ap50_95, class_number order by class_number"
    ).fetchall()
    assert rows_of(card_of(warehouse), "sights") == expected
    assert len(expected) == len(COLOURS)


@pytest.mark.usefixtures("judged")
def test_what_is_shown_photo_by_photo_adds_up_to_what_was_measured(
    warehouse: psycopg.Connection[Any],
) -> None:
    row = warehouse.execute("select shipped from core.model where model_version = 2").fetchone()
    assert row is not None
    shipped, card = row[0], card_of(warehouse)
    right = sum(card.confusions[number][number] for number in range(len(COLOURS)))
    shown = sum(sum(line[:-1]) for line in card.confusions)
    there = sum(sum(line) for line in card.confusions[:-1])
    assert (shown, there) == (shipped["names"], shipped["boxes"])
    assert (right / shown, right / there) == (shipped["precision"], shipped["recall"])
    assert calibration_error(card.bins) == pytest.approx(shipped["expected_calibration_error"])
    assert sum(one.count for one in card.bins) == shown
    assert rows_of(card, "shipped") == [
        (one["name"], one["threshold"], one["names"], one["precision"], one["boxes"], one["recall"])
        for name in card.facts.class_names
        for one in shipped["per_class"]
        if one["name"] == name
    ]
    test_photos = warehouse.execute(
        "select sha256 from core.dataset_photo where split = 'test' order by sha256"
    ).fetchall()
    assert [(one.row.sha256,) for one in card.photos] == test_photos


@pytest.mark.usefixtures("judged")
def test_cost_is_the_bill_of_the_run_that_trained(warehouse: psycopg.Connection[Any]) -> None:
    expected = warehouse.execute(
        "select (select sum(unit_count) from core.ledger_entry where run_id = 'run 1' and is_billed),"
        " (select sum(price_usd)::float8 from core.ledger_entry where run_id = 'run 1' and is_billed),"
        " (select round(sum(billed_seconds))::integer from core.session_cost where run_id = 'run 1'),"
        " (select sum(cost_usd)::float8 from core.session_cost where run_id = 'run 1')"
    ).fetchone()
    assert expected is not None
    rows = rows_of(card_of(warehouse), "cost")
    assert rows[:2] == [
        ("Google Vision, images", expected[0], pytest.approx(expected[1])),
        ("GPU, seconds", expected[2], pytest.approx(expected[3])),
    ]
    assert expected[:3] == (7, pytest.approx(0.0105), 1200)
    assert rows_of(card_of(warehouse, 1), "cost")[0] == ("Google Vision, images", 0, 0.0)


@pytest.mark.usefixtures("judged")
def test_training_is_told_with_its_best_epoch(warehouse: psycopg.Connection[Any]) -> None:
    card = card_of(warehouse)
    assert rows_of(card, "training") == [
        (1, 0.2, 0.1, 0.1, 0.2, 0.0),
        (2, 0.9, 0.6, 0.05, 0.1, 0.0),
        (3, 0.8, 0.5, 0.04, 0.1, 0.0),
    ]
    text = write_markdown(card, ())
    assert "the best mAP50-95 on the validation photos was 0.600, in epoch 2." in text
    assert "architecture yolov5n" in text.replace("\\", "")


def test_licences_and_credits_are_counted_once_a_photo(
    warehouse: psycopg.Connection[Any], judged: ColourCity
) -> None:
    sight = judged.sights[0].sight_id
    photos = judged.photos[judged.sights[0].name]
    for number, sha256 in enumerate(photos[:3]):
        for address in range(2):
            warehouse.execute(
                "insert into core.photo_source (sha256, url_sha256, sight_id, url, source, licence,"
                " author, query, found_at, recorded_at) values (%s, sha256(%s), %s, 'u', 'commons',"
                " %s, %s, 'q', now(), now() + %s * interval '1 minute')",
                (sha256, f"{number} {address}".encode(), sight, ("cc0", "cc-by-4.0")[address],
                 ("Ann", " ", "Ann")[number], address),
            )  # fmt: skip
    counted = rows_of(card_of(warehouse), "licences")
    total = warehouse.execute("select count(*) from core.dataset_photo").fetchone()
    assert total is not None
    assert counted == [("taken down since", total[0] - 3, None, None), ("cc0", 3, 1, 1)]


def test_who_put_it_in_place_and_who_took_it_back(
    warehouse: psycopg.Connection[Any], judged: ColourCity
) -> None:
    rollback(warehouse, judged.city, by="ada", reason="sees <towers>", public_keys=())
    row = warehouse.execute(
        "select published_by, reason, rolled_back_by, rolled_back_reason from core.publication"
        " where model_version = 2"
    ).fetchone()
    assert row is not None
    ((_, who, why, back),) = rows_of(card_of(warehouse), "publications")
    assert (who, why) == row[:2]
    assert back.endswith(f"by {row[2]}: {row[3]}")
    card = card_of(warehouse)
    assert not card.facts.is_in_place
    assert card_of(warehouse, 1).facts.is_in_place


@pytest.mark.usefixtures("judged")
def test_file_and_dataset_are_named_by_their_hashes(warehouse: psycopg.Connection[Any]) -> None:
    row = warehouse.execute(
        "select encode(onnx_sha256, 'hex'), encode(dataset.sha256, 'hex')"
        " from core.model join core.dataset using (city_id, dataset_version) where model_version = 2"
    ).fetchone()
    assert row is not None
    said = dict(rows_of(card_of(warehouse), "file"))
    assert (said["SHA-256 of model.onnx"], said["SHA-256 of the dataset"]) == row
    assert said["signed by"] == "nobody"


def phones_of(
    warehouse: psycopg.Connection[Any], place: ColourCity, folder: Path, **model: Any
) -> Section:
    config = read_settings(min_image_number_per_label=5)
    dataset = freeze_dataset(warehouse, config, place.city, Run(CITY_ID, "d", "freeze"))
    training = ask_training(warehouse, dataset, "run 0")
    version = register_model(
        warehouse, training, write_model_folder(folder / "run 0", training, dataset, **model)
    )
    publish_model(warehouse, config, place.city, version, published_by="run")
    (section,) = [one for one in sections_of(card_of(warehouse, 1)) if one.name == "phones"]
    return section


def test_live_variant_is_on_the_card(
    warehouse: psycopg.Connection[Any], place: ColourCity, tmp_path: Path
) -> None:
    section = phones_of(warehouse, place, tmp_path, live="colours.onnx")
    row = warehouse.execute(
        "select decision, encode(sha256, 'hex'), precision, latency_milliseconds, latency_processor"
        " from core.model_variant"
    ).fetchone()
    assert row is not None
    decision, sha256, precision, milliseconds, processor = row
    assert section.sentences == (
        "They are offered a live variant: the same network on smaller pictures.",
        f"Decision: {decision}.",
        "mAP50 1.000, mAP50-95 1.000, on the same test photos.",
        "Precision 100.0% of 15 names, recall 100.0% of 15 boxes.",
        "Nobody knows how often strangers get a name: no test photo was without a sight.",
        f"{milliseconds:.0f} ms a photo with one thread of {processor}, where it was trained.",
    )
    assert section.table is not None
    told = dict(section.table.rows)
    assert (told["SHA-256 of live.onnx"], told["weights stored as"]) == (sha256, precision)
    assert (told["image size, pixels"], told["signed by"]) == (160, "nobody")


def test_column_with_words_among_its_numbers_is_no_column_of_numbers() -> None:
    table = Table(("a", "b", "c", "d"), (("x", 1, "sha", None), ("y", None, 7, None)))
    assert table.is_numeric == (False, True, False, False)


def test_refused_live_variant_says_so_and_whose_measures_these_are(
    warehouse: psycopg.Connection[Any], place: ColourCity, tmp_path: Path
) -> None:
    section = phones_of(warehouse, place, tmp_path, live="permuted.onnx")
    assert section.sentences[0] == "The live variant was refused: phones get model.onnx."
    assert "live.onnx has the classes" in section.sentences[1]
    assert section.sentences[2].endswith("as the trainer measured it, since nobody else did.")


def test_model_without_a_live_variant_says_why(
    warehouse: psycopg.Connection[Any], place: ColourCity, tmp_path: Path
) -> None:
    section = phones_of(warehouse, place, tmp_path)
    row = warehouse.execute("select result #>> '{live,why}' from core.model").fetchone()
    assert row is not None
    assert section.table is None
    assert section.sentences == (f"No live variant, phones get model.onnx: {row[0]}.",)


@pytest.mark.usefixtures("judged")
def test_card_lies_among_the_models_files(
    warehouse: psycopg.Connection[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = dict(
        warehouse.execute(
            "select file_name, bytes from core.model_file where model_version = 2"
            " and sha256 = sha256(bytes)"
        ).fetchall()
    )
    assert {"card.md", "training.svg", "reliability.svg", "model.onnx"} <= stored.keys() | {
        # The run's epochs came after the judgement here.
        "training.svg"
    }
    assert stored["card.md"].decode().startswith("# Málaga: model 2\n\n## Standing\n\nIn place")
    assert main(["model", "card", "malaga", "--into", str(tmp_path / "card")]) == 0
    names = {path.name for path in (tmp_path / "card").iterdir()}
    assert names == {"card.md", "training.svg", "reliability.svg"}
    capsys.readouterr()
    assert main(["model", "card", "malaga", "1"]) == 0
    assert capsys.readouterr().out.startswith("# Málaga: model 1\n")
    assert main(["model", "card", "malaga", "7"]) == 2
    assert "no model 7" in capsys.readouterr().err


def test_model_that_is_not_there_is_a_sentence(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    with pytest.raises(LastingPublicationError, match=f"city {CITY_ID} has no model 9"):
        card_of(warehouse, 9)


@pytest.mark.usefixtures("judged")
def test_model_of_an_older_version_has_a_card_without_photos(
    warehouse: psycopg.Connection[Any],
) -> None:
    warehouse.execute("delete from core.model_test_photo")
    warehouse.execute("update core.model set shipped = null, class_metrics = '{}'")
    warehouse.execute("update core.training_run set epoch_metrics = '[]'")
    card = card_of(warehouse)
    assert list(card_files(card)) == ["card.md"]
    assert write_markdown(card, ()).count("Not recorded photo by photo") == 4


def test_photo_that_was_taken_down_is_not_among_the_best_or_worst(
    warehouse: psycopg.Connection[Any], judged: ColourCity
) -> None:
    before = card_of(warehouse)
    gone = (before.best + before.worst)[0].row.sha256
    warehouse.execute("delete from core.photo_blob where sha256 = %s", (gone,))
    warehouse.execute("delete from core.label where sha256 = %s", (gone,))
    warehouse.execute("delete from core.photo where sha256 = %s", (gone,))
    after = card_of(warehouse)
    assert gone not in {one.row.sha256 for one in after.best + after.worst}
    assert after.confusions == before.confusions


@pytest.mark.usefixtures("judged")
def test_boxes_are_those_of_the_photo(warehouse: psycopg.Connection[Any]) -> None:
    """Each colour is where its box is said to be, so boxes are not mirrored, turned or swapped."""
    for row in list_judged_photos(warehouse, CITY_ID, 2):
        blob = warehouse.execute(
            "select bytes from core.photo_blob where sha256 = %s", (row.sha256,)
        ).fetchone()
        assert blob is not None
        image = Image.open(io.BytesIO(blob[0]))
        names = card_of(warehouse).facts.class_names
        for number, _, x1, y1, x2, y2 in row.shown:
            middle = int((x1 + x2) / 2 * image.width), int((y1 + y2) / 2 * image.height)
            assert image.getpixel(middle) == COLOURS[names[int(number)]]


@pytest.mark.parametrize("name", [*NASTY_NAMES, "Ba$$in <b>|"])
def test_name_stays_a_name_in_markdown(name: str) -> None:
    plain = as_plain(name)
    text = (
        f"# {plain}: model 1\n\nDecision: {plain}\n\n| {plain} | b |\n|---|---|\n| {plain} | c |\n"
    )
    inline = [
        token
        for token in MarkdownIt("commonmark").enable("table").parse(text)
        if token.type == "inline"
    ]
    said = [[(part.type, part.content) for part in token.children or ()] for token in inline]
    assert {kind for line in said for kind, _ in line} <= {"text", "text_special"}
    seen = one_line(name)
    assert ["".join(part for _, part in line) for line in said] == [
        f"{seen}: model 1",
        f"Decision: {seen}",
        seen,
        "b",
        seen,
        "c",
    ]


@pytest.mark.usefixtures("judged")
def test_names_become_no_markup_in_drawings(warehouse: psycopg.Connection[Any]) -> None:
    for name, content in card_files(card_of(warehouse)).items():
        if name.endswith(".svg"):
            drawn = ET.fromstring(content)  # noqa: S314 - our own
            assert drawn.find("{http://www.w3.org/2000/svg}title") is not None
