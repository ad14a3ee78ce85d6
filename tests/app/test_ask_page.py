"""The page where people ask: how often it asks the warehouse, and when it stops."""

from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

import pytest
import streamlit as st
from streamlit.runtime.caching import cache_utils
from streamlit.testing.v1 import AppTest

from detector_app.views import ask
from detector_app.warehouse import Warehouse
from tests.app.test_asking import PROGRESS
from tests.stopped_clock import Clock

REQUEST = UUID(int=7)


@pytest.fixture(autouse=True)
def forget() -> None:
    st.cache_data.clear()


class Told:
    """A warehouse that says this of every request and city; it counts how often it is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, stage: str, city: str | None) -> None:
        self.row: dict[str, object] = {
            "stage": stage, "asked_at": None, "try_count": None, "refusal": "unknown",
            "detail": None, "choices": [], "city_slug": "porto" if city else None,
        }  # fmt: skip
        self.progress = asdict(replace(PROGRESS, stage=city or "waiting"))
        self.asked = 0
        monkeypatch.setattr(Warehouse, "find_city_answer", lambda *_: self._count(self.row))
        monkeypatch.setattr(Warehouse, "find_city_progress", lambda *_: self._count(self.progress))

    def _count(self, row: dict[str, object]) -> dict[str, object]:
        self.asked += 1
        return row


@pytest.fixture
def paces(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """Return how often the page has had itself drawn, each time that it was drawn whole."""
    seen: list[float | None] = []
    fragment = st.fragment

    def note(function: Any, *, run_every: float | None = None) -> Any:
        seen.append(run_every)
        return fragment(function)

    monkeypatch.setattr(ask.st, "fragment", note)
    return seen


def open_page() -> AppTest:
    def show() -> None:
        from detector_app.views import ask  # noqa: PLC0415 - AppTest runs the body alone

        ask.show()

    page = AppTest.from_function(show, default_timeout=120)
    page.query_params["request"] = str(REQUEST)
    page.run()
    assert not page.exception
    return page


@pytest.mark.parametrize(
    ("stage", "city", "seconds"),
    [
        ("received", None, 3),
        ("refused", None, None),
        ("resolved", "waiting", 30),
        ("resolved", "training", 3),
        ("resolved", "published", None),
        ("resolved", "ended", None),
    ],
)
def test_page_looks_again_as_long_as_something_may_change(
    monkeypatch: pytest.MonkeyPatch,
    paces: list[float | None],
    stage: str,
    city: str | None,
    seconds: int | None,
) -> None:
    Told(monkeypatch, stage=stage, city=city)
    open_page()
    assert paces == [seconds]


def test_page_that_waited_stops_with_the_answer(
    monkeypatch: pytest.MonkeyPatch, paces: list[float | None]
) -> None:
    """The answer comes after the browser was told to look again: the part that is drawn anew says stop."""
    told = Told(monkeypatch, stage="received", city=None)
    fragment = ask.st.fragment

    def answer_then(function: Any, *, run_every: float | None = None) -> Any:
        told.row["stage"] = "refused"
        st.cache_data.clear()
        return fragment(function, run_every=run_every)

    monkeypatch.setattr(ask.st, "fragment", answer_then)
    page = open_page()
    assert paces == [3, None]
    assert "No city of this name" in page.warning[0].value


def test_all_who_look_within_seconds_ask_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # On a busy machine, drawing three pages takes longer than an answer is kept.
    clock = Clock()
    monkeypatch.setattr(cache_utils, "TTLCACHE_TIMER", clock)
    told = Told(monkeypatch, stage="received", city=None)
    for _ in range(3):
        open_page()
    clock.sleep(2.9)
    open_page()
    assert told.asked == 1
    clock.sleep(0.2)
    open_page()
    assert told.asked == 2


def test_request_that_nobody_made_is_not_looked_for_again(
    monkeypatch: pytest.MonkeyPatch, paces: list[float | None]
) -> None:
    monkeypatch.setattr(Warehouse, "find_city_answer", lambda *_: None)
    assert "No request has this number" in open_page().warning[0].value
    assert paces == [None]
