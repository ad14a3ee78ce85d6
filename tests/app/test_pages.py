"""The pages, run by Streamlit without a browser: what a visitor reads in each state."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from detector_app.catalogue import Catalogue, City, save_snapshot
from detector_app.models.model_store import path_of_model
from detector_app.views import detect
from tests.model_files import GOOD_METADATA, metadata

if TYPE_CHECKING:
    from detector_app.catalogue import PublishedModel

APP = str(Path(__file__).resolve().parents[2] / "detector_app" / "app.py")
IN_PREPARATION = City("porto", "Porto", "Portugal", "labelled", 5, 340, 83, model=None)


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Point the app at a port where nobody listens, and at an empty folder."""
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("MODEL_CACHE_DIR", str(tmp_path))
    st.cache_data.clear()
    st.cache_resource.clear()


def keep(folder: Path, *cities: City) -> None:
    save_snapshot(Catalogue(cities, as_of=datetime.now(UTC)), folder)


def ready_city(model: PublishedModel) -> City:
    return City("malaga", "Málaga", "Spain", "published", 5, 400, 350, model=model)


def run() -> AppTest:
    page = AppTest.from_file(APP, default_timeout=120).run()
    assert not page.exception
    return page


def test_nothing_known_and_warehouse_away_says_what_happens_next() -> None:
    page = run()
    assert "The page looks again by itself" in page.warning[0].value


def test_detectors_are_told_by_what_they_name_and_figures_are_apart(
    model: PublishedModel, tmp_path: Path
) -> None:
    older = replace(model, sight_photo_count=None, named_background_photo_count=None)
    keep(tmp_path, ready_city(model), replace(ready_city(older), slug="porto", name="Porto"))

    def show_about() -> None:
        from detector_app.views import about  # noqa: PLC0415 - AppTest runs the body alone

        about.show()

    page = AppTest.from_function(show_about, default_timeout=120).run()
    assert not page.exception
    told, figures = (one.value for one in page.dataframe)
    assert told["photos of its sights that it named"].tolist() == ["36 of 42", "not counted"]
    assert told["other photos that got a name"].tolist() == ["2 of 200", "not tried"]
    assert "mAP50" not in told.columns
    assert figures["mAP50"].tolist() == [0.91, 0.91]


def test_snapshot_is_offered_with_its_age(model: PublishedModel, tmp_path: Path) -> None:
    keep(tmp_path, ready_city(model), IN_PREPARATION)
    page = run()
    assert "as of just now" in page.warning[0].value
    assert page.selectbox[0].options == [
        "Málaga, Spain (not on this machine)",
        "Porto, Portugal (in preparation)",
    ]


def test_only_detector_there_is_is_chosen(
    model: PublishedModel, tmp_path: Path, onnx: bytes
) -> None:
    keep(tmp_path, ready_city(model))
    path = path_of_model(model, tmp_path)
    path.parent.mkdir()
    path.write_bytes(onnx)
    page = run()
    assert "names a sight on 36 of 42 photos" in page.markdown[0].value
    assert [tab.label for tab in page.tabs] == [
        ":material/image: Photo",
        ":material/videocam: Live",
    ]


@pytest.mark.parametrize("has_thresholds", [True, False])
def test_less_sure_names_are_a_choice(
    model: PublishedModel,
    tmp_path: Path,
    onnx: bytes,
    monkeypatch: pytest.MonkeyPatch,
    *,
    has_thresholds: bool,
) -> None:
    asked: list[float | None] = []
    monkeypatch.setattr(detect, "show_photo_tab", lambda *given: asked.append(given[-1]))
    content = onnx + metadata("decoding", GOOD_METADATA["decoding"]) if has_thresholds else onnx
    model = replace(model, onnx_sha256=hashlib.sha256(content).hexdigest())
    keep(tmp_path, ready_city(model))
    path = path_of_model(model, tmp_path)
    path.parent.mkdir()
    path.write_bytes(content)
    page = run()
    if has_thresholds:
        assert page.toggle[0].label == "Show every name from 25% confidence on"
        assert not page.slider
        page.toggle[0].set_value(True).run()
        assert asked == [None, 0.25]
    else:
        assert not page.toggle
        page.slider[0].set_value(60).run()
        assert asked == [0.25, 0.6]


def test_city_in_preparation_says_how_far_it_is(tmp_path: Path) -> None:
    keep(tmp_path, IN_PREPARATION)
    page = run()
    page.selectbox[0].select("porto").run()
    assert "83 of them labelled" in page.info[0].value


def test_detector_that_is_not_here_says_what_to_do(model: PublishedModel, tmp_path: Path) -> None:
    keep(tmp_path, ready_city(model))
    page = run()
    page.selectbox[0].select("malaga").run()
    assert "choose a city that was used here before" in page.warning[1].value


def test_senseless_setting_is_shown_as_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFIDENCE_THRESHOLD", "7")
    page = run()
    assert "CONFIDENCE_THRESHOLD" in page.error[0].value.replace("\\", "")


def test_unknown_city_in_the_address_is_said_and_the_address_stays(
    model: PublishedModel, tmp_path: Path
) -> None:
    keep(tmp_path, ready_city(model), IN_PREPARATION)
    page = AppTest.from_file(APP, default_timeout=120)
    page.query_params["city"] = "atlantis"
    page.run()
    assert "knows no city" in page.warning[1].value
    assert "atlantis" in page.warning[1].value
    assert page.query_params["city"] == "atlantis"
    assert page.selectbox[0].value is None


@pytest.mark.parametrize("typed", ["malaga", "MÁLAGA", "Mal"])
def test_city_is_found_by_its_name_without_accents(
    model: PublishedModel, tmp_path: Path, typed: str
) -> None:
    keep(tmp_path, ready_city(model), IN_PREPARATION)
    page = AppTest.from_file(APP, default_timeout=120)
    # The test's own list takes what is in it only.
    page.session_state["city_slug"] = typed
    page.run()
    assert not page.exception
    assert page.query_params["city"] == "malaga"


def test_name_that_several_cities_could_have_is_asked_back(
    model: PublishedModel, tmp_path: Path
) -> None:
    keep(tmp_path, ready_city(model), IN_PREPARATION, replace(IN_PREPARATION, slug="porto-2"))
    page = AppTest.from_file(APP, default_timeout=120)
    page.session_state["city_slug"] = "por"
    page.run()
    assert "Did you mean one of these: Porto, Porto?" in page.warning[1].value


def test_photo_that_is_none_gets_a_sentence_and_another_one_its_own_answer(
    model: PublishedModel, tmp_path: Path, onnx: bytes
) -> None:
    keep(tmp_path, ready_city(model))
    path = path_of_model(model, tmp_path)
    path.parent.mkdir()
    path.write_bytes(onnx)
    page = run()
    picture = io.BytesIO()
    Image.new("RGB", (200, 160), "#d02020").save(picture, "GIF")
    page.file_uploader[0].set_value(
        [
            ("letter.heic", b"Dear reader", "image/heic"),
            ("red.gif", picture.getvalue(), "image/gif"),
        ]
    ).run()
    assert not page.exception
    assert "is no photo of the kinds" in page.error[0].value
    assert [one.value for one in page.markdown if one.value.endswith("**")] == [
        "**letter\\.heic**",
        "**red\\.gif**",
    ]
    assert [one.value for one in page.header] == ["Found"]


def test_logos_word_has_its_width_whatever_font_there_is() -> None:
    logo = (Path(APP).parent / "static" / "logo.svg").read_text(encoding="utf-8")
    width = re.search(r'viewBox="0 0 (\d+) ', logo)
    word = re.search(r'<text [^>]*\bx="(\d+)"[^>]*\btextLength="(\d+)"', logo)
    assert width is not None
    assert word is not None
    assert int(word[1]) + int(word[2]) <= int(width[1])


def test_name_that_was_typed_elsewhere_is_in_the_form() -> None:
    def show_ask() -> None:
        from detector_app.views import ask  # noqa: PLC0415 - AppTest runs the body alone

        ask.show()

    page = AppTest.from_function(show_ask, default_timeout=120)
    page.query_params["name"] = "Atlantis" * 50
    page.run()
    assert not page.exception
    assert page.text_input[0].value == ("Atlantis" * 50)[:100]


@pytest.mark.parametrize("name", ["models", "improve"])
def test_pages_that_do_not_look_again_do_not_say_so(name: str) -> None:
    def show_page(name: str) -> None:
        from importlib import import_module  # noqa: PLC0415 - AppTest runs the body alone

        import_module(f"detector_app.views.{name}").show()

    page = AppTest.from_function(show_page, default_timeout=120, args=(name,)).run()
    if name == "improve":
        page.toggle[0].set_value(True).run()
    assert not page.exception
    assert page.warning[0].value == "The warehouse is away. Open this page again in a minute."
