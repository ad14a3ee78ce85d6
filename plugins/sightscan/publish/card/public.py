"""What everybody may see of a judged model: its card without people's logins, and pictures of test photos.

The app reads `mart` only and never asks a photo store, so the pictures are made here: small, without
metadata, and of photos alone whose licence lets anybody show them.
"""

import io
import logging
from collections.abc import Sequence
from typing import Any

import psycopg
from PIL import Image, ImageOps

from sightscan.box import Box
from sightscan.errors import WarehouseError
from sightscan.licences import is_open, licence_id
from sightscan.photo_colour import BROKEN
from sightscan.publish.card.card import ModelCard, make_card
from sightscan.publish.card.evidence import MatchedPhoto
from sightscan.publish.card.markdown import write_markdown
from sightscan.publish.card.words import sections_of
from sightscan.warehouse.labels.reviews import read_photo
from sightscan.warehouse.models.cards import ModelExample, save_examples, save_public_card

# Publications name the logins of people; best and worst are there as pictures, what is taken for what as
# numbers.
LEFT_OUT = frozenset({"publications", "best", "worst", "confusion"})
# As `model_card_is_bounded` has it.
MAX_CHARACTERS = 200_000
CUT = "The rest is left out: this card would be too long."
MAX_EXAMPLES = 6
THUMBNAIL_PIXELS = 480
# From the first on that makes the picture small enough.
JPEG_QUALITIES = (80, 60, 40, 20)
MAX_THUMBNAIL_BYTES = 100_000

logger = logging.getLogger(__name__)


def store_public_card(connection: psycopg.Connection[Any], city_id: str, version: int) -> None:
    """Store what everybody may see of a version, as of now; again replaces it."""
    card = make_card(connection, city_id, version)
    examples = [
        *_examples(connection, card, card.best, is_right=True),
        *_examples(connection, card, card.worst, is_right=False),
    ]
    with connection.transaction():
        save_public_card(connection, city_id, version, write_public(card), card.confusions)
        save_examples(connection, city_id, version, examples)
    logger.info("city=%s model=%d examples=%d", card.facts.city_slug, version, len(examples))


def write_public(card: ModelCard) -> str:
    """Return the card as Markdown, without what is not for everybody or shown beside it.

    One that is too long is cut between two lines, and says so.
    """
    sections = [one for one in sections_of(card, is_kept=True) if one.name not in LEFT_OUT]
    text = write_markdown(card, (), sections)
    if len(text) <= MAX_CHARACTERS:
        return text
    end = f"\n\n{CUT}\n"
    kept, _, _ = text[: MAX_CHARACTERS - len(end) + 1].rpartition("\n")
    return kept.rstrip("\n") + end


def make_thumbnail(content: bytes) -> bytes | None:
    """Return a photo as a small JPEG, upright and without metadata; None if it is broken."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.draft("RGB", (THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except BROKEN:
        return None
    upright.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
    bare = Image.new("RGB", upright.size)
    bare.paste(upright)
    for quality in JPEG_QUALITIES:
        stream = io.BytesIO()
        bare.save(stream, "JPEG", quality=quality)
        if len(stream.getvalue()) <= MAX_THUMBNAIL_BYTES:
            return stream.getvalue()
    return None


def _examples(
    connection: psycopg.Connection[Any],
    card: ModelCard,
    photos: Sequence[MatchedPhoto],
    *,
    is_right: bool,
) -> list[ModelExample]:
    examples: list[ModelExample] = []
    for photo in photos:
        if len(examples) == MAX_EXAMPLES:
            break
        if not is_open(licence_id(photo.row.licence)):
            continue
        thumbnail = _read_thumbnail(connection, photo.row.sha256)
        if thumbnail is None:
            continue
        names = card.facts.class_names
        examples.append(
            ModelExample(
                sha256=photo.row.sha256,
                is_right=is_right,
                place=len(examples) + 1,
                there=[[names[number], *_edges(box)] for number, box in photo.truths],
                shown=[
                    [names[one.class_number], one.confidence, one.is_right, *_edges(one.box)]
                    for one in photo.shown
                ],
                thumbnail=thumbnail,
            )
        )
    return examples


def _read_thumbnail(connection: psycopg.Connection[Any], sha256: bytes) -> bytes | None:
    try:
        content = read_photo(connection, sha256)
    except WarehouseError as error:
        # A card is no reason to judge a model again: it does without this picture.
        logger.warning("no picture of %s: %s", sha256.hex(), error)
        return None
    return None if content is None else make_thumbnail(content)


def _edges(box: Box) -> list[float]:
    return [round(edge, 4) for edge in (box.x1, box.y1, box.x2, box.y2)]
