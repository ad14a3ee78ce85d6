"""The part of the page *Help improve* where a code says what became of a photo, and takes it back."""

from typing import Final

import streamlit as st

from detector_app.client_limits import LOOKING_BACK, TAKING_BACK
from detector_app.errors import AppError
from detector_app.resources import current_warehouse
from detector_app.sharing import SHARED_STAGES, read_code
from detector_app.texts import say, say_or
from detector_app.views.hurry import is_hurried

_WITHDRAWAL_REASON: Final = "taken back by its contributor"


def show_withdrawal(language: str) -> None:
    """Draw the form, and the answer to a code."""
    st.header(say(language, "improve.back"))
    with st.form("withdraw", border=False):
        typed = st.text_input(
            say(language, "improve.code"), max_chars=80, placeholder="ABCD-EFGH-..."
        )
        left, right = st.columns(2)
        looks = left.form_submit_button(say(language, "improve.see"))
        withdraws = right.form_submit_button(say(language, "improve.withdraw"))
    if not looks and not withdraws:
        return
    code = read_code(typed)
    if code is None:
        st.warning(say(language, "improve.misspelt"), icon=":material/spellcheck:")
        return
    try:
        _answer_code(language, code, withdraws=withdraws)
    except AppError:
        st.warning(say(language, "away.here"), icon=":material/cloud_off:")


def _answer_code(language: str, code: str, *, withdraws: bool) -> None:
    if is_hurried(language, TAKING_BACK if withdraws else LOOKING_BACK):
        return
    warehouse = current_warehouse()
    rows = SHARED_STAGES.validate_python(warehouse.ask("find_shared_photo", {"code": code}))
    if not rows:
        st.warning(say(language, "improve.no_such_code"), icon=":material/help:")
        return
    if withdraws and rows[0].stage != "withdrawn":
        values: dict[str, object] = {"code": code, "reason": _WITHDRAWAL_REASON}
        warehouse.ask("withdraw_photo", values, writes=True)
        st.success(say(language, "improve.withdrawn"), icon=":material/delete:")
        return
    st.info(say_or(language, f"shared.{rows[0].stage}", "shared.other"), icon=":material/info:")
