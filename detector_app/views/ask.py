"""The page where people ask for a city, and see what becomes of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import streamlit as st

from detector_app.asking import (
    LOOK_SECONDS,
    MAX_NAME_CHARACTERS,
    CityAnswer,
    CityProgress,
    asker_of,
    look_seconds,
    read_answer,
    read_progress,
    request_id_of,
)
from detector_app.asking_words import (
    list_counts,
    list_steps,
    say_choice,
    say_expectation,
    say_refusal,
    say_stage,
)
from detector_app.client_limits import ASKING
from detector_app.curve import describe_curve, draw_curve
from detector_app.errors import AppError, WarehouseAway
from detector_app.resources import city_answer, city_progress, current_warehouse
from detector_app.texts import say
from detector_app.visitor import (
    Remembered,
    current_language,
    keep_request,
    person_of,
    remember_visitor,
)
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


def show() -> None:
    """Draw the page: the form, or what became of the request that the address names."""
    language = current_language()
    remembered = remember_visitor()
    st.title(say(language, "ask.title"))
    request_id = _read_id(st.query_params.get("request"))
    if request_id is None:
        _show_form(language, remembered)
        return
    seconds = _seconds_to_next(request_id)
    st.fragment(_show_answer, run_every=seconds)(language, request_id, remembered, seconds)
    if st.button(say(language, "ask.another"), icon=":material/add:"):
        st.query_params.clear()
        st.rerun()


def _show_form(language: str, remembered: Remembered) -> None:
    st.html(f'<p class="ss-lead">{say(language, "ask.lead")}</p>')
    with st.form("ask", border=False):
        name = st.text_input(
            say(language, "ask.label"),
            # A page that knows no such city leads here with what was typed there.
            value=(st.session_state.pop("ask_name", "") or st.query_params.get("name", ""))[
                :MAX_NAME_CHARACTERS
            ],
            max_chars=MAX_NAME_CHARACTERS,
            placeholder=say(language, "ask.placeholder"),
        )
        asks = st.form_submit_button(say(language, "ask.button"), type="primary")
    if asks:
        _ask(language, remembered, name, name)
    st.caption(say(language, "ask.once"))
    if remembered.requests:
        st.subheader(say(language, "ask.yours"))
        for request_id, asked in remembered.requests:
            if st.button(as_plain(asked), key=f"again_{request_id}", type="tertiary"):
                _open(request_id)


def _ask(language: str, remembered: Remembered, name: str, shown_name: str) -> None:
    """Put a request into the inbox and open its page; say what is wrong otherwise."""
    asked = " ".join(name.replace("\0", " ").split())
    if not asked:
        st.warning(say(language, "ask.empty"), icon=":material/edit:")
        return
    seconds = ASKING.take(st.context.ip_address)
    if seconds:
        st.warning(
            say(language, "ask.often", seconds=round(seconds) + 1), icon=":material/hourglass_top:"
        )
        return
    person = person_of(remembered)
    request_id = request_id_of(person, asked)
    try:
        current_warehouse().ask_for_city(request_id, asked, asker_of(person))
    except AppError:
        st.warning(say(language, "away.asking"), icon=":material/cloud_off:")
        return
    keep_request(person, request_id, shown_name)
    _open(request_id)


def _open(request_id: UUID) -> None:
    st.query_params["request"] = str(request_id)
    st.rerun(scope="app")


def _seconds_to_next(request_id: UUID) -> int | None:
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


def _show_answer(
    language: str, request_id: UUID, remembered: Remembered, seconds: int | None
) -> None:
    """Say how it stands; `seconds` is how often the browser was told to have this said anew."""
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
        _show_refusal(language, answer, remembered)
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


def _show_refusal(language: str, answer: CityAnswer, remembered: Remembered) -> None:
    sentence = as_plain(say_refusal(language, answer))
    if answer.choices:
        st.info(sentence, icon=":material/help:")
    else:
        st.warning(sentence, icon=":material/wrong_location:")
    for choice in answer.choices:
        label = as_plain(say_choice(language, choice))
        if st.button(label, key=f"choice_{choice.id}", help=as_plain(choice.description) or None):
            _ask(language, remembered, choice.id, choice.name)


def _show_city(language: str, progress: CityProgress) -> None:
    country = f", {progress.country}" if progress.country else ""
    st.subheader(as_plain(f"{progress.city_name}{country}"))
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


def _read_id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
