"""A person reviews labels and looks at photos in Chromium; the warehouse says what became of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, Route, expect

from sandbox.demo.city_request import ask_for_city
from sightscan.city import City, Place
from sightscan.dataset.freeze import freeze_dataset
from sightscan.publish.publish import publish_model
from sightscan.publish.register import register_model
from sightscan.run import Run
from sightscan.settings import read_settings
from sightscan.warehouse.photos.photos import RejectedPhoto, merge_photos
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.city_requests import resolve_request
from tests.cities.colour_city import ask_training, store_colour_city, write_model_folder
from tests.cities.doubtful_city import HOSTILE, DoubtfulCity, store_doubtful_city
from tests.end_to_end.api_server import ApiServer

pytestmark = pytest.mark.slow

PAGE = "/sightscan/review/"
REQUESTS = "/sightscan/requests/"
MODELS = "/sightscan/models/"
PHONE = {"width": 390, "height": 800}


@pytest.fixture
def city(warehouse: psycopg.Connection[Any]) -> DoubtfulCity:
    return store_doubtful_city(warehouse)


@pytest.fixture
def open_page(open_staff_page: Callable[..., Page], city: DoubtfulCity) -> Callable[..., Page]:
    def opened(query: str = "", path: str = PAGE, **options: Any) -> Page:
        return open_staff_page(f"{path}{query}", **options)

    return opened


def reviews(warehouse: psycopg.Connection[Any]) -> list[tuple[int, str, int | None, str]]:
    rows = warehouse.execute(
        "select label_id, decision, sight_id, reviewed_by from core.label_review order by recorded_at"
    )
    return [tuple(row) for row in rows]  # type: ignore[misc]


def settle(page: Page) -> None:
    """Wait until all decisions have been sent."""
    expect(page.locator("body")).to_have_attribute("data-pending", "0")


def test_keys_accept_reject_rename_skip_and_undo(
    open_page: Callable[..., Page], warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    page = open_page()
    expect(page.locator("#progress")).to_have_text("1 of 6")
    first, second, third, fourth = city.held_back
    bridge = city.sight_ids["Old Bridge"]
    page.keyboard.press("a")
    page.keyboard.press("r")
    page.keyboard.press("n")
    page.keyboard.type("velha")
    page.keyboard.press("Enter")
    page.keyboard.press("s")
    expect(page.locator("#progress")).to_have_text("5 of 6")
    page.keyboard.press("u")
    page.keyboard.press("r")
    page.keyboard.press("u")
    settle(page)
    assert reviews(warehouse) == [
        (first, "accept", city.sight_ids["White Tower"], "ann"),
        (second, "reject", None, "ann"),
        (third, "rename", bridge, "ann"),
        (fourth, "reject", None, "ann"),
        (fourth, "withdraw", None, "ann"),
    ]
    trained = warehouse.execute("select label_id, sight_id from mart.accepted_label")
    assert (third, bridge) in trained.fetchall()


def test_photo_without_a_sight_is_said_to_have_none_by_key_or_button_and_taken_back(
    open_page: Callable[..., Page], warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    page = open_page()
    first, second, *_ = city.held_back
    page.keyboard.press("o")
    expect(page.locator("#done")).to_contain_text("No sight of ours")
    page.keyboard.press("u")
    page.keyboard.press("s")
    page.get_by_role("button", name="No sight of ours is on it").click()
    settle(page)
    assert [(label, decision) for label, decision, _, _ in reviews(warehouse)] == [
        (first, "no_sight"),
        (first, "withdraw"),
        (second, "no_sight"),
    ]
    page = open_page("?reason=decided:no_sight")
    expect(page.locator("#reason option:checked")).to_have_text("Decided: No sight of ours (1)")
    expect(page.locator("#why")).to_contain_text("no sight of the city is on the photo")


def test_last_label_is_followed_by_a_sentence(
    open_page: Callable[..., Page], warehouse: psycopg.Connection[Any]
) -> None:
    page = open_page("?reason=uncertain:uncertain_score")
    page.keyboard.press("a")
    expect(page.locator("#empty-text")).to_contain_text("Done")
    settle(page)
    assert [decision for _, decision, _, _ in reviews(warehouse)] == ["accept"]


def test_label_without_a_box_can_be_neither_accepted_nor_renamed(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("?reason=held_back:degenerate_box")
    expect(page.locator("#accept")).to_be_disabled()
    expect(page.locator("#rename")).to_be_disabled()
    page.keyboard.press("a")
    expect(page.locator("#progress")).to_have_text("1 of 1")


def test_box_is_drawn_where_there_is_none_and_trains_as_it_was_drawn(
    open_page: Callable[..., Page], warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    page = open_page("?reason=held_back:degenerate_box")
    place = page.locator("#mover")
    expect(page.locator("#photo")).to_have_js_property("complete", value=True)
    frame = place.bounding_box()
    assert frame is not None
    page.mouse.move(frame["x"] + 0.25 * frame["width"], frame["y"] + 0.25 * frame["height"])
    page.mouse.down()
    page.mouse.move(frame["x"] + 0.75 * frame["width"], frame["y"] + 0.5 * frame["height"], steps=4)
    page.mouse.up()
    expect(page.locator("#accept")).to_be_enabled()
    page.keyboard.press("a")
    settle(page)
    drawn = warehouse.execute(
        "select x1, y1, x2, y2 from mart.accepted_label where label_id = %s", [city.boxless]
    ).fetchone()
    assert drawn == pytest.approx((0.25, 0.25, 0.75, 0.5), abs=0.01)


def test_box_is_moved_by_arrow_keys_and_put_back(
    open_page: Callable[..., Page], warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    page = open_page()
    expect(page.locator("#photo")).to_have_js_property("complete", value=True)
    left = page.locator("#box rect.over")
    before = float(left.get_attribute("x") or "nan")
    page.locator("#mover").focus()
    page.keyboard.press("ArrowRight")
    assert float(left.get_attribute("x") or "nan") == pytest.approx(before + 0.01)
    page.get_by_role("button", name="Box as it was").click()
    assert float(left.get_attribute("x") or "nan") == pytest.approx(before)
    page.locator("#mover").focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("a")
    settle(page)
    widths = warehouse.execute(
        "select label_review.x2 - label_review.x1, label.x2 - label.x1"
        " from core.label_review join core.label using (label_id) where label_id = %s",
        [city.held_back[0]],
    ).fetchone()
    assert widths is not None
    assert widths[0] == pytest.approx(widths[1] - 0.01, abs=1e-6)


def test_sight_is_shown_on_other_photos_and_the_photo_leads_on(
    open_page: Callable[..., Page],
) -> None:
    page = open_page()
    references = page.locator("#reference-photos img")
    expect(references.first).to_be_visible()
    assert references.count() <= 3
    gallery = page.get_by_role("link", name="In Photos").get_attribute("href")
    assert gallery is not None
    assert gallery.startswith("../gallery/?city=vilanova&photo=")
    page.get_by_role("button", name="Take down").click()
    expect(page.locator("#take-down-command")).to_contain_text("sightscan photos remove ")


def test_what_strangers_wrote_is_text(open_page: Callable[..., Page]) -> None:
    page = open_page("?reason=unmatched:no_such_sight")
    expect(page.locator("#description")).to_have_text(HOSTILE)
    assert page.title() == "Review labels · SightScan"


def test_grid_decides_what_is_ticked(
    open_page: Callable[..., Page], warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    page = open_page("?mode=grid")
    for label_id in city.held_back[1:3]:
        page.locator(f"[data-label='{label_id}']").click()
    page.keyboard.press("r")
    settle(page)
    assert {(label_id, decision) for label_id, decision, _, _ in reviews(warehouse)} == {
        (label_id, "reject") for label_id in city.held_back[1:3]
    }


def test_all_of_one_sight_and_reason_are_rejected_after_a_question_and_taken_back(
    open_page: Callable[..., Page], warehouse: psycopg.Connection[Any], city: DoubtfulCity
) -> None:
    sight = city.sight_ids["White Tower"]
    page = open_page(f"?mode=grid&reason=held_back:low_score&sight={sight}")
    page.locator("#reject-all").click()
    expect(page.locator("#question")).to_contain_text("Reject all 4 labels of White Tower")
    page.locator("#yes").click()
    expect(page.locator("#done")).to_have_text("Rejected: 4 labels")
    page.keyboard.press("u")
    expect(page.locator("#done")).to_have_text("Undone")
    settle(page)
    expect(page.locator(".tile")).to_have_count(4)
    decisions = [decision for _, decision, _, _ in reviews(warehouse)]
    assert decisions == ["reject"] * 4 + ["withdraw"] * 4


def test_page_fits_a_phone(open_page: Callable[..., Page]) -> None:
    page = open_page(viewport=PHONE, has_touch=True)
    page.locator("#box rect.over").wait_for(state="attached")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for name in ("accept", "reject", "rename", "skip", "undo"):
        box = page.locator(f"#{name}").bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= PHONE["height"]
        assert box["height"] >= 44


def test_photos_are_shown_with_their_credit_and_what_was_left_out_with_why(
    staff_server: ApiServer, open_page: Callable[..., Page], warehouse: psycopg.Connection[Any]
) -> None:
    page = open_page()
    bridge = warehouse.execute("select sight_id from core.sight where name = 'Old Bridge'")
    ((sight_id,),) = bridge.fetchall()
    left_out = RejectedPhoto("https://a.example/1.jpg", "openverse", "licence", HOSTILE)
    merge_photos(warehouse, sight_id, [], [left_out])
    page.goto(f"{staff_server.url}/sightscan/gallery/?city=vilanova")
    expect(page.locator(".card")).to_have_count(8)
    expect(page.locator("#progress")).to_have_text("8 of 8")
    drawn = page.locator(".card img").evaluate_all(
        "images => Promise.all(images.map(image => image.decode().then(() => image.naturalWidth)))"
    )
    assert len(drawn) == 8
    assert all(width > 0 for width in drawn)
    page.locator("#show").select_option("left-out")
    expect(page.locator("#rows tr")).to_have_count(1)
    expect(page.locator("#rows small")).to_have_text(HOSTILE)
    page.reload()
    expect(page.locator("#rows td").nth(2)).to_contain_text("its licence is not open")
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.fixture
def asked_for(warehouse: psycopg.Connection[Any], city: DoubtfulCity) -> None:
    """Let three cities wait, the first by most demand; strangers wrote their names."""
    for number, name in enumerate(("Lisbon", HOSTILE, "Llanfairpwllgwyngyll" * 4), 1):
        added = add_city(
            warehouse, City(f"Q70{number}", "", name, "Land", Place(1, 1), 9_000), state="waiting"
        )
        for who in range(4 - number):
            ask_for_city(warehouse, name, str(who))
        resolve_request(warehouse, name, city_id=added.city_id)


def test_requests_are_approved_and_refused_by_keys(
    open_page: Callable[..., Page], warehouse: psycopg.Connection[Any], asked_for: None
) -> None:
    page = open_page(path=REQUESTS)
    expect(page.locator("#progress")).to_have_text("1 of 3")
    expect(page.locator("#list")).to_contain_text(HOSTILE)
    assert page.locator("#list img").count() == 0
    page.keyboard.press("a")
    expect(page.locator("#question")).to_contain_text("at most 30.82 USD")
    page.keyboard.press("Enter")
    expect(page.locator("#progress")).to_have_text("1 of 2")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("r")
    page.keyboard.type("Too far.")
    page.keyboard.press("Enter")
    expect(page.locator("#progress")).to_have_text("1 of 1")
    decided = warehouse.execute(
        "select city_id, decision, reason, decided_by from core.city_decision order by decision_id"
    ).fetchall()
    assert decided == [("Q701", "approved", None, "ann"), ("Q703", "refused", "Too far.", "ann")]


def test_question_names_the_limits_that_are_set(
    open_page: Callable[..., Page], asked_for: None
) -> None:
    page = open_page(path=REQUESTS, viewport=PHONE)
    page.keyboard.press("a")
    expect(page.locator("#question")).to_contain_text(
        "It then runs every week, without a limit in dollars: none of MAX_USD_PER_RUN, "
        "MAX_USD_PER_MONTH, MAX_USD_IN_ALL is set."
    )
    for name in ("let-in", "not-yet"):
        box = page.locator(f"#{name}").bounding_box()
        assert box is not None
        assert box["height"] >= 44

    def limit(route: Route) -> None:
        limits = {"MAX_USD_PER_RUN": None, "MAX_USD_PER_MONTH": 80, "MAX_USD_IN_ALL": 500.5}
        route.fulfill(json=route.fetch().json() | {"limits_usd": limits})

    page.route("**/requests/list", limit)
    page.reload()
    page.locator("main:visible").wait_for()
    page.keyboard.press("a")
    expect(page.locator("#question")).to_contain_text(
        "every week, within MAX_USD_PER_MONTH (80.00 USD), MAX_USD_IN_ALL (500.50 USD)."
    )


def test_decision_that_is_cancelled_or_has_no_reason_is_none(
    open_page: Callable[..., Page], warehouse: psycopg.Connection[Any], asked_for: None
) -> None:
    page = open_page(path=REQUESTS)
    page.keyboard.press("a")
    page.keyboard.press("Escape")
    for typed in ("Too far.", "  "):
        page.keyboard.press("r")
        page.keyboard.type(typed)
        page.keyboard.press("Escape" if typed.strip() else "Enter")
    expect(page.locator("#yes")).to_be_disabled()
    assert warehouse.execute("select count(*) from core.city_decision").fetchone() == (0,)


@pytest.mark.parametrize("width", [360, 1280])
def test_requests_fit_the_screen(
    open_page: Callable[..., Page], asked_for: None, width: int
) -> None:
    page = open_page(path=REQUESTS, viewport={"width": width, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_card_of_a_model_fits_a_phone_and_a_desk(
    open_page: Callable[..., Page],
    warehouse: psycopg.Connection[Any],
    tmp_path: Path,
    scheme: str,
) -> None:
    place = store_colour_city(warehouse)
    config = read_settings(min_image_number_per_label=5)
    dataset = freeze_dataset(warehouse, config, place.city, Run(place.city.city_id, "d", "run"))
    training = ask_training(warehouse, dataset, "run")
    folder = write_model_folder(tmp_path / "model", training, dataset)
    version = register_model(warehouse, training, folder)
    publish_model(warehouse, config, place.city, version, published_by="run")
    page = open_page(path=MODELS, query="?city=malaga", viewport=PHONE, color_scheme=scheme)
    expect(page.locator("h2")).to_have_text("Málaga: model 1")
    for width in (PHONE["width"], 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    # The boxes lie on their pictures.
    frames = page.locator("#best .frame")
    expect(frames).to_have_count(10)
    first = frames.first
    first.scroll_into_view_if_needed()
    # Pictures come when they are looked at.
    expect(first.locator("img")).not_to_have_js_property("naturalWidth", 0)
    assert first.locator("img").bounding_box() == first.locator("svg").bounding_box()
    reliability = page.locator("#reliability svg.drawing")
    drawn = reliability.bounding_box()
    assert drawn is not None
    assert drawn["width"] > 300
    assert drawn["height"] > 150
