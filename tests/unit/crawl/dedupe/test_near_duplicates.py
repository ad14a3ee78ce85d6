"""Exact search of near-duplicates, and clusters that do not depend on the order."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from sightscan.crawl.dedupe import near_duplicates
from sightscan.crawl.dedupe.near_duplicates import hash_words, near_pairs, smallest_of_components

things = st.binary(min_size=1, max_size=1)


@pytest.mark.parametrize("max_bits", [0, 3, 120, 200])
@pytest.mark.parametrize("compared", [0, 10, 40])
def test_pairs_are_those_within_the_threshold(
    compared: int, max_bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks smaller than the data change nothing: compared with plain integers."""
    monkeypatch.setattr(near_duplicates, "BLOCK_ROWS", 7)
    monkeypatch.setattr(near_duplicates, "BLOCK_COLUMNS", 5)
    random = np.random.default_rng(1)
    hashes = [random.bytes(32) for _ in range(30)]
    # Near-copies: 3 bits of every third hash are turned.
    hashes += [bytes([h[0] ^ 0b1011]) + h[1:] for h in hashes[::3]]
    numbers = [int.from_bytes(h) for h in hashes]
    expected = [
        (row, column)
        for row in range(compared)
        for column in range(row + 1, len(hashes))
        if (numbers[row] ^ numbers[column]).bit_count() <= max_bits
    ]
    assert list(near_pairs(hash_words(hashes), compared, max_bits)) == expected


def test_no_hashes_have_no_pairs() -> None:
    assert list(near_pairs(hash_words([]), 0, 256)) == []


def test_what_was_compared_before_is_not_compared_again() -> None:
    same = hash_words([bytes(32)] * 4)
    assert list(near_pairs(same, 1, 0)) == [(0, 1), (0, 2), (0, 3)]


def test_photos_that_differ_only_in_the_last_word_are_told_apart() -> None:
    hashes = hash_words([bytes(32), bytes(24) + b"\xff" * 8])
    assert list(near_pairs(hashes, 2, 63)) == []
    assert list(near_pairs(hashes, 2, 64)) == [(0, 1)]


@given(st.lists(st.tuples(things, things)), st.randoms())
def test_components_do_not_depend_on_the_order_of_links(
    links: list[tuple[bytes, bytes]], random: st.random_module
) -> None:
    shuffled = [pair[::-1] if random.random() < 0.5 else pair for pair in links]  # type: ignore[attr-defined]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert dict(smallest_of_components(shuffled)) == dict(smallest_of_components(links))


@given(st.lists(st.tuples(things, things)))
def test_linked_things_have_one_name_and_it_is_the_smallest(
    links: list[tuple[bytes, bytes]],
) -> None:
    names = smallest_of_components(links)
    assert all(names[one] == names[other] for one, other in links)
    assert all(name <= thing and names[name] == name for thing, name in names.items())
