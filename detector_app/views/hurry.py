"""Who writes into the warehouse from a page too often is told so."""

import streamlit as st

from detector_app.client_limits import WritingLimit
from detector_app.texts import say


def is_hurried(language: str, limit: WritingLimit) -> bool:
    """Count a write of this visitor; tell whether it is one too many, and say so on the page."""
    seconds = limit.take(st.context.ip_address)
    if seconds:
        st.warning(
            say(language, "ask.often", seconds=round(seconds) + 1), icon=":material/hourglass_top:"
        )
    return seconds > 0
