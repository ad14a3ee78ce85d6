"""While the browser asks whether a page may have the camera, much can change: none stays on with nobody looking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.site import describe_model
from tests.browser.test_component import mount
from tests.model_files import metadata
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.site import Site

pytestmark = pytest.mark.slow

# The browser's question is answered when the test lets it be.
ASKING = """globalThis.tracks = [];
const held = new Promise((resolve) => (globalThis.allow = resolve));
const { getUserMedia } = MediaDevices.prototype;
navigator.mediaDevices.getUserMedia = async (...asked) => {
  globalThis.isAsked = true;
  await held;
  const stream = await getUserMedia.apply(navigator.mediaDevices, asked);
  globalThis.tracks.push(...stream.getTracks());
  return stream;
};"""
STATES = "globalThis.tracks.map((track) => track.readyState)"


@pytest.fixture
def other(site: Site, onnx: bytes) -> str:
    """List another city, and return the address of its model."""
    file = site.add_file(onnx + metadata("version", "2"))
    site.add_city("cadiz", "Cádiz", describe_model(file))
    return f"/models/{file['sha256']}.onnx"


def ask_for_camera(page: Page) -> None:
    page.get_by_role("button", name="Camera", exact=True).click()
    wait_until(lambda: page.evaluate("globalThis.isAsked === true"))


def check_camera_is_off(page: Page) -> None:
    page.evaluate("globalThis.allow()")
    wait_until(lambda: page.evaluate(STATES) == ["ended"])
    expect(page.locator("video")).to_be_hidden()


@pytest.mark.usefixtures("other")
def test_camera_is_let_go_if_another_city_was_chosen_meanwhile(
    new_page: Callable[..., Page], site: Site
) -> None:
    page = new_page()
    page.add_init_script(ASKING)
    page.goto(f"{site.url}/camera?city=malaga")
    expect(page.locator("#city")).to_have_text("Málaga")
    ask_for_camera(page)
    page.locator("#city").click()
    page.get_by_role("button", name="Cádiz").click()
    expect(page.locator("#city")).to_have_text("Cádiz")
    check_camera_is_off(page)
    expect(page.locator("#start")).to_be_enabled()
    expect(page.locator("#notice")).to_be_empty()


def test_newer_model_that_comes_meanwhile_looks(
    new_page: Callable[..., Page], site: Site, onnx: bytes
) -> None:
    page = new_page()
    page.add_init_script(ASKING)
    page.goto(f"{site.url}/camera")
    expect(page.locator("#city")).to_have_text("Málaga")
    ask_for_camera(page)
    newer = describe_model(site.add_file(onnx + metadata("version", "2")), version=2)
    newer["sights"][0]["name"] = "Opera"
    site.catalogue["cities"][0]["model"] = newer
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#knows")).to_contain_text("Opera")
    page.evaluate("globalThis.allow()")
    expect(page.locator(".plate")).to_contain_text("Opera")
    assert page.evaluate(STATES) == ["live"]


@pytest.mark.parametrize("is_taken_away", [True, False])
def test_component_lets_a_camera_go_that_nobody_wants_any_more(
    new_page: Callable[..., Page],
    site: Site,
    other: str,
    is_taken_away: bool,  # noqa: FBT001 - the case
) -> None:
    page = new_page()
    page.add_init_script(ASKING)
    page.goto(f"{site.url}/blank")
    mount(page)
    ask_for_camera(page)
    if is_taken_away:
        page.evaluate("globalThis.takeAway()")
    else:
        mount(page, city="cadiz", city_name="Cádiz", model="2")
    check_camera_is_off(page)
    if not is_taken_away:
        page.get_by_role("button", name="Camera", exact=True).click()
        expect(page.locator(".plate .said").first).to_be_visible()
        assert other in site.asked
