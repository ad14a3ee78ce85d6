"""What EC2 says of an instance, read as it says it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sightscan.instance_sight import InstanceSight, run_tag

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def described(state: str, **also: Any) -> dict[str, Any]:
    return {"InstanceId": "i-1", "State": {"Name": state}, "LaunchTime": NOON, **also}


@pytest.mark.parametrize(
    ("state", "reason", "code", "ended_at", "stopped_itself"),
    [
        (
            "stopped",
            "User initiated (2026-11-28 12:00:00 GMT)",
            "Client.UserInitiatedShutdown",
            NOON,
            False,
        ),
        ("terminated", "User initiated (2026-11-28 12:00:00 UTC)", None, NOON, False),
        ("stopped", "User initiated", "Client.InstanceInitiatedShutdown", None, True),
        ("stopped", "Server.SpotInstanceTermination", None, None, False),
        ("stopped", "", "Server.ScheduledStop", None, False),
        ("stopped", None, None, None, False),
        ("stopping", "User initiated (2026-11-28 12:00:00 GMT)", None, NOON, False),
        ("running", "", None, None, False),
        # Of the end before.
        ("running", "User initiated (2026-11-28 11:00:00 GMT)", None, None, False),
    ],
)
def test_end_is_read_where_ec2_states_it(
    state: str,
    reason: str | None,
    code: str | None,
    ended_at: datetime | None,
    *,
    stopped_itself: bool,
) -> None:
    also = {"StateReason": {"Code": code}} if code else {}
    sight = InstanceSight.of(described(state, StateTransitionReason=reason, **also))
    assert (sight.ended_at, sight.stopped_itself) == (ended_at, stopped_itself)
    assert sight.launched_at == NOON


@pytest.mark.parametrize(
    ("state", "is_on", "has_ended", "is_terminated"),
    [
        ("pending", True, False, False),
        ("running", True, False, False),
        ("stopping", False, False, False),
        ("stopped", False, True, False),
        ("shutting-down", False, True, True),
        ("terminated", False, True, True),
    ],
)
def test_each_state_has_its_meaning(
    state: str, *, is_on: bool, has_ended: bool, is_terminated: bool
) -> None:
    sight = InstanceSight.of(described(state))
    assert (sight.is_on, sight.has_ended, sight.is_terminated) == (is_on, has_ended, is_terminated)


@pytest.mark.parametrize(
    ("value", "deadline_at"),
    [
        ("2026-11-28T12:00:00+00:00", NOON),
        ("2026-11-28T13:00:00+01:00", NOON),
        ("2026-11-28T12:00:00", NOON),
        ("soon", None),
        ("", None),
    ],
)
def test_deadline_is_that_of_the_tag(value: str, deadline_at: datetime | None) -> None:
    tags = [{"Key": "sightscan:deadline", "Value": value}, {"Key": "Name", "Value": "gpu"}]
    assert InstanceSight.of(described("running", Tags=tags)).deadline_at == deadline_at
    assert InstanceSight.of(described("running")).deadline_at is None


def test_tag_of_a_run_fits_and_differs_from_that_of_another() -> None:
    assert run_tag("city_lisbon", "manual__1") == "city_lisbon/manual__1"
    first, second = (run_tag("d" * 250, "r" * 249 + end) for end in "12")
    assert len(first) == len(second) == 256
    assert first != second
