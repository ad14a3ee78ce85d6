"""Where each entity of a drawing goes: parents to the left of their children, few crossings.

Layered drawing after Sugiyama: a column for each rank; a reference that spans columns runs through
a lane in those between, which all references to the same parent share; rows are ordered and moved
towards the middle of their neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SWEEPS = 40
GAP = 16.0
LANE_HEIGHT = 2.0


@dataclass(frozen=True)
class Slot:
    """An entity in its column, or a lane of references to `name` that passes there."""

    name: str
    rank: int
    is_lane: bool = False


@dataclass(frozen=True)
class Layout:
    """The columns, and where the middle of each slot is."""

    columns: tuple[tuple[Slot, ...], ...]
    middle: Mapping[Slot, float]
    height: float

    def path(self, child: str, parent: str) -> list[Slot]:
        """Return the slots that a reference passes, from the child to the parent."""
        rank_of = {slot.name: slot.rank for slot in self.middle if not slot.is_lane}
        lanes = range(rank_of[child] - 1, rank_of[parent], -1)
        return [
            Slot(child, rank_of[child]),
            *(Slot(parent, rank, is_lane=True) for rank in lanes),
            Slot(parent, rank_of[parent]),
        ]


def lay_out(heights: Mapping[str, float], parents_of: Mapping[str, Sequence[str]]) -> Layout:
    """Place entities of these heights; `parents_of` has no cycles (none to itself either)."""
    ranks: dict[str, int] = {}
    for name in heights:
        _rank(name, parents_of, ranks)
    links = _links(ranks, parents_of)
    slots = sorted(
        {
            *(Slot(name, rank) for name, rank in ranks.items()),
            *(end for pair in links for end in pair),
        },
        key=lambda slot: (slot.rank, slot.is_lane, slot.name),
    )
    columns = [
        [slot for slot in slots if slot.rank == rank] for rank in range(max(ranks.values()) + 1)
    ]
    tall = {slot: LANE_HEIGHT if slot.is_lane else heights[slot.name] for slot in slots}
    neighbours: dict[Slot, list[Slot]] = {slot: [] for slot in slots}
    for one, other in links:
        neighbours[one].append(other)
        neighbours[other].append(one)
    middle: dict[Slot, float] = {}
    for column in columns:
        _stack(column, dict.fromkeys(column, 0.0), tall, middle)
    for _ in range(SWEEPS):
        for column in columns:
            wanted = {
                slot: _mean([middle[other] for other in neighbours[slot]], middle[slot])
                for slot in column
            }
            column.sort(key=lambda slot: (wanted[slot], slot.name, slot.is_lane))
            _stack(column, wanted, tall, middle)
    top = min(middle[slot] - tall[slot] / 2 for slot in slots)
    middle = {slot: value - top for slot, value in middle.items()}
    height = max(middle[slot] + tall[slot] / 2 for slot in slots)
    return Layout(tuple(map(tuple, columns)), middle, height)


def _rank(name: str, parents_of: Mapping[str, Sequence[str]], ranks: dict[str, int]) -> int:
    if name not in ranks:
        above = [_rank(parent, parents_of, ranks) for parent in parents_of.get(name, ())]
        ranks[name] = 1 + max(above, default=-1)
    return ranks[name]


def _links(
    ranks: Mapping[str, int], parents_of: Mapping[str, Sequence[str]]
) -> list[tuple[Slot, Slot]]:
    """Return the pairs of slots in neighbouring columns that a line joins, each once."""
    links: dict[tuple[Slot, Slot], None] = {}
    for child, parents in parents_of.items():
        for parent in parents:
            right = Slot(child, ranks[child])
            for rank in range(ranks[child] - 1, ranks[parent] - 1, -1):
                left = Slot(parent, rank, is_lane=rank > ranks[parent])
                links[right, left] = None
                right = left
    return list(links)


def _stack(
    column: Sequence[Slot],
    wanted: Mapping[Slot, float],
    tall: Mapping[Slot, float],
    middle: dict[Slot, float],
) -> None:
    """Place a column in its order, as near to the wanted middles as there is room."""
    below = float("-inf")
    for slot in column:
        middle[slot] = max(wanted[slot], below + GAP + tall[slot] / 2)
        below = middle[slot] + tall[slot] / 2
    # Pushing down only would let the drawing grow at each sweep.
    shift = _mean([wanted[slot] - middle[slot] for slot in column], 0.0)
    for slot in column:
        middle[slot] += shift


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
