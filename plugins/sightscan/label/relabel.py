"""Read stored answers anew: nothing is sent, nothing is paid."""

import logging
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.label.answers import read_labels
from sightscan.label.matching import SightIndex
from sightscan.settings import Settings
from sightscan.warehouse.labels.labels import list_answers, merge_labels
from sightscan.warehouse.registry.sights import list_sights
from sightscan.warehouse.spend.paid_calls import VISION_LANDMARKS

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RelabelReport:
    """Answers read, labels that are new or differ now, and all labels of these answers by state."""

    answers: int
    changed: int
    accepted: int
    held_back: int
    unmatched: int


def relabel_answers(
    connection: psycopg.Connection[Any], config: Settings, city: City
) -> RelabelReport:
    """Read all stored answers about the city's photos with its sights and thresholds of today.

    So a photo that another city has paid for gets its labels here too, and a sight that became
    known later its own. Doing it again changes nothing.
    """
    index = SightIndex(city, list_sights(connection, city.city_id))
    answers, changed = 0, 0
    states: Counter[str] = Counter()
    for batch in list_answers(connection, VISION_LANDMARKS, city.city_id):
        labels = [
            label
            for answer in batch
            for label in read_labels(answer, index, min_score=config.min_label_score)
        ]
        changed += merge_labels(connection, labels).changed_count
        answers += len(batch)
        states.update(label.state for label in labels)
    report = RelabelReport(
        answers, changed, states["accepted"], states["held_back"], states["unmatched"]
    )
    counts = " ".join(f"{name}={count}" for name, count in asdict(report).items())
    logger.info("relabel %s: %s", city.slug, counts)
    return report
