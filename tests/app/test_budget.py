"""One account of memory for all visitors: who waits, who is refused, and that nothing gets lost."""

import threading
from collections.abc import Callable

import pytest

from detector_app.budget import MemoryBudget
from detector_app.errors import ServerBusy
from tests.waiting import LIMIT_SECONDS, wait_until


def test_what_is_given_back_can_be_held_again() -> None:
    budget = MemoryBudget(100, max_wait_seconds=0.05)
    for _ in range(3):
        with budget.hold(100):
            pass
    with (
        budget.hold(60),
        budget.hold(40),
        pytest.raises(ServerBusy, match="try again"),
        budget.hold(1),
    ):
        pass
    with budget.hold(100):
        pass


def test_an_error_inside_gives_everything_back() -> None:
    budget = MemoryBudget(100, max_wait_seconds=0.05)
    with pytest.raises(ZeroDivisionError), budget.hold(100):
        raise ZeroDivisionError
    with budget.hold(100):
        pass


def test_more_than_there_is_waits_for_all_of_it() -> None:
    budget = MemoryBudget(100, max_wait_seconds=0.05)
    with budget.hold(10**12), pytest.raises(ServerBusy), budget.hold(1):
        pass


def test_who_waits_longest_is_next() -> None:
    budget = MemoryBudget(100, max_wait_seconds=LIMIT_SECONDS)
    order: list[str] = []

    def take(name: str, wanted: int) -> None:
        with budget.hold(wanted):
            order.append(name)

    with budget.hold(60):
        large = threading.Thread(target=take, args=("large", 100))
        large.start()
        _wait_for_a_queue(budget, 1)
        # There is room for this one, but somebody was there before.
        small = threading.Thread(target=take, args=("small", 1))
        small.start()
        _wait_for_a_queue(budget, 2)
        assert order == []
    large.join()
    small.join()
    assert order == ["large", "small"]


def test_who_gives_up_lets_the_next_one_in(monkeypatch: pytest.MonkeyPatch) -> None:
    # Whoever hears of nothing still waits when the test has ended.
    budget = MemoryBudget(100, max_wait_seconds=10 * LIMIT_SECONDS)
    gives_up = threading.Event()
    wait_for = budget._changed.wait_for

    def wait_until_it_gives_up(predicate: Callable[[], bool], timeout: float) -> bool:
        if threading.current_thread() is not impatient:
            return wait_for(predicate, timeout)
        return wait_for(lambda: predicate() or gives_up.is_set(), timeout) and not gives_up.is_set()

    monkeypatch.setattr(budget._changed, "wait_for", wait_until_it_gives_up)
    took: list[str] = []

    def take() -> None:
        with budget.hold(40):
            took.append("patient")

    impatient = threading.Thread(target=_take_in_vain, args=(budget, 100))
    patient = threading.Thread(target=take, daemon=True)
    with budget.hold(60):
        impatient.start()
        _wait_for_a_queue(budget, 1)
        patient.start()
        _wait_for_a_queue(budget, 2)
        assert took == []
        gives_up.set()
        with budget._changed:
            # Who waits longest alone; the other one hears of it from the budget.
            budget._changed.notify()
        impatient.join()
        patient.join(LIMIT_SECONDS)
        assert took == ["patient"]


def _take_in_vain(budget: MemoryBudget, wanted: int) -> None:
    with pytest.raises(ServerBusy), budget.hold(wanted):
        pass


def _wait_for_a_queue(budget: MemoryBudget, length: int) -> None:
    wait_until(lambda: len(budget._queue) == length)
