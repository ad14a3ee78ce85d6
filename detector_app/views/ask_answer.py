"""What became of a request for a city: looked up, asked back, refused, or how far the city is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import streamlit as st

from detector_app.asking import (
    LOOK_SECONDS,
    CityAnswer,
    CityProgress,
    look_seconds,
    read_answer,
    read_progress,
)
from detector_app.asking_words import (
    list_counts,
    list_steps,
    say_choice,
    say_expectation,
    say_refusal,
    say_stage,
)
from detector_app.curve import describe_curve, draw_curve
from detector_app.errors import WarehouseAway
from detector_app.resources import city_answer, city_progress
from detector_app.texts import say
from detector_app.visitor import Remembered
from detector_app.wording import as_plain

# From here on the page says that it takes longer than usual.
MAX_USUAL_SECONDS: Final = 90


@dataclass(frozen=True)
class _Look:
    """What the warehouse says of a request now, and when to look again; None: not by itself."""

    answer: CityAnswer | None
    asked_at: object
    progress: CityProgress | None

    @property
    def seconds(self) -> int | None:
        return look_seconds(self.answer, self.progress)


def seconds_to_next(request_id: UUID) -> int | None:
    """Return after how many seconds the browser is to have the answer said anew; None: not by itself."""
    try:
        return _look(request_id).seconds
    except WarehouseAway:
        return LOOK_SECONDS


def _look(request_id: UUID) -> _Look:
    row = city_answer(str(request_id))
    if row is None:
        return _Look(None, None, None)
    answer = read_answer(row)
    known = city_progress(answer.city_slug) if answer.city_slug else None
    return _Look(answer, row.get("asked_at"), read_progress(known) if known else None)


def show_answer(
    language: str,
    request_id: UUID,
    remembered: Remembered,
    seconds: int | None,
    ask: Callable[[str, str], None],
) -> None:
    """Say how it stands; `seconds` is how often the browser was told to have this said anew.

    `ask` asks for another name instead, which is shown by a second one.
    """
    try:
        look = _look(request_id)
    except WarehouseAway:
        st.warning(say(language, "away"), icon=":material/cloud_off:")
        return
    if look.seconds != seconds:
        # How often a fragment is drawn is told to the browser with the whole page.
        st.rerun(scope="app")
    answer = look.answer
    if answer is None:
        st.warning(say(language, "answer.none"), icon=":material/help:")
    elif answer.stage == "received":
        name = dict(remembered.requests).get(request_id)
        _show_waiting(language, answer, look.asked_at, name)
    elif answer.city_slug is None:
        _show_refusal(language, answer, ask)
    elif look.progress is None:
        st.warning(say(language, "answer.none"), icon=":material/help:")
    else:
        _show_city(language, look.progress)


def _show_waiting(language: str, answer: CityAnswer, asked_at: object, name: str | None) -> None:
    told = (
        say(language, "answer.received", name=as_plain(name))
        if name
        else say(language, "answer.received.unnamed")
    )
    is_late = (
        isinstance(asked_at, datetime)
        and (datetime.now(UTC) - asked_at).total_seconds() > MAX_USUAL_SECONDS
    )
    st.info(
        f"{told} {say(language, 'answer.late' if is_late else 'answer.soon')}",
        icon=":material/travel_explore:",
    )
    if answer.try_count:
        st.caption(say(language, "answer.tried", tries=answer.try_count))


def _show_refusal(language: str, answer: CityAnswer, ask: Callable[[str, str], None]) -> None:
    sentence = as_plain(say_refusal(language, answer))
    if answer.choices:
        st.info(sentence, icon=":material/help:")
    else:
        st.warning(sentence, icon=":material/wrong_location:")
    for choice in answer.choices:
        label = as_plain(say_choice(language, choice))
        if st.button(label, key=f"choice_{choice.id}", help=as_plain(choice.description) or None):
            ask(choice.id, choice.name)


def _show_city(language: str, progress: CityProgress) -> None:
    country = f", {progress.country}" if progress.country else ""
    st.header(as_plain(f"{progress.city_name}{country}"))
    steps = list_steps(language, progress)
    if steps:
        st.html(steps)
    first, *others = say_stage(language, progress)
    st.markdown(f"**{as_plain(first)}**")
    for sentence in (*others, *say_expectation(language, progress)):
        st.markdown(as_plain(sentence))
    if progress.sight_count:
        st.html(list_counts(language, progress))
    if progress.curve:
        _show_curve(language, progress.curve)
    if progress.model_version is not None:
        st.link_button(
            say(language, "open.detector", city=as_plain(progress.city_name)),
            f"/?city={progress.city_slug}",
            icon=":material/photo_camera:",
        )


def _show_curve(language: str, curve: tuple[float, ...]) -> None:
    st.markdown(f"**{say(language, 'curve.title')}**")
    st.image(draw_curve(curve), alt=describe_curve(language, curve))
    st.caption(say(language, "curve.caption"))
