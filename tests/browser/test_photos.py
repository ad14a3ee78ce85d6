"""Photos on /camera: several, dropped, pasted, of kinds that a browser cannot read; and refusals in a sentence."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import GREEN, RED, draw_photo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.site import Site

pytestmark = pytest.mark.slow

TOWER, GATE = "This is Torre do Relógio", "This is Green Gate"
# Hands a file to the page as a hand or another program would.
GIVE = """([how, name, content, kind]) => {
  const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type: kind }));
  const options = { bubbles: true, cancelable: true };
  const event = how === "drop"
    ? new DragEvent("drop", { ...options, dataTransfer: data })
    : new ClipboardEvent("paste", { ...options, clipboardData: data });
  document.body.dispatchEvent(event);
}"""


@pytest.fixture
def page(new_page: Callable[..., Page], site: Site) -> Page:
    """Return the page, ready for photos."""
    page = new_page()
    page.goto(f"{site.url}/camera")
    expect(page.locator("#city")).to_have_text("Málaga")
    return page


def test_photo_is_named_on_the_phone(page: Page, site: Site, photo: Path) -> None:
    page.locator("#files").set_input_files(photo)
    expect(page.locator(".card .said")).to_have_text([TOWER, GATE])
    assert not any(asked.startswith("POST") for asked in site.asked)


def test_several_photos_each_have_their_own_names(page: Page, tmp_path: Path) -> None:
    photos = [
        draw_photo(tmp_path / f"{name}.png", {colour: (200, 120, 420, 400)})
        for name, colour in (("one", RED), ("two", GREEN), ("three", "#808080"))
    ]
    page.locator("#files").set_input_files(photos)
    cards = page.locator(".card .names")
    expect(cards).to_have_text([TOWER, GATE, "No sight that I know"])


@pytest.mark.parametrize("how", ["drop", "paste"])
def test_photo_is_dropped_or_pasted(page: Page, photo: Path, how: str) -> None:
    content = base64.b64encode(photo.read_bytes()).decode()
    page.evaluate(GIVE, [how, photo.name, content, "image/png"])
    expect(page.locator(".card .said")).to_have_text([TOWER, GATE])


def test_photo_that_the_browser_cannot_read_goes_to_the_server(
    page: Page, site: Site, photo: Path, tmp_path: Path
) -> None:
    scan = tmp_path / "scan.tiff"
    with Image.open(photo) as opened:
        opened.save(scan)
    page.locator("#files").set_input_files(scan)
    expect(page.locator(".card .said")).to_have_text([TOWER, GATE])
    expect(page.locator(".card")).to_contain_text("the server looked at it")
    assert "POST /api/detect" in site.asked


# What the page says at the moment in which a photo is sent.
LISTEN = """const { fetch } = globalThis;
globalThis.fetch = (...asked) => {
  if (String(asked[0]).startsWith("/api/detect")) globalThis.told = document.querySelector("main").innerText;
  return fetch(...asked);
};"""


@pytest.mark.parametrize("has_wasm", [True, False])
def test_person_is_told_before_a_photo_is_sent(
    new_page: Callable[..., Page],
    site: Site,
    photo: Path,
    tmp_path: Path,
    has_wasm: bool,  # noqa: FBT001 - the case
) -> None:
    page = new_page()
    page.add_init_script(LISTEN if has_wasm else f"{LISTEN} delete globalThis.WebAssembly;")
    page.goto(f"{site.url}/camera")
    expect(page.locator("#city")).to_have_text("Málaga")
    scan = tmp_path / "scan.tiff"
    with Image.open(photo) as opened:
        opened.save(scan)
    page.locator("#files").set_input_files(scan if has_wasm else photo)
    expect(page.locator(".card .said")).to_have_text([TOWER, GATE])
    told = page.evaluate("globalThis.told")
    if has_wasm:
        assert "scan.tiff goes to the server of this page as it is" in told
    else:
        assert "holiday.png goes to the server of this page, which looks at it" in told
        assert "So photos go to the server of this page" in told


def test_what_is_no_photo_gets_a_sentence_and_no_older_answer_stays(
    page: Page, photo: Path, tmp_path: Path
) -> None:
    page.locator("#files").set_input_files(photo)
    expect(page.locator(".card .said")).to_have_count(2)
    page.locator("#files").set_input_files(write_broken_scan(tmp_path))
    expect(page.get_by_role("alert")).to_contain_text("The server cannot use this photo.")
    expect(page.locator(".card")).to_have_count(1)
    expect(page.locator(".said")).to_have_count(0)


def write_broken_scan(folder: Path) -> Path:
    """Write what begins as a kind of picture that the server alone reads, and is none."""
    scan = folder / "scan.tiff"
    scan.write_bytes(b"II*\0Dear reader")
    return scan


# A browser tells a file's type by what its system knows; of a video it may know nothing.
@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("a.mp4", "application/octet-stream", "cannot be played here"),
        ("a.mp4", "application/mp4", "cannot be played here"),
        ("clip.mts", "", "cannot be played here"),
        ("clip.3g2", "", "cannot be played here"),
        ("VID-1", "", "cannot be read as a picture here"),
        ("VID-1", "image/heic", "cannot be read as a picture here"),
        ("letter.jpg", "image/jpeg", "cannot be read as a picture here"),
    ],
)
def test_what_is_no_picture_is_sent_to_nobody(
    page: Page, site: Site, name: str, kind: str, sentence: str
) -> None:
    # How an MP4 begins; nothing of it can be played.
    content = base64.b64encode(b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41").decode()
    page.evaluate(GIVE, ["drop", name, content, kind])
    expect(page.get_by_role("alert")).to_contain_text(f"{name} {sentence}")
    assert not any(asked.startswith("POST") for asked in site.asked)


@pytest.mark.parametrize("kind", ["AVIF", "BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP"])
def test_pictures_that_the_server_reads_are_told_by_their_beginning(blank: Page, kind: str) -> None:
    written = io.BytesIO()
    Image.new("RGB", (16, 16), RED).save(written, kind)
    assert is_for_server(blank, written.getvalue())


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"hevc", b"mif1", b"msf1"])
def test_heic_is_for_the_server(blank: Page, brand: bytes) -> None:
    assert is_for_server(blank, b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic")


@pytest.mark.parametrize(
    "beginning",
    [
        b"\0\0\0\x14ftypqt  ",
        b"\0\0\0\x18ftypmp42",
        b"\0\0\0\x18ftyp3g2a",
        b"\x1aE\xdf\xa3",
        b"RIFF\0\0\0\0AVI LIST",
        b"0&\xb2u\x8ef\xcf\x11",
        b"G@\0\x10",
        b"\0\0\1\xba",
        b"",
    ],
)
def test_video_is_never_for_the_server(blank: Page, beginning: bytes) -> None:
    assert not is_for_server(blank, beginning)


def is_for_server(blank: Page, content: bytes) -> bool:
    """Ask the page's module whether a file may go to the server."""
    answer: bool = blank.evaluate(
        """(bytes) => import("/browser/picture.js").then(
          (m) => m.isForServer(new Blob([Uint8Array.from(bytes)])))""",
        list(content),
    )
    return answer


def test_server_refuses_in_the_pages_language(
    new_page: Callable[..., Page], site: Site, tmp_path: Path
) -> None:
    page = new_page(locale="de-DE")
    page.goto(f"{site.url}/camera")
    expect(page.locator("#city")).to_have_text("Malaga")
    page.locator("#files").set_input_files(write_broken_scan(tmp_path))
    expect(page.get_by_role("alert")).to_contain_text("Der Server kann dieses Foto nicht verwenden")


def test_without_a_network_what_cannot_be_read_gets_a_sentence(
    page: Page, site: Site, tmp_path: Path
) -> None:
    site.broken.add("/api/detect")
    page.locator("#files").set_input_files(write_broken_scan(tmp_path))
    sentence = "scan.tiff cannot be read as a picture here. Choose a JPEG, PNG or WebP photo."
    expect(page.get_by_role("alert")).to_have_text(sentence)


def test_photo_that_is_too_small_gets_a_sentence(page: Page, tmp_path: Path) -> None:
    Image.new("RGB", (40, 15)).save(tmp_path / "line.png")
    page.locator("#files").set_input_files(tmp_path / "line.png")
    expect(page.get_by_role("alert")).to_have_text(
        "line.png has only 40 × 15 pixels; at least 16 on each side are needed. Choose a larger photo."
    )


def test_photo_with_names_on_it_is_saved(page: Page, photo: Path) -> None:
    page.locator("#files").set_input_files(photo)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save").click()
    assert download.value.suggested_filename == "holiday-sights.jpg"
    with Image.open(download.value.path()) as taken:
        assert taken.size == (640, 480)
        # The box around the red sight has its colour.
        red, green, blue = taken.convert("RGB").getpixel((60, 300))
        assert (red > 200, 120 < green < 220, blue < 120) == (True, True, True)


def test_two_photos_at_once_share_one_detector(page: Page, site: Site, photo: Path) -> None:
    page.locator("#files").set_input_files([photo, photo])
    expect(page.locator(".card .said")).to_have_count(4)
    assert sum(asked.startswith("/models/") for asked in site.asked) == 1
