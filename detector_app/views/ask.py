"""The page where people ask for a city, and see what becomes of it."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import streamlit as st

from detector_app.asking import (
    MAX_NAME_CHARACTERS,
    CityAnswer,
    asker_of,
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
from detector_app.resources import city_progress, current_warehouse
from detector_app.texts import say
from detector_app.visitor import (
    Remembered,
    current_language,
    keep_request,
    person_of,
    remember_visitor,
)
from detector_app.wording import as_plain

# An answer comes within a minute: whoever waits sees it at once. Later, each look costs a question.
LOOK_SECONDS: Final = 3
# From here on the page says that it takes longer than usual.
MAX_USUAL_SECONDS: Final = 90


def show() -> None:
    """Draw the page: the form, or what became of the request that the address names."""
    language = current_language()
    remembered = remember_visitor()
    st.title(say(language, "ask.title"))
    request_id = _read_id(st.query_params.get("request"))
    if request_id is None:
        _show_form(language, remembered)
        return
    st.fragment(_show_answer, run_every=LOOK_SECONDS)(language, request_id, remembered)
    if st.button(say(language, "ask.another"), icon=":material/add:"):
        st.query_params.clear()
        st.rerun()


def _show_form(language: str, remembered: Remembered) -> None:
    st.html(f'<p class="ss-lead">{say(language, "ask.lead")}</p>')
    with st.form("ask", border=False):
        name = st.text_input(
            say(language, "ask.label"),
            value=st.session_state.pop("ask_name", ""),
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


def _show_answer(language: str, request_id: UUID, remembered: Remembered) -> None:
    name = dict(remembered.requests).get(request_id)
    try:
        row = current_warehouse().find_city_answer(request_id)
        if row is None:
            st.warning(say(language, "answer.none"), icon=":material/help:")
            return
        answer = read_answer(row)
        if answer.stage == "received":
            _show_waiting(language, answer, row, name)
        elif answer.city_slug is None:
            _show_refusal(language, answer, remembered)
        else:
            _show_city(language, answer.city_slug)
    except WarehouseAway:
        st.warning(say(language, "away"), icon=":material/cloud_off:")


def _show_waiting(
    language: str, answer: CityAnswer, row: dict[str, object], name: str | None
) -> None:
    told = (
        say(language, "answer.received", name=as_plain(name))
        if name
        else say(language, "answer.received.unnamed")
    )
    asked_at = row["asked_at"]
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


def _show_city(language: str, city_slug: str) -> None:
    row = city_progress(city_slug)
    if row is None:
        st.warning(say(language, "answer.none"), icon=":material/help:")
        return
    progress = read_progress(row)
    country = f", {progress.country}" if progress.country else ""
    st.subheader(as_plain(f"{progress.city_name}{country}"))
    st.html(list_steps(language, progress))
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
