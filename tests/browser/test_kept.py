"""A city that is kept on the phone works without a network, and takes a newer model when asked."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import expect

from tests.browser.site import BROWSER, RUNTIME, describe_model
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


def list_kept(page: Page) -> list[str]:
    kept: list[str] = page.evaluate(
        "caches.open('sightscan-kept').then((c) => c.keys()).then((all) => all.map((r) => r.url))"
    )
    return kept


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
    assert list_kept(page) == []


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


@pytest.mark.nightly
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


@pytest.mark.nightly
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


KEY, OTHER_KEY = (Ed25519PrivateKey.from_private_bytes(bytes([each] * 32)) for each in (1, 2))


def public_of(*keys: Ed25519PrivateKey) -> list[str]:
    raw = [key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) for key in keys]
    return [base64.b64encode(one).decode() for one in raw]


def sign(site: Site, onnx: bytes, key: Ed25519PrivateKey) -> None:
    """Sign the city's model, as it may be done after it was published."""
    signature = base64.b64encode(key.sign(onnx)).decode()
    site.catalogue["cities"][0]["model"] = describe_model(site.add_file(onnx, signature=signature))


def name_without_a_network(page: Page, site: Site) -> None:
    site.is_down = True
    page.goto("about:blank")
    page.goto(f"{site.url}/camera")
    start_film(page)


KEYS_OF_RECORD = TAG_OF_RECORD.replace("city.model.tag ?? null", "publicKeys")


@pytest.mark.nightly
def test_kept_model_that_is_signed_later_is_used_on(
    new_page: Callable[..., Page], site: Site, onnx: bytes
) -> None:
    page = new_page()
    keep(page, site)
    sign(site, onnx, KEY)
    site.catalogue["public_keys"] = public_of(KEY)
    site.asked.clear()
    page.reload()
    wait_until(lambda: page.evaluate(KEYS_OF_RECORD) == public_of(KEY))
    start_film(page)
    name_without_a_network(page, site)
    assert not any(address.startswith("/models/") for address in site.asked)


def test_kept_model_is_checked_with_the_keys_of_today(
    new_page: Callable[..., Page], site: Site, onnx: bytes
) -> None:
    page = new_page()
    sign(site, onnx, KEY)
    site.catalogue["public_keys"] = public_of(KEY)
    keep(page, site)
    # A second key comes, and later the first one is trusted no more: the model's signature is the old one.
    site.catalogue["public_keys"] = public_of(OTHER_KEY, KEY)
    page.reload()
    wait_until(lambda: page.evaluate(KEYS_OF_RECORD) == public_of(OTHER_KEY, KEY))
    start_film(page)
    site.catalogue["public_keys"] = public_of(OTHER_KEY)
    page.reload()
    wait_until(lambda: page.evaluate(KEYS_OF_RECORD) == public_of(OTHER_KEY))
    site.is_down = True
    page.goto("about:blank")
    page.goto(f"{site.url}/camera")
    expect(page.locator("#city")).to_have_text("Málaga")
    page.locator("#start").click()
    expect(page.locator("#notice")).to_contain_text("signature is wrong")


@pytest.mark.nightly
def test_kept_model_that_no_key_of_today_signed_is_told_beside_the_newer_one(
    new_page: Callable[..., Page], site: Site, onnx: bytes
) -> None:
    page = new_page()
    sign(site, onnx, KEY)
    site.catalogue["public_keys"] = public_of(KEY)
    keep(page, site)
    other = onnx + metadata("version", "2")
    sign(site, other, OTHER_KEY)
    site.catalogue["public_keys"] = public_of(OTHER_KEY, KEY)
    page.reload()
    offer = page.locator("#offer")
    expect(offer).to_contain_text("There is another detector of Málaga")
    untrusted = "The one that is kept here is not used any more"
    expect(offer).not_to_contain_text(untrusted)
    start_film(page)
    site.catalogue["public_keys"] = public_of(OTHER_KEY)
    page.reload()
    expect(offer).to_contain_text(untrusted)
    page.get_by_role("button", name="Take it").click()
    expect(page.locator("#notice")).to_have_text("The other detector of Málaga is in use.")
    name_without_a_network(page, site)


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


@pytest.mark.nightly
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


@pytest.mark.nightly
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


RUNTIME_FOLDER = "/runtime/1.30.0/"


def update_runtime(site: Site) -> None:
    """Let the app be one with another version of what runs models."""
    site.version = "v2"
    for name in ("runtime.js", "sw.js"):
        content = (BROWSER / name).read_bytes()
        assert b"1.30.0" in content
        site.changed[f"/browser/{name}"] = content.replace(b"1.30.0", b"1.30.1")
    for path in (*(RUNTIME / "1.30.0").glob("*.mjs"), *(RUNTIME / "1.30.0").glob("*.wasm")):
        site.changed[f"/runtime/1.30.1/{path.name}"] = path.read_bytes()


@pytest.mark.nightly
def test_kept_city_works_without_a_network_after_an_update_of_the_runtime(
    new_page: Callable[..., Page], site: Site
) -> None:
    page = new_page()
    keep(page, site)
    update_runtime(site)
    page.evaluate(UPDATE)
    wait_until(lambda: page.evaluate(IS_UPDATED))
    name_without_a_network(page, site)
    assert page.locator("script").get_attribute("src") == "/browser/v2/camera.js"
    expect(page.locator("#step")).to_contain_text("The processor of this device looks")
    runtimes = {address.split("/")[-2] for address in list_kept(page) if "/runtime/" in address}
    assert runtimes == {"1.30.1"}


# The browser has no room for what runs models, in the service worker that comes with it.
FULL_FOR_RUNTIME = b"""const { addAll } = Cache.prototype;
Cache.prototype.addAll = function (addresses) {
  if (!addresses.some((one) => one.startsWith("/runtime/"))) return addAll.call(this, addresses);
  return Promise.reject(new DOMException("full", "QuotaExceededError"));
};"""


@pytest.mark.nightly
def test_update_comes_to_a_full_phone_and_the_page_keeps_the_runtime(
    new_page: Callable[..., Page], site: Site
) -> None:
    page = new_page()
    keep(page, site)
    update_runtime(site)
    site.changed["/browser/sw.js"] = FULL_FOR_RUNTIME + site.changed["/browser/sw.js"]
    page.evaluate(UPDATE)
    wait_until(lambda: page.evaluate(IS_UPDATED))
    page.goto(f"{site.url}/camera")
    expect(page.locator("#city")).to_have_text("Málaga")
    wait_until(lambda: sum("/runtime/1.30.1/" in address for address in list_kept(page)) == 3)
    name_without_a_network(page, site)
    assert page.locator("script").get_attribute("src") == "/browser/v2/camera.js"


DAMAGE_RUNTIME = """async (address) => {
  const cache = await caches.open("sightscan-kept");
  const { headers } = await cache.match(address);
  await cache.put(address, new Response("damaged", { headers }));
}"""
# Another byte at its end.
DAMAGE_MODEL = """async (address) => {
  const cache = await caches.open("sightscan-kept");
  const kept = await cache.match(address);
  const bytes = new Uint8Array(await kept.arrayBuffer());
  bytes[bytes.length - 1] ^= 1;
  await cache.put(address, new Response(bytes, { headers: kept.headers }));
}"""
# Its address has its hash.
IS_MODEL_WHOLE = """async (address) => {
  const kept = await (await caches.open("sightscan-kept")).match(address);
  const hash = await crypto.subtle.digest("SHA-256", await kept.arrayBuffer());
  const digits = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0"));
  return address.includes(digits.join(""));
}"""
IS_RUNTIME_WHOLE = """async (address) => {
  const kept = await (await caches.open("sightscan-kept")).match(address);
  return kept !== undefined && (await kept.arrayBuffer()).byteLength > 100_000;
}"""


def test_damaged_runtime_of_a_kept_city_is_replaced(
    new_page: Callable[..., Page], site: Site
) -> None:
    page = new_page()
    keep(page, site)
    binary = f"{RUNTIME_FOLDER}ort-wasm-simd-threaded.wasm"
    page.evaluate(DAMAGE_RUNTIME, binary)
    assert not page.evaluate(IS_RUNTIME_WHOLE, binary)
    page.reload()
    wait_until(lambda: page.evaluate(IS_RUNTIME_WHOLE, binary))
    name_without_a_network(page, site)


def test_damaged_model_of_a_kept_city_is_replaced(
    new_page: Callable[..., Page], site: Site
) -> None:
    page = new_page()
    keep(page, site)
    address = f"/models/{site.catalogue['cities'][0]['model']['file']['sha256']}.onnx"
    assert page.evaluate(IS_MODEL_WHOLE, address)
    page.evaluate(DAMAGE_MODEL, address)
    assert not page.evaluate(IS_MODEL_WHOLE, address)
    page.reload()
    start_film(page)
    # It looks with what came, which may lie there a moment later.
    wait_until(lambda: page.evaluate(IS_MODEL_WHOLE, address))
    name_without_a_network(page, site)


def test_changed_runtime_is_not_kept_nor_anything_else(
    new_page: Callable[..., Page], site: Site
) -> None:
    page = new_page()
    page.goto(f"{site.url}/camera")
    start_film(page)
    library = "ort.wasm.min.mjs"
    content = (RUNTIME / "1.30.0" / library).read_bytes()
    site.changed[f"{RUNTIME_FOLDER}{library}"] = content + b"// changed"
    page.get_by_role("button", name="Keep Málaga on this device").click()
    expect(page.locator("#notice")).to_contain_text("What runs detectors was changed")
    assert list_kept(page) == []


# Caches are there, and take nothing.
FULL = (
    b"Cache.prototype.put = () => Promise.reject(new DOMException('full', 'QuotaExceededError'));"
)


def test_answer_that_finds_no_room_on_the_phone_is_shown_all_the_same(
    new_page: Callable[..., Page], site: Site
) -> None:
    site.changed["/browser/sw.js"] = FULL + (BROWSER / "sw.js").read_bytes()
    page = new_page()
    page.goto(f"{site.url}/camera")
    wait_until(lambda: page.evaluate("navigator.serviceWorker.controller !== null"))
    page.reload()
    expect(page.locator("#city")).to_have_text("Málaga")


FULL_FOR_RECORDS = """() => {
  const { put } = Cache.prototype;
  Cache.prototype.put = function (address, response) {
    if (!String(address).startsWith("/kept/")) return put.call(this, address, response);
    return Promise.reject(new DOMException("full", "QuotaExceededError"));
  };
}"""


def test_city_that_finds_no_room_leaves_nothing_behind(
    new_page: Callable[..., Page], site: Site
) -> None:
    page = new_page()
    page.goto(f"{site.url}/camera")
    expect(page.locator("#city")).to_have_text("Málaga")
    page.evaluate(FULL_FOR_RECORDS)
    # The button is among the film's tools; no film is needed for it.
    page.evaluate("document.getElementById('keep').click()")
    expect(page.locator("#notice")).to_contain_text("There is no room left on this device")
    assert list_kept(page) == []
