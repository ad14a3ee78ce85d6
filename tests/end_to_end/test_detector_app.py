"""The app in a real browser: a photo is dropped in, a film is the camera, names are read."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from detector_app.catalogue import SNAPSHOT_NAME
from tests.cities.published_city import (
    CITY_NAME,
    CITY_SLUG,
    add_city,
    create_app_login,
    keep_model,
    publish_model,
)
from tests.drawn_face import face
from tests.end_to_end.app_server import app_settings, run_app
from tests.end_to_end.browser import (
    choose_city,
    detect_photo,
    open_app,
    read_names,
    wait_until_drawn,
)
from tests.film import write_film
from tests.recording_proxy import proxied, recording_proxy
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg
    from playwright.sync_api import Locator, Page

    from sandbox.postgres.server import PostgresAddress

pytestmark = pytest.mark.slow

# What a headless Chromium asks by itself, whatever page it shows.
BROWSERS_OWN = ("accounts.google.com", "content-autofill.googleapis.com", "update.googleapis.com")
TOWER, GATE = "Torre do Relógio", "Green Gate"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Write a photo with two sights of the tiny model on grey."""
    drawn = Image.new("RGB", (640, 480), "#9fb4c8")
    draw = ImageDraw.Draw(drawn)
    draw.rectangle((60, 120, 220, 420), fill="#d02020")
    draw.rectangle((340, 80, 560, 300), fill="#20b030")
    path = tmp_path / "holiday.png"
    drawn.save(path)
    return path


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run one app without a warehouse, on what it kept, for tests that only look."""
    folder = tmp_path_factory.mktemp("app")
    keep_model(folder / "cache")
    with run_app(folder / "cache", folder / "app.log") as url:
        yield url


@pytest.fixture
def app(
    warehouse: psycopg.Connection[Any], warehouse_address: PostgresAddress, tmp_path: Path
) -> Iterator[str]:
    """Run the app on a warehouse with one city and its model; yield its address."""
    create_app_login(warehouse)
    add_city(warehouse)
    publish_model(warehouse, version=1)
    settings = app_settings(warehouse_address) | {
        "CATALOGUE_REFRESH_SECONDS": "1",
    }
    with run_app(tmp_path / "cache", tmp_path / "app.log", settings) as url:
        yield url


def test_camera_is_opened_for_the_city_that_is_shown(shared_app: str) -> None:
    with open_app(shared_app) as page:
        page.get_by_role("tab", name="Live").click()
        address = page.get_by_role(
            "link", name="Open the camera in a page of its own"
        ).get_attribute("href")
    assert address == f"/camera?city={CITY_SLUG}"


def test_start_is_near_for_a_keyboard(shared_app: str) -> None:
    with open_app(shared_app) as page:
        start = page.locator("button.start")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
        page.keyboard.press("Enter")
        presses = 1
        while not is_focused(start) and presses < 20:
            page.keyboard.press("Tab")
            presses += 1
            if is_focused(page.get_by_role("tab", name="Photo")):
                page.keyboard.press("ArrowRight")
                start.wait_for()
        assert is_focused(start)
        assert presses <= 8


def is_focused(element: Locator) -> bool:
    """Tell whether the keyboard is there; a hidden element has no focus."""
    return element.count() == 1 and element.evaluate(
        "element => element.getRootNode().activeElement === element"
    )


def test_shot_of_the_camera_is_named(shared_app: str, photo: Path, tmp_path: Path) -> None:
    film = tmp_path / "film.y4m"
    write_film([photo], film)
    with open_app(shared_app, film) as page:
        page.get_by_text("Take a photo with this device's camera").click()
        # Before the camera has given a picture, the button takes nothing.
        video = page.locator("[data-testid=stCameraInput] video")
        wait_until(lambda: video.evaluate("film => film.readyState >= 2"))
        page.get_by_role("button", name="Take Photo").click()
        page.get_by_role("heading", name="found").wait_for()
        wait_until_drawn(page)
        assert set(read_names(page)) == {TOWER, GATE}


def open_card(page: Page) -> Locator:
    """Press the tower's name below or beside the photo; return its card."""
    page.locator(".names").get_by_role("button", name=TOWER).click()
    card = page.get_by_role("dialog", name=TOWER)
    card.wait_for()
    return card


def open_report(page: Page, kind: str) -> Locator:
    page.get_by_role("button", name=kind).click()
    report = page.get_by_role("dialog", name=kind)
    report.get_by_role("button", name="Send", exact=True).click()
    return report


def test_photo_leads_to_cards_and_a_report_without_its_face(
    app: str, warehouse: psycopg.Connection[Any], photo: Path, tmp_path: Path
) -> None:
    with Image.open(photo) as drawn:
        street = drawn.resize((1280, 960))
    street.paste(face(200), (20, 20))
    street.save(tmp_path / "street.png")
    said: list[str] = []
    with open_app(app) as page:
        page.on("console", lambda message: said.append(message.text))
        assert set(detect_photo(page, tmp_path / "street.png")) == {TOWER, GATE}
        open_card(page).get_by_role("button", name="Close").click()
        report = open_report(page, "Wrong name")
        report.get_by_text("Thank you, it was sent.").wait_for()
        shown = report.get_by_role("img", name="The picture as it was stored").get_attribute("src")
        assert "Blurred in it: one face" in report.inner_text()
        # The page draws itself anew while it is read.
        publish_model(warehouse, version=2)
        page.get_by_text("has another detector: version 2 in place of 1").wait_for()
        expect(page.get_by_role("dialog")).to_have_count(0)
    rows = warehouse.execute(
        "select kind, class_name, model_version, x1, photo from load.report"
    ).fetchall()
    ((kind, name, version, left, stored),) = rows
    assert (kind, version, name in {TOWER, GATE}) == ("wrong", 1, True)
    assert left == pytest.approx({TOWER: 60 / 640, GATE: 340 / 640}[name], abs=0.05)
    assert shown is not None
    assert base64.b64decode(shown.partition(",")[2]) == stored
    assert [text for text in said if "Content Security Policy" in text] == []


def test_photo_is_named_and_can_be_taken_away(shared_app: str, photo: Path) -> None:
    with open_app(shared_app) as page:
        assert set(detect_photo(page, photo)) == {TOWER, GATE}
        with page.expect_download() as download:
            page.get_by_role("button", name="Download the picture").click()
        assert download.value.suggested_filename == "holiday-sights.jpg"
        with Image.open(download.value.path()) as taken, Image.open(photo) as given:
            assert taken.size == given.size


def use_camera_page(page: Page, photo: Path) -> None:
    """Do all that a person can do there: a city for without a network, film, card, photo, report."""
    page.locator("#start").click()
    name = page.locator(".plate").get_by_role("button", name=TOWER)
    name.wait_for()
    page.get_by_role("button", name=f"Keep {CITY_NAME} on this device").click()
    page.get_by_text(f"{CITY_NAME} is kept: it works here without a network.").wait_for()
    name.click()
    card = page.get_by_role("dialog", name=TOWER)
    card.get_by_role("button", name="Close").click()
    page.locator("#files").set_input_files(photo)
    page.locator(".card").get_by_role("button", name="A sight is missing").click()
    report = page.get_by_role("dialog", name="A sight is missing")
    report.get_by_role("button", name="Send", exact=True).click()
    # The server's answer: a city that it knows from before, without a warehouse, takes no reports.
    report.get_by_text("This city is not here any more.").wait_for()
    report.get_by_role("button", name="Do not send").click()


def test_a_visit_asks_nothing_of_anybody_else_and_breaks_no_policy(
    photo: Path, tmp_path: Path
) -> None:
    keep_model(tmp_path / "cache")
    write_film([photo], tmp_path / "film.y4m")
    said: list[str] = []
    with recording_proxy() as (proxy, asked):
        settings = {**proxied(proxy), "HOME": str(tmp_path / "home")}
        with (
            run_app(tmp_path / "cache", tmp_path / "app.log", settings) as url,
            open_app(url, tmp_path / "film.y4m", proxy=proxy) as page,
        ):
            page.on("console", lambda message: said.append(message.text))
            assert set(detect_photo(page, photo)) == {TOWER, GATE}
            open_card(page).get_by_role("button", name="Close").click()
            report = open_report(page, "A sight is missing")
            report.get_by_text("This city is not here any more.").wait_for()
            report.get_by_role("button", name="Do not send").click()
            icon = page.locator("link[rel='shortcut icon']").get_attribute("href")
            for path in ("/help", "/about", "/ask", "/versions", "/improve", "/"):
                page.goto(url + path)
                wait_until_drawn(page)
                assert page.evaluate("crossOriginIsolated")
            page.goto(f"{url}/camera?city={CITY_SLUG}")
            page.locator("h1").wait_for()
            assert page.evaluate("crossOriginIsolated")
            use_camera_page(page, photo)
    assert [line for line in asked if not any(host in line for host in BROWSERS_OWN)] == []
    assert [text for text in said if "Content Security Policy" in text] == []
    assert icon is not None
    assert icon.startswith("data:image/svg+xml")
    assert [path.name for path in (tmp_path / "home").rglob("*") if path.is_file()] == []


def test_second_photo_that_is_none_leaves_no_answer_that_could_be_its_own(
    shared_app: str, photo: Path, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.heic"
    letter.write_text("Dear reader")
    with open_app(shared_app) as page:
        page.locator("input[type=file]").first.set_input_files([photo, letter])
        page.get_by_text("letter.heic is no photo of the kinds").wait_for()
        page.locator("strong", has_text="holiday.png").wait_for()
        page.locator("strong", has_text="letter.heic").wait_for()


def test_file_that_the_widget_does_not_take_gets_a_sentence(
    shared_app: str, tmp_path: Path
) -> None:
    large = tmp_path / "large.tif"
    large.write_bytes(bytes(21 * 1024 * 1024))
    with open_app(shared_app) as page:
        sentence = page.get_by_text("A file that is marked red was not taken")
        assert not sentence.is_visible()
        page.locator("input[type=file]").first.set_input_files(large)
        sentence.wait_for()


def test_file_that_is_no_photo_gets_a_sentence(shared_app: str, tmp_path: Path) -> None:
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear reader")
    with open_app(shared_app) as page:
        page.locator("input[type=file]").first.set_input_files(letter)
        page.get_by_text("letter.jpg is no photo of the kinds").wait_for()


def test_newer_model_is_taken_up_while_the_page_is_open(
    app: str, warehouse: psycopg.Connection[Any]
) -> None:
    with open_app(app) as page:
        page.get_by_text("Version 1", exact=True).wait_for()
        publish_model(warehouse, version=2)
        page.get_by_text("has another detector: version 2 in place of 1").wait_for()
        page.get_by_text("Version 2", exact=True).wait_for()


def test_app_without_its_warehouse_uses_what_it_has(app: str, photo: Path, tmp_path: Path) -> None:
    with open_app(app) as page:
        wait_until_drawn(page)
    cache = tmp_path / "cache"
    assert (cache / SNAPSHOT_NAME).is_file()
    with run_app(cache, tmp_path / "offline.log") as offline, open_app(offline) as page:
        page.get_by_text("The warehouse is away").first.wait_for()
        choose_city(page, CITY_NAME)
        assert set(detect_photo(page, photo)) == {TOWER, GATE}


def test_damaged_model_on_disk_is_fetched_anew(
    app: str, warehouse: psycopg.Connection[Any], photo: Path, tmp_path: Path
) -> None:
    onnx = warehouse.execute("select onnx from mart.published_model_file").fetchone()
    assert onnx is not None
    kept = tmp_path / "cache" / "models" / f"{hashlib.sha256(onnx[0]).hexdigest()}.onnx"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(b"half of a model")
    with open_app(app) as page:
        assert set(detect_photo(page, photo)) == {TOWER, GATE}
    assert kept.read_bytes() == onnx[0]
