"""photo_answer.js: what a photo on the Detect page leads to, which the server has looked at."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.parts import elements_of, mount_part
from tests.browser.site import BROWSER, CLASS_NAMES, GERMAN
from tests.browser.test_sight_card import tell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.site import Site

pytestmark = pytest.mark.slow

TOWER, GATE = "Torre do Relógio", "Green Gate"
# The photo's red and green, as the server found them in it.
FOUND = [
    {"class": 0, "confidence": 0.95, "box": [60, 120, 220, 420]},
    {"class": 1, "confidence": 0.7, "box": [340, 80, 560, 300]},
]


@pytest.fixture
def page(new_page: Callable[..., Page], site: Site) -> Page:
    """Return a page of a phone's width, where the part can be mounted."""
    page = new_page()
    page.goto(f"{site.url}/blank")
    return page


def answer(file: Path, language: str = "en", **changed: Any) -> dict[str, Any]:
    """Return what `photo_answer.py` tells of a photo."""
    buffer = io.BytesIO()
    with Image.open(file) as opened:
        opened.convert("RGB").save(buffer, "JPEG", quality=90)
    sights = [
        {"class": number, "name": name, "names": {language: _name_in(language, name)}}
        for number, name in enumerate(CLASS_NAMES)
    ]
    return {
        "language": language,
        "city": "malaga",
        "model": "1",
        "version": 7,
        "photo": "one",
        "file_name": "holiday.png",
        "width": 640,
        "height": 480,
        "sights": sights[:2],
        "found": FOUND,
        "picture": base64.b64encode(buffer.getvalue()).decode(),
    } | changed


def _name_in(language: str, name: str) -> str:
    return GERMAN.get(name, name) if language == "de" else name


def mount(page: Page, data: dict[str, Any]) -> None:
    mount_part(page, "photo_answer.js", elements_of("photo_answer.py"), data)


def test_name_of_a_photo_leads_to_its_card(page: Page, site: Site, photo: Path) -> None:
    tell(site)
    mount(page, answer(photo))
    page.get_by_role("button", name=f"This is {TOWER}").click()
    card = page.get_by_role("dialog", name=TOWER)
    expect(card).to_contain_text("clock tower in Málaga")
    expect(card).to_contain_text("Since the 1790s · 42 m high")
    expect(card.get_by_role("img", name=TOWER)).to_have_js_property("naturalWidth", 320)
    expect(card.locator("figcaption")).to_have_text("Photo: Ann, cc-by-4.0")
    expect(card.get_by_role("link", name="On a map")).to_be_visible()


def test_card_and_names_speak_the_language_of_the_page(page: Page, site: Site, photo: Path) -> None:
    tell(site)
    mount(page, answer(photo, "de"))
    expect(page.get_by_role("button", name="Wahrscheinlich: Grünes Tor")).to_be_visible()
    page.get_by_role("button", name=f"Das ist: {TOWER}").click()
    expect(page.get_by_role("dialog", name=TOWER)).to_contain_text("Uhrturm in Málaga")
    expect(page.get_by_role("dialog", name=TOWER)).to_contain_text("Seit den 1790er Jahren")


def test_names_are_there_for_a_keyboard_and_the_focus_comes_back(
    page: Page, site: Site, photo: Path
) -> None:
    tell(site)
    mount(page, answer(photo))
    page.keyboard.press("Tab")
    name = page.get_by_role("button", name=TOWER)
    expect(name).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name=TOWER)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(name).to_be_focused()


def test_wrong_name_is_reported_with_photo_box_and_the_version_that_answered(
    page: Page, site: Site, photo: Path
) -> None:
    mount(page, answer(photo))
    page.get_by_role("button", name="Wrong name").click()
    dialog = page.get_by_role("dialog", name="Wrong name")
    dialog.get_by_role("radio", name=GATE).check()
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(dialog.get_by_role("status")).to_have_text("Thank you, it was sent.")
    ((said, body),) = site.reports
    box = [float(said.pop(corner)) for corner in ("x1", "y1", "x2", "y2")]
    assert said == {"city": "malaga", "version": "7", "kind": "wrong", "name": GATE}
    assert box == pytest.approx([340 / 640, 80 / 480, 560 / 640, 300 / 480], abs=1e-4)
    with Image.open(io.BytesIO(body)) as sent:
        assert (sent.format, sent.size) == ("JPEG", (640, 480))
        red, green, blue = sent.getpixel((350, 90))
        assert green > red + 60
        assert green > blue + 60


def test_box_is_that_of_the_photo_however_small_it_is_sent(
    page: Page, site: Site, photo: Path
) -> None:
    # The server looked at a photo four times as large as the one that a report takes.
    large = [one | {"box": [edge * 4 for edge in one["box"]]} for one in FOUND[:1]]
    mount(page, answer(photo, width=2560, height=1920, found=large))
    page.get_by_role("button", name="Wrong name").click()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_have_text("Thank you, it was sent.")
    ((said, _),) = site.reports
    box = [float(said[corner]) for corner in ("x1", "y1", "x2", "y2")]
    assert box == pytest.approx([60 / 640, 120 / 480, 220 / 640, 420 / 480], abs=1e-4)


def test_photo_without_names_can_lack_one_and_has_none_that_is_wrong(
    page: Page, site: Site, photo: Path
) -> None:
    mount(page, answer(photo, found=[], sights=[]))
    expect(page.get_by_role("button", name="Wrong name")).to_have_count(0)
    page.get_by_role("button", name="A sight is missing").click()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_have_text("Thank you, it was sent.")
    assert [said for said, _ in site.reports] == [
        {"city": "malaga", "version": "7", "kind": "missing"}
    ]


@pytest.mark.parametrize("changed", [{"version": 8, "model": "2"}, {"photo": "two"}])
def test_another_answer_leaves_nothing_of_the_one_before(
    page: Page, site: Site, photo: Path, changed: dict[str, Any]
) -> None:
    tell(site)
    mount(page, answer(photo))
    page.get_by_role("button", name=TOWER).click()
    expect(page.get_by_role("dialog", name=TOWER)).to_be_visible()
    mount(page, answer(photo, found=FOUND[1:], **changed))
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name=TOWER)).to_have_count(0)
    page.get_by_role("button", name="Wrong name").click()
    expect(page.get_by_role("radio")).to_have_count(0)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_have_text("Thank you, it was sent.")
    ((said, _),) = site.reports
    assert (said["name"], said["version"]) == (GATE, str(changed.get("version", 7)))


# What the server says of the city comes when it is let go.
HOLD_CITY = """() => {
  const { fetch } = globalThis;
  const held = new Promise((resolve) => (globalThis.letGo = resolve));
  globalThis.fetch = async (...asked) => {
    const isCity = String(asked[0]).endsWith("/api/cities/malaga");
    if (isCity) await held;
    const answer = await fetch(...asked);
    if (isCity) globalThis.hasCome = true;
    return answer;
  };
}"""


def test_card_that_comes_after_its_photo_is_gone_is_not_opened(
    page: Page, site: Site, photo: Path
) -> None:
    tell(site)
    mount(page, answer(photo))
    page.evaluate(HOLD_CITY)
    page.get_by_role("button", name=TOWER).click()
    mount(page, answer(photo, found=FOUND[1:], photo="two"))
    page.evaluate("globalThis.letGo()")
    page.wait_for_function("globalThis.hasCome")
    page.evaluate("new Promise((resolve) => setTimeout(resolve, 200))")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_card_stays_open_when_the_script_runs_again(page: Page, site: Site, photo: Path) -> None:
    tell(site)
    mount(page, answer(photo))
    page.evaluate("() => { globalThis.overtaken = globalThis.takeAway; }")
    page.get_by_role("button", name=TOWER).click()
    card = page.get_by_role("dialog", name=TOWER)
    expect(card).to_be_visible()
    mount(page, answer(photo))
    page.evaluate("globalThis.overtaken()")
    expect(card).to_be_visible()


def test_photo_that_is_taken_away_closes_what_it_opened(
    page: Page, site: Site, photo: Path
) -> None:
    tell(site)
    mount(page, answer(photo))
    page.get_by_role("button", name=TOWER).click()
    expect(page.get_by_role("dialog", name=TOWER)).to_be_visible()
    page.evaluate("globalThis.takeAway()")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button")).to_have_count(0)


def test_sight_that_the_newest_detector_does_not_know_has_its_name(
    page: Page, site: Site, photo: Path
) -> None:
    model = site.catalogue["cities"][0]["model"]
    # Another sight has its number there.
    model["sights"] = [model["sights"][1] | {"class": 0}]
    mount(page, answer(photo))
    page.get_by_role("button", name=TOWER).click()
    card = page.get_by_role("dialog", name=TOWER)
    expect(card).to_contain_text("Nothing more is known of it here.")


def test_card_without_a_network_is_a_sentence_and_can_be_opened_again(
    page: Page, site: Site, photo: Path
) -> None:
    tell(site)
    mount(page, answer(photo))
    site.broken.add("/api/cities/malaga")
    page.get_by_role("button", name=TOWER).click()
    expect(page.get_by_role("status")).to_contain_text("There is no network")
    site.broken.clear()
    page.get_by_role("button", name=TOWER).click()
    expect(page.get_by_role("dialog", name=TOWER)).to_be_visible()
    expect(page.locator(".notice")).to_have_text("")


def test_names_are_not_announced_here_since_the_page_does(page: Page, photo: Path) -> None:
    mount(page, answer(photo))
    regions = page.locator("[role=status], [role=alert], [aria-live]")
    assert regions.evaluate_all("all => all.map((one) => [one.className, one.textContent])") == [
        ["notice", ""]
    ]


def test_everything_is_large_enough_for_a_thumb_and_within_a_narrow_screen(
    page: Page, site: Site, photo: Path
) -> None:
    tell(site)
    name = "Wallfahrtskirche-Donaudampfschifffahrtsgesellschaft zum Heiligen Nepomuk am Brunnen"
    styles = "".join(
        (BROWSER / style).read_text(encoding="utf-8")
        for style in ("film.css", "sight_card.css", "in_streamlit.css", "photo_answer.css")
    )
    # As Streamlit puts them beside the elements; this site's policy has no inline styles.
    page.evaluate(
        """(css) => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(css);
          document.adoptedStyleSheets = [sheet];
        }""",
        styles,
    )
    sights = [{"class": 0, "name": TOWER, "names": {"en": name}}]
    mount(page, answer(photo, sights=sights, found=FOUND[:1]))
    page.get_by_role("button", name="Wrong name").click()
    for opened in ("Wrong name", TOWER):
        if opened == TOWER:
            page.get_by_role("button", name="Do not send").click()
            page.get_by_role("button", name=name).click()
        expect(page.get_by_role("dialog", name=opened)).to_be_visible()
        heights = page.locator("button:visible, a:visible").evaluate_all(
            "all => all.map((one) => one.getBoundingClientRect().height)"
        )
        assert min(heights) >= 44
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert page.get_by_role("dialog").evaluate("one => one.scrollWidth <= one.clientWidth")
