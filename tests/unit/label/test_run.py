"""The loop of labelling, alone: no thread, no warehouse, no service."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from sightscan.city import City, Place
from sightscan.errors import ServiceError, WarehouseError
from sightscan.label.calls import ReservedBatch
from sightscan.label.matching import SightIndex
from sightscan.label.prepare import PreparedPhoto
from sightscan.label.results import Results
from sightscan.label.run import LabelLoop, WaitingPhotos
from sightscan.label.selection import PhotoChoice
from sightscan.label.sender import BatchResult, PreparedBatch, ReservedPhoto, SentPhoto
from sightscan.label.throttle import Throttle
from sightscan.label.vision import Outcome, SendStatus
from sightscan.warehouse.labels.labels import CityPhoto, PhotoToLabel
from sightscan.warehouse.spend.paid_calls import CallResult

CITY = City("Q64", "berlin", "Berlin", "Germany", Place(52.5, 13.4), 10_000)
PHOTOS = 40  # three batches
ANSWERED, UNKNOWN = Outcome(SendStatus.ANSWERED), Outcome(SendStatus.UNKNOWN, detail="silence")
REFUSED = Outcome(SendStatus.REFUSED, detail="no permission")
OVER_QUOTA = Outcome(SendStatus.OVER_QUOTA, wait_seconds=0.0)


class Run:
    """A loop with a ledger and a sender that note what is asked of them, in order."""

    def __init__(
        self, *outcomes: Outcome, cap: int = PHOTOS, width: int = 2, waits: Sequence[float] = ()
    ) -> None:
        self.asked: list[str] = []
        self.states: dict[int, str] = {}
        self.cap = cap
        self.given_up: set[int] = set()
        self.unwritable: set[int] = set()
        self.interrupt_at = ""
        self.waited: list[float] = []
        self.max_in_flight = 0
        self._outcomes = list(outcomes)
        self._waits = list(waits)
        self._prepared: list[PreparedBatch] = []
        self._results: list[BatchResult] = []
        choice = PhotoChoice(
            [
                CityPhoto(bytes([n]), bytes([n]), 960, 720, "commons", (1,), is_waiting=True)
                for n in range(PHOTOS)
            ],
            {1: 1},
            minimum=30,
        )
        self.waiting = WaitingPhotos(choice, calls_left=cap)
        self.results = Results(self.store, SightIndex(CITY, ()), min_score=0.5)
        throttle = Throttle(1_700, width, self.take_tokens)
        self.loop = LabelLoop(self.waiting, self, self, self.results, throttle)  # type: ignore[arg-type]

    def go(self) -> ServiceError | None:
        return self.loop.run("berlin")

    def note(self, asked: str) -> None:
        self.asked.append(asked)
        if asked == self.interrupt_at:
            self.interrupt_at = ""
            raise KeyboardInterrupt

    # What the loop asks of the warehouse.

    def take_tokens(self, *_: object, **_bucket: float) -> float:
        return self._waits.pop(0) if self._waits else 0.0

    def reserve(self, chosen: Sequence[bytes]) -> ReservedBatch:
        self.note("reserve")
        room = self.cap - sum(state != "failed" for state in self.states.values())
        photos = []
        for sha256 in chosen[:room]:
            call_id = len(self.states) + 1
            self.states[call_id] = "reserved"
            photos.append(ReservedPhoto(call_id, PhotoToLabel(sha256, b"", frozenset({1}))))
        left_out = tuple(chosen[room:])
        return ReservedBatch(tuple(photos), left_out, stopped_by=("city",) if left_out else ())

    def mark_sent(self, batch: PreparedBatch) -> PreparedBatch:
        self.note("mark")
        marked = set(batch.call_ids) - self.given_up
        self.states |= dict.fromkeys(marked, "marked")
        return batch.only(marked)

    def store(self, call_results: Sequence[CallResult], _: object) -> None:
        self.note("store")
        if any(each.call_id in self.unwritable for each in call_results):
            msg = "the warehouse is gone"
            raise WarehouseError(msg)
        self.states |= {each.call_id: each.state for each in call_results}

    # What it asks of the sender, which is as fast as can be.

    @property
    def in_flight(self) -> int:
        return len(self._prepared) + len(self._results)

    def has_room(self, width: int) -> bool:
        return self.in_flight < width

    def prepare(self, photos: Sequence[ReservedPhoto]) -> None:
        ready = tuple(
            (SentPhoto(each.call_id, each.photo.sha256, each.photo.query_sight_ids, 9, 9), FIT)
            for each in photos
        )
        self._prepared.append(PreparedBatch(ready, ()))
        self.max_in_flight = max(self.max_in_flight, self.in_flight)

    def send(self, batch: PreparedBatch) -> None:
        self.note("send")
        assert {self.states[call_id] for call_id in batch.call_ids} <= {"marked"}
        sent = tuple(photo for photo, _ in batch.ready)
        outcome = self._outcomes.pop(0) if self._outcomes else ANSWERED
        if outcome.status is SendStatus.ANSWERED:
            outcome = Outcome(SendStatus.ANSWERED, ({},) * len(sent))
        self._results.append(BatchResult(outcome, sent, ()))

    def wait_for_one(self, timeout_seconds: float) -> None:
        self.waited.append(timeout_seconds)

    def take_prepared(self) -> PreparedBatch | None:
        return self._prepared.pop(0) if self._prepared else None

    @contextmanager
    def next_result(self) -> Iterator[BatchResult | None]:
        yield self._results[0] if self._results else None
        self._results = self._results[1:]

    def drain(self) -> Iterator[PreparedBatch | BatchResult]:
        self.note("drain")
        came_back = (*self._prepared, *self._results)
        self._prepared, self._results = [], []
        yield from came_back

    def count(self) -> Counter[str]:
        return Counter(self.states.values())


FIT = PreparedPhoto(b"", 9, 9)


def test_every_photo_is_reserved_marked_sent_and_recorded_in_this_order() -> None:
    run = Run(width=1)
    assert run.go() is None
    assert run.asked == ["reserve", "mark", "send", "store"] * 3 + ["drain"]
    assert run.count() == {"succeeded": PHOTOS}
    assert len(run.waiting) == 0


def test_what_is_ready_is_sent_before_an_answer_is_recorded() -> None:
    run = Run(width=2)
    run.go()
    assert run.asked[:7] == ["reserve", "reserve", "mark", "send", "mark", "send", "store"]


def test_no_more_batches_are_in_flight_than_the_throttle_lets() -> None:
    run = Run(width=2)
    run.go()
    assert run.max_in_flight == 2
    in_trouble = Run(UNKNOWN, ANSWERED, width=1)
    in_trouble.go()
    assert in_trouble.max_in_flight == 1


def test_cap_ends_the_run_and_the_photos_it_leaves_out_wait() -> None:
    run = Run(cap=20)
    assert run.go() is None
    assert run.count() == {"succeeded": 20}
    assert (len(run.waiting), run.waiting.stopped_by) == (PHOTOS - 20, ("city",))


def test_what_was_not_processed_makes_room_below_the_cap_again() -> None:
    run = Run(ANSWERED, OVER_QUOTA, cap=20, width=2)
    run.go()
    assert run.count() == {"succeeded": 20, "failed": 4}


def test_over_quota_is_sent_again_and_unknown_never() -> None:
    run = Run(OVER_QUOTA, UNKNOWN, width=1)
    assert run.go() is None
    assert run.count() == {"failed": 16, "unknown": 16, "succeeded": PHOTOS - 16}


def test_trouble_releases_what_is_prepared_and_sends_nothing_more() -> None:
    run = Run(REFUSED, REFUSED, width=2)
    trouble = run.go()
    assert "Google Vision refuses: no permission" in str(trouble)
    assert run.count() == {"failed": 32}
    assert run.asked.count("send") == 2


@pytest.mark.parametrize(
    ("moment", "states"),
    [
        ("mark", {"reserved": 16, "failed": 16}),
        ("store", {"succeeded": 32}),
        ("send", {"marked": 16, "failed": 16}),
    ],
)
def test_interrupted_run_records_what_came_back_and_releases_what_was_not_sent(
    moment: str, states: dict[str, int]
) -> None:
    run = Run(width=2)
    run.interrupt_at = moment
    with pytest.raises(KeyboardInterrupt):
        run.go()
    # A batch between two hands is neither: what its calls say tells the next task.
    assert run.count() == states


def test_batch_that_cannot_be_recorded_does_not_keep_the_others_from_it() -> None:
    run = Run(width=3)
    run.unwritable = {1}
    with pytest.raises(WarehouseError, match="is gone"):
        run.go()
    assert run.count() == {"marked": 16, "succeeded": PHOTOS - 16}


def test_photos_that_another_worker_gave_up_are_not_sent_nor_chosen_again() -> None:
    run = Run(width=1)
    run.given_up = {1, 2, 3}
    run.go()
    assert run.count() == {"reserved": 3, "succeeded": PHOTOS - 3}
    assert run.results.counts["sent"] == PHOTOS - 3


def test_quota_is_waited_for_a_few_seconds_at_a_time() -> None:
    run = Run(waits=[0.02])
    run.go()
    assert 0 < run.waited[0] <= 0.02
    assert run.count() == {"succeeded": PHOTOS}
    patient = Run(waits=[600.0])
    patient.interrupt_at = "reserve"
    patient.wait_for_one = stop_at_once  # type: ignore[method-assign]
    with pytest.raises(TimeoutError, match=r"^5\.0$"):
        patient.go()


def stop_at_once(timeout_seconds: float) -> None:
    raise TimeoutError(str(timeout_seconds))
