"""A pool of GPU machines that are rows in a dictionary: what the pipeline needs of one, and no more."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from sightscan.errors import InstanceError, LastingInstanceError, NoCapacity
from sightscan.instance_sight import DEADLINE_TAG, RUN_TAG, InstanceSight, run_tag


class MemoryPool:
    """Machines that start and stop at once; `refused_starts` of the next starts find no capacity."""

    def __init__(self, instance_ids: Iterable[str]) -> None:
        self.machines = {
            instance_id: InstanceSight(instance_id, "stopped", "memory")
            for instance_id in instance_ids
        }
        self.refused_starts = 0

    def look_at(self, instance_id: str) -> InstanceSight:
        """Return a machine; one that is not there is shown as terminated."""
        return self.machines.get(instance_id, InstanceSight.of_none(instance_id))

    def list_marked(self) -> list[InstanceSight]:
        """Return those that run and have tags."""
        return [machine for machine in self.machines.values() if machine.is_on and machine.tags]

    def host_of(self, instance_id: str) -> str:
        """Return a name for a machine that runs."""
        if not self._require(instance_id).is_on:
            msg = f"{instance_id} has no address: it does not run"
            raise InstanceError(msg)
        return f"{instance_id}.example.org"

    def mark(self, instance_id: str, *, dag_id: str, run_id: str, deadline_at: datetime) -> None:
        """Keep tags."""
        tags = {RUN_TAG: run_tag(dag_id, run_id), DEADLINE_TAG: deadline_at.isoformat()}
        self.machines[instance_id] = replace(self._require(instance_id), tags=tags)

    def start(self, instance_id: str) -> None:
        """Start."""
        machine = self._require(instance_id)
        if self.refused_starts:
            self.refused_starts -= 1
            msg = f"there is no {machine.instance_type} for {instance_id} now"
            raise NoCapacity(msg)
        if not machine.is_on:
            now = datetime.now(UTC)
            started = replace(machine, state="running", launched_at=now, ended_at=None)
            self.machines[instance_id] = started

    def stop(self, instance_id: str) -> None:
        """Stop."""
        machine = self._require(instance_id)
        if machine.is_on:
            stopped = replace(machine, state="stopped", ended_at=datetime.now(UTC))
            self.machines[instance_id] = stopped

    def await_stopped(self, instance_id: str) -> None:
        """Do nothing: it has stopped."""

    def _require(self, instance_id: str) -> InstanceSight:
        if instance_id not in self.machines:
            msg = f"there is no machine {instance_id!r} (have: {', '.join(self.machines)})"
            raise LastingInstanceError(msg)
        return self.machines[instance_id]
