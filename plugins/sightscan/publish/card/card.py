"""The card of a version of a city's model, put together from what the warehouse knows of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from sightscan.publish.card.evidence import (
    ConfidenceBin,
    MatchedPhoto,
    bin_confidences,
    count_confusions,
    match_photo,
    rank_photos,
)
from sightscan.warehouse.models.cards import (
    ClassPhotos,
    LicenceCount,
    LiveFacts,
    ModelFacts,
    PublicationEvent,
    RunCost,
    list_class_photos,
    list_judged_photos,
    list_licences,
    list_publications,
    read_live_facts,
    read_model_facts,
    read_run_cost,
)

MAX_RANKED_PHOTOS = 10


@dataclass(frozen=True, slots=True)
class CardSight:
    """A class of the model: whether the app names it, its photos by split, and how it is found.

    `judged` has map50, map50_95 and photos on the frozen test photos, `shipped` what people get there
    (threshold, precision, recall, names, boxes); empty where it was not measured.
    """

    name: str
    is_shown: bool
    photos: Mapping[str, int]
    judged: Mapping[str, Any]
    shipped: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """All that the card says, as of `written_at`; without `photos` the model was not judged on them here."""

    facts: ModelFacts
    live: LiveFacts
    sights: tuple[CardSight, ...]
    licences: tuple[LicenceCount, ...]
    cost: RunCost
    publications: tuple[PublicationEvent, ...]
    photos: tuple[MatchedPhoto, ...]
    confusions: list[list[int]]
    bins: list[ConfidenceBin]
    best: list[MatchedPhoto]
    worst: list[MatchedPhoto]
    written_at: datetime


def make_card(connection: psycopg.Connection[Any], city_id: str, version: int) -> ModelCard:
    """Put the card of a version together; nothing is run or stored.

    Raises:
        LastingPublicationError: there is no such model.

    """
    facts = read_model_facts(connection, city_id, version)
    hidden = {
        number
        for number, sight_id in enumerate(facts.sight_ids)
        if sight_id in facts.hidden_sight_ids
    }
    photos = tuple(
        match_photo(row, hidden) for row in list_judged_photos(connection, city_id, version)
    )
    best, worst = rank_photos(photos, MAX_RANKED_PHOTOS)
    return ModelCard(
        facts=facts,
        live=read_live_facts(connection, city_id, version),
        sights=_sights(facts, list_class_photos(connection, city_id, facts.dataset_version)),
        licences=tuple(list_licences(connection, city_id, facts.dataset_version)),
        cost=read_run_cost(connection, facts.dag_id, facts.run_id),
        publications=tuple(list_publications(connection, city_id, version)),
        photos=photos,
        confusions=count_confusions(photos, len(facts.class_names)),
        bins=bin_confidences(photos),
        best=best,
        worst=worst,
        written_at=datetime.now(UTC),
    )


def _sights(facts: ModelFacts, counts: list[ClassPhotos]) -> tuple[CardSight, ...]:
    # A model of a first SightScan has no list of measures.
    judged = _by_name(facts.class_metrics)
    shipped = _by_name((facts.shipped or {}).get("per_class"))
    return tuple(
        CardSight(
            name=name,
            is_shown=sight_id not in facts.hidden_sight_ids,
            photos={one.split: one.photo_count for one in counts if one.class_number == number},
            judged=judged.get(name, {}),
            shipped=shipped.get(name, {}),
        )
        for number, (name, sight_id) in enumerate(
            zip(facts.class_names, facts.sight_ids, strict=True)
        )
    )


def _by_name(measures: Any) -> dict[str, Mapping[str, Any]]:
    return {one["name"]: one for one in measures} if isinstance(measures, list) else {}
