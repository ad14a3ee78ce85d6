"""The page /camera on a phone: one look at a film names its sights, without any of it leaving the phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import DRAWN_CAMERA, GREEN, GREY, RED
from tests.browser.site import Site, describe_model
from tests.model_files import metadata
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

TOWER, GATE = "Torre do Relógio", "Green Gate"
MIN_TARGET_PIXELS = 44
# Whatever the live region said, in order.
LISTEN = """document.addEventListener("DOMContentLoaded", () => {
  globalThis.spoken = [];
  new MutationObserver(() => {
    const text = document.getElementById("announced").textContent;
    if (text) globalThis.spoken.push(text);
  }).observe(document.getElementById("announced"), { childList: true, characterData: true, subtree: true });
});"""


def open_camera(page: Page, site: Site, query: str = "") -> None:
    page.goto(f"{site.url}/camera{query}")
    expect(page.get_by_role("button", name="Camera", exact=True)).to_be_visible()


# Where the film is, and the first name on it, once there is one.
PLACES = """() => {
  const said = document.querySelector(".plate .said");
  const shown = [document.getElementById("stage"), said];
  return said?.checkVisibility() && shown.map((one) => one.getBoundingClientRect().toJSON());
}"""


def start_film(page: Page) -> None:
    page.get_by_role("button", name="Camera", exact=True).click()
    expect(page.locator(".plate .said").first).to_be_visible()


# It goes on as it is looked at: by a real clock, a busy machine looks so seldom that sights are missed, or
# forgotten and announced again.
CLOCK_OF_LOOKS = """let now = 0;
performance.now = () => (now += 40);"""


def test_film_names_each_sight_in_turn_and_says_when_there_is_none(
    new_page: Callable[..., Page], site: Site
) -> None:
    page = new_page()
    page.add_init_script(LISTEN)
    page.add_init_script(DRAWN_CAMERA)
    page.add_init_script(CLOCK_OF_LOOKS)
    open_camera(page, site)
    start_film(page)
    for colour, sentence in (
        (RED, f"This is {TOWER}"),
        (GREEN, f"This is {GATE}"),
        (GREY, "No sight that I know"),
    ):
        page.evaluate(f"globalThis.sight = '{colour}'")
        expect(page.locator(".plate")).to_have_text(sentence)
    assert not any(asked.startswith("POST") for asked in site.asked)
    # Each name is announced once, and nothing but names.
    assert page.evaluate("globalThis.spoken") == [TOWER, GATE]


@pytest.mark.parametrize(
    ("width", "height", "locale"),
    [
        # The smallest with the longest words; a night looks at the others.
        (360, 800, "de-DE"),
        pytest.param(360, 800, "en-GB", marks=pytest.mark.nightly),
        pytest.param(390, 844, "de-DE", marks=pytest.mark.nightly),
        pytest.param(390, 844, "en-GB", marks=pytest.mark.nightly),
    ],
)
def test_phone_has_its_buttons_in_reach(
    new_page: Callable[..., Page], site: Site, width: int, height: int, locale: str
) -> None:
    page = new_page(viewport={"width": width, "height": height}, locale=locale)
    page.goto(f"{site.url}/camera")
    for button in ("#start", "#choose"):
        box = page.locator(button).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 400
    check_layout(page, width)
    page.locator("#start").click()
    # At one moment: the film goes on to where no sight is.
    film, name = page.wait_for_function(PLACES).json_value()
    assert (film["x"], film["width"]) == (0, width)
    assert (
        film["y"] < name["y"] < name["y"] + name["height"] <= film["y"] + film["height"] <= height
    )
    for button in ("#keep", "#shutter", "#stop"):
        box = page.locator(button).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= height
    check_layout(page, width)


def check_layout(page: Page, width: int) -> None:
    """Assert that nothing scrolls sideways, and that what can be pressed is large enough for a thumb."""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    targets = page.locator("button:visible, a:visible, summary:visible, label:visible")
    for box in targets.evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().toJSON())"
    ):
        assert box["height"] >= MIN_TARGET_PIXELS, box
        assert box["width"] >= MIN_TARGET_PIXELS, box


def test_start_is_near_for_a_keyboard(new_page: Callable[..., Page], site: Site) -> None:
    page = new_page()
    open_camera(page, site)
    reached = []
    while "start" not in reached and len(reached) < 8:
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    assert reached[-1] == "start"
    page.keyboard.press("Enter")
    expect(page.locator(".plate .said").first).to_be_visible()


def test_unknown_city_of_the_address_is_told_and_not_replaced(
    new_page: Callable[..., Page], site: Site
) -> None:
    page = new_page()
    open_camera(page, site, "?city=atlantis")
    expect(page.get_by_role("status").first).to_have_text(
        "There is no city “atlantis” here. Choose one of the list."
    )
    expect(page.locator("#city")).to_have_text("Choose a city")
    assert page.url.endswith("?city=atlantis")


@pytest.mark.parametrize("typed", ["malaga", "MÁLAGA", "Malag", "köln", "Koln", "cologne"])
def test_city_is_found_by_any_of_its_names(
    new_page: Callable[..., Page], site: Site, typed: str
) -> None:
    site.add_city("cologne", "Cologne", None, stage="crawled", de="Köln")
    page = new_page()
    open_camera(page, site)
    page.locator("#city").click()
    page.get_by_label("Which city?").fill(typed)
    expect(page.locator("dialog li")).to_have_count(1)
    page.keyboard.press("Enter")
    expected = "Málaga" if typed.lower().startswith("m") else "Cologne"
    expect(page.locator("#city")).to_have_text(expected)


def test_camera_asks_for_the_city_first_and_then_starts(
    new_page: Callable[..., Page], site: Site, onnx: bytes
) -> None:
    site.add_city("cadiz", "Cádiz", describe_model(site.add_file(onnx)))
    page = new_page()
    open_camera(page, site)
    page.get_by_role("button", name="Camera", exact=True).click()
    page.get_by_role("button", name="Cádiz").click()
    expect(page.locator(".plate .said").first).to_be_visible()
    assert page.url.endswith("?city=cadiz")


def test_page_speaks_german(new_page: Callable[..., Page], site: Site, photo: Path) -> None:
    page = new_page(locale="de-DE")
    page.goto(f"{site.url}/camera")
    expect(page.get_by_role("heading", level=1)).to_have_text("Was sehe ich da?")
    page.locator("#files").set_input_files(photo)
    expect(page.locator(".card .said")).to_have_text([f"Das ist: {TOWER}", "Das ist: Grünes Tor"])
    assert page.evaluate("document.documentElement.lang") == "de"
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What am I looking at?")
    assert page.evaluate("document.documentElement.lang") == "en"


def test_picture_of_the_film_is_saved(new_page: Callable[..., Page], site: Site) -> None:
    page = new_page()
    open_camera(page, site)
    start_film(page)
    page.get_by_role("button", name="Take a picture").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save").click()
    assert download.value.suggested_filename.startswith("malaga-20")
    with Image.open(download.value.path()) as taken:
        assert (taken.size, taken.format) == ((640, 480), "JPEG")
        assert dict(taken.getexif()) == {}
    page.get_by_role("button", name="Back to the camera").click()
    expect(page.locator(".plate .said").first).to_be_visible()


@pytest.mark.nightly
def test_newer_model_is_taken_while_the_film_runs(
    new_page: Callable[..., Page], site: Site, onnx: bytes
) -> None:
    page = new_page()
    open_camera(page, site)
    start_film(page)
    page.get_by_text("Debug").click()
    expect(page.locator("#debug")).to_contain_text("1, 2026-01-02")
    newer = site.add_file(onnx + metadata("version", "2"))
    site.catalogue["cities"][0]["model"] = describe_model(newer, version=2)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#debug")).to_contain_text(newer["sha256"][:12])
    expect(page.locator(".plate .said").first).to_be_visible()
    expect(page.locator("#stage")).to_be_visible()


def test_film_is_looked_at_with_the_live_file_and_a_photo_with_the_whole_one(
    new_page: Callable[..., Page], site: Site, onnx: bytes, photo: Path
) -> None:
    live, whole = site.add_file(onnx + metadata("version", "9")), site.add_file(onnx)
    site.catalogue["cities"][0]["model"] = describe_model(whole, live=live)
    page = new_page()
    open_camera(page, site)
    start_film(page)
    addresses = [f"/models/{file['sha256']}.onnx" for file in (live, whole)]
    assert [address in site.asked for address in addresses] == [True, False]
    page.locator("#files").set_input_files(photo)
    expect(page.locator(".card .said")).to_have_count(2)
    assert [address in site.asked for address in addresses] == [True, True]


@pytest.mark.nightly
def test_live_file_that_is_listed_later_is_taken_without_a_restart(
    new_page: Callable[..., Page], site: Site, onnx: bytes
) -> None:
    page = new_page()
    open_camera(page, site)
    start_film(page)
    model = site.catalogue["cities"][0]["model"]
    live = site.add_file(onnx + metadata("variant", "live"))
    site.catalogue["cities"][0]["model"] = describe_model(model["file"], live=live)
    page.get_by_text("Debug").click()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#debug")).to_contain_text(live["sha256"][:12])


def test_card_is_of_the_model_that_named_the_photo(
    new_page: Callable[..., Page], site: Site, onnx: bytes, photo: Path
) -> None:
    page = new_page()
    open_camera(page, site)
    page.locator("#files").set_input_files(photo)
    expect(page.locator(".card .said")).to_have_count(2)
    # In the newer model the first class is another sight.
    newer = describe_model(site.add_file(onnx + metadata("version", "2")), version=2)
    newer["sights"][0]["name"] = "Opera"
    site.catalogue["cities"][0]["model"] = newer
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#knows")).to_contain_text("Opera")
    page.locator(".card").get_by_role("button", name=f"This is {TOWER}").click()
    expect(page.locator("#sight")).to_contain_text(TOWER)
    page.locator("#sight").get_by_role("button", name="Close").click()
    page.locator(".card").get_by_role("button", name="A sight is missing").click()
    page.locator("#report").get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#report").get_by_role("status")).to_have_text("Thank you, it was sent.")
    assert site.reports[0][0]["version"] == "1"


# The next picture cannot be had; what is pressed needs it at once.
FAIL_AT = """(pressed) => {
  const { createImageBitmap } = globalThis;
  globalThis.createImageBitmap = () => {
    globalThis.createImageBitmap = createImageBitmap;
    return Promise.reject(new Error("as a test wishes"));
  };
  document.querySelector(pressed).click();
}"""


def test_film_goes_on_when_its_picture_cannot_be_taken(
    new_page: Callable[..., Page], site: Site
) -> None:
    page = new_page()
    open_camera(page, site)
    start_film(page)
    page.evaluate(FAIL_AT, "#shutter")
    expect(page.locator("#notice")).to_contain_text("as a test wishes")
    wait_until(lambda: page.evaluate("!document.querySelector('video').paused"))
    expect(page.locator("#stage")).to_be_visible()


def test_live_regions_say_names_and_what_went_wrong_and_are_there_from_the_start(
    new_page: Callable[..., Page], site: Site
) -> None:
    page = new_page()
    open_camera(page, site)
    regions = page.locator("[role=status], [role=alert], [aria-live]")
    assert regions.evaluate_all(
        "all => all.map((one) => [one.id, one.textContent, one.checkVisibility()])"
    ) == [["notice", "", True], ["announced", "", True]]
    start_film(page)
    bar = page.locator("#progress progress")
    expect(bar).to_have_attribute("aria-label", "Getting the detector of Málaga")
    expect(bar).to_be_hidden()
