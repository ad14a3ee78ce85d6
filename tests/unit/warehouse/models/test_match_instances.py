"""Who gets which free instance, given the queue in its order."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.run import Run
from sightscan.warehouse.models.lease_queue import WaitingRun, match_instances

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def waiting(name: str, free: str, *, knows: str | None = None, is_awake: bool = True) -> WaitingRun:
    """Return a run that may have the free instances, a letter each, and knows one."""
    return WaitingRun(
        run=Run("Q1", "d", name),
        slug="malaga",
        instance_ids=tuple(free),
        lease_seconds=60,
        asked_at=SINCE,
        people=0,
        is_overdue=False,
        is_awake=is_awake,
        last_instance_id=knows,
        free_instance_ids=tuple(free),
    )


def matched(*queue: WaitingRun) -> dict[str, str]:
    return {served.run.run_id: instance_id for served, instance_id in match_instances(queue)}


@pytest.mark.parametrize(
    ("queue", "expected"),
    [
        pytest.param([], {}, id="nobody waits"),
        pytest.param([waiting("1", "")], {}, id="nothing is free"),
        pytest.param([waiting("1", "ba")], {"1": "b"}, id="the first of the list"),
        pytest.param([waiting("1", "a"), waiting("2", "a")], {"1": "a"}, id="the first in line"),
        pytest.param([waiting("1", "ab", knows="b")], {"1": "b"}, id="the one that it knows"),
        pytest.param(
            [waiting("1", "a", knows="b"), waiting("2", "a")],
            {"1": "a"},
            id="one that it does not know, while its own is held",
        ),
        pytest.param(
            [waiting("1", "ab"), waiting("2", "ab", knows="a")],
            {"1": "b", "2": "a"},
            id="not the one that somebody behind knows, if there is another",
        ),
        pytest.param(
            [waiting("1", "a"), waiting("2", "a", knows="a")],
            {"1": "a"},
            id="what is known gives no better place",
        ),
        pytest.param(
            [waiting("1", "a", is_awake=False), waiting("2", "a")],
            {"2": "a"},
            id="whoever is silent is passed over",
        ),
        pytest.param(
            [waiting("1", "ab"), waiting("2", "ab", knows="a", is_awake=False)],
            {"1": "a"},
            id="and holds nothing back",
        ),
        pytest.param(
            [waiting("1", "a"), waiting("2", "b")],
            {"1": "a", "2": "b"},
            id="each from its own list",
        ),
    ],
)
def test_free_instances_go_round_in_the_queues_order(
    queue: list[WaitingRun], expected: dict[str, str]
) -> None:
    assert matched(*queue) == expected


letters = st.lists(st.sampled_from("abcd"), unique=True).map("".join)
queues = st.lists(
    st.tuples(letters, st.none() | st.sampled_from("abcd"), st.booleans()), max_size=8
).map(
    lambda rows: [
        waiting(str(number), free, knows=knows, is_awake=is_awake)
        for number, (free, knows, is_awake) in enumerate(rows)
    ]
)


@given(queues)
def test_nobody_is_served_twice_and_nobody_overtakes(queue: list[WaitingRun]) -> None:
    served = matched(*queue)
    assert len(set(served.values())) == len(served)
    for place, run in enumerate(queue):
        given_to_it = served.get(run.run.run_id)
        if given_to_it is not None:
            assert run.is_awake
            assert given_to_it in run.free_instance_ids
        elif run.is_awake:
            # All that it might have had went to those before it.
            before = {served.get(other.run.run_id) for other in queue[:place]}
            assert set(run.free_instance_ids) <= before
