"""The photos that wait for a call, and whether one may still be paid for them.

Pure: it learns what was reserved and what was recorded, and says what comes next.
"""

from __future__ import annotations

from collections.abc import Collection

from sightscan.label.calls import ReservedBatch
from sightscan.label.results import RecordedBatch
from sightscan.label.selection import PhotoChoice
from sightscan.warehouse.spend.paid_calls import CapName


class WaitingPhotos:
    """Photos that wait; `stopped_by` are the caps that keep them from being sent.

    `calls_left` is what the city may ever pay for: it decides what is begun.
    """

    def __init__(self, choice: PhotoChoice, calls_left: int) -> None:
        self.stopped_by: tuple[CapName, ...] = ()
        self._choice = choice
        self._calls_left = calls_left

    def __len__(self) -> int:
        """Return how many photos wait."""
        return len(self._choice)

    @property
    def may_be_sent(self) -> bool:
        """Tell whether there is a photo, and no cap in its way."""
        return len(self) > 0 and not self.stopped_by

    def take(self, count: int) -> list[bytes]:
        """Take the photos that are next."""
        return self._choice.take(count, calls_left=self._calls_left)

    def note_reserved(self, batch: ReservedBatch) -> None:
        """Learn what became of photos that were taken; those that a cap leaves out wait on."""
        self._choice.forget(batch.gone)
        self._choice.put_back(batch.left_out)
        self._calls_left = max(self._calls_left - len(batch.photos), 0)
        self.stopped_by = batch.stopped_by

    def note_recorded(self, batch: RecordedBatch) -> None:
        """Learn from answers; what was not paid for makes room below the caps again."""
        for sha256, sight_ids in batch.accepted.items():
            self._choice.note_answer(sha256, sight_ids)
        self._choice.put_back(batch.released)
        self._choice.forget(batch.unfit + batch.lost)
        if batch.released or batch.unfit:
            self._calls_left += len(batch.released) + len(batch.unfit)
            self.stopped_by = ()

    def give_up(self, sha256s: Collection[bytes]) -> None:
        """Give up photos that somebody else took over after they were reserved."""
        self._choice.forget(sha256s)
