"""The page of models, as the API server gives it: the card of a version, and nothing that is markup."""

from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from lxml import html

from sightscan.dataset.freeze import freeze_dataset
from sightscan.publish.publish import publish_model
from sightscan.publish.register import register_model
from sightscan.run import Run
from sightscan.settings import read_settings
from tests.cities.colour_city import (
    CITY_ID,
    ColourCity,
    ask_training,
    store_colour_city,
    write_model_folder,
)
from tests.integration.airflow_client import client_of, stranger
from tests.nasty_names import NASTY_NAMES

PAGE = "/sightscan/models/"
NASTY = 'Ba$$in <b>| & "Sons" <script>alert(1)</script>'


@pytest.fixture(scope="module")
def viewer() -> httpx.Client:
    return client_of("vera", "viewer")


@pytest.fixture
def place(warehouse: psycopg.Connection[Any], tmp_path: Path) -> ColourCity:
    """A city whose models 1 (refused) and 2 (in place) were judged."""
    place = store_colour_city(warehouse)
    config = read_settings(min_image_number_per_label=5)
    dataset = freeze_dataset(warehouse, config, place.city, Run(CITY_ID, "d", "run"))
    for number, onnx in enumerate(("blind.onnx", "colours.onnx")):
        training = ask_training(warehouse, dataset, f"run {number}")
        folder = write_model_folder(tmp_path / str(number), training, dataset, onnx=onnx)
        version = register_model(warehouse, training, folder)
        publish_model(warehouse, config, place.city, version, published_by="run")
    return place


def read(client: httpx.Client, status: int = 200, **asked: object) -> html.HtmlElement:
    answer = client.get(PAGE, params=asked)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return html.document_fromstring(answer.text)


@pytest.mark.usefixtures("place")
def test_page_shows_the_model_in_place_and_leads_to_the_others(viewer: httpx.Client) -> None:
    page = read(viewer)
    assert page.findtext(".//h2") == "Málaga: model 2"
    (_, cities, versions) = page.findall(".//nav")
    assert [link.get("href") for link in cities] == ["?city=malaga"]
    assert [link.get("href") for link in versions] == [
        "?city=malaga&version=2",
        "?city=malaga&version=1",
    ]
    older = read(viewer, city="malaga", version=1)
    assert "Refused: it was never in place." in older.text_content()
    assert "no name for Green Gate" in older.text_content()


@pytest.mark.usefixtures("place")
def test_photos_have_their_boxes_and_their_picture(viewer: httpx.Client) -> None:
    page = read(viewer, city="malaga")
    figures = page.get_element_by_id("best").findall(".//figure")
    assert len(figures) == 10
    for figure in figures:
        boxes = [rect.get("class") for rect in figure.findall(".//rect")]
        assert boxes == ["under", "there", "under", "right"]
        (image,) = figure.findall(".//img")
        answer = viewer.get(PAGE + image.get("src"))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert page.get_element_by_id("worst").findall(".//figure") == []


def test_nasty_names_are_text(
    viewer: httpx.Client, place: ColourCity, warehouse: psycopg.Connection[Any]
) -> None:
    nasty = [name for name in NASTY_NAMES if "<" in name or "&" in name]
    names = [NASTY, *nasty][:5]
    warehouse.execute("update core.dataset set class_names = %s", (names,))
    warehouse.execute("update core.model set class_names = %s, decision = %s", (names, NASTY))
    warehouse.execute("update core.city set name = %s", (NASTY,))
    page = read(viewer, city="malaga")
    assert page.findtext(".//h2") == f"{NASTY}: model 2"
    assert f"Decision: {NASTY}" in page.text_content()
    rows = page.get_element_by_id("sights").findall(".//tbody/tr")
    assert [row.findtext("th") for row in rows] == [" ".join(name.split()) for name in names]
    assert page.findall(".//script") == []
    assert page.findall(".//b") == []
    assert [image.get("onerror") for image in page.findall(".//img")] == [None] * 10


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"city": "malga"}, "no city 'malga' in the registry"),
        ({"city": "malaga", "version": 9}, "has no model 9"),
    ],
)
def test_what_is_not_there_is_a_sentence_on_the_page(
    viewer: httpx.Client, asked: dict[str, Any], problem: str
) -> None:
    assert problem in read(viewer, status=404, **asked).get_element_by_id("trouble").text_content()


def test_city_without_a_model_says_so(
    viewer: httpx.Client, warehouse: psycopg.Connection[Any]
) -> None:
    store_colour_city(warehouse, photos_a_sight=1)
    assert "No model yet" in read(viewer, city="malaga").text_content()


def test_stranger_is_led_to_the_login() -> None:
    assert stranger().get(PAGE).status_code == 401
