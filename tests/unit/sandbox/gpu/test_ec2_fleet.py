"""States of instances over time, without HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.counts import Counts
from sandbox.gpu.ec2_fleet import Ec2Fleet, Ec2Refusal
from tests.waiting import wait_until


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Ec2Fleet]:
    """One instance, quick transitions."""
    fleet = Ec2Fleet(tmp_path, Counts(), transition_seconds=0.02)
    yield fleet
    fleet.close()


@pytest.fixture
def slow_fleet(tmp_path: Path) -> Iterator[Ec2Fleet]:
    """One instance that stays in between until the test is over."""
    fleet = Ec2Fleet(tmp_path, Counts(), transition_seconds=600)
    yield fleet
    fleet.close()


def test_new_instance_is_stopped(fleet: Ec2Fleet) -> None:
    """It costs nothing before somebody starts it."""
    assert _states(fleet) == ["stopped"]


def test_states_follow_the_real_order(fleet: Ec2Fleet) -> None:
    """Stopped, pending, running, stopping, stopped."""
    [instance_id] = fleet.instance_ids
    fleet.start([instance_id])
    _wait_for(fleet, "running")
    fleet.stop([instance_id])
    _wait_for(fleet, "stopped")
    assert _states(fleet) == ["stopped", "pending", "running", "stopping", "stopped"]


def test_instance_that_shuts_itself_down_is_stopped_once(fleet: Ec2Fleet) -> None:
    """Its shutdown behaviour is `stop`; one that is off already has no system that could."""
    [instance_id] = fleet.instance_ids
    fleet.shut_down(instance_id)
    fleet.start([instance_id])
    _wait_for(fleet, "running")
    fleet.shut_down(instance_id)
    fleet.shut_down(instance_id)
    _wait_for(fleet, "stopped")
    assert _states(fleet) == ["stopped", "pending", "running", "stopping", "stopped"]
    assert fleet.history()[-2].reason == "shut down from inside"


def test_starting_a_started_instance_changes_nothing(slow_fleet: Ec2Fleet) -> None:
    """As in EC2: no error, no second start."""
    [instance_id] = slow_fleet.instance_ids
    slow_fleet.start([instance_id])
    [change] = slow_fleet.start([instance_id])
    assert (change.previous, change.current) == ("pending", "pending")


def test_stopping_a_stopped_instance_changes_nothing(fleet: Ec2Fleet) -> None:
    """As in EC2: no error, no second stop."""
    [change] = fleet.stop(fleet.instance_ids)
    assert (change.previous, change.current) == ("stopped", "stopped")


def test_pending_instance_cannot_be_stopped(slow_fleet: Ec2Fleet) -> None:
    """The caller has to wait and ask again."""
    slow_fleet.start(slow_fleet.instance_ids)
    with pytest.raises(Ec2Refusal, match="never reached the 'running' state") as refusal:
        slow_fleet.stop(slow_fleet.instance_ids)
    assert refusal.value.code == "IncorrectInstanceState"


def test_stopping_instance_cannot_be_started(fleet: Ec2Fleet) -> None:
    """The caller has to wait and ask again."""
    fleet.start(fleet.instance_ids)
    _wait_for(fleet, "running")
    fleet.transition_seconds = 600
    fleet.stop(fleet.instance_ids)
    with pytest.raises(Ec2Refusal, match="not in a state from which it can be started") as refusal:
        fleet.start(fleet.instance_ids)
    assert refusal.value.code == "IncorrectInstanceState"


def test_unknown_instance_is_named(fleet: Ec2Fleet) -> None:
    """With EC2's own code."""
    with pytest.raises(Ec2Refusal, match="'i-0unknown' does not exist") as refusal:
        fleet.start(["i-0unknown"])
    assert refusal.value.code == "InvalidInstanceID.NotFound"


def test_one_unknown_instance_starts_none(slow_fleet: Ec2Fleet) -> None:
    """A request is done whole or not at all."""
    [instance_id] = slow_fleet.instance_ids
    with pytest.raises(Ec2Refusal):
        slow_fleet.start([instance_id, "i-0unknown"])
    assert slow_fleet.state_of(instance_id) == "stopped"


def test_lack_of_capacity_ends_after_the_asked_number(slow_fleet: Ec2Fleet) -> None:
    """One start is refused, the next succeeds."""
    slow_fleet.refuse_next_starts(1)
    with pytest.raises(Ec2Refusal, match="do not have sufficient") as refusal:
        slow_fleet.start(slow_fleet.instance_ids)
    assert (refusal.value.code, refusal.value.status) == ("InsufficientInstanceCapacity", 500)
    slow_fleet.start(slow_fleet.instance_ids)
    assert _states(slow_fleet)[-1] == "pending"


def test_a_clients_own_repeats_count_as_one_start(slow_fleet: Ec2Fleet) -> None:
    """AWS clients repeat errors of the server under one invocation id."""
    slow_fleet.refuse_next_starts(1)
    for _ in range(5):
        with pytest.raises(Ec2Refusal):
            slow_fleet.start(slow_fleet.instance_ids, invocation="the same")
    slow_fleet.start(slow_fleet.instance_ids, invocation="another")
    assert _states(slow_fleet)[-1] == "pending"


def test_lack_of_capacity_does_not_touch_a_running_instance(fleet: Ec2Fleet) -> None:
    """Only a start needs capacity."""
    fleet.start(fleet.instance_ids)
    _wait_for(fleet, "running")
    fleet.refuse_next_starts(1)
    assert fleet.start(fleet.instance_ids)[0].current == "running"


def test_machine_hears_of_a_state_before_it_is_visible(fleet: Ec2Fleet) -> None:
    """Whoever reads `stopped` can rely on it that no process is left."""
    [instance_id] = fleet.instance_ids
    seen = []
    fleet.on_state = lambda _instance, state: seen.append((state, len(fleet.history())))
    fleet.start([instance_id])
    _wait_for(fleet, "running")
    assert seen == [("pending", 1), ("running", 2)]


def test_ids_and_history_survive_a_restart(tmp_path: Path) -> None:
    """Leases and settings go on naming the same instances."""
    first = Ec2Fleet(tmp_path, Counts(), instance_count=2)
    second = Ec2Fleet(tmp_path, Counts(), instance_count=2)
    assert second.instance_ids == first.instance_ids
    assert second.history() == first.history()


def test_more_instances_keep_the_old_ones(tmp_path: Path) -> None:
    """The first keeps its id when a second is asked for."""
    [first] = Ec2Fleet(tmp_path, Counts()).instance_ids
    assert Ec2Fleet(tmp_path, Counts(), instance_count=2).instance_ids[0] == first


def test_instance_that_ran_when_the_sandbox_died_is_stopped(tmp_path: Path) -> None:
    """As after a power cut; the history says why."""
    killed = Ec2Fleet(tmp_path, Counts(), transition_seconds=600)
    killed.start(killed.instance_ids)
    restarted = Ec2Fleet(tmp_path, Counts())
    last = restarted.history()[-1]
    assert (last.state, last.reason) == ("stopped", "the sandbox ended while it ran")
    killed._timers[killed.instance_ids[0]].cancel()


def test_half_a_line_of_history_is_dropped(tmp_path: Path) -> None:
    """A kill in the middle of writing costs one line, not the sandbox."""
    first = Ec2Fleet(tmp_path, Counts())
    with (tmp_path / "history.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"number": 2, "at": "20')
    assert Ec2Fleet(tmp_path, Counts()).history() == first.history()


def _states(fleet: Ec2Fleet) -> list[str]:
    return [line.state for line in fleet.history()]


def _wait_for(fleet: Ec2Fleet, state: str) -> None:
    [instance_id] = fleet.instance_ids
    wait_until(lambda: fleet.state_of(instance_id) == state)
