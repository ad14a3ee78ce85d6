"""What waits for the writer is bounded by its bytes, not by how many photos they are."""

import queue

import pytest

from sightscan.crawl.job import FailedPhoto, FetchedPhoto, Outcome, OutcomeQueue
from tests.photo_batches import found_photo


def photo(number: int, byte_count: int) -> Outcome:
    return FetchedPhoto(found_photo(number, byte_count=byte_count), is_duplicate=False)


def count_until_full(outcomes: OutcomeQueue, byte_count: int) -> int:
    """Put photos until there is no place; return how many there are."""
    for number in range(1_000):
        try:
            outcomes.put_nowait(photo(number, byte_count))
        except queue.Full:
            return number
    msg = "never full"
    raise AssertionError(msg)


@pytest.mark.parametrize(("byte_count", "fit"), [(99_000, 10), (499_000, 2), (5_000_000, 1)])
def test_queue_is_full_of_few_large_photos_or_of_many_small_ones(byte_count: int, fit: int) -> None:
    assert count_until_full(OutcomeQueue(1_000_000), byte_count) == fit


def test_what_was_taken_makes_place_for_what_is_as_large() -> None:
    outcomes = OutcomeQueue(1_000_000)
    assert count_until_full(outcomes, 99_000) == 10
    outcomes.get_nowait()
    outcomes.put_nowait(photo(11, 99_000))
    assert outcomes.full()


def test_outcomes_without_a_photo_come_out_in_their_order_until_none_is_left() -> None:
    outcomes = OutcomeQueue(1_000_000)
    failed = [FailedPhoto(f"https://a.example/{number}.jpg", "silent") for number in range(3)]
    for outcome in failed:
        outcomes.put_nowait(outcome)
    assert [outcomes.get_nowait() for _ in failed] == failed
    assert outcomes.empty()
