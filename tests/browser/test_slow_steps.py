"""What is slow, or has no memory for one picture, costs that picture: the film and the next photo are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import IMPATIENT, SAY_SILENT
from tests.browser.site import describe_model
from tests.model_files import metadata
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.site import Site

pytestmark = pytest.mark.slow

LOOKED_AT = "No sight that I know"
ON_DEVICE = "The processor of this device looks at the pictures."
# Sees nothing; of some pictures it says nothing at all, which it tells the page's patience.
WORKER = """let isSilent = false;
self.onmessage = ({ data: { number, kind, step, file, bitmap } }) => {
  if (kind === "load") {
    isSilent = CONDITION;
    self.postMessage({ number, kind: "loaded", contract: { classNames: [], imageSize: 160 }, threads: 1 });
  } else if (isSilent) {
    SAY_SILENT
  } else {
    const { width, height } = bitmap;
    self.postMessage({ number, kind: "seen", width, height, detections: [], milliseconds: {} });
  }
};"""


def silent_if(condition: str) -> bytes:
    """Return a worker that says nothing of pictures under a condition on its step and file."""
    return WORKER.replace("CONDITION", condition).replace("SAY_SILENT", SAY_SILENT).encode()


def open_page(new_page: Callable[..., Page], site: Site, script: str = "") -> Page:
    # Else it would answer with the worker that it has kept.
    page = new_page(service_workers="block")
    page.add_init_script(IMPATIENT)
    page.add_init_script(script)
    page.goto(f"{site.url}/camera")
    expect(page.locator("#city")).to_have_text("Málaga")
    return page


# The first copy of a photo finds no memory.
NO_MEMORY = """let isFull = true;
const { createImageBitmap } = globalThis;
globalThis.createImageBitmap = (source, ...rest) => {
  if (!isFull || !(source instanceof ImageBitmap)) return createImageBitmap(source, ...rest);
  isFull = false;
  return Promise.reject(new DOMException("as a test wishes", "InvalidStateError"));
};"""


def test_photo_without_memory_for_its_copy_leaves_no_step(
    new_page: Callable[..., Page], site: Site, photo: Path
) -> None:
    site.changed["/browser/worker.js"] = silent_if("false")
    page = open_page(new_page, site, NO_MEMORY)
    page.locator("#files").set_input_files([photo, photo])
    expect(page.get_by_role("alert")).to_contain_text("no memory left for holiday.png")
    expect(page.locator(".card .names").last).to_have_text(LOOKED_AT)
    expect(page.locator("#step")).to_contain_text(ON_DEVICE)


@pytest.mark.nightly
def test_film_goes_on_here_when_the_whole_file_is_too_slow_for_photos(
    new_page: Callable[..., Page], site: Site, onnx: bytes, photo: Path
) -> None:
    live, whole = site.add_file(onnx + metadata("variant", "live")), site.add_file(onnx)
    site.catalogue["cities"][0]["model"] = describe_model(whole, live=live)
    site.changed["/browser/worker.js"] = silent_if(f'file.sha256 === "{whole["sha256"]}"')
    page = open_page(new_page, site)
    page.locator("#files").set_input_files(photo)
    expect(page.locator(".card .said")).to_have_count(2)
    assert "POST /api/detect" in site.asked
    site.asked.clear()
    page.locator("#start").click()
    expect(page.locator(".plate")).to_have_text(LOOKED_AT)
    expect(page.locator("#step")).to_contain_text(ON_DEVICE)
    assert "POST /api/detect" not in site.asked


OFFLINE = "Object.defineProperty(Navigator.prototype, 'onLine', { get: () => false });"


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        pytest.param(OFFLINE, "did not answer", marks=pytest.mark.nightly),
        ("", "the server does not answer"),
    ],
)
def test_slow_step_is_used_on_where_no_server_can_be_reached(
    new_page: Callable[..., Page], site: Site, photo: Path, script: str, sentence: str
) -> None:
    site.changed["/browser/worker.js"] = silent_if("true")
    site.broken.add("/api/detect")
    page = open_page(new_page, site, script)
    page.locator("#files").set_input_files(photo)
    expect(page.get_by_role("alert")).to_contain_text(sentence)
    # What was busy has time again.
    site.changed["/browser/worker.js"] = silent_if("false")
    page.locator("#files").set_input_files(photo)
    expect(page.locator(".card .names")).to_have_text(LOOKED_AT)
    page.locator("#start").click()
    expect(page.locator(".plate")).to_have_text(LOOKED_AT)


@pytest.mark.nightly
def test_step_that_does_not_open_in_time_is_tried_again_where_there_is_no_other(
    new_page: Callable[..., Page], site: Site, photo: Path
) -> None:
    site.changed["/browser/worker.js"] = f"self.onmessage = () => {{ {SAY_SILENT} }};".encode()
    page = open_page(new_page, site, OFFLINE)
    page.locator("#files").set_input_files(photo)
    expect(page.get_by_role("alert")).to_contain_text("Neither this browser nor the server")
    site.changed["/browser/worker.js"] = silent_if("false")
    page.locator("#files").set_input_files(photo)
    expect(page.locator(".card .names")).to_have_text(LOOKED_AT)


# Counts the copies of photos that are to be looked at.
COUNT_COPIES = """globalThis.isPatient = true;
globalThis.copies = 0;
const { createImageBitmap } = globalThis;
globalThis.createImageBitmap = async (source, ...rest) => {
  const made = await createImageBitmap(source, ...rest);
  if (source instanceof ImageBitmap) globalThis.copies += 1;
  return made;
};"""


def test_photo_that_waits_for_another_that_hangs_is_looked_at_by_the_next_step(
    new_page: Callable[..., Page], site: Site, photo: Path
) -> None:
    site.changed["/browser/worker.js"] = silent_if('step === "threads"')
    page = open_page(new_page, site, COUNT_COPIES)
    page.locator("#files").set_input_files(photo)
    expect(page.locator("#step")).to_contain_text(ON_DEVICE)
    wait_until(lambda: page.evaluate("globalThis.silences") == 1)
    page.locator("#files").set_input_files(photo)
    wait_until(lambda: page.evaluate("globalThis.copies") == 2)
    page.evaluate("globalThis.losePatience()")
    expect(page.locator(".card .names, .card .refused")).to_have_text(LOOKED_AT)
    assert "POST /api/detect" not in site.asked
