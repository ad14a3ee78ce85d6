"""Measure how long the page /camera takes to its first name, on this machine and over a phone's line.

The server is the real one. "Cold": a browser that has never been there, a server that has just begun.
"Warm": the same page, loaded again. The phone's line is a proxy of 9 Mbit/s and 60 ms there and back; its
processor half of this one's, by the browser's own developer tools (which slow the page, not its worker).
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchmarks.kept_city import SLUG, keep_city
from benchmarks.report import Row
from benchmarks.slow_line import slow_line
from tests.end_to_end.app_server import run_app
from tests.end_to_end.browser import CHROMIUM_FLAGS, find_chromium
from tests.film import write_film

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

BITS_PER_SECOND = 9_000_000
ROUND_TRIP_SECONDS = 0.06
# From the tap to the first name on the plate, by the page's own clock.
TAP = """() => new Promise((resolve) => {
  const plate = document.querySelector(".plate");
  const started = performance.now();
  new MutationObserver((_, observer) => {
    if (!plate.querySelector(".said")) return;
    observer.disconnect();
    resolve((performance.now() - started) / 1000);
  }).observe(plate, { childList: true, subtree: true });
  document.getElementById("start").click();
})"""


def measure_page(playwright: Playwright, model: Path, photos: list[Path]) -> list[Row]:
    """Return the figures of /camera; the film shows the photos, which the model must name."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_film(photos, folder / "film.y4m", seconds_per_photo=1.0)
        keep_city(model, folder / "cache")
        flags = [*CHROMIUM_FLAGS, f"--use-file-for-fake-video-capture={folder / 'film.y4m'}"]
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=flags)
        try:
            with run_app(folder / "cache", folder / "app.log") as url:
                rows = _measure_here(browser, url)
            # Begun anew, so that nothing is ready there either.
            with run_app(folder / "cache", folder / "app.log") as url:
                rows += _measure_phone(browser, url)
        finally:
            browser.close()
    return rows


def _open(browser: Browser, url: str) -> Page:
    page = browser.new_context(permissions=["camera"]).new_page()
    page.set_default_timeout(120_000)
    _load(page, url)
    return page


def _load(page: Page, url: str) -> None:
    page.goto(f"{url}/camera?city={SLUG}")
    page.locator("#city", has_text="Measured").wait_for()


def _measure_here(browser: Browser, url: str) -> list[Row]:
    page = _open(browser, url)
    cold = page.evaluate(TAP)
    _load(page, url)
    warm = page.evaluate(TAP)
    page.context.close()
    return [
        Row.at_most("tap to first name, loopback, warm", warm, "s", 2),
        Row.at_most("tap to first name, loopback, cold", cold, "s", 5),
    ]


def _measure_phone(browser: Browser, url: str) -> list[Row]:
    port = urlsplit(url).port
    assert port is not None
    with slow_line(
        port, bits_per_second=BITS_PER_SECOND, round_trip_seconds=ROUND_TRIP_SECONDS
    ) as line:
        context = browser.new_context(
            permissions=["camera"], viewport={"width": 360, "height": 800}
        )
        page = context.new_page()
        page.set_default_timeout(120_000)
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 2})
        started = time.perf_counter()
        _load(page, line.url)
        usable = time.perf_counter() - started
        before_tap = line.received_bytes
        named = page.evaluate(TAP)
        context.close()
    where = "9 Mbit/s, 60 ms, half the processor"
    return [
        Row.at_most(f"/camera usable, {where}", usable, "s", 3),
        Row.at_most(f"first name after the tap, {where}", named, "s", 15),
        Row.at_most("sent before the tap", before_tap / 1000, "KB", 300),
        Row.at_most("sent in all", line.received_bytes / 1_000_000, "MB", 12),
    ]
