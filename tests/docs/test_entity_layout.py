"""The layout of the entity diagram, for any warehouse."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from docs.entity_layout import Slot, lay_out

HEIGHT = 50.0


@st.composite
def warehouses(draw: st.DrawFn) -> dict[str, list[str]]:
    """Draw tables, each of which refers to some of those before it."""
    names = [f"table_{number}" for number in range(draw(st.integers(1, 12)))]
    return {
        name: draw(st.lists(st.sampled_from(names[:number]), unique=True)) if number else []
        for number, name in enumerate(names)
    }


@given(warehouses())
def test_nothing_covers_anything_else(parents_of: dict[str, list[str]]) -> None:
    layout = lay_out(dict.fromkeys(parents_of, HEIGHT), parents_of)
    for column in layout.columns:
        for above, below in itertools.pairwise(column):
            room = layout.middle[below] - layout.middle[above]
            assert room >= (half(above) + half(below)) - 1e-6


@given(warehouses())
def test_every_reference_runs_left_column_by_column(parents_of: dict[str, list[str]]) -> None:
    layout = lay_out(dict.fromkeys(parents_of, HEIGHT), parents_of)
    for child, parents in parents_of.items():
        for parent in parents:
            path = layout.path(child, parent)
            assert [slot.rank for slot in path] == list(range(path[0].rank, path[-1].rank - 1, -1))
            assert (path[0].name, path[-1].name) == (child, parent)
            assert all(slot in layout.middle for slot in path)


@given(warehouses())
def test_all_of_it_is_on_the_page(parents_of: dict[str, list[str]]) -> None:
    layout = lay_out(dict.fromkeys(parents_of, HEIGHT), parents_of)
    assert min(layout.middle[slot] - half(slot) for slot in layout.middle) >= -1e-6
    assert max(layout.middle[slot] + half(slot) for slot in layout.middle) <= layout.height + 1e-6


def half(slot: Slot) -> float:
    return 1.0 if slot.is_lane else HEIGHT / 2
