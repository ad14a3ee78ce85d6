"""Airflow's API server with staff's pages, which their tests share: it takes ten seconds to come up."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from sandbox.addresses import PostgresAddress
from tests.end_to_end.api_server import ApiServer, run_api_server
from tests.end_to_end.browser import (
    CHROMIUM_FLAGS,
    PAGE_TIMEOUT_MILLISECONDS,
    find_chromium,
)

FIRST_PAGE = "/sightscan/review/"
expect.set_options(timeout=PAGE_TIMEOUT_MILLISECONDS)


@pytest.fixture
def airflow_database(postgres: PostgresAddress) -> Iterator[PostgresAddress]:
    """Create an empty database for an Airflow whose parts run: of SQLite, one of them writes at a time."""
    with postgres.connect() as connection:
        connection.execute("create database live_airflow")
    yield replace(postgres, database="live_airflow")
    with postgres.connect() as connection:
        connection.execute("drop database live_airflow with (force)")


@pytest.fixture(scope="session")
def staff_server(
    tmp_path_factory: pytest.TempPathFactory, migrated_database: PostgresAddress
) -> Iterator[ApiServer]:
    """Run the server on the warehouse of all tests, which each test that asks for it empties."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in migrated_database.environment.items():
            patch.setenv(name, value)
        with run_api_server(tmp_path_factory.mktemp("airflow")) as running:
            yield running


# A module at a time: only one may be there in a thread.
@pytest.fixture(scope="module")
def staff_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=find_chromium(), headless=True, args=[*CHROMIUM_FLAGS]
        )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def staff_login(staff_server: ApiServer, staff_browser: Browser) -> Any:
    """Log in once; return what the browser keeps of it."""
    page = staff_browser.new_page()
    page.set_default_timeout(PAGE_TIMEOUT_MILLISECONDS)
    staff_server.log_in(page, FIRST_PAGE)
    state = page.context.storage_state()
    page.close()
    return state


@pytest.fixture
def open_staff_page(
    staff_server: ApiServer, staff_browser: Browser, staff_login: Any
) -> Iterator[Callable[..., Page]]:
    """Give what opens a page of the server, logged in; at the end no page may have complained.

    With `refusals`, some of what the page asks for is refused, as the test wants it.
    """
    contexts = []
    troubles: list[str] = []

    def opened(path: str, *, refusals: bool = False, **options: Any) -> Page:
        def note(kind: str, text: str) -> None:
            # Chromium itself writes that an answer was a refusal.
            if kind == "error" and not (refusals and text.startswith("Failed to load resource")):
                troubles.append(text)

        context = staff_browser.new_context(storage_state=staff_login, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PAGE_TIMEOUT_MILLISECONDS)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda line: note(line.type, line.text))
        page.goto(f"{staff_server.url}{path}")
        page.locator("main:visible").wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert troubles == []
