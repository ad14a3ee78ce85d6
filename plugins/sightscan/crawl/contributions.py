"""Take in what people share in the app: look at the bytes as at any photo, and have people review them.

Nothing is believed of a row of the inbox: the licence must be the one that the app asks for, the sight
one of its city, the photo one that a crawl would keep. Nobody pays for such a photo, and no model's
answer comes with it.
"""

import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from sightscan.crawl.clean.clean import inspect_photo
from sightscan.crawl.fetch.fetcher import PhotoRefusedError
from sightscan.settings import Settings
from sightscan.warehouse.labels.contributions import (
    Contribution,
    find_contributed_sight,
    list_waiting_contributions,
    read_contribution,
    settle_contribution,
)
from sightscan.warehouse.photos.blobs import open_photo_store
from sightscan.warehouse.photos.photos import (
    CONTRIBUTED,
    Attribution,
    FoundPhoto,
    PhotoFile,
    merge_photos,
)
from sightscan.warehouse.text import clean_name

# What the app's consent names; anything else was not agreed to there.
LICENCE = "cc-by-4.0"
LICENCE_URL = "https://creativecommons.org/licenses/by/4.0/"
# Who does not want to be named is named as this: the licence asks for a credit.
NOBODY = "a contributor of SightScan"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IntakeReport:
    """How many contributions wait for review now, and how many were refused."""

    taken: int
    refused: int


def take_in_contributions(connection: psycopg.Connection[Any], config: Settings) -> IntakeReport:
    """Take in what waits in the inbox, each contribution in one transaction.

    Raises:
        WarehouseError: the photo store refuses a photo; what came before is taken in.

    """
    outcomes = []
    for one in list_waiting_contributions(connection):
        with connection.transaction():
            content = read_contribution(connection, one.contribution_id)
            if content is not None:
                outcomes.append(_take_in(connection, config, one, content))
    report = IntakeReport(outcomes.count(None), len(outcomes) - outcomes.count(None))
    if outcomes:
        logger.info("contributions taken=%d refused=%d", report.taken, report.refused)
    return report


def _take_in(
    connection: psycopg.Connection[Any], config: Settings, one: Contribution, content: bytes
) -> str | None:
    """Store it or refuse it; return why it was refused."""
    name = find_contributed_sight(connection, one)
    refusal, file = _inspect(config, one, name, content)
    if file is not None and one.sight_id is not None:
        found = FoundPhoto(file, _attribution(one, str(name)), datetime.now(UTC))
        store = open_photo_store(config)
        with_tombstone = merge_photos(connection, one.sight_id, [found], [], store)
        if with_tombstone.removed_count or with_tombstone.removed_copy_count:
            refusal = "removed"
        elif with_tombstone.invalid_count:
            refusal = "invalid"
    sha256 = hashlib.sha256(content).digest() if file is None else file.sha256
    settle_contribution(connection, one, sha256, refusal)
    if refusal:
        logger.info("contribution %s refused: %s", one.contribution_id, refusal)
    return refusal


def _inspect(
    config: Settings, one: Contribution, sight_name: str | None, content: bytes
) -> tuple[str | None, PhotoFile | None]:
    if one.licence != LICENCE:
        return "licence", None
    if sight_name is None:
        return "no_such_sight", None
    try:
        return None, inspect_photo(content, config.min_photo_side_pixels)
    except PhotoRefusedError as error:
        return error.reason, None


def _attribution(one: Contribution, sight_name: str) -> Attribution:
    return Attribution(
        url=f"contribution:{one.contribution_id}",
        page_url=None,
        source=CONTRIBUTED,
        licence=LICENCE,
        licence_url=LICENCE_URL,
        author=clean_name(one.author or "") or NOBODY,
        title=None,
        query=sight_name,
    )
