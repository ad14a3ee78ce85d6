"""component.js: the live film of the Detect page, which Streamlit mounts again and again."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import expect

from tests.browser.parts import elements_of, mount_part
from tests.browser.site import Site, describe_model
from tests.browser.test_camera_page import FAIL_AT
from tests.model_files import metadata
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

pytestmark = pytest.mark.slow


@pytest.fixture
def page(new_page: Callable[..., Page], site: Site) -> Page:
    """Return a page that has the component's elements, as Streamlit puts them there."""
    page = new_page()
    page.goto(f"{site.url}/blank")
    mount(page)
    return page


def mount(page: Page, **changed: Any) -> None:
    data = {"city": "malaga", "city_name": "Málaga", "model": "1", "language": "en"}
    data |= {"min_confidence": None} | changed
    mount_part(page, "component.js", elements_of("live_film.py"), data)


def start(page: Page) -> None:
    page.get_by_role("button", name="Camera").click()
    expect(page.locator(".plate .said").first).to_be_visible()


def test_film_goes_on_when_the_script_runs_again(page: Page) -> None:
    start(page)
    mount(page)
    expect(page.get_by_role("button", name="End")).to_be_visible()
    expect(page.locator(".stage")).to_be_visible()


def test_other_model_ends_the_film_of_the_first(page: Page, site: Site, onnx: bytes) -> None:
    start(page)
    site.add_city("cadiz", "Cádiz", describe_model(site.add_file(onnx)))
    mount(page, city="cadiz", model="2")
    expect(page.locator(".stage")).to_be_hidden()
    start(page)


def test_camera_is_let_go_when_the_component_is_taken_away(page: Page) -> None:
    start(page)
    page.evaluate("globalThis.track = document.querySelector('video').srcObject.getTracks()[0]")
    page.evaluate("globalThis.takeAway()")
    assert page.evaluate("globalThis.track.readyState") == "ended"


def test_place_that_is_mounted_again_has_one_film(page: Page) -> None:
    page.evaluate("globalThis.takeAway()")
    mount(page)
    start(page)
    page.get_by_role("button", name="End").click()
    expect(page.locator(".stage")).to_be_hidden()


def test_mount_that_was_overtaken_takes_no_newer_one_away(page: Page) -> None:
    page.evaluate("globalThis.overtaken = globalThis.takeAway")
    mount(page)
    start(page)
    page.evaluate("globalThis.overtaken()")
    expect(page.locator(".stage")).to_be_visible()
    assert page.evaluate("document.querySelector('video').srcObject.active")


def test_less_sure_names_are_left_out_when_more_confidence_is_asked_for(page: Page) -> None:
    mount(page, min_confidence=0.99)
    page.get_by_role("button", name="Camera").click()
    expect(page.locator(".plate")).to_have_text("No sight that I know")


def test_city_that_is_gone_gets_a_sentence(page: Page) -> None:
    mount(page, city="atlantis")
    page.get_by_role("button", name="Camera").click()
    expect(page.get_by_role("status").first).to_contain_text("is not here any more")


def test_model_that_is_signed_after_it_was_refused_is_used(
    page: Page, site: Site, onnx: bytes
) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    site.catalogue["public_keys"] = [base64.b64encode(public).decode()]
    page.get_by_role("button", name="Camera").click()
    expect(page.locator(".notice")).to_contain_text("The detector is not signed")
    signature = base64.b64encode(key.sign(onnx)).decode()
    site.catalogue["cities"][0]["model"] = describe_model(site.add_file(onnx, signature=signature))
    start(page)


def test_film_goes_on_when_a_report_has_no_picture(page: Page) -> None:
    start(page)
    page.evaluate(FAIL_AT, ".missing")
    expect(page.locator(".notice")).to_contain_text("as a test wishes")
    wait_until(lambda: page.evaluate("!document.querySelector('video').paused"))
    expect(page.locator("dialog.report")).to_be_hidden()


# What the server says of the first city comes when it is let go.
HOLD_CITY = """() => {
  const { fetch } = globalThis;
  const held = new Promise((resolve) => (globalThis.letGo = resolve));
  globalThis.fetch = async (...asked) => {
    if (String(asked[0]).endsWith("/api/cities/malaga")) await held;
    return fetch(...asked);
  };
}"""


def test_city_that_comes_after_another_was_chosen_is_not_used(
    page: Page, site: Site, onnx: bytes
) -> None:
    other = site.add_file(onnx + metadata("version", "2"))
    site.add_city("cadiz", "Cádiz", describe_model(other))
    page.evaluate(HOLD_CITY)
    button = page.get_by_role("button", name="Camera")
    button.click()
    mount(page, city="cadiz", city_name="Cádiz", model="2")
    page.evaluate("globalThis.letGo()")
    expect(button).to_be_enabled()
    expect(page.locator(".stage")).to_be_hidden()
    start(page)
    models = [asked for asked in site.asked if asked.startswith("/models/")]
    assert models == [f"/models/{other['sha256']}.onnx"]


def test_live_regions_say_names_and_what_went_wrong_and_are_there_from_the_start(
    page: Page,
) -> None:
    regions = page.locator("[role=status], [role=alert], [aria-live]")
    assert regions.evaluate_all(
        "all => all.map((one) => [one.className, one.textContent, one.checkVisibility()])"
    ) == [["notice", "", True], ["only-heard", "", True]]


def test_film_is_held_while_a_report_is_looked_at(page: Page, site: Site) -> None:
    start(page)
    page.get_by_role("button", name="A sight is missing").click()
    dialog = page.get_by_role("dialog", name="A sight is missing")
    expect(dialog.get_by_role("img")).to_be_visible()
    assert page.evaluate("document.querySelector('video').paused")
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(dialog.get_by_role("status")).to_have_text("Thank you, it was sent.")
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator(".plate .said").first).to_be_visible()
    # The names of before are there at once; the film goes on when the browser has begun to play it.
    wait_until(lambda: page.evaluate("!document.querySelector('video').paused"))
    assert len(site.reports) == 1
