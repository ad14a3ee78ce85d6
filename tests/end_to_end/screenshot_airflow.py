"""Take a picture of a DAG's grid and graph in Airflow's UI.

    python -m tests.end_to_end.screenshot_airflow URL USER PASSWORD DAG_ID --to DIR

It is written to DIR/airflow_grid.png.
"""

import argparse
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.end_to_end.browser import CHROMIUM_FLAGS, find_chromium

SETTLE_MILLISECONDS = 4000


def main() -> None:
    """Log in, open the page and save its picture."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("user")
    parser.add_argument("password")
    parser.add_argument("page")
    parser.add_argument("--to", type=Path, default=Path("var/airflow.png"))
    asked = parser.parse_args()
    asked.to.parent.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), headless=True, args=[*CHROMIUM_FLAGS]
        )
        page = browser.new_page(viewport={"width": 1500, "height": 900})
        page.goto(f"{asked.url}/{asked.page}")
        page.locator("input[name=username]").fill(asked.user)
        page.locator("input[name=password]").fill(asked.password)
        page.locator("button[type=submit]").click()
        page.wait_for_url("**/dags/**")
        page.goto(f"{asked.url}/{asked.page}")
        page.wait_for_timeout(SETTLE_MILLISECONDS)
        page.screenshot(path=asked.to)
        browser.close()


if __name__ == "__main__":
    main()
