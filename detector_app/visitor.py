"""Who looks at the pages: the language they read, and what their browser remembers for them.

A browser's word is anybody's: what it says it remembers is checked before it is used.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import streamlit as st

from detector_app.photos.photo import MAX_PHOTO_MEGABYTES
from detector_app.texts import DEFAULT_LANGUAGE, choose_language, say

MAX_REMEMBERED: Final = 8
MAX_NAME_CHARACTERS: Final = 100
_KEY: Final = "visitor"
# Of `texts`: what Streamlit's own widgets say, which it has in English only; {} stands for what they put in.
_WIDGET_WORDS: Final = (
    "upload",
    "add_files",
    "drag_one",
    "drag_many",
    "per_file",
    "camera_wants",
    "camera_how",
    "take",
    "clear_photo",
    "switch_camera",
    "no_results",
    "skip",
    "heading",
    "open",
    "clear_value",
    "help",
    "pages",
    "enter",
    "enter_form",
    "fullscreen",
    "fullscreen_of",
    "close_fullscreen",
    "close_fullscreen_of",
    "add_option",
    "options",
    "too_large",
    "wrong_kind",
    "one_file",
    "too_small",
    "failed",
    "file_input",
    "icon",
    "loading",
    "columns",
    "csv",
    "search",
    "close_search",
    "previous",
    "next",
    "column_menu",
    "copy_column",
)


@dataclass(frozen=True)
class Remembered:
    """What a browser keeps for a person who asked: their number, and (id, name) of their requests."""

    person: UUID | None = None
    requests: tuple[tuple[UUID, str], ...] = ()


def current_language() -> str:
    """Return the language that this visitor's browser asks for."""
    return choose_language(st.context.locale)


def announce(key: str, sentence: str) -> None:
    """Have an answer spoken to those who read by ear, once for each `key`; before `remember_visitor`."""
    st.session_state["visitor_hears"] = {"key": key, "sentence": sentence}


def remember_visitor() -> Remembered:
    """Draw the invisible part of the page that reads what the browser remembers; once a run.

    It tells the browser, and who reads by ear, the page's language, and the newest answer.
    """
    state = st.session_state.get(_KEY)
    told = getattr(state, "known", None) if state is not None else None
    with st.container(key="visitor_place"):
        _declare()(
            key=_KEY,
            data={
                "language": current_language(),
                "hears": st.session_state.get("visitor_hears"),
                "words": widget_words(current_language()),
                "known": told,
                "keep": st.session_state.get("visitor_keeps"),
            },
            on_known_change=_ignore,
        )
    return read_remembered(told)


def widget_words(language: str) -> dict[str, str]:
    """Return what Streamlit's widgets say by themselves, and what they are to say in a language."""
    if language == DEFAULT_LANGUAGE:
        return {}
    return {
        say(DEFAULT_LANGUAGE, f"widget.{word}", megabytes=MAX_PHOTO_MEGABYTES): say(
            language, f"widget.{word}", megabytes=MAX_PHOTO_MEGABYTES
        )
        for word in _WIDGET_WORDS
    }


def person_of(remembered: Remembered) -> UUID:
    """Return the number of this person, a new one if the browser has none."""
    known: UUID = st.session_state.setdefault("visitor_person", remembered.person or uuid4())
    return remembered.person or known


def keep_request(person: UUID, request_id: UUID, name: str) -> None:
    """Have the browser remember a request, with the next drawing of the page."""
    st.session_state["visitor_keeps"] = {
        "person": str(person),
        "request": str(request_id),
        "name": name,
    }


def read_remembered(told: object) -> Remembered:
    """Return what a browser says that it remembers, as far as it makes sense."""
    try:
        known = json.loads(told) if isinstance(told, str) else {}
        person = UUID(known["person"]) if known.get("person") else None
        requests = tuple(
            (UUID(one["id"]), str(one["name"])[:MAX_NAME_CHARACTERS])
            for one in known.get("requests", [])[:MAX_REMEMBERED]
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return Remembered()
    return Remembered(person, requests)


def _ignore() -> None:
    """Take what the browser tells: it is in the session's state."""


@cache
def _declare() -> Callable[..., Any]:
    # Once a process: Streamlit takes a second declaration of a name for a mistake.
    script = Path(__file__).resolve().parent / "components" / "visitor.js"
    return st.components.v2.component("visitor", js=script.read_text(encoding="utf-8"))
