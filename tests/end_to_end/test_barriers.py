"""No state of the pages holds up who sees badly, has no mouse, listens, or reads German."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import pytest
from playwright.sync_api import expect

from detector_app.texts import LANGUAGES, say
from sightscan.city import City, Place
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.city_requests import resolve_request
from tests.axe import find_barriers
from tests.browser.conftest import RED, draw_photo
from tests.cities.judged_city import store_judged_city
from tests.cities.published_city import create_app_login
from tests.end_to_end.app_server import app_settings, run_app
from tests.end_to_end.browser import open_app, wait_until_drawn
from tests.film import write_film
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg
    from playwright.sync_api import Page

    from sandbox.postgres.server import PostgresAddress

pytestmark = pytest.mark.slow

REQUEST = UUID(int=7)
TOWER = "Torre do Relógio"
LOCALES = {"en": "en-GB", "de": "de-DE"}
NO_CAMERA = """(name) => {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("as a test wishes", name));
}"""
CAMERA_AGAIN = "delete navigator.mediaDevices.getUserMedia"
CAMERA_TROUBLES = ("NotFoundError", "NotAllowedError", "NotReadableError")
# Whatever the live region of the Streamlit pages said, in order.
LISTEN = """() => {
  globalThis.heard = [];
  const region = document.getElementById("visitor-hears");
  new MutationObserver(() => globalThis.heard.push(region.textContent)).observe(region, {
    childList: true, characterData: true, subtree: true });
}"""
IS_DARK = """(() => {
  const ground = document.querySelector(".stApp") ?? document.body;
  const [red] = getComputedStyle(ground).backgroundColor.match(/\\d+/g).map(Number);
  return red < 100;
})()"""
# Half way from light to dark, nothing can be read; what turns for ever does not count.
IS_STILL = """document.getAnimations().every((one) =>
  one.playState !== "running" || one.effect.getComputedTiming().iterations === Infinity)"""
# Words that no German sentence has; what was decided is in English, and says so.
ENGLISH_WORDS = re.compile(
    r"\b(the|and|is|are|of|with|your|this|file|here|drop|fullscreen|close|download|show|search|add)\b",
    re.IGNORECASE,
)
# What is said of what is shown, without being shown itself.
SAID = """[...document.querySelectorAll("[aria-label], [title], [placeholder]")]
  .filter((element) => element.checkVisibility())
  .flatMap((element) => ["aria-label", "title", "placeholder"].map((name) => element.getAttribute(name)))
  .filter(Boolean)"""


@pytest.fixture
def app(
    warehouse: psycopg.Connection[Any], warehouse_address: PostgresAddress, tmp_path: Path
) -> Iterator[str]:
    """Run the app on a city with a judged model, and one that somebody asked for."""
    store_judged_city(warehouse, tmp_path / "model")
    add_city(warehouse, City("Q1", "", "Porto", "Portugal", Place(1, 1), 1_000), state="waiting")
    warehouse.execute(
        "insert into load.city_request (request_id, asked_name, asked_by) values (%s, 'Porto', 'a')",
        [REQUEST],
    )
    resolve_request(warehouse, "Porto", city_id="Q1")
    create_app_login(warehouse)
    with run_app(tmp_path / "cache", tmp_path / "app.log", app_settings(warehouse_address)) as url:
        yield url


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Write a photo with one sight of the model."""
    return draw_photo(tmp_path / "holiday.png", {RED: (200, 120, 420, 400)})


class Looker:
    """Looks at each state in light and in dark, and notes what is wrong in it."""

    def __init__(self, page: Page, language: str) -> None:
        self.page, self.language = page, language
        self.states: list[str] = []
        self.faults: list[str] = []

    def wear(self, scheme: Literal["light", "dark"]) -> None:
        """Have the page in light or dark, and wait until it is."""
        self.page.emulate_media(color_scheme=scheme)
        wait_until(lambda: self.page.evaluate(IS_DARK) == (scheme == "dark"))
        wait_until(lambda: self.page.evaluate(IS_STILL))

    def look(self, state: str) -> None:
        """Note the barriers of the state that the page is in, and its English words in German."""
        self.states.append(state)
        for scheme in ("dark", "light"):
            self.wear(scheme)
            self.faults += [f"{state}, {scheme}: {one}" for one in find_barriers(self.page)]
        if self.language != "en":
            shown = [
                *self.page.locator("body").inner_text().splitlines(),
                *self.page.evaluate(SAID),
            ]
            # Icons are drawn by their English names, which nobody sees or hears.
            icons = set(self.page.locator("[data-testid=stIconMaterial]").all_text_contents())
            # Names in quotation marks are as they are stored.
            english = [line for line in shown if ENGLISH_WORDS.search(re.sub("„.*?“", "", line))]
            self.faults += [
                f"{state}: {line}"
                for line in english
                if line not in icons and "auf Englisch" not in line
            ]

    def say(self, key: str, **values: object) -> str:
        """Return a sentence of the Streamlit pages."""
        return say(self.language, key, **values)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_no_state_of_the_pages_is_a_barrier(
    app: str, photo: Path, tmp_path: Path, language: str
) -> None:
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear reader")
    write_film([photo, photo], tmp_path / "film.y4m")
    with open_app(app, tmp_path / "film.y4m", locale=LOCALES[language]) as page:
        looker = Looker(page, language)
        look_at_photos(looker, photo, letter)
        look_at_camera(looker)
        look_at_other_pages(looker, app, photo)
        look_at_camera_page(looker, app, photo)
    assert len(looker.states) >= 12
    if looker.faults:
        pytest.fail("\n".join(looker.faults))


def look_at_photos(looker: Looker, photo: Path, letter: Path) -> None:
    page = looker.page
    looker.look("Detect, empty")
    page.locator("input[type=file]").first.set_input_files(photo)
    page.get_by_role("heading", name=looker.say("photo.found"), exact=True).wait_for()
    wait_until_drawn(page)
    name = page.locator(".names .said button")
    name.wait_for()
    looker.look("Detect, a photo answered")
    name.click()
    page.get_by_role("dialog").wait_for()
    looker.look("Detect, a sight's card")
    page.keyboard.press("Escape")
    page.locator(".reports button:visible").first.click()
    page.get_by_role("dialog").wait_for()
    looker.look("Detect, a report")
    page.keyboard.press("Escape")
    page.locator("input[type=file]").first.set_input_files(letter)
    page.locator("[data-testid=stAlert]").wait_for()
    wait_until_drawn(page)
    looker.look("Detect, a file refused")


def look_at_camera(looker: Looker) -> None:
    page = looker.page
    page.get_by_role("tab", name=looker.say("live.tab")).click()
    for trouble in CAMERA_TROUBLES:
        page.evaluate(NO_CAMERA, trouble)
        page.locator(".start").click()
        expect(page.locator(".notice:visible")).to_be_visible()
        looker.look(f"Detect, the camera's {trouble}")
    page.evaluate(CAMERA_AGAIN)
    page.locator(".start").click()
    expect(page.locator(".plate .said").first).to_be_visible()
    looker.look("Detect, the camera running")
    # Streamlit mounts its components anew in other colours; the film goes on.
    expect(page.locator(".plate .said").first).to_be_visible()


def look_at_other_pages(looker: Looker, app: str, photo: Path) -> None:
    page = looker.page
    for path in ("/ask", f"/ask?request={REQUEST}", "/versions", "/help", "/about", "/improve"):
        page.goto(app + path)
        wait_until_drawn(page)
        looker.look(path)
    page.get_by_text(looker.say("improve.switch")).click()
    wait_until_drawn(page)
    for number in range(2):
        page.get_by_role("combobox").nth(number).click()
        page.get_by_role("option").first.click()
        wait_until_drawn(page)
    page.locator("input[type=file]").set_input_files(photo)
    page.get_by_role("button", name=looker.say("improve.share")).wait_for()
    wait_until_drawn(page)
    looker.look("/improve, a photo")


def look_at_camera_page(looker: Looker, app: str, photo: Path) -> None:
    page = looker.page
    page.goto(f"{app}/camera?city=malaga")
    expect(page.locator("#city")).to_contain_text("laga")
    looker.look("/camera, empty")
    page.locator("#files").set_input_files(photo)
    expect(page.locator(".card .said").first).to_be_visible()
    looker.look("/camera, a photo answered")
    page.locator(".card .said button").first.click()
    looker.look("/camera, a sight's card")
    page.keyboard.press("Escape")
    page.locator("#city").click()
    looker.look("/camera, the list of cities")
    page.keyboard.press("Escape")
    page.locator("#start").click()
    expect(page.locator(".plate .said").first).to_be_visible()
    looker.look("/camera, running")


def test_answer_is_spoken_once_however_often_the_page_is_drawn(app: str, photo: Path) -> None:
    with open_app(app) as page:
        page.locator("#visitor-hears").wait_for(state="attached")
        page.evaluate(LISTEN)
        page.locator("input[type=file]").first.set_input_files(photo)
        page.get_by_role("heading", name="Found", exact=True).wait_for()
        wait_until(lambda: page.evaluate("globalThis.heard.length > 0"))
        # The page's script runs again; nothing new is to be said.
        page.get_by_text("Take a photo with this device's camera").click()
        page.locator("[data-testid=stCameraInput]").wait_for()
        wait_until_drawn(page)
        assert page.evaluate("globalThis.heard") == [f"This is {TOWER}."]
