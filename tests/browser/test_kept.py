"""A city that is kept on the phone works without a network, and takes a newer model when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.site import describe_model
from tests.model_files import metadata
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.site import Site

pytestmark = pytest.mark.slow


def keep(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/camera")
    start_film(page)
    page.get_by_role("button", name="Keep Málaga on this device").click()
    expect(page.locator("#notice")).to_have_text("Málaga is kept: it works here without a network.")


def start_film(page: Page) -> None:
    expect(page.locator("#city")).to_have_text("Málaga")
    page.locator("#start").click()
    expect(page.locator(".plate .said").first).to_be_visible()


def test_kept_city_names_photo_and_film_without_a_network(
    new_page: Callable[..., Page], site: Site, photo: Path
) -> None:
    page = new_page()
    keep(page, site)
    site.is_down = True
    page.goto("about:blank")
    page.goto(f"{site.url}/camera")
    start_film(page)
    page.locator("#files").set_input_files(photo)
    expect(page.locator(".card .said")).to_have_count(2)


def test_city_that_is_not_kept_any_more_takes_no_room(
    new_page: Callable[..., Page], site: Site
) -> None:
    page = new_page()
    keep(page, site)
    page.get_by_role("button", name="Málaga is kept here. Remove").click()
    expect(page.locator("#notice")).to_have_text("Málaga is not kept any more.")
    kept = page.evaluate(
        "caches.open('sightscan-kept').then((c) => c.keys()).then((all) => all.map((r) => r.url))"
    )
    assert [address for address in kept if "/runtime/" not in address] == []


def test_newer_model_of_a_kept_city_is_offered_and_taken(
    new_page: Callable[..., Page], site: Site, onnx: bytes
) -> None:
    page = new_page()
    keep(page, site)
    newer = site.add_file(onnx + metadata("version", "2"))
    site.catalogue["cities"][0]["model"] = describe_model(newer, version=2)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#offer")).to_contain_text(
        "There is another detector of Málaga: version 2 of 2 January 2026."
    )
    assert f"/models/{newer['sha256']}.onnx" not in site.asked
    page.get_by_role("button", name="Take it").click()
    expect(page.locator("#notice")).to_have_text("The other detector of Málaga is in use.")
    expect(page.locator("#offer")).to_be_hidden()
    page.get_by_text("Debug").click()
    expect(page.locator("#debug")).to_contain_text(newer["sha256"][:12])


def test_newer_model_says_how_many_sights_it_finds_better(
    new_page: Callable[..., Page], site: Site, onnx: bytes
) -> None:
    city = site.catalogue["cities"][0]
    for sight, measure in zip(city["model"]["sights"], (0.5, 0.6, 0.7, None, 0.5), strict=True):
        sight["ap50_95"] = measure
    page = new_page()
    keep(page, site)
    newer = describe_model(site.add_file(onnx + metadata("version", "2")), version=2)
    for sight, measure in zip(newer["sights"], (0.6, 0.7, 0.6, 0.9, 0.5), strict=True):
        sight["ap50_95"] = measure
    city["model"] = newer
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#offer")).to_contain_text("It finds 2 of 4 sights better")


# As an app of before wrote it: of a model's tag and of cards it knew nothing.
AGE_RECORD = """async () => {
  const cache = await caches.open("sightscan-kept");
  const record = await (await cache.match("/kept/malaga")).json();
  delete record.city.model.tag;
  for (const sight of record.city.model.sights) delete sight.photo;
  await cache.put("/kept/malaga", Response.json(record));
}"""
TAG_OF_RECORD = """async () => {
  const cache = await caches.open("sightscan-kept");
  return (await (await cache.match("/kept/malaga")).json()).city.model.tag ?? null;
}"""


def test_city_that_was_kept_by_an_older_app_is_written_anew_and_not_offered(
    new_page: Callable[..., Page], site: Site
) -> None:
    page = new_page()
    keep(page, site)
    tag = page.evaluate(TAG_OF_RECORD)
    page.evaluate(AGE_RECORD)
    assert page.evaluate(TAG_OF_RECORD) is None
    site.asked.clear()
    page.reload()
    expect(page.locator("#keep")).to_have_text("Málaga is kept here. Remove")
    wait_until(lambda: page.evaluate(TAG_OF_RECORD) == tag or page.locator("#offer").is_visible())
    expect(page.locator("#offer")).to_be_hidden()
    assert not any(address.startswith("/models/") for address in site.asked)


def test_damaged_model_is_not_kept(new_page: Callable[..., Page], site: Site, onnx: bytes) -> None:
    page = new_page()
    page.goto(f"{site.url}/camera")
    start_film(page)
    address = f"/models/{site.catalogue['cities'][0]['model']['file']['sha256']}.onnx"
    site.changed[address] = onnx[:-1] + bytes([onnx[-1] ^ 1])
    page.get_by_role("button", name="Keep Málaga on this device").click()
    expect(page.locator("#notice")).to_contain_text("The detector was changed on its way here")
    expect(page.locator("#keep")).to_contain_text("Keep Málaga")


# What a browser does by itself when a page is opened, after some time.
UPDATE = "navigator.serviceWorker.getRegistration().then((one) => one.update()).catch(() => {})"

IS_UPDATED = """async () => {
  const { installing, waiting, active } = await navigator.serviceWorker.getRegistration();
  const cache = await caches.open("sightscan-shell-v2");
  return !installing && !waiting && active.state === "activated" && Boolean(await cache.match("/camera"));
}"""


def test_newer_app_is_there_at_once_and_kept_as_a_whole(
    new_page: Callable[..., Page], site: Site
) -> None:
    page = new_page()
    keep(page, site)
    site.version = "v2"
    page.goto(f"{site.url}/camera")
    assert page.locator("script").get_attribute("src") == "/browser/v2/camera.js"
    start_film(page)
    page.evaluate(UPDATE)
    wait_until(lambda: page.evaluate(IS_UPDATED))
    site.is_down = True
    page.goto("about:blank")
    page.goto(f"{site.url}/camera")
    assert page.locator("script").get_attribute("src") == "/browser/v2/camera.js"
    start_film(page)


def test_update_that_breaks_off_leaves_what_is_kept_as_it_was(
    new_page: Callable[..., Page], site: Site
) -> None:
    page = new_page()
    keep(page, site)
    site.version = "v2"
    # With the old module of names, this one would throw.
    site.changed["/browser/camera.js"] = b'import { newer } from "./names.js"; newer();'
    site.broken.add("/browser/names.js")
    page.goto(f"{site.url}/camera")
    page.evaluate(UPDATE)
    site.is_down = True
    page.goto("about:blank")
    page.goto(f"{site.url}/camera")
    assert page.locator("script").get_attribute("src") == "/browser/v1/camera.js"
    start_film(page)


def test_page_of_an_older_app_starts_its_own_worker_after_an_update(
    new_page: Callable[..., Page], site: Site
) -> None:
    page = new_page()
    page.goto(f"{site.url}/camera")
    wait_until(lambda: page.evaluate("navigator.serviceWorker.controller !== null"))
    site.version = "v2"
    site.changed["/browser/worker.js"] = b"throw new Error('of another version');"
    page.evaluate(UPDATE)
    wait_until(lambda: page.evaluate(IS_UPDATED))
    start_film(page)
    expect(page.locator("#step")).to_contain_text("The processor of this device looks")
