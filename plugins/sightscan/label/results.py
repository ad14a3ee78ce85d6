"""Record what became of a batch: states of its calls, and the labels of its answers."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg

from sightscan.label.answers import read_labels
from sightscan.label.landmarks import answer_of, error_of
from sightscan.label.matching import SightIndex
from sightscan.label.sender import BatchResult, SentPhoto
from sightscan.label.vision import Outcome, SendStatus
from sightscan.warehouse.labels.labels import LabelRow, StoredAnswer
from sightscan.warehouse.spend.paid_calls import CallResult

# Provably not processed: such a call is released, and does not count against the cap.
INVALID_ARGUMENT = 3  # of google.rpc.Code
RELEASED = frozenset({SendStatus.REFUSED, SendStatus.OVER_QUOTA, SendStatus.NEVER_OPENED})

# Writes results and labels, both or neither.
Store = Callable[[Sequence[CallResult], Sequence[LabelRow]], None]


@dataclass(frozen=True, slots=True)
class RecordedBatch:
    """What came of the photos of a batch.

    `accepted` has the sights accepted on each photo that was answered. `released` were provably not
    paid for; `unfit` were never sent, and will not be; nothing will be heard of `lost`.
    """

    accepted: Mapping[bytes, frozenset[int]] = field(default_factory=dict)
    released: tuple[bytes, ...] = ()
    unfit: tuple[bytes, ...] = ()
    lost: tuple[bytes, ...] = ()

    def __or__(self, other: "RecordedBatch") -> "RecordedBatch":
        """Return both as one."""
        return RecordedBatch(
            {**self.accepted, **other.accepted},
            self.released + other.released,
            self.unfit + other.unfit,
            self.lost + other.lost,
        )


class Results:
    """Records batches and counts what they came to.

    `counts`: sent, answered, empty, failed, unknown, released (images); accepted, held_back,
    unmatched (labels).
    """

    def __init__(self, store: Store, index: SightIndex, *, min_score: float) -> None:
        self.counts: Counter[str] = Counter()
        self._store = store
        self._index = index
        self._min_score = min_score

    def record(self, result: BatchResult) -> RecordedBatch:
        """Store a batch's results and labels in one go; return what came of its photos.

        An answer that the warehouse refuses costs only itself: the others are stored, it is unknown.
        """
        try:
            return self._record(result)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            parts = result.by_photo()
            if len(parts) == 1:
                detail = f"the warehouse refuses the answer: {error}"
                return self._record(
                    replace(result, outcome=Outcome(SendStatus.UNKNOWN, detail=detail))
                )
        recorded = RecordedBatch()
        for part in parts:
            recorded |= self.record(part)
        return recorded

    def _record(self, result: BatchResult) -> RecordedBatch:
        call_results = _call_results_of(result)
        labels = {
            answer.sha256: read_labels(answer, self._index, min_score=self._min_score)
            for answer in _answers_among(call_results, result.sent)
        }
        every_label = [label for read in labels.values() for label in read]
        self._store(call_results, every_label)
        sent = tuple(photo.sha256 for photo in result.sent)
        released = sent if result.outcome.status in RELEASED else ()
        states = Counter(call_result.state for call_result in call_results)
        self.counts += Counter(
            sent=len(sent) - len(released),
            answered=states["succeeded"],
            empty=sum(not read for read in labels.values()),
            failed=states["failed"] - len(released),
            unknown=states["unknown"],
            released=len(released),
        )
        self.counts.update(label.state for label in every_label)
        return RecordedBatch(
            {sha256: _accepted_sights(read) for sha256, read in labels.items()},
            released=released,
            unfit=tuple(photo.sha256 for photo in result.unfit),
            lost=() if released else tuple(sha256 for sha256 in sent if sha256 not in labels),
        )


def _call_results_of(result: BatchResult) -> list[CallResult]:
    outcome = result.outcome
    call_results = [
        # Kept as an answer, so that the photo is never chosen again.
        CallResult(photo.call_id, "failed", {"not_sent": photo.reason}, f"not sent: {photo.reason}")
        for photo in result.unfit
    ]
    if outcome.status is SendStatus.ANSWERED:
        call_results += (
            _call_result_of(photo, response)
            for photo, response in zip(result.sent, outcome.responses, strict=True)
        )
    elif outcome.status in RELEASED:
        detail = f"not processed: {outcome.detail}"
        call_results += (CallResult(photo.call_id, "failed", None, detail) for photo in result.sent)
    else:
        detail = f"fate unknown: {outcome.detail}"
        call_results += (
            CallResult(photo.call_id, "unknown", None, detail) for photo in result.sent
        )
    return call_results


def _call_result_of(photo: SentPhoto, response: dict[str, Any]) -> CallResult:
    answer = answer_of(photo.width_pixels, photo.height_pixels, response)
    error = error_of(response)
    if error is not None:
        # Bad images are refused; any other error does not say that the image was not processed.
        is_refused = response["error"].get("code") == INVALID_ARGUMENT
        return CallResult(photo.call_id, "failed" if is_refused else "unknown", answer, error)
    return CallResult(photo.call_id, "succeeded", answer)


def _answers_among(
    call_results: Iterable[CallResult], sent: Iterable[SentPhoto]
) -> Iterator[StoredAnswer]:
    photos = {photo.call_id: photo for photo in sent}
    for call_result in call_results:
        if call_result.answer is not None and call_result.state == "succeeded":
            photo = photos[call_result.call_id]
            yield StoredAnswer(
                photo.call_id, photo.sha256, call_result.answer, photo.query_sight_ids
            )


def _accepted_sights(labels: Iterable[LabelRow]) -> frozenset[int]:
    return frozenset(
        label.sight_id
        for label in labels
        if label.state == "accepted" and label.sight_id is not None
    )
