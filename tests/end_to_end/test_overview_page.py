"""A person looks at the page SightScan in Chromium: figures are those of the warehouse, live parts stay where they are."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, Route, expect

from tests.cities.busy_cities import HOSTILE, store_busy_cities, store_many_cities

pytestmark = pytest.mark.slow

PAGE = "/sightscan/overview/"
Warehouse = psycopg.Connection[Any]
Opened = Callable[..., Page]


@pytest.fixture
def busy(warehouse: Warehouse) -> Warehouse:
    store_busy_cities(warehouse)
    return warehouse


def one(warehouse: Warehouse, query: str) -> Any:
    row = warehouse.execute(query).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return row[0]


def settle(page: Page) -> None:
    """Wait until each part was answered, but for the sights of no city."""
    for name in ("waiting", "gpu", "money", "cities", "models"):
        page.locator(f"#{name} .part[aria-busy=false]").wait_for()


def figure(page: Page, name: str) -> str:
    return page.locator(f"[data-figure='{name}']").first.inner_text()


def test_figures_on_screen_are_those_of_the_warehouse_and_lead_to_where_one_acts(
    open_staff_page: Opened, busy: Warehouse
) -> None:
    # The photos of the gallery that it looks into are a few bytes, which nobody can decode.
    page = open_staff_page(f"{PAGE}?city=city-1", refusals=True)
    settle(page)
    waits = "select count(*) from mart.label_to_review where kind in ('held_back', 'uncertain')"
    for name, query, href in (
        ("labels", waits, "../review/?city="),
        ("contributed", f"{waits} and reason = 'contributed'", "#reviews"),
        ("contributions", "select count(*) from load.contribution", "../../dags/sync_cities"),
        ("requests", "select count(*) from core.city where state = 'waiting'", "../requests/"),
        ("reports", "select count(*) from load.report", "../reports/"),
        ("incidents", "select count(*) from core.incident where closed_at is null", "#incidents"),
    ):
        assert figure(page, name) == str(one(busy, query)), name
        link = page.locator(f"a:has([data-figure='{name}'])").get_attribute("href")
        assert link is not None
        assert link.startswith(href)
    assert figure(page, "failed-runs") == "0"
    assert figure(page, "epoch") == str(
        one(
            busy,
            "select jsonb_array_length(epoch_metrics) from core.training_run where state = 'running'",
        )
    )
    assert figure(page, "waiting-runs") == "2 runs"
    photos = one(
        busy,
        "select count(distinct sha256) from core.photo_source join core.sight using (sight_id) where city_id = 'Q1'",
    )
    expect(page.locator("#cities a[href='../gallery/?city=city-1']")).to_have_text(str(photos))
    expect(page.locator("#models tbody tr")).to_have_count(2)
    expect(page.locator("#sights tbody tr")).to_have_count(2)
    # What is told from the facts says so.
    expect(page.locator("#cities")).to_contain_text(
        'the stages "crawled" and "labelled" are as of '
    )
    expect(page.locator("#sights")).to_contain_text("what a sight lacks are as of ")
    # An address that is none of the web's leads to the DAG instead.
    run_failed = page.locator("#incidents li", has_text="is red")
    assert run_failed.locator("a").get_attribute("href") == "../../dags/city_city-2"
    page.locator("#cities a[href='../gallery/?city=city-1']").click()
    page.wait_for_url("**/sightscan/gallery/?city=city-1**")
    page.locator("nav.pages a", has_text="SightScan").click()
    page.wait_for_url(f"**{PAGE}")


def test_what_strangers_wrote_is_text(open_staff_page: Opened, busy: Warehouse) -> None:
    page = open_staff_page(f"{PAGE}?city=city-2")
    settle(page)
    expect(page.locator("#sights h3")).to_have_text(HOSTILE)
    expect(page.locator("#cities tbody th").nth(1)).to_contain_text(HOSTILE)
    expect(page.locator("#incidents")).to_contain_text(HOSTILE)
    assert page.locator("img").count() == 0
    assert page.title() == "SightScan"


def test_machine_is_live_and_leaves_the_person_where_they_are(
    open_staff_page: Opened, busy: Warehouse
) -> None:
    page = open_staff_page(PAGE)
    settle(page)
    expect(page.locator("#gpu [data-figure='epoch']")).to_have_text("7")
    before = page.locator("#gpu polyline").get_attribute("points")
    holder = page.locator("#gpu dd a").first
    holder.focus()
    page.evaluate("document.querySelector('#money details').open = true")
    page.locator("#cities-search").evaluate("input => { input.value = 'city 1'; }")
    page.evaluate("scrollTo(0, 300)")
    there = page.evaluate("scrollY")
    busy.execute(
        'update core.training_run set epoch_metrics = epoch_metrics || \'{"epoch": 8, "val_map50": 0.75}\''
        " where state = 'running'"
    )
    expect(page.locator("#gpu [data-figure='epoch']")).to_have_text("8")
    assert page.locator("#gpu polyline").get_attribute("points") != before
    expect(holder).to_be_focused()
    assert page.evaluate("document.querySelector('#money details').open") is True
    assert page.locator("#cities-search").input_value() == "city 1"
    assert page.evaluate("scrollY") == there


def test_answer_that_does_not_come_keeps_what_is_shown_and_says_so(
    open_staff_page: Opened, busy: Warehouse
) -> None:
    page = open_staff_page(PAGE, refusals=True)
    settle(page)
    is_away = True

    def answer(route: Route) -> None:
        if is_away:
            route.fulfill(status=503, json={"detail": "the warehouse does not answer"})
        else:
            route.continue_()

    page.route("**/overview/gpu", answer)
    problem = page.locator("#gpu .problem")
    expect(problem).to_contain_text("the warehouse does not answer")
    expect(problem).to_contain_text("What is shown is of ")
    assert figure(page, "epoch") == "7"
    is_away = False
    expect(problem).to_have_count(0)


def test_thousands_of_cities_are_found_and_paged(
    open_staff_page: Opened, warehouse: Warehouse
) -> None:
    store_many_cities(warehouse, 2_000)
    page = open_staff_page(PAGE, refusals=True)
    settle(page)
    rows = page.locator("#cities tbody tr")
    pager = page.locator("#cities .pager")
    expect(rows).to_have_count(25)
    expect(pager).to_contain_text("2,000 cities, page 1 of 80")
    pager.get_by_role("button", name="After").click()
    expect(pager).to_contain_text("page 2 of 80")
    expect(rows.first).to_contain_text("Town 26")
    expect(pager.get_by_role("button", name="After")).to_be_focused()
    page.locator("#cities-search").fill("town-1999")
    expect(pager).to_contain_text("1 city, page 1 of 1")
    page.reload()
    expect(page.locator("#cities-search")).to_have_value("town-1999")
    expect(rows).to_have_count(1)
    rows.locator("[data-city]").first.click()
    expect(page.locator("#sights h3")).to_have_text("Town 1999")
    expect(page.locator("#sights")).to_contain_text("No sight of it is known yet")
    assert "city=town-1999" in page.url
    page.locator("#cities-search").fill("nowhere at all")
    expect(page.locator("#cities .part")).to_have_text("No city that was let in is like this.")
    page.locator("#sights-city").fill("town-9999")
    page.keyboard.press("Enter")
    expect(page.locator("#sights .problem")).to_contain_text("no city 'town-9999' in the registry")
    page.locator("#sights-city").fill("Town 3")
    expect(page.locator("#sights h3")).to_have_text("Town 3")


def test_rubbish_in_the_address_is_the_first_page(
    open_staff_page: Opened, warehouse: Warehouse
) -> None:
    store_many_cities(warehouse, 30)
    page = open_staff_page(f"{PAGE}?page=-7&stage=gone&models-page=1e9")
    settle(page)
    expect(page.locator("#cities .pager")).to_contain_text("30 cities, page 1 of 2")


def test_empty_warehouse_is_said_in_sentences(
    open_staff_page: Opened, warehouse: Warehouse
) -> None:
    page = open_staff_page(PAGE)
    settle(page)
    for name, sentence in (
        ("gpu", "No GPU instance is set (MTS_EC2_INSTANCE_ID), and none is held or runs."),
        ("gpu", "Nobody waits for a GPU."),
        ("money", "No budget over all cities is set"),
        ("money", "Nothing was paid for in the last twelve months."),
        ("cities", "No city was let in yet."),
        ("models", "No city has a model in place yet."),
        ("sights", "Choose a city, here or in the table of cities."),
    ):
        expect(page.locator(f"#{name} .part")).to_contain_text(sentence)
    assert page.locator("#waiting strong").all_inner_texts() == ["0"] * 7


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_fits_a_phone_and_a_desk(
    open_staff_page: Opened, busy: Warehouse, scheme: str
) -> None:
    page = open_staff_page(f"{PAGE}?city=city-2", color_scheme=scheme)
    settle(page)
    page.locator("#money summary").click()
    page.locator("#sights tbody tr").first.wait_for()
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        curve = page.locator("#gpu svg").bounding_box()
        assert curve is not None
        assert curve["width"] > 250
        assert curve["height"] > 80
    # Whoever follows the keyboard reaches what scrolls, and each input has a name.
    assert page.locator(".scroll:not([tabindex='0'])").count() == 0
    unnamed = (
        "[...document.querySelectorAll('input, select')].filter((one) => !one.labels.length).length"
    )
    assert page.evaluate(unnamed) == 0


def test_budget_is_drawn_beside_the_months(open_staff_page: Opened, busy: Warehouse) -> None:
    page = open_staff_page(PAGE)
    settle(page)
    assert page.locator("#money line.budget").count() == 0

    def limit(route: Route) -> None:
        limit = {
            "setting": "MAX_USD_PER_MONTH",
            "span": "2026-11",
            "used": 12.5,
            "most": 80,
            "unit": "US dollars",
        }
        route.fulfill(json=route.fetch().json() | {"limits": [limit]})

    page.route("**/overview/money", limit)
    page.reload()
    expect(page.locator("#money line.budget")).to_have_count(1)
    expect(page.locator("[data-figure='MAX_USD_PER_MONTH']")).to_have_text("12.50 USD of 80.00 USD")
    expect(page.locator("#money meter")).to_have_js_property("value", 12.5)


def test_city_that_is_paused_says_so_beside_its_stage(
    open_staff_page: Opened, busy: Warehouse
) -> None:
    page = open_staff_page(PAGE)
    settle(page)
    assert page.locator("#cities td", has_text="paused").count() == 0

    def pause(route: Route) -> None:
        shown = route.fetch().json()
        shown["cities"][0]["is_paused"] = True
        route.fulfill(json=shown)

    page.route("**/overview/cities?*", pause)
    page.reload()
    paused = page.locator("#cities td", has_text="paused in Airflow")
    expect(paused).to_have_count(1)
    expect(paused).to_contain_text("model in place")


@pytest.mark.parametrize("path", ["overview", "review", "gallery", "models", "requests", "reports"])
def test_line_of_pages_fits_a_phone(
    open_staff_page: Opened, warehouse: Warehouse, path: str
) -> None:
    page = open_staff_page(f"/sightscan/{path}/", viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    current = page.locator("nav.pages a[aria-current=page]")
    expect(current).to_have_attribute("href", f"../{path}/")
    box = current.bounding_box()
    assert box is not None
    assert box["height"] >= 24
