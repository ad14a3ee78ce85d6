"""The sentences and lists of the pages, built from values; no widgets, so that tests can read them.

Everything that comes from the warehouse (names of cities and sights) is escaped here before it
becomes HTML.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Final

from detector_app.catalogue import City, PublishedModel
from detector_app.models.detection import Detection
from detector_app.texts import count, say, say_or

# From these confidences on, "This is" and "Probably".
SURE_CONFIDENCE: Final = 0.9
PROBABLE_CONFIDENCE: Final = 0.6

_MINUTE, _HOUR, _DAY = 60, 3600, 86400

# Whatever is punctuation may be markup, and may be written with a backslash.
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
# Emoji, icons and addresses are found after that: an invisible character in them keeps them apart.
_FOUND_LATER = re.compile(r"\\[:@]|(?<=www)\\\.", re.IGNORECASE)
_WORD_JOINER = "\u2060"

# Those that were asked for, and for which nothing is built.
_NOT_LET_IN: Final = ("waiting", "refused")
_UNKNOWN_COLOUR: Final = "#888888"


def describe_quality(language: str, model: PublishedModel) -> str:
    """Say how good a model is, in words that need no knowledge of mAP."""
    own = describe_named_sights(language, model)
    if own is None:
        return _describe_precision(language, model)
    strangers = describe_named_strangers(language, model)
    if strangers is None:
        return say(language, "quality.untried", own=own)
    return say(language, "quality.counted", own=own, strangers=strangers)


def describe_named_sights(language: str, model: PublishedModel) -> str | None:
    """Say on how many test photos of its sights it names one right; None if nobody counted."""
    return _of(language, model.named_sight_photo_count, model.sight_photo_count)


def describe_named_strangers(language: str, model: PublishedModel) -> str | None:
    """Say how many test photos without a sight get a name; None if none was tried."""
    return _of(language, model.named_background_photo_count, model.background_photo_count)


def _of(language: str, number: int | None, of: int | None) -> str | None:
    return say(language, "quality.of", count=number, all=of) if of and number is not None else None


def _describe_precision(language: str, model: PublishedModel) -> str:
    """Say what is known of a model whose names were not counted: mAP50, of answers of any confidence."""
    tenths = round(model.map50 * 10)
    key = {0: "quality.few", 10: "quality.all"}.get(tenths, "quality.tenths")
    # What is shown is less.
    return say(
        language,
        "quality.older",
        share=say(language, key, tenths=tenths),
        photos=count(language, "photos", model.test_photo_count),
    )


def describe_signature(language: str, model: PublishedModel, *, is_checked: bool) -> str:
    """Say whether it is known who made the model's file; `is_checked` if keys are trusted here."""
    if is_checked:
        return say(language, "signature.checked")
    if model.onnx_signature is None:
        return say(language, "signature.none")
    return say(language, "signature.unchecked")


def describe_city(language: str, city: City, *, is_here: bool = True) -> str:
    """Name a city as the list of cities shows it; `is_here` says whether its model can be had."""
    place = f"{city.name}, {city.country}" if city.country else city.name
    if city.model is None:
        stage = city.stage if city.stage in _NOT_LET_IN else "preparing"
        return f"{place} ({say(language, f'city.{stage}')})"
    return place if is_here else f"{place} ({say(language, 'city.elsewhere')})"


def describe_preparation(language: str, city: City) -> str:
    """Say how far a city without a model has come, or that it is not let in."""
    if city.stage in _NOT_LET_IN:
        return _describe_request(language, city)
    return say(
        language,
        "city.long",
        city=city.name,
        stage=say_or(language, f"city.{city.stage}", "city.other"),
        sights=count(language, "sights", city.sight_count),
        photos=count(language, "photos", city.photo_count),
        labelled=city.labelled_photo_count,
    )


def _describe_request(language: str, city: City) -> str:
    key = "city.votes.one" if city.vote_count == 1 else "city.votes.many"
    asked = say(language, key, city=city.name, count=city.vote_count)
    reason = city.reason or say(language, "city.refused.unsaid")
    return f"{asked} {say(language, f'city.{city.stage}.long', reason=reason)}"


def describe_age(language: str, as_of: datetime, now: datetime) -> str:
    """Say how long ago something was, to the grain that matters."""
    seconds = (now - as_of).total_seconds()
    for least, unit, key in (
        (2 * _DAY, _DAY, "age.days"),
        (2 * _HOUR, _HOUR, "age.hours"),
        (2 * _MINUTE, _MINUTE, "age.minutes"),
    ):
        if seconds >= least:
            return say(language, key, count=round(seconds / unit))
    return say(language, "age.now")


def choose_word(confidence: float) -> str:
    """Choose how surely a name is said, as the camera's page does (`browser/names.js`)."""
    if confidence >= SURE_CONFIDENCE:
        return "sure"
    return "probable" if confidence >= PROBABLE_CONFIDENCE else "perhaps"


def describe_found(language: str, detections: Sequence[Detection], names: Mapping[str, str]) -> str:
    """Say in one line what was found, for a picture's alternative text and for the ear.

    `names` has what a sight is called in the language, by the name of its class.
    """
    said = [
        say(language, f"name.{choose_word(one.confidence)}", name=names.get(one.name, one.name))
        for one in detections
    ]
    return " ".join(f"{one}." for one in dict.fromkeys(said)) or say(language, "photo.found.none")


def list_known_sights(
    language: str,
    class_names: Sequence[str],
    colours: Mapping[str, str],
    names: Mapping[str, str],
) -> str:
    """Return the HTML list of the sights that a model knows, each with its colour."""
    chips = "".join(
        f'<li><span class="ss-swatch" style="background:{colours.get(name, _UNKNOWN_COLOUR)}">'
        f"</span>{escape(names.get(name, name))}</li>"
        for name in class_names
    )
    label = escape(say(language, "detect.knows.list"))
    return f'<ul class="ss-known" aria-label="{label}">{chips}</ul>'


def say_quietly(sentence: str) -> str:
    """Return the HTML of a sentence that takes the place of a list."""
    return f'<p class="ss-quiet">{escape(sentence)}</p>'


def as_plain(text: str) -> str:
    """Return the text so that Streamlit shows it letter by letter, not as Markdown or LaTeX."""
    escaped = _PUNCTUATION.sub(r"\\\g<0>", " ".join(text.split()))
    return _FOUND_LATER.sub(rf"\g<0>{_WORD_JOINER}", escaped)
