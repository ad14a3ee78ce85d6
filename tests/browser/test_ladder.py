"""Whatever a browser lacks: a name comes by the next way down, or a sentence says what to do."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import expect

from tests.browser.site import BROWSER, RUNTIME, describe_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.site import Site

pytestmark = pytest.mark.slow

NO_WASM = "delete globalThis.WebAssembly;"
NO_CAMERA = """navigator.mediaDevices.getUserMedia = () =>
  Promise.reject(new DOMException("as a test wishes", "{name}"));"""
ON_SERVER = (
    "So one picture a second goes to the server of this page, which looks at it and forgets it."
)
WASM = "/runtime/1.30.0/ort-wasm-simd-threaded.wasm"
SILENT_WORKER = b"self.onmessage = () => {};"
# Is ready for everything, and fails at each picture.
BROKEN_WORKER = b"""self.onmessage = ({ data: { number, kind } }) => self.postMessage(
  kind === "load"
    ? { number, kind: "loaded", contract: { classNames: [], imageSize: 160 }, threads: 1 }
    : { number, kind: "refused", key: "runtime.failed", values: { cause: "as a test wishes" } });"""


def start(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/camera")
    expect(page.locator("#city")).to_have_text("Málaga")
    page.locator("#start").click()


def expect_name(page: Page) -> None:
    expect(page.locator(".plate .said").first).to_be_visible()


def test_without_webgpu_all_cores_look(new_page: Callable[..., Page], site: Site) -> None:
    page = new_page()
    start(page, site)
    expect_name(page)
    expect(page.locator("#step")).to_have_text(
        "This browser offers no WebGPU. The processor of this device looks at the pictures."
    )


def test_without_isolation_one_core_looks(new_page: Callable[..., Page], site: Site) -> None:
    site.is_isolated = False
    page = new_page()
    start(page, site)
    expect_name(page)
    expect(page.locator("#step")).to_have_text(
        "This browser offers this page one core only. "
        "The processor of this device looks at the pictures, with one core."
    )


def test_without_webassembly_the_server_looks(new_page: Callable[..., Page], site: Site) -> None:
    page = new_page()
    page.add_init_script(NO_WASM)
    start(page, site)
    expect_name(page)
    expect(page.locator("#step")).to_have_text(f"This browser has no WebAssembly. {ON_SERVER}")
    assert "POST /api/detect" in site.asked


NO_CRYPTO = "Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined });"
NO_ED25519 = b"SubtleCrypto.prototype.importKey = async () => { throw new DOMException('as a test wishes'); };"


def test_without_https_the_server_looks(
    new_page: Callable[..., Page], site: Site, photo: Path
) -> None:
    page = new_page()
    # What browsers leave out of a page without https; its photos can be looked at all the same.
    page.add_init_script(f"delete Navigator.prototype.mediaDevices; {NO_CRYPTO}")
    page.goto(f"{site.url}/camera")
    expect(page.locator("#city")).to_have_text("Málaga")
    page.locator("#files").set_input_files(photo)
    expect(page.locator(".card .said")).to_have_count(2)
    expect(page.locator("#step")).to_contain_text("Without https, browsers cannot check a detector")
    assert "POST /api/detect" in site.asked
    assert not any(asked.startswith(("/models/", "/runtime/")) for asked in site.asked)


def test_browser_that_cannot_check_a_signature_leaves_it_to_the_server(
    new_page: Callable[..., Page], site: Site, onnx: bytes
) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    site.catalogue["public_keys"] = [base64.b64encode(public).decode()]
    signature = base64.b64encode(key.sign(onnx)).decode()
    site.catalogue["cities"][0]["model"] = describe_model(site.add_file(onnx, signature=signature))
    site.changed["/browser/worker.js"] = (BROWSER / "worker.js").read_bytes() + NO_ED25519
    page = new_page()
    start(page, site)
    expect_name(page)
    expect(page.locator("#step")).to_have_text(
        f"This browser cannot check the detector’s signature, so it is not used. Update the browser. {ON_SERVER}"
    )
    assert sum(asked.startswith("/models/") for asked in site.asked) == 1


def test_without_any_way_a_photo_is_advised(new_page: Callable[..., Page], site: Site) -> None:
    site.broken.add("/api/detect")
    page = new_page()
    page.add_init_script(NO_WASM)
    start(page, site)
    expect(page.locator("#step")).to_contain_text("Choose a photo.")
    expect(page.locator("#step")).to_contain_text("the server does not answer")


def test_one_changed_byte_of_the_runtime_is_refused(
    new_page: Callable[..., Page], site: Site
) -> None:
    content = bytearray((RUNTIME / WASM.removeprefix("/runtime/")).read_bytes())
    content[-1] ^= 1
    site.changed[WASM] = bytes(content)
    page = new_page()
    start(page, site)
    expect_name(page)
    expect(page.locator("#step")).to_have_text(
        f"What runs detectors was changed on its way here, so it is not used. {ON_SERVER}"
    )


def test_one_changed_byte_of_the_model_is_refused(
    new_page: Callable[..., Page], site: Site, onnx: bytes
) -> None:
    address = f"/models/{site.catalogue['cities'][0]['model']['file']['sha256']}.onnx"
    site.changed[address] = onnx[:-1] + bytes([onnx[-1] ^ 1])
    page = new_page()
    start(page, site)
    expect(page.locator("#notice")).to_have_text(
        "The detector was changed on its way here, so it is not used. "
        "If this stays, tell whoever runs this page."
    )
    expect(page.locator("#stage")).to_be_hidden()


def test_damaged_copy_that_the_browser_has_cached_is_fetched_anew(
    new_page: Callable[..., Page], site: Site, onnx: bytes
) -> None:
    address = f"/models/{site.catalogue['cities'][0]['model']['file']['sha256']}.onnx"
    site.for_a_year.add(address)
    site.changed[address] = onnx[:-1] + bytes([onnx[-1] ^ 1])
    page = new_page()
    page.goto(f"{site.url}/blank")
    page.evaluate(
        "(address) => fetch(address).then((it) => it.arrayBuffer()).then(() => 0)", address
    )
    del site.changed[address]
    start(page, site)
    expect_name(page)
    assert site.asked.count(address) == 2


class Once(dict[str, bytes]):
    """What comes otherwise the first time that it is asked for."""

    def get(self, address: str, default: bytes | None = None) -> bytes | None:
        return self.pop(address, default)


def test_runtime_that_came_damaged_is_fetched_anew_and_leaves_no_step(
    new_page: Callable[..., Page], site: Site
) -> None:
    content = (RUNTIME / WASM.removeprefix("/runtime/")).read_bytes()
    site.changed = Once({WASM: content[:-1] + bytes([content[-1] ^ 1])})
    page = new_page()
    start(page, site)
    expect_name(page)
    expect(page.locator("#step")).to_have_text(
        "This browser offers no WebGPU. The processor of this device looks at the pictures."
    )
    assert site.asked.count(WASM) == 2


@pytest.mark.parametrize("is_signed", [True, False])
def test_only_a_signed_model_is_used_where_there_are_keys(
    new_page: Callable[..., Page],
    site: Site,
    onnx: bytes,
    is_signed: bool,  # noqa: FBT001 - the case
) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    site.catalogue["public_keys"] = [base64.b64encode(public).decode()]
    signature = base64.b64encode(key.sign(onnx)).decode() if is_signed else None
    site.catalogue["cities"][0]["model"] = describe_model(site.add_file(onnx, signature=signature))
    page = new_page()
    start(page, site)
    if is_signed:
        expect_name(page)
    else:
        expect(page.locator("#notice")).to_have_text(
            "The detector is not signed, so it is not used."
        )


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("NotFoundError", "No camera was found. Choose a photo instead."),
        ("NotAllowedError", "The camera was not allowed."),
        ("NotReadableError", "Another program has the camera."),
    ],
)
def test_camera_that_cannot_be_had_gets_its_sentence(
    new_page: Callable[..., Page], site: Site, name: str, sentence: str
) -> None:
    page = new_page()
    page.add_init_script(NO_CAMERA.replace("{name}", name))
    start(page, site)
    expect(page.locator("#notice")).to_contain_text(sentence)
    expect(page.locator("#choose")).to_be_visible()


def test_worker_that_stays_silent_is_left(new_page: Callable[..., Page], site: Site) -> None:
    # The one that waits as long as the page itself does.
    del site.waits["SILENCE_MS"]
    site.changed["/browser/worker.js"] = SILENT_WORKER
    page = new_page()
    start(page, site)
    expect_name(page)
    expect(page.locator("#step")).to_have_text(
        f"What looks at pictures in this browser did not answer. {ON_SERVER}"
    )


def test_worker_that_fails_at_pictures_is_left(new_page: Callable[..., Page], site: Site) -> None:
    site.changed["/browser/worker.js"] = BROKEN_WORKER
    page = new_page()
    start(page, site)
    expect_name(page)
    expect(page.locator("#step")).to_have_text(
        f"The detector failed on a picture (as a test wishes). {ON_SERVER}"
    )


def test_worker_that_fails_at_a_photo_is_left_and_the_next_step_looks_at_it(
    new_page: Callable[..., Page], site: Site, photo: Path
) -> None:
    site.changed["/browser/worker.js"] = BROKEN_WORKER
    page = new_page()
    page.goto(f"{site.url}/camera")
    expect(page.locator("#city")).to_have_text("Málaga")
    page.locator("#files").set_input_files([photo, photo])
    expect(page.locator(".card .said")).to_have_count(4)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("#step")).to_have_text(
        "The detector failed on a picture (as a test wishes). "
        "So photos go to the server of this page, which looks at them and forgets them."
    )


@pytest.mark.parametrize(
    ("changed", "do_agree"),
    [
        ({}, True),
        ({4: 0.805}, True),
        ({4: 0.82}, False),
        ({0: 100.5}, True),
        ({0: 102}, False),
        # The box of what is not seen may be anywhere; its score may not rise.
        ({7: 900}, True),
        ({11: 0.2}, False),
        ({5: None}, False),
    ],
)
def test_webgpu_is_used_only_if_it_answers_as_webassembly_does(
    blank: Page,
    changed: dict[int, float | None],
    do_agree: bool,  # noqa: FBT001 - the case
) -> None:
    expected = [100, 50, 20, 20, 0.8, 0.9, 0.1, 10, 10, 5, 5, 0.001, 0.5, 0.5]
    rows = [changed.get(place, value) for place, value in enumerate(expected)]
    answer = blank.evaluate(
        """async ([rows, expected]) => {
          const { doAgree } = await import("/browser/runtime.js");
          return doAgree(Float32Array.from(rows.map((value) => value ?? NaN)), Float32Array.from(expected), 7);
        }""",
        [rows, expected],
    )
    assert answer is do_agree
