"""The tiles of the page SightScan are sentences, of one as of many."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.slow

FIGURES = (
    "labels",
    "contributed",
    "contributions",
    "requests",
    "reports",
    "incidents",
    "failed-runs",
)
SENTENCES = {
    0: [
        "0 labels wait for a review",
        "0 of them on photos that people shared",
        "0 shared photos wait to be taken in, by sync_cities",
        "0 cities wait to be let in or refused",
        "0 reports of visitors wait for a decision",
        "0 incidents are open",
        "0 DAGs are red",
    ],
    1: [
        "1 label waits for a review, in 1 city",
        "1 of them on a photo that people shared",
        "1 shared photo waits to be taken in, by sync_cities",
        "1 city waits to be let in or refused",
        "1 report of a visitor waits for a decision",
        "1 incident is open",
        "1 DAG is red",
    ],
    1200: [
        "1,200 labels wait for a review, in 1,200 cities",
        "1,200 of them on photos that people shared",
        "1,200 shared photos wait to be taken in, by sync_cities",
        "1,200 cities wait to be let in or refused",
        "1,200 reports of visitors wait for a decision",
        "1,200 incidents are open",
        "1,200 DAGs are red",
    ],
}


@pytest.mark.usefixtures("warehouse")
def test_tiles_are_sentences(open_staff_page: Callable[..., Page]) -> None:
    page = open_staff_page("/sightscan/overview/")
    counted = {"each": 0}

    def answer(route: Route) -> None:
        shown = route.fetch().json()
        route.fulfill(json=shown | {"counts": dict.fromkeys(shown["counts"], counted["each"])})

    page.route("**/overview/waiting", answer)
    for number, sentences in SENTENCES.items():
        counted["each"] = number
        page.reload()
        for figure, sentence in zip(FIGURES, sentences, strict=True):
            expect(page.locator(f"a:has([data-figure='{figure}'])")).to_have_text(sentence)
