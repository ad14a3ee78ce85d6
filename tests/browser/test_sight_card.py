"""A name is pressed, and a card says what the sight is; nothing is asked of others by itself."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.site import Site

pytestmark = pytest.mark.slow

TOWER = "Torre do Relógio"
PHOTO = "/sights/malaga/" + "ab" * 32 + ".jpg"
FACTS = {
    "descriptions": {"en": "clock tower in Málaga", "de": "Uhrturm in Málaga"},
    "articles": {"en": "https://en.wikipedia.org/wiki/Tower"},
    "map": "https://www.openstreetmap.org/?mlat=36.72&mlon=-4.42#map=17/36.72/-4.42",
    "since": {"year": 1790, "precision": "decade"},
    "height_meters": 41.6,
    "photo": {
        "sha256": "ab" * 32,
        "page": "https://commons.wikimedia.org/wiki/File:Tower.jpg",
        "author": "Ann",
        "licence": "cc-by-4.0",
        "licence_page": "https://creativecommons.org/licenses/by/4.0/",
    },
}


def tell(site: Site, **facts: Any) -> None:
    """Have the site know facts of the tower."""
    site.catalogue["cities"][0]["model"]["sights"][0] |= FACTS | facts
    buffer = io.BytesIO()
    Image.new("RGB", (320, 200), "#3fa0c9").save(buffer, "JPEG")
    site.photos[PHOTO] = buffer.getvalue()


def open_card(page: Page, site: Site) -> None:
    """Open the card of the tower from a photo."""
    page.goto(f"{site.url}/camera")
    expect(page.locator("#city")).to_have_text("Málaga")


def press_name(page: Page, photo: Path, name: str) -> None:
    page.locator("#files").set_input_files(photo)
    page.locator(".card").get_by_role("button", name=name).click()


def test_name_on_a_photo_opens_its_card(
    new_page: Callable[..., Page], site: Site, photo: Path
) -> None:
    tell(site)
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_card(page, site)
    press_name(page, photo, TOWER)
    card = page.get_by_role("dialog", name=TOWER)
    expect(card).to_contain_text("clock tower in Málaga")
    expect(card).to_contain_text("Since the 1790s · 42 m high")
    expect(card.get_by_role("img", name=TOWER)).to_have_js_property("naturalWidth", 320)
    expect(card.locator("figcaption")).to_have_text("Photo: Ann, cc-by-4.0")
    credit = card.get_by_role("link", name="Photo: Ann")
    expect(credit).to_have_attribute("href", FACTS["photo"]["page"])
    licence = card.get_by_role("link", name="cc-by-4.0")
    expect(licence).to_have_attribute("href", FACTS["photo"]["licence_page"])
    for link in card.get_by_role("link").all():
        expect(link).to_have_attribute("rel", "noopener noreferrer external")
        expect(link).to_have_attribute("target", "_blank")
    assert card.get_by_role("link").count() == 4
    assert {url.split("/")[2] for url in asked if not url.startswith("blob:")} == {
        site.url.removeprefix("http://")
    }
    card.get_by_role("button", name="Close").click()
    expect(card).to_be_hidden()


def test_card_speaks_the_language_of_the_page(
    new_page: Callable[..., Page], site: Site, photo: Path
) -> None:
    tell(site, since={"year": 1200, "precision": "century"})
    page = new_page(locale="de-DE")
    page.goto(f"{site.url}/camera")
    press_name(page, photo, TOWER)
    card = page.get_by_role("dialog", name=TOWER)
    expect(card).to_contain_text("Uhrturm in Málaga")
    expect(card).to_contain_text("Seit dem 12. Jahrhundert · 42 m hoch")
    expect(card.get_by_role("link", name="Artikel in der Wikipedia (Englisch)")).to_be_visible()


def test_name_over_a_film_opens_its_card_while_the_film_goes_on(
    new_page: Callable[..., Page], site: Site
) -> None:
    tell(site)
    page = new_page()
    open_card(page, site)
    page.locator("#start").click()
    page.locator(".plate").get_by_role("button", name=TOWER).click()
    expect(page.get_by_role("dialog", name=TOWER)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#stage")).to_be_visible()


def test_sight_of_which_nothing_is_known_says_so(new_page: Callable[..., Page], site: Site) -> None:
    page = new_page()
    open_card(page, site)
    page.locator("#knows summary").click()
    page.locator("#knows").get_by_role("button", name="Green Gate").click()
    card = page.get_by_role("dialog", name="Green Gate")
    expect(card).to_contain_text("Nothing more is known of it here.")
    expect(card.get_by_role("link")).to_have_count(0)


@pytest.mark.parametrize(
    ("locale", "title"),
    [("en-GB", "The one sight it knows"), ("de-DE", "Die eine Sehenswürdigkeit, die er kennt")],
)
def test_list_of_one_sight_speaks_of_one(
    new_page: Callable[..., Page], site: Site, locale: str, title: str
) -> None:
    site.catalogue["cities"][0]["model"]["hidden_classes"] = [0, 2, 3, 4]
    page = new_page(locale=locale)
    page.goto(f"{site.url}/camera")
    expect(page.locator("#knows summary")).to_have_text(title)


def test_address_that_is_no_web_page_is_no_link(
    new_page: Callable[..., Page], site: Site, photo: Path
) -> None:
    tell(site, articles={"en": "javascript:alert(1)"}, map=None, photo=None)
    page = new_page()
    open_card(page, site)
    press_name(page, photo, TOWER)
    expect(page.get_by_role("dialog", name=TOWER)).to_contain_text("Article on Wikipedia")
    expect(page.get_by_role("dialog", name=TOWER).get_by_role("link")).to_have_count(0)


@pytest.mark.parametrize("page_of_licence", [None, "javascript:alert(1)"])
def test_credit_names_a_licence_that_has_no_page(
    new_page: Callable[..., Page], site: Site, photo: Path, page_of_licence: str | None
) -> None:
    tell(site, photo=FACTS["photo"] | {"author": None, "licence_page": page_of_licence})
    page = new_page()
    open_card(page, site)
    press_name(page, photo, TOWER)
    caption = page.get_by_role("dialog", name=TOWER).locator("figcaption")
    expect(caption).to_have_text("Photo, cc-by-4.0")
    expect(caption.get_by_role("link")).to_have_count(1)


@pytest.mark.nightly
def test_card_of_a_kept_city_has_its_photo_without_a_network(
    new_page: Callable[..., Page], site: Site, photo: Path
) -> None:
    tell(site)
    page = new_page()
    open_card(page, site)
    page.locator("#start").click()
    page.get_by_role("button", name="Keep Málaga on this device").click()
    expect(page.locator("#notice")).to_have_text("Málaga is kept: it works here without a network.")
    site.is_down = True
    page.goto("about:blank")
    open_card(page, site)
    press_name(page, photo, TOWER)
    card = page.get_by_role("dialog", name=TOWER)
    expect(card.get_by_role("img", name=TOWER)).to_have_js_property("naturalWidth", 320)


@pytest.mark.parametrize(
    ("since", "language", "sentence"),
    [
        ({"year": 1791, "precision": "year"}, "en", "Since 1791"),
        ({"year": -43, "precision": "year"}, "en", "Since 44 BC"),
        ({"year": 101, "precision": "century"}, "en", "Since the 2nd century"),
        ({"year": -199, "precision": "century"}, "de", "Seit dem 2. Jahrhundert v. Chr."),
        ({"year": 1880, "precision": "decade"}, "de", "Seit den 1880er Jahren"),
    ],
)
def test_time_is_said_as_exactly_as_it_is_known(
    blank: Page, since: dict[str, Any], language: str, sentence: str
) -> None:
    said = blank.evaluate(
        """async ([since, language]) => {
          const { useLanguage } = await import("/browser/texts.js");
          const { saySince } = await import("/browser/sight_card.js");
          useLanguage(language);
          return saySince(since);
        }""",
        [since, language],
    )
    assert said == sentence
