"""Settle what became of a batch: states of its calls, and the labels of its answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from sightscan.label.answers import read_labels
from sightscan.label.landmarks import answer_of, error_of, landmarks_of
from sightscan.label.matching import SightIndex
from sightscan.label.sender import BatchResult, SentPhoto
from sightscan.label.vision import Fate, Outcome
from sightscan.warehouse.labels.labels import LabelRow, StoredAnswer, merge_labels
from sightscan.warehouse.spend.paid_calls import Settlement, settle_calls

# Provably not processed: such a call is released, and does not count against the cap.
INVALID_ARGUMENT = 3  # of google.rpc.Code
RELEASED = frozenset({Fate.REFUSED, Fate.OVER_QUOTA, Fate.NEVER_OPENED})


@dataclass(frozen=True, slots=True)
class SettledBatch:
    """What a batch came to: counts of the report, and the sights accepted on each answered photo.

    Counts: sent, answered, empty, failed, unknown, released (images); accepted, held_back,
    unmatched (labels).
    """

    counts: Counter[str]
    accepted_sight_ids: Mapping[bytes, frozenset[int]]


def settle_batch(
    connection: psycopg.Connection[Any],
    result: BatchResult,
    index: SightIndex,
    *,
    min_score: float,
) -> SettledBatch:
    """Write a batch's settlements and labels in one transaction; return what it came to.

    An answer that the warehouse refuses costs only itself: the others are stored, it is unknown.
    """
    try:
        return _settle(connection, result, index, min_score)
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        parts = result.by_photo()
        if len(parts) == 1:
            detail = f"the warehouse refuses the answer: {error}"
            lost = replace(result, outcome=Outcome(Fate.UNKNOWN, detail=detail))
            return _settle(connection, lost, index, min_score)
    counts: Counter[str] = Counter()
    accepted: dict[bytes, frozenset[int]] = {}
    for part in parts:
        settled = settle_batch(connection, part, index, min_score=min_score)
        counts += settled.counts
        accepted |= settled.accepted_sight_ids
    return SettledBatch(counts, accepted)


def _settle(
    connection: psycopg.Connection[Any], result: BatchResult, index: SightIndex, min_score: float
) -> SettledBatch:
    settlements = [
        # Kept as an answer, so that the photo is never chosen again.
        Settlement(photo.call_id, "failed", {"not_sent": photo.reason}, f"not sent: {photo.reason}")
        for photo in result.unfit
    ]
    counts = Counter(failed=len(settlements))
    labels: list[LabelRow] = []
    accepted: dict[bytes, frozenset[int]] = {}
    outcome = result.outcome
    if outcome.fate is Fate.ANSWERED:
        for photo, response in zip(result.sent, outcome.responses, strict=True):
            settlement = _settlement_of(photo, response)
            settlements.append(settlement)
            if settlement.answer is not None and settlement.state == "succeeded":
                counts["empty"] += not landmarks_of(settlement.answer)
                answer = StoredAnswer(
                    photo.call_id, photo.sha256, settlement.answer, photo.found_for
                )
                read = read_labels(answer, index, min_score=min_score)
                labels += read
                accepted[photo.sha256] = _accepted_sights(read)
        counts["sent"] += len(result.sent)
        states = Counter(settlement.state for settlement in settlements)
        counts["answered"] += states["succeeded"]
        counts["failed"] = states["failed"]
        counts["unknown"] += states["unknown"]
    elif outcome.fate in RELEASED:
        detail = f"not processed: {outcome.detail}"
        settlements += (Settlement(photo.call_id, "failed", None, detail) for photo in result.sent)
        counts["released"] += len(result.sent)
    else:
        detail = f"fate unknown: {outcome.detail}"
        settlements += (Settlement(photo.call_id, "unknown", None, detail) for photo in result.sent)
        counts["sent"] += len(result.sent)
        counts["unknown"] += len(result.sent)
    counts.update(_states_of(labels))
    with connection.transaction():
        settle_calls(connection, settlements)
        merge_labels(connection, labels)
    return SettledBatch(counts, accepted)


def _settlement_of(photo: SentPhoto, response: dict[str, Any]) -> Settlement:
    answer = answer_of(photo.width_pixels, photo.height_pixels, response)
    error = error_of(response)
    if error is not None:
        # Bad images are refused; any other error does not say that the image was not processed.
        is_refused = response["error"].get("code") == INVALID_ARGUMENT
        return Settlement(photo.call_id, "failed" if is_refused else "unknown", answer, error)
    return Settlement(photo.call_id, "succeeded", answer)


def _states_of(labels: Iterable[LabelRow]) -> Counter[str]:
    return Counter(label.state for label in labels)


def _accepted_sights(labels: Iterable[LabelRow]) -> frozenset[int]:
    return frozenset(
        label.sight_id
        for label in labels
        if label.state == "accepted" and label.sight_id is not None
    )
