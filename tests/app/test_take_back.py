"""Whoever has a code sees what became of a photo and takes it back, however often others share."""

import pytest
from streamlit.testing.v1 import AppTest

from detector_app import client_limits
from detector_app.sharing import make_code
from detector_app.texts import say
from detector_app.views import take_back

PAGE = """
from detector_app.views.take_back import show_withdrawal
show_withdrawal("en")
"""


class Warehouse:
    """A warehouse that has a photo for each code; it notes what is taken back."""

    def __init__(self) -> None:
        self.taken_back: list[object] = []

    def ask(
        self, statement: str, parameters: dict[str, object], *, writes: bool = False
    ) -> list[dict[str, object]]:
        if writes:
            self.taken_back.append(parameters["code"])
            return []
        assert statement == "find_shared_photo"
        return [{"stage": "in_review", "contributed_at": "2026-01-02T00:00:00Z"}]


@pytest.fixture
def warehouse(monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    one = Warehouse()
    monkeypatch.setattr(take_back, "current_warehouse", lambda: one)
    for name in ("SHARING", "LOOKING_BACK", "TAKING_BACK"):
        limit = getattr(client_limits, name)
        for side in (limit._own, limit._shared):
            monkeypatch.setattr(side, "_accounts", type(side._accounts)())
            # However slow the machine is.
            monkeypatch.setattr(side, "_clock", lambda: 100.0)
    return one


def press(button: int, code: str) -> AppTest:
    page = AppTest.from_string(PAGE, default_timeout=120).run()
    page.text_input[0].input(code)
    return page.button[button].click().run()


def exhaust(limit: client_limits.WritingLimit) -> None:
    for number in range(1000):
        limit.take(None)
        limit.take(f"192.0.2.{number % 250}")
    assert limit.take(None) > 0


def test_who_shared_often_sees_and_takes_back_all_the_same(warehouse: Warehouse) -> None:
    exhaust(client_limits.SHARING)
    code = make_code()
    assert press(0, code).info[0].value == say("en", "shared.in_review")
    assert press(1, code).success[0].value == say("en", "improve.withdrawn")
    assert warehouse.taken_back == [code]


def test_looking_often_keeps_nobody_from_taking_back(warehouse: Warehouse) -> None:
    exhaust(client_limits.LOOKING_BACK)
    code = make_code()
    assert "in a short time" in press(0, code).warning[0].value
    assert press(1, code).success[0].value == say("en", "improve.withdrawn")
    assert warehouse.taken_back == [code]


def test_codes_cannot_be_tried_without_end(warehouse: Warehouse) -> None:
    exhaust(client_limits.TAKING_BACK)
    assert "in a short time" in press(1, make_code()).warning[0].value
    assert warehouse.taken_back == []
