"""Counters shared by threads."""

from concurrent.futures import ThreadPoolExecutor

from sandbox.counts import Counts


def test_counts_add_up_over_threads() -> None:
    """No count is lost."""
    counts = Counts()
    with ThreadPoolExecutor(8) as threads:
        for _ in range(800):
            threads.submit(counts.add, "vision", "images", 16)
    assert counts.snapshot() == {"vision": {"images": 12_800}}


def test_snapshot_does_not_change_any_more() -> None:
    """A test compares what was, not what becomes."""
    counts = Counts()
    counts.add("commons", "requests")
    before = counts.snapshot()
    counts.add("commons", "requests")
    assert before == {"commons": {"requests": 1}}
