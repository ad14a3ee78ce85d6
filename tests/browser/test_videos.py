"""Videos on /camera: looked at on the phone alone, and given back with names on them; refusals in a sentence."""

from __future__ import annotations

import re
import wave
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import GREEN, RED, draw_photo
from tests.browser.site import BROWSER, describe_model
from tests.film import write_video
from tests.model_files import metadata
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.site import Site

pytestmark = pytest.mark.slow

TOWER, GATE = "Torre do Relógio", "Green Gate"
BOX = (200, 120, 420, 400)
# What the page holds: recorders, and addresses of files that were not given back.
COUNTED = """
  globalThis.recorders = [];
  globalThis.MediaRecorder = class extends MediaRecorder {
    constructor(...given) {
      super(...given);
      globalThis.recorders.push(this);
    }
  };
  globalThis.held = new Set();
  const { createObjectURL, revokeObjectURL } = URL;
  URL.createObjectURL = (file) => {
    const address = createObjectURL.call(URL, file);
    globalThis.held.add(address);
    return address;
  };
  URL.revokeObjectURL = (address) => {
    globalThis.held.delete(address);
    revokeObjectURL.call(URL, address);
  };
"""
STATES = "globalThis.recorders.map((one) => one.state)"
# Another page comes before this one, or goes again.
HIDE = """() => {
  Object.defineProperty(document, "hidden", { value: true, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
SHOW = HIDE.replace("true, conf", "false, conf")
SHARES = """
  navigator.canShare = ({ files }) => files.every((file) => file.type === KIND);
  navigator.share = async () => { throw new DOMException("as a test wishes", "DataError"); };
"""
# The video stands while a frame is looked at, without resting: else a busy machine sees nothing of what is short.
STANDING = """{
  const { requestVideoFrameCallback } = HTMLVideoElement.prototype;
  HTMLVideoElement.prototype.requestVideoFrameCallback = function (act) {
    this.playbackRate = 1;
    return requestVideoFrameCallback.call(this, (...given) => {
      this.playbackRate = 0;
      act(...given);
    });
  };
}"""
NO_RECORDER = "delete globalThis.MediaRecorder;"
NO_WASM = "delete globalThis.WebAssembly;"


@pytest.fixture
def open_page(new_page: Callable[..., Page], site: Site) -> Callable[..., Page]:
    """Return what opens the page, ready for videos."""

    def open_it(script: str = "", **options: str) -> Page:
        page = new_page(**options)
        page.add_init_script(script)
        page.goto(f"{site.url}/camera")
        expect(page.locator("#city")).not_to_have_text("")
        return page

    return open_it


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a video: the red sight for two seconds and a half, then the green one as long."""
    folder = tmp_path_factory.mktemp("video")
    photos = [
        draw_photo(folder / f"{number}.png", {colour: BOX})
        for number, colour in enumerate((RED, GREEN))
    ]
    write_video(photos, folder / "walk.webm", seconds_per_photo=2.5)
    return folder / "walk.webm"


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a video of a minute."""
    folder = tmp_path_factory.mktemp("long")
    photo = draw_photo(folder / "red.png", {RED: BOX})
    write_video([photo], folder / "tour.webm", seconds_per_photo=60, fps=5)
    return folder / "tour.webm"


def test_video_is_named_and_given_back_with_names_on_it(
    open_page: Callable[..., Page], site: Site, video: Path
) -> None:
    page = open_page(STANDING)
    page.locator("#files").set_input_files(video)
    expect(page.locator(".card progress")).to_be_visible()
    said = page.locator(".card .said")
    # On a busy machine, frames may pass before the first one is looked at.
    expect(said).to_have_text(
        [re.compile(f"This is {name}, from 0:0[0-5] on") for name in (TOWER, GATE)]
    )
    expect(page.locator("#announced")).to_have_text(f"{TOWER} and {GATE}")
    assert page.locator(".card progress").count() == 0
    with page.expect_download() as download:
        page.get_by_role("button", name="Save").click()
    assert download.value.suggested_filename == "walk-sights.webm"
    assert not any(asked.startswith("POST") for asked in site.asked)
    frames = read_frames(download.value.path())
    assert all(frame.shape == (480, 640, 3) for frame in frames)
    # The red sight comes first, the green one last; each has the box of its own colour around it.
    for frame, sight, box in ((frames[0], RED, (255, 176, 0)), (frames[-1], GREEN, (63, 208, 201))):
        assert is_near(frame[260, 340], Image.new("RGB", (1, 1), sight).getpixel((0, 0)))
        assert min(np.abs(frame[300, 190:212].astype(int) - box).sum(axis=1)) < 160


def read_frames(path: Path) -> list[np.ndarray]:
    """Return the pictures of a video, as red, green and blue."""
    film, frames = cv2.VideoCapture(str(path)), []
    while True:
        is_read, frame = film.read()
        if not is_read:
            return frames
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))


def is_near(one: np.ndarray, other: object) -> bool:
    return bool(np.abs(one.astype(int) - np.asarray(other)).max() < 60)


def test_video_that_is_stopped_is_given_back_as_far_as_it_was_seen(
    open_page: Callable[..., Page], long_video: Path
) -> None:
    page = open_page()
    page.locator("#files").set_input_files(long_video)
    expect(page.locator(".card progress")).not_to_have_js_property("value", 0)
    page.get_by_role("button", name="Stop here").click()
    expect(page.locator(".card")).to_contain_text("of 1:00: the video with names ends there.")
    expect(page.locator(".card .said")).to_contain_text([f"This is {TOWER}"])
    expect(page.locator(".card video.shown")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#photos")).to_be_hidden()


VALUE = "document.querySelector('.card progress').value"


@pytest.mark.nightly
def test_newer_model_leaves_a_video_to_the_one_that_it_began_with(
    open_page: Callable[..., Page], site: Site, long_video: Path, onnx: bytes
) -> None:
    page = open_page(COUNTED)
    page.locator("#files").set_input_files(long_video)
    bar = page.locator(".card progress")
    expect(bar).not_to_have_js_property("value", 0)
    newer = describe_model(site.add_file(onnx + metadata("version", "2")), version=2)
    newer["sights"][0]["name"] = "Opera"
    site.catalogue["cities"][0]["model"] = newer
    # The page asks for newer models when it is shown again.
    page.evaluate(SHOW)
    expect(page.locator("#knows")).to_contain_text("Opera")
    seen = page.evaluate(VALUE)
    wait_until(lambda: page.evaluate(VALUE) > seen)
    page.get_by_role("button", name="Stop here").click()
    expect(page.locator(".card .said")).to_contain_text([f"This is {TOWER}"])
    assert page.evaluate(STATES) == ["inactive"]


@pytest.mark.nightly
def test_detector_that_fails_leaves_what_was_seen_and_ends_the_recording(
    open_page: Callable[..., Page], site: Site, long_video: Path
) -> None:
    worker = (BROWSER / "worker.js").read_bytes()
    look = b"async function look({ bitmap, minConfidence }) {"
    assert look in worker
    failing = b"\n  if (looks++ > 8) throw new Error('as a test wishes');"
    site.changed["/browser/worker.js"] = b"let looks = 0;" + worker.replace(look, look + failing)
    page = open_page(COUNTED)
    page.locator("#files").set_input_files(long_video)
    expect(page.locator(".card")).to_contain_text("as a test wishes")
    expect(page.locator(".card")).to_contain_text("of 1:00: the video with names ends there.")
    expect(page.locator(".card .said")).to_contain_text([f"This is {TOWER}"])
    expect(page.locator(".card video.shown")).to_be_visible()
    assert page.evaluate(STATES) == ["inactive"]


WRITTEN = """globalThis.written = new Set();
const { fillText } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
  globalThis.written.add(text);
  return fillText.call(this, text, ...rest);
};"""


@pytest.mark.nightly
def test_video_whose_step_fails_at_its_first_frame_is_looked_at_by_the_next_one(
    open_page: Callable[..., Page], site: Site, video: Path
) -> None:
    worker = (BROWSER / "worker.js").read_bytes()
    session = b"  answer = await openSession(ort, step, model, contract);"
    assert session in worker
    failing = b"""
  if (step === "threads") answer = () => Promise.reject(new Refusal("runtime.failed", { cause: "as a test wishes" }));"""
    refusal = b'import { Refusal } from "./refusal.js";'
    site.changed["/browser/worker.js"] = refusal + worker.replace(session, session + failing)
    page = open_page(STANDING + WRITTEN)
    page.locator("#files").set_input_files(video)
    expect(page.locator(".card .said")).to_have_text(
        [re.compile(f"This is {name}, from 0:0[0-5] on") for name in (TOWER, GATE)]
    )
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator(".card video.shown")).to_be_visible()
    # As on photos: a name, without a number.
    assert set(page.evaluate("[...globalThis.written]")) == {TOWER, GATE}


@pytest.mark.nightly
def test_nothing_is_recorded_while_another_page_is_before_this_one(
    open_page: Callable[..., Page], long_video: Path
) -> None:
    page = open_page(COUNTED)
    page.locator("#files").set_input_files(long_video)
    wait_until(lambda: page.evaluate(STATES) == ["recording"])
    page.evaluate(HIDE)
    wait_until(lambda: page.evaluate(STATES) == ["paused"])
    page.evaluate(SHOW)
    wait_until(lambda: page.evaluate(STATES) == ["recording"])
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#photos")).to_be_hidden()
    wait_until(lambda: page.evaluate(STATES) == ["inactive"])


@pytest.mark.nightly
def test_another_choice_gives_back_the_memory_of_every_video(
    open_page: Callable[..., Page], tmp_path: Path, photo: Path
) -> None:
    paths = [tmp_path / "one.webm", tmp_path / "two.webm"]
    for path in paths:
        write_video([photo], path, seconds_per_photo=0.5)
    page = open_page(COUNTED)
    page.locator("#files").set_input_files(paths)
    expect(page.locator(".card video.shown")).to_have_count(2)
    page.locator("#files").set_input_files(photo)
    expect(page.locator(".card .said")).to_have_count(2)
    assert page.evaluate("globalThis.held.size") == 0


@pytest.mark.parametrize(("kind", "buttons"), [("image/jpeg", 0), ("video/webm", 1)])
def test_video_is_shared_where_videos_are(
    open_page: Callable[..., Page], tmp_path: Path, photo: Path, kind: str, buttons: int
) -> None:
    write_video([photo], tmp_path / "one.webm", seconds_per_photo=0.5)
    page = open_page(SHARES.replace("KIND", f"'{kind}'"))
    page.locator("#files").set_input_files(tmp_path / "one.webm")
    expect(page.get_by_role("button", name="Save")).to_be_visible()
    share = page.get_by_role("button", name="Share")
    expect(share).to_have_count(buttons)
    if buttons:
        share.click()
        expect(page.get_by_role("alert")).to_contain_text("The video was not shared")


def test_another_choice_ends_the_video_before_it(
    open_page: Callable[..., Page], long_video: Path, photo: Path
) -> None:
    page = open_page()
    page.locator("#files").set_input_files(long_video)
    expect(page.locator(".card progress")).not_to_have_js_property("value", 0)
    page.locator("#files").set_input_files(photo)
    expect(page.locator(".card .said")).to_have_count(2)
    expect(page.locator(".card")).to_have_count(1)


def test_what_is_no_video_gets_a_sentence(
    open_page: Callable[..., Page], site: Site, tmp_path: Path
) -> None:
    letter, sound = tmp_path / "letter.mp4", tmp_path / "sound.mp4"
    letter.write_text("Dear reader")
    with wave.open(str(sound), "wb") as written:
        written.setparams((1, 2, 8000, 0, "NONE", ""))
        written.writeframes(bytes(16_000))
    slow = tmp_path / "slow.webm"
    photo = draw_photo(tmp_path / "red.png", {RED: BOX})
    write_video([photo], slow, width=64, height=48, seconds_per_photo=11 * 60, fps=1)
    page = open_page()
    page.locator("#files").set_input_files([letter, sound, slow])
    advice = "Choose an MP4 or WebM video."
    unknown = "it is damaged, or of a kind that this browser does not know"
    sentences = [
        f"letter.mp4 cannot be played here: {unknown}. {advice}",
        f"sound.mp4 has no picture that this browser can show. {advice}",
        "slow.webm takes 11 minutes; at most 10 are possible. Choose a shorter piece.",
    ]
    expect(page.get_by_role("alert")).to_have_text(sentences)
    assert not any(asked.startswith("POST") for asked in site.asked)


def test_video_that_is_cut_off_is_given_back_or_refused_in_a_sentence(
    open_page: Callable[..., Page], video: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.webm"
    content = video.read_bytes()
    cut.write_bytes(content[: len(content) // 2])
    page = open_page()
    page.locator("#files").set_input_files(cut)
    answered = page.locator(".card .said").or_(page.get_by_role("alert"))
    expect(answered.first).to_be_visible()


def test_video_is_sent_to_nobody_where_the_browser_cannot_look(
    open_page: Callable[..., Page], site: Site, video: Path
) -> None:
    page = open_page(NO_WASM, locale="de-DE")
    page.locator("#files").set_input_files(video)
    expect(page.get_by_role("alert")).to_contain_text("Videos werden an niemanden gesendet")
    assert not any(asked.startswith("POST") for asked in site.asked)


def test_names_are_found_where_no_video_can_be_written(
    open_page: Callable[..., Page], video: Path
) -> None:
    page = open_page(STANDING + NO_RECORDER)
    page.locator("#files").set_input_files(video)
    expect(page.locator(".card")).to_contain_text("This browser cannot write videos")
    expect(page.locator(".card .said")).to_have_count(2)
