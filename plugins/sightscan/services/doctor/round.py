"""One round of all checks at once, each within its time: a doctor that hangs says nothing."""

import threading
import time
from collections.abc import Iterator, Sequence

from sightscan.services.doctor import (
    airflow,
    keys,
    machine,
    machines,
    pauses,
    snapshot,
    warehouse,
)
from sightscan.services.doctor.installation import Installation, InstallationCheck
from sightscan.services.question import Finding, answer_to, finding_of

MAX_CHECK_SECONDS = 25.0

CHECKS: tuple[InstallationCheck, ...] = (
    *machine.CHECKS,
    *warehouse.CHECKS,
    *snapshot.CHECKS,
    *keys.CHECKS,
    *machines.CHECKS,
    *airflow.CHECKS,
    *pauses.CHECKS,
)


def examine(
    installation: Installation,
    checks: Sequence[InstallationCheck] = CHECKS,
    *,
    max_seconds: float = MAX_CHECK_SECONDS,
) -> Iterator[Finding]:
    """Ask all at once, and give what came of each in their order, all of it within `max_seconds`."""
    deadline = time.monotonic() + max_seconds
    asked = [_Asked(check, installation) for check in checks]
    for each in asked:
        each.start()
    for each in asked:
        each.join(max(deadline - time.monotonic(), 0.0))
        yield each.finding or finding_of(
            each.check, "failed", f"no answer within {max_seconds:g} s", each.check.advice
        )


class _Asked(threading.Thread):
    """One check under way; a daemon, since what hangs must not keep the program from its end."""

    def __init__(self, check: InstallationCheck, installation: Installation) -> None:
        super().__init__(daemon=True, name=f"doctor-{check.name}")
        self.check = check
        self.finding: Finding | None = None
        self._installation = installation

    def run(self) -> None:
        shown = self._installation.shown
        try:
            self.finding = answer_to(self.check, self._installation, shown=shown)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other checks are told
            came = shown(f"{type(error).__name__}: {error}")
            self.finding = finding_of(self.check, "failed", came, self.check.advice)
