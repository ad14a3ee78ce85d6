"""Find near-duplicates: photos whose perceptual hashes differ in few bits. No I/O here.

Exact search in blocks of numpy: at 100,000 photos it is faster than an index, and it misses none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

HASH_BYTES = 32
# Rows against columns at once: 64 x 4,096 words (2 MB) stay in the processor's cache.
BLOCK_ROWS = 64
BLOCK_COLUMNS = 4_096

Words = NDArray[np.uint64]


def hash_words(hashes: Sequence[bytes]) -> Words:
    """Return perceptual hashes of 32 bytes each as an array of shape (len(hashes), 4)."""
    return np.frombuffer(b"".join(hashes), dtype=np.uint64).reshape(len(hashes), HASH_BYTES // 8)


def near_pairs(some: Words, others: Words, most_bits: int) -> Iterator[tuple[int, int]]:
    """Yield (row of `some`, row of `others`) for each two hashes that differ in few bits.

    Both have the shape (n, 4); a hash that is in both is paired with itself, too.
    """
    for top in range(0, len(some), BLOCK_ROWS):
        rows = some[top : top + BLOCK_ROWS]
        for left in range(0, len(others), BLOCK_COLUMNS):
            columns = others[left : left + BLOCK_COLUMNS]
            bits = np.zeros((len(rows), len(columns)), dtype=np.uint16)
            for word in range(rows.shape[1]):
                bits += np.bitwise_count(rows[:, None, word] ^ columns[None, :, word])
            near_rows, near_columns = np.nonzero(bits <= most_bits)
            for row, column in zip(near_rows.tolist(), near_columns.tolist(), strict=True):
                yield top + row, left + column


def smallest_of_components(links: Iterable[tuple[bytes, bytes]]) -> Mapping[bytes, bytes]:
    """Return for each linked thing the smallest thing that is connected with it.

    The order of the links does not matter.
    """
    parent: dict[bytes, bytes] = {}

    def root(thing: bytes) -> bytes:
        parent.setdefault(thing, thing)
        while parent[thing] != thing:
            parent[thing] = parent[parent[thing]]
            thing = parent[thing]
        return thing

    for one, other in links:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    return {thing: root(thing) for thing in parent}
