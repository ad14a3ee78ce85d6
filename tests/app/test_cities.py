"""GET /api/city-list: what browsers are told, and how often it is written."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from detector_app.catalogue import Catalogue, City
from detector_app.models.model_store import obtain_model
from detector_app.sight_cards import SightCard, SightCards
from detector_app.web import cities, city_detail
from detector_app.web.cities import CitiesAnswers, as_answer, tag_of
from detector_app.web.city_detail import PAGE_LANGUAGES, CityAnswers, write_city
from detector_app.web.model_shelf import ModelShelf

if TYPE_CHECKING:
    from conftest import FakeWarehouse

    from detector_app.catalogue import PublishedModel

TEXTS = Path(cities.__file__).parents[1] / "browser" / "texts"


@pytest.fixture
def shelf(warehouse: FakeWarehouse, tmp_path: Path) -> ModelShelf:
    """Return an empty shelf."""
    return ModelShelf(lambda model: obtain_model(model, warehouse, tmp_path, ()), tmp_path)


def catalogue_of(model: PublishedModel, day: int = 1) -> Catalogue:
    city = City("malaga", "Málaga", "Spain", "published", 5, 400, 350, model)
    return Catalogue((city,), as_of=datetime(2026, 1, day, tzinfo=UTC))


def test_answer_is_written_once_until_a_model_is_there(
    model: PublishedModel, shelf: ModelShelf
) -> None:
    answers, catalogue = CitiesAnswers(), catalogue_of(model)
    first = answers.write(catalogue, shelf, ())
    assert answers.write(catalogue, shelf, ()) is first
    shelf.fill(catalogue)
    second = answers.write(catalogue, shelf, ())
    assert second.tag != first.tag
    assert json.loads(second.content)["cities"][0]["model"]["version"] == 3


def test_time_of_asking_changes_no_answer_but_a_version_does(
    model: PublishedModel, shelf: ModelShelf
) -> None:
    shelf.fill(catalogue_of(model))
    answers = CitiesAnswers()
    first = answers.write(catalogue_of(model), shelf, ())
    assert answers.write(catalogue_of(model, day=2), shelf, ()) is first
    # Another process, or one that has started again, has the same to say.
    assert CitiesAnswers().write(catalogue_of(model, day=3), shelf, ()).tag == first.tag
    newer = replace(model, model_version=4)
    assert answers.write(catalogue_of(newer), shelf, ()).tag != first.tag


def test_sights_have_names_in_the_languages_of_the_pages() -> None:
    assert sorted(PAGE_LANGUAGES) == sorted(path.stem for path in TEXTS.glob("*.js"))


def city_of(
    model: PublishedModel, shelf: ModelShelf, cards: SightCards | None = None
) -> dict[str, Any]:
    shelf.fill(catalogue_of(model))
    return write_city(catalogue_of(model).cities[0], shelf, cards or SightCards(), ())


def test_city_is_written_once_until_something_of_it_changes(
    model: PublishedModel, shelf: ModelShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    monkeypatch.setattr(
        city_detail, "as_answer", lambda value: written.append(value["slug"]) or as_answer(value)
    )
    city = catalogue_of(model).cities[0]
    cards = SightCards({"Green Gate": SightCard("Green Gate", ap50_95=0.5)})
    answers = CityAnswers(most=2)
    first = answers.write(city, shelf, cards, ())
    # Nothing but the time has changed: another catalogue says the same.
    assert answers.write(catalogue_of(model, day=2).cities[0], shelf, cards, ()) is first
    assert len(written) == 1
    shelf.fill(catalogue_of(model))
    changes = [
        (city, cards, ()),
        (city, SightCards(), ()),
        (city, SightCards(), (bytes(32),)),
        (replace(city, name="Malaga"), SightCards(), (bytes(32),)),
    ]
    tags = {answers.write(one, shelf, shown, keys).tag for one, shown, keys in changes}
    assert (len(tags | {first.tag}), len(written)) == (5, 5)
    for slug in ("one", "two"):
        answers.write(replace(city, slug=slug), shelf, cards, ())
    assert list(answers._answers) == ["one", "two"]


def test_hidden_sight_is_not_named(model: PublishedModel, shelf: ModelShelf) -> None:
    shown = replace(model, class_names=model.class_names[1:])
    city = city_of(shown, shelf)
    assert city["model"]["hidden_classes"] == [0]
    assert "Torre do Rel" not in json.dumps(city, ensure_ascii=False)


def test_list_tells_when_another_city_would_come(model: PublishedModel, shelf: ModelShelf) -> None:
    tags = set()
    others = (
        replace(model, class_names=model.class_names[1:]),
        # What checks signatures uses a file only with the newest one.
        replace(model, onnx_signature="c2lnbmVk"),
    )
    for one in (model, *others):
        shelf.fill(catalogue_of(one))
        answer = json.loads(CitiesAnswers().write(catalogue_of(one), shelf, ()).content)
        assert answer["cities"][0]["model"]["tag"] == city_of(one, shelf)["model"]["tag"]
        tags.add(answer["cities"][0]["model"]["tag"])
    assert len(tags) == 3


def test_signature_of_the_live_file_changes_the_tag(model: PublishedModel) -> None:
    unsigned = replace(model, live_onnx_sha256="ab" * 32, live_onnx_bytes=9)
    signed = replace(unsigned, live_onnx_signature="c2lnbmVk")
    assert tag_of(unsigned, unsigned.as_live()) != tag_of(signed, signed.as_live())


def test_sight_has_what_its_card_says_in_the_languages_of_the_pages(
    model: PublishedModel, shelf: ModelShelf
) -> None:
    card = SightCard(
        "Green Gate",
        latitude=36.72,
        longitude=-4.42,
        descriptions={"en": "gate", "de": "Tor", "fr": "porte"},
        articles={"fr": "https://fr.wikipedia.org/wiki/Porte"},
        since_year=1790,
        since_precision="decade",
        view_meters=1500.0,
        photo_sha256="ab" * 32,
        photo_author="Ann",
        ap50_95=0.6,
    )
    city = city_of(model, shelf, SightCards({"Green Gate": card}))
    tower, gate, *_ = city["model"]["sights"]
    assert (tower["photo"], tower["since"], tower["view_meters"]) == (None, None, None)
    assert gate["descriptions"] == {"en": "gate", "de": "Tor"}
    assert gate["articles"] == {}
    assert gate["since"] == {"year": 1790, "precision": "decade"}
    assert (gate["latitude"], gate["view_meters"], gate["ap50_95"]) == (36.72, 1500.0, 0.6)
    assert (gate["photo"]["sha256"], gate["photo"]["author"]) == ("ab" * 32, "Ann")


def test_list_of_a_thousand_cities_is_small(model: PublishedModel, shelf: ModelShelf) -> None:
    shelf.fill(catalogue_of(model))
    random = Random(4)  # noqa: S311 - names, no secrets
    cities = tuple(
        City(
            f"city-{number}",
            "".join(random.choices("abcdefghijklmnoprstuvz", k=9)).title(),
            random.choice(["Spain", "Portugal", "France"]),
            "published",
            30,
            400,
            350,
            replace(model, model_version=random.randint(1, 9), class_names=(f"Sight {number}",)),
            names={
                language: "".join(random.choices("abcdefghijklmnoprstuvz", k=9)).title()
                for language in ("en", "de", "fr", "es", "pt")
            },
            latitude=random.uniform(-60, 60),
            longitude=random.uniform(-180, 180),
        )
        for number in range(1000)
    )
    answer = CitiesAnswers().write(Catalogue(cities, as_of=None), shelf, ())
    # Before the first tap there are 300 KB for all, and the modules take 60.
    assert max(map(len, answer.compressed.values())) < 100_000


def test_model_that_is_here_is_had_while_another_is_fetched(
    model: PublishedModel, warehouse: FakeWarehouse, tmp_path: Path
) -> None:
    is_asked, may_answer = threading.Event(), threading.Event()

    def obtain(wanted: PublishedModel) -> bytes:
        if wanted.onnx_sha256 != model.onnx_sha256:
            is_asked.set()
            may_answer.wait(180)
        return obtain_model(wanted, warehouse, tmp_path, ())

    shelf = ModelShelf(obtain, tmp_path)
    shelf.take(model)
    slow = replace(model, onnx_sha256="0" * 64)
    fetching = threading.Thread(target=shelf.fill, args=(catalogue_of(slow),))
    fetching.start()
    asking = threading.Thread(target=shelf.take, args=(model,))
    try:
        assert is_asked.wait(60)
        asking.start()
        asking.join(60)
        assert not asking.is_alive()
    finally:
        may_answer.set()
        fetching.join()
