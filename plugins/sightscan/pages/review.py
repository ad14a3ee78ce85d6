"""The page where people decide about labels: its file, and what it asks of the warehouse."""

from dataclasses import asdict
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field, model_validator

from sightscan.box import Box
from sightscan.city import Place
from sightscan.pages.navigation import page_of
from sightscan.pages.staff import Decider, FromOwnPage, Text, Viewer, may_decide
from sightscan.pages.warehouse import open_warehouse
from sightscan.warehouse.labels.reviews import (
    ABOVE_ALL_SCORES,
    BulkOrder,
    Decision,
    Kind,
    LabelDecision,
    LabelToReview,
    ReviewFilter,
    claim_labels,
    count_labels,
    decide_in_bulk,
    list_references,
    store_decisions,
)
from sightscan.warehouse.registry.cities import find_city, list_cities
from sightscan.warehouse.registry.sights import list_sights

MAX_LABELS_AT_ONCE = 60
# Who has looked at more without deciding anything should filter.
MAX_SEEN = 20_000
MAX_DECISIONS = 10_000

router = APIRouter(prefix="/review")

Score = Annotated[float, Field(ge=0, le=ABOVE_ALL_SCORES)]
Edge = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
LabelId = Annotated[int, Field(ge=1, lt=2**63)]


class Wanted(BaseModel):
    """Which labels the page asks for, and which it has already."""

    city: Text
    kinds: tuple[Kind, ...] = ("held_back", "uncertain")
    reason: Text | None = None
    sight_id: LabelId | None = None
    min_score: Score = 0.0
    below_score: Score = ABOVE_ALL_SCORES
    seen: Annotated[list[LabelId], Field(max_length=MAX_SEEN)] = []
    most: Annotated[int, Field(ge=1, le=MAX_LABELS_AT_ONCE)] = 10


class DrawnBox(BaseModel):
    """Edges of a box as shares of the photo's width and height."""

    x1: Edge
    y1: Edge
    x2: Edge
    y2: Edge

    @model_validator(mode="after")
    def _has_an_area(self) -> Self:
        if self.x1 >= self.x2 or self.y1 >= self.y2:
            msg = "a box without an area: expected x1 < x2 and y1 < y2; draw it again"
            raise ValueError(msg)
        return self


class Decided(BaseModel):
    """One decision; a rename has a sight, and both may have a box that the person drew."""

    review_id: UUID
    label_id: LabelId
    decision: Decision
    sight_id: LabelId | None = None
    box: DrawnBox | None = None

    def as_decision(self) -> LabelDecision:
        """Return it as the warehouse stores it; only what is accepted has a box."""
        is_accepted = self.box is not None and self.decision in ("accept", "rename")
        box = Box(**self.box.model_dump()) if self.box is not None and is_accepted else None
        return LabelDecision(self.review_id, self.label_id, self.decision, self.sight_id, box)


class Decisions(BaseModel):
    """Decisions that are stored together."""

    decisions: Annotated[list[Decided], Field(min_length=1, max_length=MAX_DECISIONS)]


class Order(BaseModel):
    """One decision for all that wait for one sight for one reason."""

    order_id: UUID
    city: Text
    kind: Literal["held_back", "uncertain", "unmatched"]
    reason: Text
    sight_id: LabelId
    decision: Literal["accept", "reject"]
    expected_count: Annotated[int, Field(ge=1, le=MAX_DECISIONS)]
    min_score: Score = 0.0
    below_score: Score = ABOVE_ALL_SCORES


@router.get("/")
def show_page(_: Viewer) -> HTMLResponse:
    """Return the page."""
    return HTMLResponse(page_of("review"), headers={"Cache-Control": "no-cache"})


@router.get("/start")
def start(reviewer: Viewer, user: GetUserDep) -> dict[str, Any]:
    """Return who is there, and the cities."""
    with open_warehouse() as connection:
        cities = list_cities(connection)
    return {
        "reviewer": reviewer,
        "may_decide": may_decide(user),
        "cities": [{"slug": city.slug, "name": city.name} for city in cities],
    }


@router.get("/waiting")
def count_waiting(
    _: Viewer,
    city: Text,
    min_score: Annotated[float, Query(ge=0)] = 0.0,
    below_score: Annotated[float, Query(le=ABOVE_ALL_SCORES)] = ABOVE_ALL_SCORES,
) -> dict[str, Any]:
    """Return the city's sights, for filter and rename, and how many labels wait for what."""
    with open_warehouse() as connection:
        found = find_city(connection, city)
        wanted = ReviewFilter(found.city_id, min_score=min_score, below_score=below_score)
        counts = count_labels(connection, wanted)
        sights = list_sights(connection, found.city_id)
    return {
        "sights": [
            {
                "sight_id": sight.sight_id,
                "name": sight.name,
                "names": sorted({*sight.names.values(), *sight.aliases} - {sight.name}),
            }
            for sight in sights
        ],
        "counts": [asdict(count) for count in counts],
    }


@router.get("/references")
def show_references(
    _: Viewer,
    sight_id: LabelId,
    photo: Annotated[str, Query(pattern="^[0-9a-f]{64}$")],
) -> dict[str, Any]:
    """Return photos of a sight to compare a photo with."""
    with open_warehouse() as connection:
        found = list_references(connection, sight_id, bytes.fromhex(photo))
    return {"photos": [asdict(one) | {"sha256": one.sha256.hex()} for one in found]}


@router.post("/next", dependencies=[FromOwnPage])
def list_next(reviewer: Decider, wanted: Wanted) -> dict[str, Any]:
    """Return the next labels; no other reviewer gets them for a while."""
    labels = wanted.model_dump(exclude={"city", "seen", "most"})
    with open_warehouse() as connection:
        claimed = claim_labels(
            connection,
            ReviewFilter(find_city(connection, wanted.city).city_id, **labels),
            reviewer=reviewer,
            seen=wanted.seen,
            most=wanted.most,
        )
    return {"labels": [_shown(label) for label in claimed]}


@router.post("/decide", dependencies=[FromOwnPage])
def decide(reviewer: Decider, body: Decisions) -> dict[str, int]:
    """Store decisions, all or none; again is the same."""
    decisions = [each.as_decision() for each in body.decisions]
    with open_warehouse() as connection:
        store_decisions(connection, decisions, reviewer=reviewer)
    return {"stored": len(decisions)}


@router.post("/bulk", dependencies=[FromOwnPage])
def decide_many(reviewer: Decider, order: Order) -> dict[str, list[int]]:
    """Decide all that wait for one sight for one reason, if they are as many as was said."""
    with open_warehouse() as connection:
        values = order.model_dump(exclude={"city"})
        city_id = find_city(connection, order.city).city_id
        label_ids = decide_in_bulk(
            connection, BulkOrder(city_id=city_id, **values), reviewer=reviewer
        )
    return {"label_ids": list(label_ids)}


def _shown(label: LabelToReview) -> dict[str, Any]:
    """Return what the page needs; the distance says more than two pairs of coordinates."""
    distance = None
    if label.latitude is not None and label.longitude is not None:
        place = Place(label.latitude, label.longitude)
        if label.sight_latitude is not None and label.sight_longitude is not None:
            sight_place = Place(label.sight_latitude, label.sight_longitude)
            distance = round(place.distance_meters(sight_place))
    return asdict(label) | {"sha256": label.sha256.hex(), "distance_meters": distance}
