"""The page where people ask for a city, and see what becomes of it."""

from functools import partial
from uuid import UUID

import streamlit as st

from detector_app.asking import MAX_NAME_CHARACTERS, asker_of, request_id_of
from detector_app.client_limits import ASKING
from detector_app.errors import AppError
from detector_app.resources import current_warehouse
from detector_app.texts import say
from detector_app.views.ask_answer import seconds_to_next, show_answer
from detector_app.views.hurry import is_hurried
from detector_app.visitor import (
    Remembered,
    current_language,
    keep_request,
    person_of,
    remember_visitor,
)
from detector_app.wording import as_plain


def show() -> None:
    """Draw the page: the form, or what became of the request that the address names."""
    language = current_language()
    remembered = remember_visitor()
    st.title(say(language, "ask.title"))
    request_id = _read_id(st.query_params.get("request"))
    if request_id is None:
        _show_form(language, remembered)
        return
    seconds = seconds_to_next(request_id)
    ask = partial(_ask, language, remembered)
    st.fragment(show_answer, run_every=seconds)(language, request_id, remembered, seconds, ask)
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
        st.header(say(language, "ask.yours"))
        for request_id, asked in remembered.requests:
            if st.button(as_plain(asked), key=f"again_{request_id}", type="tertiary"):
                _open(request_id)


def _ask(language: str, remembered: Remembered, name: str, shown_name: str) -> None:
    """Put a request into the inbox and open its page; say what is wrong otherwise."""
    asked = " ".join(name.replace("\0", " ").split())
    if not asked:
        st.warning(say(language, "ask.empty"), icon=":material/edit:")
        return
    if is_hurried(language, ASKING):
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


def _read_id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
