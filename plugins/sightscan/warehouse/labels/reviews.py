"""Labels before people: what waits for a decision, who looks at it, and what was decided.

Every decision is a row; the last one of a label counts (mart.decided_label), and one that takes a
decision back is a row as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import psycopg
from psycopg.rows import class_row, dict_row

from sightscan.box import Box
from sightscan.errors import ReviewError
from sightscan.warehouse.connection import reopener
from sightscan.warehouse.locks import CLAIM_LOCK
from sightscan.warehouse.photos.blobs import PhotoPlace, read_content
from sightscan.warehouse.statements import statement

# `no_sight` is said of the photo: nothing of the city is on it. A label alone is rejected.
Decision = Literal["accept", "reject", "rename", "no_sight", "withdraw"]
Kind = Literal["held_back", "uncertain", "unmatched", "decided"]

# Long enough to look at a batch over a cup of coffee; who comes back later may meet a colleague's
# decision, and the last one counts.
CLAIM_SECONDS = 15 * 60
# Scores are at most 1, so that all of them are below this.
ABOVE_ALL_SCORES = 2.0
# As many as a look takes in.
MAX_REFERENCES = 3


@dataclass(frozen=True, slots=True)
class ReviewFilter:
    """Which labels: kinds, and if given their reason and sight; scores in [least, below)."""

    city_id: str
    kinds: tuple[Kind, ...] = ("held_back", "uncertain")
    reason: str | None = None
    sight_id: int | None = None
    min_score: float = 0.0
    below_score: float = ABOVE_ALL_SCORES

    @property
    def parameters(self) -> dict[str, object]:
        """Return the parameters of the statements that filter."""
        return {
            "city_id": self.city_id,
            "kinds": list(self.kinds),
            "reason": self.reason,
            "sight_id": self.sight_id,
            "min_score": self.min_score,
            "below_score": self.below_score,
        }


@dataclass(frozen=True, slots=True)
class LabelToReview:
    """A label as a reviewer sees it. The sight is None if unmatched; then the likely one is shown."""

    label_id: int
    sha256: bytes
    kind: Kind
    reason: str
    review: Decision | None
    sight_id: int | None
    sight_name: str | None
    likely_sight_id: int | None
    likely_sight_name: str | None
    has_box: bool
    x1: float
    y1: float
    x2: float
    y2: float
    score: float
    description: str
    latitude: float | None
    longitude: float | None
    sight_latitude: float | None
    sight_longitude: float | None
    query: str | None
    page_url: str | None
    author: str | None
    licence: str | None


@dataclass(frozen=True, slots=True)
class Reference:
    """A photo that shows a sight, and where."""

    sha256: bytes
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class WaitingCount:
    """How many labels wait for one sight for one reason, and how many of them can be accepted."""

    kind: Kind
    reason: str
    sight_id: int | None
    label_count: int
    acceptable_count: int


@dataclass(frozen=True, slots=True)
class LabelDecision:
    """What a person decided about a label, under an id of the page's.

    A rename has the new sight, an acceptance the one that it is accepted as; both the box, if the
    person drew another.
    """

    review_id: UUID
    label_id: int
    decision: Decision
    sight_id: int | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class BulkOrder:
    """One decision for all that wait for one sight for one reason, as many as the person was told."""

    order_id: UUID
    city_id: str
    kind: Literal["held_back", "uncertain", "unmatched"]
    reason: str
    sight_id: int
    decision: Literal["accept", "reject"]
    expected_count: int
    min_score: float = 0.0
    below_score: float = ABOVE_ALL_SCORES


def claim_labels(
    connection: psycopg.Connection[Any],
    wanted: ReviewFilter,
    *,
    reviewer: str,
    seen: Sequence[int] = (),
    most: int = 10,
) -> tuple[LabelToReview, ...]:
    """Return the next labels, which no other reviewer gets for a while, without those `seen`."""
    values = wanted.parameters | {
        "reviewer": reviewer,
        "claim_seconds": CLAIM_SECONDS,
        "seen": list(seen),
        "most": most,
    }
    with connection.transaction(), connection.cursor(row_factory=class_row(LabelToReview)) as rows:
        connection.execute(statement("labels/lock_label_claims"), {"lock_number": CLAIM_LOCK})
        connection.execute(statement("labels/delete_label_claims"))
        claimed = connection.execute(statement("labels/claim_labels"), values).fetchall()
        label_ids = [label_id for (label_id,) in claimed]
        return tuple(
            rows.execute(statement("labels/list_labels_to_review"), {"label_ids": label_ids})
        )


def count_labels(
    connection: psycopg.Connection[Any], wanted: ReviewFilter
) -> tuple[WaitingCount, ...]:
    """Count the city's labels of these scores by kind, reason and sight."""
    with connection.cursor(row_factory=class_row(WaitingCount)) as cursor:
        return tuple(cursor.execute(statement("labels/count_labels_to_review"), wanted.parameters))


def store_decisions(
    connection: psycopg.Connection[Any], decisions: Sequence[LabelDecision], *, reviewer: str
) -> None:
    """Store decisions, all or none; one that is stored already is left alone.

    Raises:
        ReviewError: one cannot be: no such label, no box to accept, or a sight of another city.

    """
    review_ids = [each.review_id for each in decisions]
    values = {
        "review_ids": review_ids,
        "label_ids": [each.label_id for each in decisions],
        "decisions": [each.decision for each in decisions],
        "sight_ids": [each.sight_id for each in decisions],
        **{
            f"{edge}s": [getattr(each.box, edge, None) for each in decisions]
            for edge in ("x1", "y1", "x2", "y2")
        },
        "reviewer": reviewer,
    }
    with connection.transaction():
        connection.execute(statement("labels/insert_label_reviews"), values)
        rows = connection.execute(
            statement("labels/list_stored_reviews"),
            {"review_ids": review_ids, "reviewer": reviewer},
        )
        stored = {review_id for (review_id,) in rows}
        refused = next((each for each in decisions if each.review_id not in stored), None)
        if refused is not None:
            msg = (
                f"label {refused.label_id} cannot be decided so ({refused.decision}): expected a "
                "label that is there, to accept or rename it a box of an area, and a sight of its "
                "city; reject it, or load the page again"
            )
            raise ReviewError(msg)


def decide_in_bulk(
    connection: psycopg.Connection[Any], order: BulkOrder, *, reviewer: str
) -> tuple[int, ...]:
    """Decide all labels of the order and return them, so that the decision can be taken back.

    Raises:
        ReviewError: there are more or fewer than the person was told; nothing is decided then.

    """
    values = {
        "order_id": order.order_id,
        "city_id": order.city_id,
        "kind": order.kind,
        "reason": order.reason,
        "sight_id": order.sight_id,
        "decision": order.decision,
        "min_score": order.min_score,
        "below_score": order.below_score,
        "reviewer": reviewer,
    }
    with connection.transaction():
        rows = connection.execute(statement("labels/insert_bulk_reviews"), values).fetchall()
        if not rows:
            # An order that arrives twice is carried out once, and answered twice.
            rows = connection.execute(statement("labels/list_bulk_reviews"), values).fetchall()
        if len(rows) != order.expected_count:
            msg = (
                f"{len(rows)} labels wait now, but you were told {order.expected_count}: somebody "
                "decided meanwhile, or a run found more; nothing was changed, look at them again"
            )
            raise ReviewError(msg)
    return tuple(label_id for (label_id,) in rows)


def list_references(
    connection: psycopg.Connection[Any], sight_id: int, sha256: bytes
) -> tuple[Reference, ...]:
    """Return photos of a sight to compare a photo with, those that people accepted first."""
    with connection.cursor(row_factory=class_row(Reference)) as cursor:
        return tuple(
            cursor.execute(
                statement("labels/list_reference_photos"),
                {"sight_id": sight_id, "sha256": sha256, "most": MAX_REFERENCES},
            )
        )


def read_photo(connection: psycopg.Connection[Any], sha256: bytes) -> bytes | None:
    """Return the bytes of a photo, or None if there is none of that hash, or not any more."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            statement("labels/read_photo_blob"), {"sha256": sha256}, binary=True
        ).fetchone()
    if row is None:
        return None
    return read_content(PhotoPlace(sha256, row["bytes"], row["uri"]), reopener(connection))
