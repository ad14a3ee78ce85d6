"""The sentences and lists of the pages, built from values; no widgets, so that tests can read them.

Everything that comes from the warehouse (names of cities and sights) is escaped here before it
becomes HTML.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from html import escape

from detector_app.catalogue import City, PublishedModel
from detector_app.models.detection import Detection

_MINUTE, _HOUR, _DAY = 60, 3600, 86400

# Whatever is punctuation may be markup, and may be written with a backslash.
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
# Emoji, icons and addresses are found after that: an invisible character in them keeps them apart.
_FOUND_LATER = re.compile(r"\\[:@]|(?<=www)\\\.", re.IGNORECASE)
_WORD_JOINER = "\u2060"

# The stages of mart.city_overview, as a visitor may read them.
_STAGES = {
    "added": "the city is known, its first run is to come",
    "discovered": "its sights are known, photos are being gathered",
    "crawled": "photos are there, labelling comes next",
    "labelled": "photos are labelled, training comes next",
}
_OTHER_STAGE = "this app is too old to say how far it is"
# Those that were asked for, and for which nothing is built.
_NOT_LET_IN = {"waiting": "asked for, not approved yet", "refused": "refused"}


def describe_quality(model: PublishedModel) -> str:
    """Say how good a model is, in words that need no knowledge of mAP."""
    own = describe_named_sights(model)
    if own is None:
        return _describe_precision(model)
    strangers = describe_named_strangers(model)
    return f"names a sight on {own} photos of its sights that it never learnt from; " + (
        f"of photos without any of them, {strangers} got a name"
        if strangers
        else "how often it gives a name to what it does not know was not tried"
    )


def describe_named_sights(model: PublishedModel) -> str | None:
    """Say on how many test photos of its sights it names one right; None if nobody counted."""
    return _of(model.named_sight_photo_count, model.sight_photo_count)


def describe_named_strangers(model: PublishedModel) -> str | None:
    """Say how many test photos without a sight get a name; None if none was tried."""
    return _of(model.named_background_photo_count, model.background_photo_count)


def _of(count: int | None, of: int | None) -> str | None:
    return f"{count} of {of}" if of and count is not None else None


def _describe_precision(model: PublishedModel) -> str:
    """Say what is known of a model whose names were not counted: mAP50, of answers of any confidence."""
    tenths = round(model.map50 * 10)
    share = {0: "hardly any", 10: "nearly all"}.get(tenths, f"about {tenths} of 10")
    photos = "photo" if model.test_photo_count == 1 else "photos"
    # What is shown is less.
    return (
        f"finds {share} sights on {model.test_photo_count} {photos} it never learnt from, and names "
        "those of which it is sure"
    )


def describe_signature(model: PublishedModel, *, is_checked: bool) -> str:
    """Say whether it is known who made the model's file; `is_checked` if keys are trusted here."""
    if is_checked:
        return "its file is signed by a key that this app trusts"
    if model.onnx_signature is None:
        return "its file is not signed"
    return "its file is signed; this app has no key to check that with"


def describe_city(city: City, *, is_here: bool = True) -> str:
    """Name a city as the list of cities shows it; `is_here` says whether its model can be had."""
    place = f"{city.name}, {city.country}" if city.country else city.name
    if city.model is None:
        return f"{place} ({_NOT_LET_IN.get(city.stage, 'in preparation')})"
    return place if is_here else f"{place} (not on this machine)"


def describe_preparation(city: City) -> str:
    """Say how far a city without a model has come, or that it is not let in."""
    if city.stage in _NOT_LET_IN:
        return _describe_request(city)
    stage = _STAGES.get(city.stage, _OTHER_STAGE)
    return (
        f"The detector of {city.name} is not ready yet: {stage}. So far "
        f"{_count(city.sight_count, 'sight')}, {_count(city.photo_count, 'photo')}, "
        f"{city.labelled_photo_count} of them labelled. "
        "This page notices by itself when the detector is published."
    )


def _describe_request(city: City) -> str:
    votes = "one vote" if city.vote_count == 1 else f"{city.vote_count} votes"
    asked = f"A detector of {city.name} has {votes}"
    if city.stage == "refused":
        return f"{asked}. It was refused: {city.reason or 'no reason was given.'}"
    return (
        f"{asked}. It is not approved yet: nothing is built until whoever runs SightScan lets it "
        "in. This page notices by itself."
    )


def describe_age(as_of: datetime, now: datetime) -> str:
    """Say how long ago something was, to the grain that matters."""
    age: timedelta = now - as_of
    seconds = age.total_seconds()
    if seconds < 2 * _MINUTE:
        return "just now"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} minutes ago"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.0f} hours ago"
    return f"{seconds / _DAY:.0f} days ago"


def describe_found(detections: Sequence[Detection]) -> str:
    """Say in one line what was found, for a picture's alternative text and for the ear."""
    if not detections:
        return "No sight found"
    return ", ".join(f"{one.name} ({one.confidence:.0%})" for one in detections)


def list_sights(
    detections: Sequence[Detection], colours: Mapping[str, str], *, live: bool = False
) -> str:
    """Return the HTML list of what was found; `live` makes screen readers speak its changes."""
    rows = "".join(
        f'<li><span class="ss-swatch" style="background:{colours.get(one.name, "#888888")}"></span>'
        f'<span class="ss-name">{escape(one.name)}</span>'
        f'<span class="ss-score">{one.confidence:.0%}</span>'
        f'<span class="ss-bar" aria-hidden="true"><span style="width:{one.confidence:.0%};'
        f'background:{colours.get(one.name, "#888888")}"></span></span></li>'
        for one in detections
    )
    polite = ' aria-live="polite"' if live else ""
    return f'<ul class="ss-sights" aria-label="Sights found"{polite}>{rows}</ul>'


def list_known_sights(class_names: Sequence[str], colours: Mapping[str, str]) -> str:
    """Return the HTML list of the sights that a model knows, each with its colour."""
    chips = "".join(
        f'<li><span class="ss-swatch" style="background:{colours.get(name, "#888888")}"></span>'
        f"{escape(name)}</li>"
        for name in class_names
    )
    return f'<ul class="ss-known" aria-label="Sights it knows">{chips}</ul>'


def say_quietly(sentence: str) -> str:
    """Return the HTML of a sentence that takes the place of a list."""
    return f'<p class="ss-quiet" role="status">{escape(sentence)}</p>'


def as_plain(text: str) -> str:
    """Return the text so that Streamlit shows it letter by letter, not as Markdown or LaTeX."""
    escaped = _PUNCTUATION.sub(r"\\\g<0>", " ".join(text.split()))
    return _FOUND_LATER.sub(rf"\g<0>{_WORD_JOINER}", escaped)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
