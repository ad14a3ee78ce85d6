"""The film in Firefox: another engine, another worker, another WebAssembly, and the same names.

Firefox takes no film from a file for its camera: the page gets one that is drawn, as a camera's stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser import firefox
from tests.browser.conftest import DRAWN_CAMERA, GREEN, RED
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.firefox import FirefoxPage
    from tests.browser.site import Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

# On a busy machine Firefox at times starts none of the runtime's threads, and tells nobody: the page then
# climbs down after this silence, and looks with one.
SILENCE_MS = 20_000
LIMIT_SECONDS = 180


@pytest.fixture
def page() -> Iterator[FirefoxPage]:
    """Return a page of Firefox, as Debian has it."""
    if firefox.PROGRAM is None:
        pytest.skip("no firefox-esr on PATH; on Debian: apt-get install firefox-esr")
    with firefox.open_firefox() as opened:
        yield opened


def wait_for_text(page: FirefoxPage, selector: str, text: str) -> None:
    """Wait until an element has a text and no other."""
    wait_until(
        lambda: page.evaluate(f"document.querySelector('{selector}').textContent") == text,
        LIMIT_SECONDS,
        seen=lambda: page.evaluate("document.body.innerText"),
    )


def test_film_names_each_sight_in_turn(page: FirefoxPage, site: Site) -> None:
    site.waits["SILENCE_MS"] = SILENCE_MS
    page.goto(f"{site.url}/camera")
    wait_for_text(page, "#city-name", "Málaga")
    page.evaluate(DRAWN_CAMERA)
    page.evaluate("document.getElementById('start').click()")
    for colour, sentence in ((RED, "This is Torre do Relógio"), (GREEN, "This is Green Gate")):
        page.evaluate(f"globalThis.sight = '{colour}'")
        wait_for_text(page, ".plate", sentence)
    assert not any(asked.startswith("POST") for asked in site.asked)
