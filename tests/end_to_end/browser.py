"""Open the detector app in headless Chromium whose camera plays a film of ours.

Used by the browser tests and by whoever wants a picture of the app:

    with open_app("http://127.0.0.1:8501", film=Path("film.y4m")) as page:
        names = detect_photo(page, Path("photo.jpg"))
"""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

# Debian's name first; the others are what people have at home.
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    # No word to anyone but the app: the tests count what is asked of whom.
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The camera is a file, and needs no permission.
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)
# Ends a hang; nothing is measured by it.
PAGE_TIMEOUT_MILLISECONDS = 120_000
SETTLE_MILLISECONDS = 400
# Whether Streamlit's script has run to its end since the page asked for a run, by what goes over their line: what
# is shown does not tell, until the first answer has come. Of the messages' fields (BackMsg.proto and
# ForwardMsg.proto), rerun_script is 11, new_session 4, and script_finished 6, where a 2 says that it begins anew.
FOLLOW_SCRIPT = """(() => {
  const fieldsOf = (bytes) => {
    const fields = new Map();
    let at = 0;
    const readNumber = () => {
      let [value, scale] = [0, 1];
      for (;;) {
        const byte = bytes[at++];
        value += (byte & 127) * scale;
        scale *= 128;
        if (!(byte >= 128)) return value;
      }
    };
    while (at < bytes.length) {
      const tag = readNumber();
      const value = (tag & 7) === 5 ? 4 : (tag & 7) === 1 ? 8 : readNumber();
      if ((tag & 7) !== 0) at += value;
      fields.set(Math.floor(tag / 8), value);
    }
    return fields;
  };
  globalThis.scriptState = "idle";
  const hear = ({ data }) => {
    const fields = fieldsOf(new Uint8Array(data));
    if (fields.has(4) && globalThis.scriptState === "asked") globalThis.scriptState = "running";
    if (fields.has(6) && globalThis.scriptState === "running") {
      globalThis.scriptState = fields.get(6) === 2 ? "asked" : "idle";
    }
  };
  const heard = new WeakSet();
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (data) {
    if (this.url.includes("/_stcore/stream")) {
      if (!heard.has(this)) this.addEventListener("message", hear);
      heard.add(this);
      if (fieldsOf(new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength)).has(11)) {
        globalThis.scriptState = "asked";
      }
    }
    return send.call(this, data);
  };
})();"""


def find_chromium() -> str:
    """Return the path of a Chromium; raise `FileNotFoundError` with what to do."""
    for name in CHROMIUM_NAMES:
        path = shutil.which(name)
        if path:
            return path
    msg = (
        f"No Chromium found (looked for {', '.join(CHROMIUM_NAMES)}); "
        "install one, on Debian with: apt-get install -y chromium"
    )
    raise FileNotFoundError(msg)


@contextmanager
def open_app(
    url: str,
    film: Path | None = None,
    *,
    width: int = 1280,
    height: int = 900,
    dark: bool = False,
    proxy: str | None = None,
    locale: str = "en-GB",
) -> Iterator[Page]:
    """Yield the app's page, drawn to its end; the browser is gone afterwards.

    `film` is a Y4M file that the camera plays over and over; whatever is not on loopback is asked
    of the `proxy`. Raises playwright's
    `TimeoutError` when the page does not come up.
    """
    flags = [*CHROMIUM_FLAGS]
    if film is not None:
        flags.append(f"--use-file-for-fake-video-capture={film.resolve()}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(),
            headless=True,
            args=flags,
            timeout=PAGE_TIMEOUT_MILLISECONDS,
            proxy={"server": proxy, "bypass": "127.0.0.1"} if proxy else None,
        )
        try:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                permissions=["camera"],
                locale=locale,
            )
            page = context.new_page()
            page.set_default_timeout(PAGE_TIMEOUT_MILLISECONDS)
            page.add_init_script(FOLLOW_SCRIPT)
            page.goto(url)
            wait_until_drawn(page)
            yield page
        finally:
            browser.close()


def wait_until_drawn(page: Page) -> None:
    """Wait until Streamlit has drawn a heading and its script is not running any more.

    The page has `FOLLOW_SCRIPT` from its beginning.
    """
    page.locator("h1").first.wait_for()
    # What a click leads to in the page itself; without what follows, the old page looks like the new one.
    page.wait_for_timeout(SETTLE_MILLISECONDS)
    # Not by `wait_for_function`: the app's policy forbids what that does.
    limit = PAGE_TIMEOUT_MILLISECONDS / 1000
    wait_until(lambda: page.evaluate("globalThis.scriptState") == "idle", limit)
    idle = page.locator("[data-testid='stApp'][data-test-script-state='notRunning']")
    idle.wait_for()


def choose_city(page: Page, name: str) -> None:
    """Choose a city by typing its name."""
    box = page.get_by_role("combobox", name="City")
    box.click()
    box.fill(name)
    page.get_by_role("option").filter(has_text=name).first.click()
    wait_until_drawn(page)


def detect_photo(page: Page, photo: Path) -> list[str]:
    """Upload a photo and return the names that the page lists, surest first."""
    page.get_by_role("tab", name="Photo").click()
    page.locator("input[type=file]").first.set_input_files(photo)
    # "Found" or "Nothing found".
    page.get_by_role("heading", name="found").wait_for()
    wait_until_drawn(page)
    return read_names(page)


def read_names(page: Page) -> list[str]:
    """Return the names of the sights that the page, which speaks English, lists now."""
    # The browser draws them after the script has ended; with or without names, something can be missing.
    page.locator(".reports button:visible").first.wait_for()
    said = page.locator(".names .said:visible").all_inner_texts()
    return [re.sub("^(This is|Probably|Perhaps) ", "", one.strip()) for one in said]
