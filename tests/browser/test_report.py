"""A wrong name, or a sight without one, is reported: what is sent is shown before, what was stored after."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.browser.site import Site

pytestmark = pytest.mark.slow

TOWER, GATE = "Torre do Relógio", "Green Gate"


def open_report(page: Page, site: Site, photo: Path, kind: str) -> Locator:
    page.goto(f"{site.url}/camera")
    expect(page.locator("#city")).to_have_text("Málaga")
    page.locator("#files").set_input_files(photo)
    page.locator(".card").get_by_role("button", name=kind).click()
    return page.get_by_role("dialog", name=kind)


def test_wrong_name_is_sent_with_picture_box_and_version_once_it_is_said_what_goes(
    new_page: Callable[..., Page], site: Site, photo: Path
) -> None:
    page = new_page()
    dialog = open_report(page, site, photo, "Wrong name")
    expect(dialog).to_contain_text("This sends the picture below, the wrong name")
    expect(dialog.get_by_role("img", name="The picture that is sent")).to_be_visible()
    assert site.reports == []
    dialog.get_by_role("radio", name=GATE).check()
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(dialog.get_by_role("status")).to_have_text("Thank you, it was sent.")
    ((said, body),) = site.reports
    box = [float(said.pop(corner)) for corner in ("x1", "y1", "x2", "y2")]
    assert said == {"city": "malaga", "version": "1", "kind": "wrong", "name": GATE}
    # The green patch: 340, 80, 560, 300 of 640 x 480.
    assert box == pytest.approx([0.531, 0.167, 0.875, 0.625], abs=0.05)
    with Image.open(io.BytesIO(body)) as sent:
        assert (sent.format, sent.size) == ("JPEG", (640, 480))
        # Without names and boxes: the patch is green up to its edge.
        red, green, blue = sent.getpixel((350, 90))
        assert green > red + 60
        assert green > blue + 60
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        (
            "en-GB",
            {
                "kind": "Wrong name",
                "before": "Faces and number plates that are found are blurred before it is stored",
                "send": "Send",
                "picture": "The picture as it was stored",
                "after": "Blurred in it: one face, 2 number plates.",
            },
        ),
        (
            "de-DE",
            {
                "kind": "Falscher Name",
                "before": "werden vor dem Speichern unkenntlich gemacht",
                "send": "Senden",
                "picture": "Das Bild, wie es gespeichert wurde",
                "after": "Unkenntlich gemacht: ein Gesicht, 2 Nummernschilder.",
            },
        ),
    ],
)
def test_picture_is_shown_as_it_was_stored_with_what_was_blurred_in_it(
    new_page: Callable[..., Page], site: Site, photo: Path, locale: str, words: dict[str, str]
) -> None:
    page = new_page(locale=locale)
    page.goto(f"{site.url}/camera")
    page.locator("#files").set_input_files(photo)
    page.locator(".card").get_by_role("button", name=words["kind"]).click()
    dialog = page.get_by_role("dialog", name=words["kind"])
    expect(dialog).to_contain_text(words["before"])
    dialog.get_by_role("button", name=words["send"], exact=True).click()
    shown = dialog.get_by_role("img", name=words["picture"])
    expect(shown).to_have_js_property("naturalWidth", 33)
    expect(dialog.get_by_role("img")).to_have_count(1)
    expect(dialog).to_contain_text(words["after"])
    # Send, which had it, is gone.
    expect(dialog.get_by_role("button")).to_be_focused()


@pytest.mark.nightly
def test_report_whose_answer_is_lost_on_the_way_was_sent_all_the_same(
    new_page: Callable[..., Page], site: Site, photo: Path
) -> None:
    page = new_page()
    dialog = open_report(page, site, photo, "Wrong name")
    page.route(
        "**/api/report?*",
        lambda route: route.fulfill(status=201, content_type="application/json", body='{"stor'),
    )
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(dialog.get_by_role("status")).to_have_text("Thank you, it was sent.")
    expect(dialog.get_by_role("button", name="Send", exact=True)).to_have_count(0)


@pytest.mark.nightly
def test_who_closes_while_it_is_sent_is_not_told_that_nothing_goes(
    new_page: Callable[..., Page], site: Site, photo: Path
) -> None:
    page = new_page()
    dialog = open_report(page, site, photo, "Wrong name")
    # On its way, for as long as the page is open.
    page.route("**/api/report?*", lambda _: None)
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(dialog.get_by_role("status")).to_contain_text("It is being sent")
    expect(dialog.get_by_role("button", name="Do not send")).to_have_count(0)
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def test_missing_sight_is_sent_without_a_name(
    new_page: Callable[..., Page], site: Site, photo: Path
) -> None:
    page = new_page()
    dialog = open_report(page, site, photo, "A sight is missing")
    expect(dialog.get_by_role("radio")).to_have_count(0)
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(dialog.get_by_role("status")).to_have_text("Thank you, it was sent.")
    assert [said for said, _ in site.reports] == [
        {"city": "malaga", "version": "1", "kind": "missing"}
    ]


def test_nothing_is_sent_by_who_changes_their_mind(
    new_page: Callable[..., Page], site: Site, photo: Path
) -> None:
    page = new_page()
    dialog = open_report(page, site, photo, "Wrong name")
    dialog.get_by_role("button", name="Do not send").click()
    expect(dialog).to_be_hidden()
    assert site.reports == []


def test_report_without_a_network_is_a_sentence_and_can_be_sent_again(
    new_page: Callable[..., Page], site: Site, photo: Path
) -> None:
    page = new_page()
    dialog = open_report(page, site, photo, "Wrong name")
    site.broken.add("/api/report")
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(dialog.get_by_role("status")).to_contain_text("There is no network")
    site.broken.clear()
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(dialog.get_by_role("status")).to_have_text("Thank you, it was sent.")


def test_picture_of_the_film_is_reported(new_page: Callable[..., Page], site: Site) -> None:
    page = new_page()
    page.goto(f"{site.url}/camera")
    page.locator("#start").click()
    expect(page.locator(".plate")).to_contain_text(TOWER)
    page.locator("#shutter").click()
    page.locator("#frozen").get_by_role("button", name="A sight is missing").click()
    dialog = page.get_by_role("dialog", name="A sight is missing")
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(dialog.get_by_role("status")).to_have_text("Thank you, it was sent.")
    assert len(site.reports) == 1
