"""What EC2 does with instances over time: states, delays, refusals, and a history that persists.

stopped -> pending -> running -> stopping -> stopped, one transition after `transition_seconds`; or
shutting-down -> terminated, once. Ids, tags and history stay in the folder; after a restart of the
sandbox every instance is stopped, as after a power cut. Knows nothing of HTTP or moto.
"""

import json
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from sandbox.counts import Counts
from sandbox.files import write_private

State = Literal["pending", "running", "shutting-down", "terminated", "stopping", "stopped"]
STATE_CODES: dict[State, int] = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}
INSTANCE_TYPE = "g4dn.xlarge"
# What a transition ends in, after `transition_seconds`.
FOLLOWS: dict[State, State] = {
    "pending": "running",
    "stopping": "stopped",
    "shutting-down": "terminated",
}
CALLED = "Client.UserInitiatedShutdown"
FROM_INSIDE = "Client.InstanceInitiatedShutdown"
BY_AMAZON = "Server.ScheduledStop"
# Why an instance is not running, by the reason in the history: StateReason's code and message, and
# whether StateTransitionReason has the time. EC2 states it only of calls: of one that was shut down
# from inside it says "User initiated", without a time.
STATE_REASONS = {
    "stop requested": (CALLED, "User initiated shutdown", True),
    "terminate requested": (CALLED, "User initiated shutdown", True),
    "shut down from inside": (FROM_INSIDE, "Instance initiated shutdown", False),
    "the sandbox ended": (BY_AMAZON, "Stopped due to scheduled retirement", False),
    "the sandbox ended while it ran": (BY_AMAZON, "Stopped due to scheduled retirement", False),
}
# Its owner set it up, and so launched it, before the sandbox knew it.
SET_UP_BEFORE = timedelta(days=30)
# HTTP statuses of error codes that a test may ask for.
FAULT_STATUSES = {"RequestLimitExceeded": 503, "InternalError": 500, "UnauthorizedOperation": 403}


class Ec2Refusal(Exception):
    """An error answer of the EC2 API."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True)
class Transition:
    """One line of the history."""

    number: int
    at: str  # ISO 8601, UTC
    instance_id: str
    state: State
    reason: str


@dataclass(frozen=True)
class StateChange:
    """An instance's state before and after a request, as EC2 answers it."""

    instance_id: str
    previous: State
    current: State


@dataclass(frozen=True)
class InstanceFacts:
    """What DescribeInstances says of an instance's last start and last end."""

    launched_at: datetime
    state_reason: tuple[str, str] | None  # code, message
    transition_reason: str


class Ec2Fleet:
    """The instances of the sandbox. `on_state` is told of every state, before it is visible."""

    def __init__(
        self,
        folder: Path,
        counts: Counts,
        *,
        instance_count: int = 1,
        instance_ids: Sequence[str] = (),
        transition_seconds: float = 2.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Restore the instances of an earlier start; add or leave out some to reach the count.

        Or have those whose ids somebody names.
        """
        self.transition_seconds = transition_seconds
        self._clock = clock
        self.on_state: Callable[[str, State], None] = lambda _instance, _state: None
        self._counts = counts
        self.folder = folder
        self._history_path = folder / "history.jsonl"
        self._tags_path = folder / "tags.json"
        self._lock = threading.RLock()
        self._timers: dict[str, threading.Timer] = {}
        self._starts_to_refuse = 0
        self._faults: dict[str, _Fault] = {}
        self._refused_starts: set[str] = set()
        self._closed = False
        folder.mkdir(parents=True, exist_ok=True)
        self._history = _read_history(self._history_path)
        self._states: dict[str, State] = {}
        kept_ids = instance_ids or _kept_ids(folder / "instances.json", instance_count)
        for instance_id in kept_ids:
            past = [line.state for line in self._history if line.instance_id == instance_id]
            if past and past[-1] in {"stopped", "terminated"}:
                self._states[instance_id] = past[-1]
            else:
                reason = "the sandbox ended while it ran" if past else "created"
                self._enter(instance_id, "stopped", reason)

    @property
    def instance_ids(self) -> tuple[str, ...]:
        """The instances, in the order of their creation."""
        return tuple(self._states)

    def state_of(self, instance_id: str) -> State:
        """Return an instance's state now."""
        with self._lock:
            self.require([instance_id])
            return self._states[instance_id]

    def history(self) -> tuple[Transition, ...]:
        """Return every transition since the folder was created, oldest first."""
        with self._lock:
            return tuple(self._history)

    def facts(self, instance_id: str) -> InstanceFacts:
        """Return when an instance was last launched, and why it does not run, to whole seconds."""
        with self._lock:
            self.require([instance_id])
            lines = [line for line in self._history if line.instance_id == instance_id]
            launch = next((one for one in reversed(lines) if one.state == "pending"), None)
            end = next((one for one in reversed(lines) if one.reason in STATE_REASONS), None)
        if launch is None:
            set_up_at = datetime.fromisoformat(lines[0].at) - SET_UP_BEFORE
            launched_at = set_up_at.replace(microsecond=0)
        else:
            launched_at = datetime.fromisoformat(launch.at).replace(microsecond=0)
        if end is None or (launch is not None and end.number < launch.number):
            return InstanceFacts(launched_at, None, "")
        code, message, has_time = STATE_REASONS[end.reason]
        at = f" ({datetime.fromisoformat(end.at):%Y-%m-%d %H:%M:%S} GMT)" if has_time else ""
        return InstanceFacts(launched_at, (code, f"{code}: {message}"), f"User initiated{at}")

    def tags(self) -> dict[str, dict[str, str]]:
        """Return the tags that were set, by instance."""
        with self._lock:
            if not self._tags_path.exists():
                return {}
            tags: dict[str, dict[str, str]] = json.loads(self._tags_path.read_text("utf-8"))
            return tags

    def set_tags(self, instance_ids: Sequence[str], tags: Mapping[str, str]) -> None:
        """Set tags, which stay when an instance stops; one that is there is replaced."""
        with self._lock:
            self.require(instance_ids)
            kept = self.tags()
            for instance_id in instance_ids:
                kept[instance_id] = kept.get(instance_id, {}) | dict(tags)
            write_private(self._tags_path, json.dumps(kept))

    def fail_next(self, action: str, code: str, count: int) -> None:
        """Let the next `count` requests for an action fail with an error code; 0 takes it back."""
        if code not in FAULT_STATUSES:
            msg = f"code must be one of {', '.join(FAULT_STATUSES)}, but is {code!r}"
            raise ValueError(msg)
        with self._lock:
            self._faults[action] = _Fault(code, count)

    def check_fault(self, action: str, invocation: str) -> None:
        """Fail as `fail_next` asked; a client's own repeats of one request count as one."""
        with self._lock:
            fault = self._faults.get(action)
            if fault is not None and fault.hits(invocation):
                msg = f"the sandbox was asked to fail {action}"
                raise Ec2Refusal(fault.code, msg, FAULT_STATUSES[fault.code])

    def refuse_next_starts(self, count: int) -> None:
        """Let the next `count` starts fail with InsufficientInstanceCapacity; 0 takes it back."""
        with self._lock:
            self._starts_to_refuse = count

    def start(self, instance_ids: Sequence[str], invocation: str = "") -> list[StateChange]:
        """Start instances as EC2 does; one that is pending or running stays as it is.

        `invocation` names the caller's attempt: AWS clients repeat a server error by themselves,
        under the same invocation id, and one start refused for lack of capacity counts once.
        """
        with self._lock:
            self.require(instance_ids)
            refusal = "The instance '{}' is not in a state from which it can be started."
            for state in ("stopping", "shutting-down", "terminated"):
                self._refuse_in(state, instance_ids, refusal)
            if any(self._states[each] == "stopped" for each in instance_ids):
                self._require_capacity(invocation)
            return self._change(instance_ids, "stopped", "pending", "start")

    def stop(self, instance_ids: Sequence[str]) -> list[StateChange]:
        """Stop instances as EC2 does; one that is stopping or stopped stays as it is."""
        with self._lock:
            self.require(instance_ids)
            refusal = "Instance '{}' cannot be stopped as it has never reached the 'running' state."
            self._refuse_in("pending", instance_ids, refusal)
            refusal = "The instance '{}' is not in a state from which it can be stopped."
            for state in ("shutting-down", "terminated"):
                self._refuse_in(state, instance_ids, refusal)
            return self._change(instance_ids, "running", "stopping", "stop")

    def shut_down(self, instance_id: str) -> None:
        """Let a running instance stop as `shutdown -h now` on it does: nobody called EC2."""
        with self._lock:
            self.require([instance_id])
            if not self._closed and self._states[instance_id] == "running":
                self._begin(instance_id, "stopping", "shut down from inside")

    def terminate(self, instance_id: str) -> None:
        """Let an instance go for good, as its owner may in the console."""
        with self._lock:
            self.require([instance_id])
            if self._states[instance_id] not in {"shutting-down", "terminated"}:
                self._begin(instance_id, "shutting-down", "terminate requested")

    def close(self) -> None:
        """End the sandbox's cloud: no transition happens any more, every instance is stopped."""
        with self._lock:
            self._closed = True
            for timer in self._timers.values():
                timer.cancel()
            for instance_id, state in self._states.items():
                if state not in {"stopped", "terminated"}:
                    self._enter(instance_id, "stopped", "the sandbox ended")

    def require(self, instance_ids: Sequence[str]) -> None:
        """Refuse ids that are not those of the fleet."""
        unknown = [each for each in instance_ids if each not in self._states]
        if not instance_ids:
            msg = "The request must contain the parameter InstanceId"
            raise Ec2Refusal(code="MissingParameter", message=msg)
        if len(unknown) == 1:
            msg = f"The instance ID '{unknown[0]}' does not exist"
            raise Ec2Refusal(code="InvalidInstanceID.NotFound", message=msg)
        if unknown:
            msg = f"The instance IDs '{', '.join(unknown)}' do not exist"
            raise Ec2Refusal(code="InvalidInstanceID.NotFound", message=msg)

    def _refuse_in(self, state: State, instance_ids: Sequence[str], sentence: str) -> None:
        for instance_id in instance_ids:
            if self._states[instance_id] == state:
                msg = sentence.format(instance_id)
                raise Ec2Refusal(code="IncorrectInstanceState", message=msg)

    def _change(
        self, instance_ids: Sequence[str], before: State, after: State, verb: str
    ) -> list[StateChange]:
        """Let those in the state `before` enter `after`, and what follows it in time."""
        changes = []
        for instance_id in instance_ids:
            previous = self._states[instance_id]
            if previous == before:
                self._counts.add("ec2", f"{verb}s")
                self._begin(instance_id, after, f"{verb} requested")
            changes.append(StateChange(instance_id, previous, self._states[instance_id]))
        return changes

    def _begin(self, instance_id: str, state: State, reason: str) -> None:
        """Enter a state that passes by itself."""
        before = self._timers.get(instance_id)
        if before is not None:
            before.cancel()
        self._enter(instance_id, state, reason)
        timer = threading.Timer(self.transition_seconds, self._finish, [instance_id])
        timer.daemon = True
        self._timers[instance_id] = timer
        timer.start()

    def _finish(self, instance_id: str) -> None:
        with self._lock:
            after = FOLLOWS.get(self._states[instance_id])
            if after is not None and not self._closed:
                self._enter(instance_id, after, "started" if after == "running" else after)

    def _require_capacity(self, invocation: str) -> None:
        if invocation not in self._refused_starts:
            if self._starts_to_refuse == 0:
                return
            self._starts_to_refuse -= 1
            self._counts.add("ec2", "starts_without_capacity")
            if invocation:
                self._refused_starts.add(invocation)
        msg = (
            f"We currently do not have sufficient {INSTANCE_TYPE} capacity in the Availability "
            "Zone you requested. Our system will be working on provisioning additional capacity."
        )
        # 500 in the real API too, which is why boto3 repeats it.
        raise Ec2Refusal(code="InsufficientInstanceCapacity", message=msg, status=500)

    def _enter(self, instance_id: str, state: State, reason: str) -> None:
        # Told first: nobody may read `stopped` while the machine still has a process.
        self.on_state(instance_id, state)
        self._states[instance_id] = state
        now = self._clock().isoformat(timespec="milliseconds")
        line = Transition(len(self._history) + 1, now, instance_id, state, reason)
        self._history.append(line)
        self._counts.add("ec2", f"entered_{state}")
        with self._history_path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(line)) + "\n")


@dataclass
class _Fault:
    """How often requests for an action still fail, and which have."""

    code: str
    count: int
    invocations: set[str] = field(default_factory=set)

    def hits(self, invocation: str) -> bool:
        """Tell whether this request fails, and count it once."""
        if invocation in self.invocations:
            return True
        if self.count == 0:
            return False
        self.count -= 1
        if invocation:
            self.invocations.add(invocation)
        return True


def _kept_ids(path: Path, count: int) -> list[str]:
    known: list[str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    ids = known + [f"i-0{secrets.token_hex(8)}" for _ in range(count - len(known))]
    if ids != known:
        write_private(path, json.dumps(ids))
    return ids[:count]


def _read_history(path: Path) -> list[Transition]:
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    history = []
    for line in lines:
        try:
            history.append(Transition(**json.loads(line)))
        except json.JSONDecodeError:
            break  # the last line of a sandbox that was killed while it wrote
    if len(history) < len(lines):
        whole = "".join(json.dumps(asdict(line)) + "\n" for line in history)
        write_private(path, whole)
    return history
