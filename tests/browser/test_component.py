"""component.js: the live film of the Detect page, which Streamlit mounts again and again."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.site import BROWSER, Site, describe_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

MOUNT = """async ([html, data]) => {
  const place = document.getElementById("place") ?? document.createElement("div");
  if (!place.id) {
    place.id = "place";
    place.innerHTML = html;
    document.body.append(place);
  }
  const { mount } = await import("/browser/component.js");
  globalThis.takeAway = mount(place, data);
}"""


@pytest.fixture
def page(new_page: Callable[..., Page], site: Site) -> Page:
    """Return a page that has the component's elements, as Streamlit puts them there."""
    page = new_page()
    page.goto(f"{site.url}/blank")
    mount(page)
    return page


def elements() -> str:
    """Return the HTML of `live_film.py`, which only the app's environment can import."""
    tree = ast.parse((BROWSER.parent / "views" / "live_film.py").read_text(encoding="utf-8"))
    (html,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "_HTML"
    )
    return str(ast.literal_eval(html))


def mount(page: Page, **changed: Any) -> None:
    data = {"city": "malaga", "city_name": "Málaga", "model": "1", "language": "en"}
    page.evaluate(MOUNT, [elements(), data | {"min_confidence": None} | changed])


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
    page.wait_for_function("!document.querySelector('video').paused")
    assert len(site.reports) == 1
