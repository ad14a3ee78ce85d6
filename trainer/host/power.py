"""When the machine is powered off: past its deadline, idle, or on for too long.

Wall clocks jump. The deadline, an instant, is turned into a time to go when it is first seen; from
then on the machine's uptime counts, which no clock moves.
"""

import re
from dataclasses import dataclass

_SECONDS = re.compile("^[0-9]{1,12}$")


@dataclass(frozen=True)
class PowerLimits:
    """`idle_seconds` without training and SSH session; `max_life_seconds` since the boot, come what may."""

    idle_seconds: float = 15 * 60
    max_life_seconds: float = 24 * 3600


@dataclass(frozen=True)
class Moment:
    """Three clocks: since the boot, since 1970, and while the watch was awake."""

    up_seconds: float
    clock_seconds: float
    awake_seconds: float


class PowerRule:
    """Remembers the deadline and when the machine was last in use."""

    def __init__(self, limits: PowerLimits) -> None:
        self._limits = limits
        self._deadline_file: tuple[str, int] | None = None
        self._due_up_seconds: float | None = None
        self._used_at: float | None = None

    def reason_to_end(
        self, now: Moment, deadline_file: tuple[str, int] | None, *, in_use: bool
    ) -> str | None:
        """Return why the machine has to go off now, or None.

        `deadline_file` is its text (seconds since 1970) and its time, None without one.
        """
        self._read_deadline(now, deadline_file)
        if in_use or self._used_at is None:
            self._used_at = now.awake_seconds
        if now.up_seconds > self._limits.max_life_seconds:
            return f"it has been on for {now.up_seconds:.0f} s, longer than it ever may"
        if self._due_up_seconds is not None and now.up_seconds > self._due_up_seconds:
            return f"its deadline passed {now.up_seconds - self._due_up_seconds:.0f} s ago"
        idle = now.awake_seconds - self._used_at
        if idle > self._limits.idle_seconds:
            return f"no training and no SSH session for {idle:.0f} s"
        return None

    def _read_deadline(self, now: Moment, deadline_file: tuple[str, int] | None) -> None:
        # One that vanished or was spoilt meanwhile still stands.
        if deadline_file is None or deadline_file == self._deadline_file:
            return
        self._deadline_file = deadline_file
        text = deadline_file[0].strip()
        if not _SECONDS.match(text):
            return
        to_go = int(text) - now.clock_seconds
        due = now.up_seconds + to_go
        if deadline_file[1] / 1e9 < now.clock_seconds - now.up_seconds:
            # Of an earlier boot: whoever started it anew has yet to leave theirs.
            due = max(due, self._limits.idle_seconds) if due > 0 else due
        # A lease that was over before the boot says nothing about this one.
        self._due_up_seconds = due if due > 0 else None
