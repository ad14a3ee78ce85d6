"""What a judged model leaves for its card, and the card among the model's files."""

from pathlib import Path
from typing import Any

import psycopg

from sightscan.publish.card.card import ModelCard, make_card
from sightscan.publish.card.drawings import draw_files
from sightscan.publish.card.markdown import write_markdown
from sightscan.publish.card.public import store_public_card
from sightscan.publish.reading import Reading
from sightscan.warehouse.models.cards import (
    list_missing_cards,
    save_judged_photos,
    save_model_file,
)
from sightscan.warehouse.models.models import StoredModel

CARD_FILE = "card.md"


def save_shown_boxes(
    connection: psycopg.Connection[Any], model: StoredModel, reading: Reading
) -> None:
    """Store what a model showed on each photo that it was judged on."""
    save_judged_photos(
        connection,
        model.city_id,
        model.version,
        (
            (
                photo.sha256,
                [
                    [int(number), float(confidence), *map(float, edges)]
                    for number, confidence, edges in zip(
                        answer.shown.classes, answer.shown.scores, answer.shown.boxes, strict=True
                    )
                ],
            )
            for photo, answer in zip(reading.photos, reading.answers, strict=True)
        ),
    )


def store_card(connection: psycopg.Connection[Any], city_id: str, version: int) -> None:
    """Store the card of a version, as of now, among its files; again replaces it."""
    files = card_files(make_card(connection, city_id, version))
    with connection.transaction():
        for name, content in files.items():
            save_model_file(connection, city_id, version, name, content)


def store_cards(connection: psycopg.Connection[Any], city_id: str, version: int) -> None:
    """Store what everybody may see of a version, then its card: with that one, both are there."""
    store_public_card(connection, city_id, version)
    store_card(connection, city_id, version)


def store_missing_cards(connection: psycopg.Connection[Any], city_id: str) -> None:
    """Store the cards of judged models of a city that have none: a judgement stands without its card."""
    for missing in list_missing_cards(connection, city_id, CARD_FILE):
        if missing.lacks_public:
            store_public_card(connection, city_id, missing.model_version)
        if missing.lacks_file:
            store_card(connection, city_id, missing.model_version)


def card_files(card: ModelCard) -> dict[str, bytes]:
    """Return the files of a card: card.md, and the drawings that it shows."""
    drawings = draw_files(card)
    text = write_markdown(card, tuple(Path(name).stem for name in drawings))
    return {CARD_FILE: text.encode(), **drawings}
