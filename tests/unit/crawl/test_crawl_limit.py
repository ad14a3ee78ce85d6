"""A sight gets no more photos than it may, however many threads fetch at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

from sightscan.crawl.job import Limit


def test_limit_is_exact_with_many_threads() -> None:
    limit, stop = Limit(25), threading.Event()
    kept = []

    def fetch(number: int) -> None:
        while limit.claim(stop):
            # Every third photo is refused: its place is given back.
            is_kept = (number + len(kept)) % 3 != 0
            kept.append(is_kept)
            limit.record(kept=is_kept)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fetch, range(8)))
    assert sum(kept) == 25


def test_no_place_is_left_when_all_are_used() -> None:
    limit, stop = Limit(1), threading.Event()
    assert limit.claim(stop)
    limit.record(kept=True)
    assert not limit.claim(stop)


def test_waiting_for_a_place_ends_when_the_crawl_is_stopped() -> None:
    limit, stop = Limit(1), threading.Event()
    assert limit.claim(stop)
    stop.set()
    assert not limit.claim(stop)
