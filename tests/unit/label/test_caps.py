"""What the caps still allow, and what a run says that one of them stopped."""

import pytest

from sightscan.settings import read_settings
from sightscan.spend.caps import calls_left, explain_caps, vision_caps
from sightscan.warehouse.spend.paid_calls import CallsSpent, Caps

SPENT = CallsSpent(by_city=40, by_run=10, this_month=300, in_all=900)


@pytest.mark.parametrize(
    ("caps", "left"),
    [
        (Caps(city=100), 60),
        (Caps(city=100, run=25), 15),
        (Caps(city=100, run=25, month=310), 10),
        (Caps(city=100, run=25, month=310, in_all=901), 1),
        # A cap that was lowered since.
        (Caps(city=30, run=25), 0),
    ],
)
def test_narrowest_cap_says_how_many_calls_are_left(caps: Caps, left: int) -> None:
    assert calls_left(caps, SPENT) == left


def test_each_cap_is_read_from_its_setting() -> None:
    config = read_settings(
        max_google_vision_calls_per_new_city=4,
        max_google_vision_calls_per_run=3,
        max_google_vision_calls_per_month=2,
        max_google_vision_calls_in_all=1,
    )
    assert vision_caps(config) == Caps(city=4, run=3, month=2, in_all=1)


def test_run_that_a_cap_stopped_says_which_and_what_to_raise() -> None:
    sentence = explain_caps(["run", "month"], Caps(city=100, run=10, month=300), SPENT)
    assert "of this run is reached (10 of 10 images)" in sentence
    assert "MAX_GOOGLE_VISION_CALLS_PER_RUN" in sentence
    assert "of this month, all cities is reached (300 of 300 images)" in sentence
    assert explain_caps([], Caps(city=100), SPENT) == ""
