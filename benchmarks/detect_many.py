"""Measure what the app's server has to do while many pages look at films.

    python -m benchmarks.detect_many --photos <folder>

Only the server is measured, so the pages are as easy as they can be and still look: each is a visitor of
its own in one Chromium, whose camera is a small film of one frame a second, and whose model is the tests'
tiny one. By a real model, fifty browsers on one machine would look too slowly, and send the server their
photos instead. They are opened in turn and kept, on `/camera`, then on *Detect*, whose pages each hold a
session of Streamlit. A page may fail to open on a machine that is too small for all; how many do look is
the first figure.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Error, sync_playwright

from benchmarks.ending import end_as_by_ctrl_c
from benchmarks.kept_city import SLUG, ServerProcess, keep_city
from benchmarks.report import Row, publish
from tests.end_to_end.app_server import run_app
from tests.end_to_end.browser import CHROMIUM_FLAGS, FOLLOW_SCRIPT, find_chromium, wait_until_drawn
from tests.film import write_film

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

TINY_MODEL = Path(__file__).resolve().parents[1] / "tests" / "app" / "fixtures" / "tiny.onnx"
PAGES = 50
KINDS = ("/camera", "Detect")
SECONDS = 60
FILM_SIZE = (160, 120)
# Streamlit keeps the session of a page that is gone for two minutes, in case that it comes back.
MAX_FREEING_SECONDS = 180
# What counts as freed: a fifth of what they may take.
FREED_MEGABYTES = 20
OPENING_SECONDS = 120
SENT_PHOTOS = """performance.getEntriesByType("resource")
  .some((one) => new URL(one.name).pathname === "/api/detect")"""
# Each look takes one picture of the film.
COUNT_LOOKS = """
  globalThis.looks = 0;
  const grab = globalThis.createImageBitmap;
  globalThis.createImageBitmap = (...given) => {
    globalThis.looks += 1;
    return grab.apply(globalThis, given);
  };
"""


def measure_many(
    playwright: Playwright,
    photos: list[Path],
    *,
    pages: int = PAGES,
    seconds: float = SECONDS,
    kinds: Sequence[str] = KINDS,
) -> list[Row]:
    """Return the figures of each kind of pages."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        width, height = FILM_SIZE
        write_film(photos, folder / "film.y4m", width=width, height=height, fps=1)
        keep_city(TINY_MODEL, folder / "cache")
        flags = [*CHROMIUM_FLAGS, f"--use-file-for-fake-video-capture={folder / 'film.y4m'}"]
        rows = []
        for where in kinds:
            start = {"/camera": _start_camera, "Detect": _start_detect}[where]
            # Begun anew, so that nothing is left of the other kind.
            with run_app(folder / "cache", folder / "app.log") as url:
                browser = playwright.chromium.launch(executable_path=find_chromium(), args=flags)
                try:
                    rows += _measure(browser, url, where, start, wanted=pages, seconds=seconds)
                finally:
                    browser.close()
    return rows


def _measure(
    browser: Browser,
    url: str,
    where: str,
    start: Callable[[Page, str], None],
    *,
    wanted: int,
    seconds: float,
) -> list[Row]:
    server = ServerProcess(url)
    # What the first visitor brings about, such as loading the model, is done once for all.
    _close(_open(browser, url, start))
    before = most = server.pss_megabytes
    pages = []
    for _ in range(wanted):
        page = _open(browser, url, start)
        if page is None:
            break
        pages.append(page)
        # It takes minutes, so whoever waits is told.
        print(f"{where}: {len(pages)} of {wanted} pages look", file=sys.stderr)
        most = max(most, server.pss_megabytes)
    looks, spent, began = [_looks(page) for page in pages], server.cpu_seconds, time.monotonic()
    while (left := began + seconds - time.monotonic()) > 0:
        time.sleep(min(left, 1))
        most = max(most, server.pss_megabytes)
    share = (server.cpu_seconds - spent) / (time.monotonic() - began)
    looked = [_looks(page) - one for page, one in zip(pages, looks, strict=True)]
    asking_count = _asking(pages)
    for page in pages:
        _close(page)
    closed_at = time.monotonic()
    while (
        kept := server.pss_megabytes - before
    ) > FREED_MEGABYTES and time.monotonic() - closed_at < MAX_FREEING_SECONDS:
        time.sleep(1)
    return [
        Row.at_least(
            f"{where}: pages that look by the tests' tiny model", sum(map(bool, looked)), "", wanted
        ),
        Row(f"{where}: frames that they looked at in {seconds:g} s", sum(looked)),
        # On a machine that is too busy for their own looks, they send photos: other work, of its own bar.
        Row.at_most(f"{where}: of them, pages that have the server look", asking_count, "", 0),
        Row.at_most(f"{where}: the server's processor time meanwhile", share * 100, "% of a core", 5),
        Row(f"{where}: the server's memory (PSS) before", before, "MB"),
        Row.at_most(f"{where}: memory that it takes more for them", most - before, "MB", 100),
        Row.at_most(
            f"{where}: of that, still taken {time.monotonic() - closed_at:.0f} s after they are closed",
            kept, "MB", FREED_MEGABYTES,
        ),
    ]  # fmt: skip


def _open(browser: Browser, url: str, start: Callable[[Page, str], None]) -> Page | None:
    """Return a new visitor's page that has looked at a frame; None if it did not come so far."""
    context = browser.new_context(permissions=["camera"])
    context.add_init_script(COUNT_LOOKS + FOLLOW_SCRIPT)
    page = context.new_page()
    page.set_default_timeout(OPENING_SECONDS * 1000)
    try:
        start(page, url)
        _await_look(page)
    except (Error, TimeoutError) as error:
        print(f"no further page: {error}", file=sys.stderr)
        _close(page)
        return None
    return page


def _await_look(page: Page) -> None:
    deadline = time.monotonic() + OPENING_SECONDS
    # Not by the page itself, whose policy forbids to evaluate texts.
    while not _looks(page):
        if time.monotonic() > deadline:
            msg = f"it has not looked at a frame in {OPENING_SECONDS} s"
            raise TimeoutError(msg)
        page.wait_for_timeout(100)


def _start_camera(page: Page, url: str) -> None:
    page.goto(f"{url}/camera?city={SLUG}")
    page.locator("#city", has_text="Measured").wait_for()
    page.locator("#start").click()


def _start_detect(page: Page, url: str) -> None:
    page.goto(f"{url}/?city={SLUG}")
    wait_until_drawn(page)
    page.get_by_role("tab", name="Live").click()
    page.locator("button.start").click()


def _looks(page: Page) -> int:
    return int(page.evaluate("globalThis.looks"))


def _asking(pages: Sequence[Page]) -> int:
    """Return how many pages have sent a photo, by what each browser notes of its requests."""
    return sum(bool(page.evaluate(SENT_PHOTOS)) for page in pages)


def _close(page: Page | None) -> None:
    if page is not None:
        page.context.close()


def main() -> int:
    """Read the command line, measure, write the figures."""
    parser = argparse.ArgumentParser(description="Measure the app's server with many pages.")
    parser.add_argument("--photos", type=Path, required=True, help="a folder of JPEGs")
    parser.add_argument("--pages", type=int, default=PAGES)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    given = parser.parse_args()
    end_as_by_ctrl_c()
    photos = sorted(given.photos.rglob("*.jpg"))[:6]
    if not photos:
        parser.error(f"{given.photos} has no *.jpg; name a folder of photos")
    with sync_playwright() as playwright:
        rows = measure_many(
            playwright,
            photos,
            pages=given.pages,
            seconds=given.seconds,
            kinds=given.kinds,
        )
    return publish("detect_many", rows)


if __name__ == "__main__":
    sys.exit(main())
