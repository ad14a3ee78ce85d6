"""The help page: how to get a good answer, and what to do when there is none."""

import streamlit as st

from detector_app.photos.photo import (
    MAX_PHOTO_MEGABYTES,
    MAX_PHOTO_MEGAPIXELS,
    MAX_WHOLE_MEGAPIXELS,
)
from detector_app.texts import say
from detector_app.visitor import current_language, remember_visitor


def show() -> None:
    """Draw the page."""
    language = current_language()
    remember_visitor()
    st.title(say(language, "page.help"))
    st.markdown(say(language, "help.steps"))
    st.markdown(
        say(
            language,
            "help.trouble",
            forms=say(language, "refused.forms"),
            megabytes=MAX_PHOTO_MEGABYTES,
            whole=MAX_WHOLE_MEGAPIXELS,
            jpeg=MAX_PHOTO_MEGAPIXELS,
        )
    )
