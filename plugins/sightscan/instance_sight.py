"""What EC2 says of an instance at one moment: whether it runs, since when, or when it ended."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

# Whom an instance was started for, and until when at most: known to EC2, should the warehouse not be.
RUN_TAG = "sightscan:run"
DEADLINE_TAG = "sightscan:deadline"
# As EC2 takes them.
MAX_TAG_LENGTH = 256

SHUT_DOWN_FROM_INSIDE = "Client.InstanceInitiatedShutdown"
_STATED_TIME = re.compile(r"\((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:GMT|UTC)\)")


@dataclass(frozen=True, slots=True)
class InstanceSight:
    """An instance as DescribeInstances shows it; EC2's times are in whole seconds.

    `ended_at` is None where EC2 does not say: of one that runs, and of one that was shut down from
    inside or by Amazon.
    """

    instance_id: str
    state: str
    instance_type: str | None = None
    launched_at: datetime | None = None
    ended_at: datetime | None = None
    stopped_itself: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> Self:
        """Read one instance of an answer to DescribeInstances."""
        stated = _STATED_TIME.search(described.get("StateTransitionReason") or "")
        state = described["State"]["Name"]
        return cls(
            instance_id=described["InstanceId"],
            state=state,
            instance_type=described.get("InstanceType"),
            launched_at=described.get("LaunchTime"),
            ended_at=(
                datetime.fromisoformat(stated[1]).replace(tzinfo=UTC)
                if stated and state not in {"pending", "running"}
                else None
            ),
            stopped_itself=described.get("StateReason", {}).get("Code") == SHUT_DOWN_FROM_INSIDE,
            tags={tag["Key"]: tag["Value"] for tag in described.get("Tags", ())},
        )

    @classmethod
    def of_none(cls, instance_id: str) -> Self:
        """Return the sight of an instance that EC2 does not know: terminated an hour ago or more."""
        return cls(instance_id, "terminated")

    @property
    def is_on(self) -> bool:
        """Tell whether it runs, or is about to."""
        return self.state in {"pending", "running"}

    @property
    def is_terminated(self) -> bool:
        """Tell whether it is gone for good."""
        return self.state in {"shutting-down", "terminated"}

    @property
    def has_ended(self) -> bool:
        """Tell whether it has stopped, for a while or for good; one that is stopping has not yet."""
        return self.state == "stopped" or self.is_terminated

    @property
    def deadline_at(self) -> datetime | None:
        """Return the deadline in its tags, if there is one that can be read."""
        try:
            deadline = datetime.fromisoformat(self.tags.get(DEADLINE_TAG, ""))
        except ValueError:
            return None
        return deadline if deadline.tzinfo else deadline.replace(tzinfo=UTC)


def run_tag(dag_id: str, run_id: str) -> str:
    """Return the value of the tag for a run; a long one ends in a hash, as tags are short."""
    value = f"{dag_id}/{run_id}"
    if len(value) <= MAX_TAG_LENGTH:
        return value
    digest = hashlib.sha256(value.encode()).hexdigest()
    return f"{value[: MAX_TAG_LENGTH - len(digest) - 1]}#{digest}"
