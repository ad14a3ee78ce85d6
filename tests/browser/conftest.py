"""Fixtures: a site with one city and its tiny model, and Chromium to look at it."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect, sync_playwright

from tests.browser.site import WAITS, Site, describe_model, run_site
from tests.end_to_end.browser import CHROMIUM_FLAGS, find_chromium
from tests.film import write_film

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page, Playwright

TINY_ONNX = Path(__file__).resolve().parents[1] / "app" / "fixtures" / "tiny.onnx"
RED, GREEN, GREY = "#d02020", "#20b030", "#9fb4c8"
PHONE = {"width": 360, "height": 800}
# A camera that shows one sight until the test wants another: how long a look takes here says nothing.
DRAWN_CAMERA = f"""(() => {{
  globalThis.sight = "{RED}";
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 480];
  const context = canvas.getContext("2d");
  const draw = () => {{
    context.fillStyle = "{GREY}";
    context.fillRect(0, 0, 640, 480);
    context.fillStyle = globalThis.sight;
    context.fillRect(200, 120, 220, 280);
  }};
  draw();
  setInterval(draw, 100);
  navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(10);
}})();"""
# Ends a hang; nothing is measured by it.
LIMIT_MS = 120_000
expect.set_options(timeout=LIMIT_MS)
# What works on a busy machine may take longer than a phone's patience; a hang ends with our own limit.
PATIENCE_MS = 400_000
SILENCE_MS = 500_000
# The page's patience with a worker ends when the worker says that it stays silent, or when the test says so:
# there is no clock in it. Who sets `isPatient` says so by `losePatience`.
IMPATIENT = f"""(() => {{
  const {{ setTimeout, clearTimeout }} = globalThis;
  const held = new Map();
  globalThis.setTimeout = (act, milliseconds, ...rest) => {{
    if (milliseconds !== {SILENCE_MS}) return setTimeout(act, milliseconds, ...rest);
    const timer = -1 - held.size;
    held.set(timer, act);
    return timer;
  }};
  globalThis.clearTimeout = (timer) => {{
    if (held.has(timer)) held.set(timer, () => {{}});
    else clearTimeout(timer);
  }};
  globalThis.losePatience = () => {{
    for (const [timer, act] of held) {{
      held.set(timer, () => {{}});
      act();
    }}
  }};
  globalThis.silences = 0;
  globalThis.told = new BroadcastChannel("silent");
  globalThis.told.onmessage = () => {{
    globalThis.silences += 1;
    if (!globalThis.isPatient) globalThis.losePatience();
  }};
}})();"""
SAY_SILENT = 'new BroadcastChannel("silent").postMessage(null);'


@pytest.fixture(scope="session")
def onnx() -> bytes:
    """Return the bytes of the tiny model, which finds colours."""
    return TINY_ONNX.read_bytes()


@pytest.fixture
def site(onnx: bytes) -> Iterator[Site]:
    """Serve one city with its model, to pages that are patient."""
    site = Site(catalogue={"as_of": "2026-01-02T03:04:05Z", "away": None, "public_keys": []})
    site.waits = dict.fromkeys(WAITS, PATIENCE_MS) | {"SILENCE_MS": SILENCE_MS}
    site.add_city("malaga", "Málaga", describe_model(site.add_file(onnx)), de="Malaga")
    with run_site(site):
        yield site


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Start what drives the browser."""
    with sync_playwright() as started:
        yield started


@contextmanager
def open_browser(playwright: Playwright, film: Path | None = None) -> Iterator[Browser]:
    """Yield a Chromium whose camera plays a film, or that has a camera of its own making."""
    flags = [*CHROMIUM_FLAGS]
    if film is not None:
        flags.append(f"--use-file-for-fake-video-capture={film}")
    browser = playwright.chromium.launch(
        executable_path=find_chromium(), headless=True, args=flags, timeout=LIMIT_MS
    )
    try:
        yield browser
    finally:
        browser.close()


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a film: the red sight for 3 s, then the green one for 3 s, then neither for 4."""
    folder = tmp_path_factory.mktemp("film")
    photos = [folder / f"{name}.png" for name in ("red", "green", "grey", "empty")]
    for path, colour in zip(photos, (RED, GREEN, GREY, GREY), strict=True):
        draw_photo(path, {colour: (200, 120, 420, 400)})
    write_film(photos, folder / "film.y4m", seconds_per_photo=3.0)
    return folder / "film.y4m"


@pytest.fixture(scope="session")
def browser(playwright: Playwright, film: Path) -> Iterator[Browser]:
    """Return a Chromium whose camera plays the film of two sights."""
    with open_browser(playwright, film) as browser:
        yield browser


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open pages, each with a memory of its own; whatever they throw or are forbidden fails the test."""
    complaints: list[str] = []
    contexts = []

    def open_page(**options: Any) -> Page:
        given = {"viewport": PHONE, "permissions": ["camera"], "locale": "en-GB"} | options
        context = browser.new_context(**given)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(LIMIT_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text) if "Content Security" in message.text else None
            ),
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def blank(browser: Browser) -> Iterator[Page]:
    """Yield an empty page of a site, to run its modules in; they leave nothing behind."""
    with run_site(Site()) as site:
        page = browser.new_page()
        page.goto(f"{site.url}/blank")
        yield page
        page.close()


def draw_photo(path: Path, patches: dict[str, tuple[int, int, int, int]]) -> Path:
    """Write a grey photo of 640 x 480 with a rectangle per colour."""
    drawn = Image.new("RGB", (640, 480), GREY)
    draw = ImageDraw.Draw(drawn)
    for colour, corners in patches.items():
        draw.rectangle(corners, fill=colour)
    drawn.save(path)
    return path


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Write a photo with two sights of the tiny model on grey."""
    return draw_photo(
        tmp_path / "holiday.png", {RED: (60, 120, 220, 420), GREEN: (340, 80, 560, 300)}
    )
