"""What a browser keeps for the Streamlit pages: one number, whatever pages are open, and the language."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).resolve().parents[2] / "detector_app" / "components" / "visitor.js"
MOUNT = """async (data) => {
  const told = [];
  const { default: mount } = await import("/visitor.js");
  mount({ data, setStateValue: (name, value) => told.push(JSON.parse(value)) });
  return { told, language: document.documentElement.lang };
}"""


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """Return a page that has the component's script."""
    page = new_page()

    def serve(route: Route) -> None:
        if route.request.url.endswith(".js"):
            route.fulfill(body=SCRIPT.read_text(), content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html><title>A page</title>", content_type="text/html")

    page.route("http://visitor.test/**", serve)
    page.goto("http://visitor.test/")
    return page


@pytest.fixture
def mount(page: Page) -> Callable[..., dict[str, Any]]:
    """Return what mounts the component with some data, and returns what it tells."""

    def run(**data: Any) -> dict[str, Any]:
        return page.evaluate(MOUNT, {"language": "de", "known": None, "keep": None, **data})

    return run


def test_first_number_stays_when_two_pages_were_open_before_it(
    mount: Callable[..., dict[str, Any]],
) -> None:
    mount(keep={"person": "one", "request": "1", "name": "Porto"})
    told = mount(keep={"person": "two", "request": "2", "name": "Braga"})["told"]
    requests = [{"id": "2", "name": "Braga"}, {"id": "1", "name": "Porto"}]
    assert told == [{"person": "one", "requests": requests}]


def test_what_is_known_is_told_once_and_the_language_is_set(
    mount: Callable[..., dict[str, Any]],
) -> None:
    known = mount()
    assert known["language"] == "de"
    assert known["told"] == [{"person": None, "requests": []}]
    assert mount(known='{"person":null,"requests":[]}')["told"] == []


def test_what_widgets_say_is_translated_with_what_they_put_in(
    page: Page, mount: Callable[..., dict[str, Any]]
) -> None:
    page.set_content("<button aria-label='Fullscreen: A (photo)'>Open</button><p>Add: Wien</p>")
    mount(
        words={
            "Open": "Öffnen",
            "Fullscreen: {}": "Vollbild: {}",
            "File must be {} or smaller.": "Die Datei darf höchstens {} groß sein.",
        }
    )
    button = page.get_by_role("button", name="Vollbild: A (photo)", exact=True)
    expect(button).to_have_text("Öffnen")
    # What widgets say later is heard of, too.
    page.locator("p").first.evaluate(
        "(p) => (p.firstChild.nodeValue = 'File must be 20.0MB or smaller.')"
    )
    expect(page.locator("p").first).to_have_text("Die Datei darf höchstens 20.0MB groß sein.")
