"""The switch that lets the camera know the place: off until a person wants it, and nothing of it leaves the phone."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.site import describe_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.site import Site

pytestmark = pytest.mark.slow

TOWER, GATE = "Torre do Relógio", "Green Gate"
HERE = {"latitude": 36.7213, "longitude": -4.4217, "accuracy": 20}
ALLOWED = ["camera", "geolocation"]
# A browser that knows the place when it is asked for it, and says nothing more.
SAYS_IT_ONCE = """
  globalThis.watches = [];
  navigator.geolocation.watchPosition = (found) => watches.push(found);
  navigator.geolocation.clearWatch = () => {};
  globalThis.say = () => watches.at(-1)({ timestamp: Date.now(), coords: %s });
"""
# A phone with two cameras, held upright, turned to the south.
TURNED_SOUTH = """
  const listDevices = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
  navigator.mediaDevices.enumerateDevices = async () => {
    const devices = await listDevices();
    return [...devices, ...devices];
  };
  const turned = () =>
    new DeviceOrientationEvent("deviceorientationabsolute", { alpha: 180, beta: 90, gamma: 0 });
  setInterval(() => dispatchEvent(turned()), 50);
"""


@pytest.fixture
def placed(site: Site) -> Site:
    """Return the site with a tower far from here and a gate nearby."""
    tower, gate, *_ = site.catalogue["cities"][0]["model"]["sights"]
    tower |= {"latitude": 36.9, "longitude": -4.4217, "view_meters": 1500}
    gate |= {"latitude": 36.7215, "longitude": -4.4217, "view_meters": 1500}
    return site


def open_camera(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/camera")
    expect(page.locator("#city")).to_have_text("Málaga")


def test_place_is_not_asked_for_until_a_person_wants_it(
    new_page: Callable[..., Page], placed: Site
) -> None:
    page = new_page(permissions=ALLOWED, geolocation=HERE)
    page.add_init_script(
        "globalThis.asked = 0; navigator.geolocation.watchPosition = () => { asked += 1; return 1; };"
    )
    open_camera(page, placed)
    expect(page.locator("#place")).not_to_be_checked()
    page.locator("#start").click()
    expect(page.locator(".plate")).to_contain_text(TOWER)
    assert page.evaluate("asked") == 0


def test_sight_that_cannot_be_seen_from_there_is_not_named(
    new_page: Callable[..., Page], placed: Site
) -> None:
    page = new_page(permissions=ALLOWED, geolocation=HERE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.url} {request.post_data or ''}"))
    open_camera(page, placed)
    page.locator("#place").check()
    expect(page.locator("#place-status")).to_have_text("The place is known to 20 m.")
    page.evaluate(
        """() => {
          globalThis.shown = [];
          const plate = document.querySelector(".plate");
          new MutationObserver(() => shown.push(plate.textContent)).observe(plate, {
            childList: true, characterData: true, subtree: true });
        }"""
    )
    page.locator("#start").click()
    expect(page.locator(".plate")).to_contain_text(GATE)
    # Once round: the tower was before the camera, too.
    expect(page.locator(".plate")).to_contain_text("No sight that I know")
    expect(page.locator(".plate")).to_contain_text(GATE)
    assert not any(TOWER in shown for shown in page.evaluate("shown"))
    assert not any("36.72" in one or "4.42" in one for one in asked)


def test_place_that_is_refused_is_a_sentence_and_the_camera_goes_on(
    new_page: Callable[..., Page], placed: Site
) -> None:
    page = new_page(permissions=["camera"])
    open_camera(page, placed)
    page.locator("#place").click()
    expect(page.locator("#place-status")).to_contain_text("The place was not allowed")
    expect(page.locator("#place")).not_to_be_checked()
    page.locator("#start").click()
    expect(page.locator(".plate")).to_contain_text(TOWER)


def test_switch_stays_as_it_was_left(new_page: Callable[..., Page], placed: Site) -> None:
    page = new_page(permissions=ALLOWED, geolocation=HERE)
    open_camera(page, placed)
    page.locator("#place").check()
    page.reload()
    expect(page.locator("#place")).to_be_checked()
    expect(page.locator("#place-status")).to_contain_text("20 m")
    page.locator("#place").uncheck()
    page.reload()
    expect(page.locator("#city")).to_have_text("Málaga")
    expect(page.locator("#place")).not_to_be_checked()


@pytest.fixture
def two_cities(placed: Site, onnx: bytes) -> Site:
    """Return the site with a city far from here listed before the one nearby."""
    placed.add_city("aachen", "Aachen", describe_model(placed.add_file(onnx)))
    malaga, aachen = placed.catalogue["cities"]
    malaga |= {"latitude": 36.72, "longitude": -4.42}
    aachen |= {"latitude": 50.78, "longitude": 6.08}
    placed.catalogue["cities"] = [aachen, malaga]
    return placed


def test_nearest_city_is_named_and_asked_for_by_a_tap_alone(
    new_page: Callable[..., Page], two_cities: Site
) -> None:
    page = new_page(permissions=ALLOWED, geolocation=HERE)
    page.goto(f"{two_cities.url}/camera")
    expect(page.locator("#city")).to_have_text("Choose a city")
    # Until then it asks for what it keeps.
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    two_cities.asked.clear()
    page.locator("#place").check()
    expect(page.locator("#place-status")).to_have_text("The place is known to 20 m.")
    page.evaluate("fetch('/blank').then(() => null)")
    assert two_cities.asked == ["/blank"]
    expect(page.locator("#city")).to_have_text("Choose a city")
    page.get_by_role("button", name="Near you: Málaga").click()
    expect(page.locator("#city")).to_have_text("Málaga")
    expect(page.locator("#near")).to_be_hidden()


def test_nearest_city_is_first_in_the_list(new_page: Callable[..., Page], two_cities: Site) -> None:
    page = new_page(permissions=ALLOWED, geolocation=HERE)
    page.goto(f"{two_cities.url}/camera?city=aachen")
    expect(page.locator("#city")).to_have_text("Aachen")
    page.locator("#place").check()
    expect(page.locator("#place-status")).to_contain_text("20 m")
    page.locator("#city").click()
    expect(page.locator("#cities li").first).to_contain_text("Málaga")


def test_place_replaces_no_city_that_the_address_asks_for(
    new_page: Callable[..., Page], two_cities: Site
) -> None:
    page = new_page(permissions=ALLOWED, geolocation=HERE)
    page.add_init_script("localStorage.setItem('sightscan-place', 'yes')")
    page.goto(f"{two_cities.url}/camera?city=atlantis")
    expect(page.locator("#place-status")).to_contain_text("20 m")
    page.evaluate("fetch('/blank').then(() => null)")
    assert "/api/cities/malaga" not in two_cities.asked
    expect(page.locator("#city")).to_have_text("Choose a city")
    expect(page.locator("#notice")).to_contain_text("atlantis")


def test_place_that_is_old_is_said_to_be_unknown_and_asked_for_again(
    new_page: Callable[..., Page], placed: Site
) -> None:
    page = new_page(permissions=ALLOWED)
    page.clock.install()
    page.add_init_script(SAYS_IT_ONCE % json.dumps(HERE))
    open_camera(page, placed)
    # From here on, time passes only as the test says.
    page.clock.pause_at(page.evaluate("Date.now()") + 3_600_000)
    page.locator("#place").check()
    page.evaluate("say()")
    expect(page.locator("#place-status")).to_have_text("The place is known to 20 m.")
    page.clock.run_for(50_000)
    page.evaluate("say()")
    page.clock.run_for(50_000)
    assert page.locator("#place-status").text_content() == "The place is known to 20 m."
    assert page.evaluate("watches.length") == 1
    page.clock.run_for(11_000)
    expect(page.locator("#place-status")).to_have_text("Looking for the place …")
    assert page.evaluate("watches.length") == 2
    page.evaluate("say()")
    expect(page.locator("#place-status")).to_have_text("The place is known to 20 m.")
    page.locator("#place").uncheck()
    page.clock.run_for(120_000)
    assert page.evaluate("watches.length") == 2


def test_compass_says_nothing_of_the_camera_on_the_screens_side(
    new_page: Callable[..., Page], placed: Site
) -> None:
    page = new_page(permissions=ALLOWED, geolocation=HERE)
    page.add_init_script(TURNED_SOUTH)
    # 445 m to the north, and hardly to be seen from there.
    tower = placed.catalogue["cities"][0]["model"]["sights"][0]
    tower |= {"latitude": 36.7253, "view_meters": 447}
    open_camera(page, placed)
    page.locator("#place").check()
    expect(page.locator("#place-status")).to_contain_text("20 m")
    page.locator("#start").click()
    expect(page.locator(".plate")).to_contain_text(f"Perhaps {TOWER}")
    page.get_by_role("button", name="Other camera").click()
    expect(page.locator(".plate")).to_contain_text(re.compile(f"(This is|Probably) {TOWER}"))
