"""The camera's film on the Detect page, and the way to the page that is for it alone."""

from urllib.parse import urlencode

import streamlit as st

from detector_app.catalogue import City, PublishedModel
from detector_app.texts import say
from detector_app.views.live_film import show_live_film


def show_live_tab(
    language: str, city: City, model: PublishedModel, min_confidence: float | None
) -> None:
    """Draw the tab of a city that has a detector."""
    show_live_film(language, model, city, min_confidence)
    st.caption(say(language, "live.how"))
    st.link_button(
        say(language, "live.own_page"),
        f"/camera?{urlencode({'city': city.slug})}",
        icon=":material/videocam:",
    )
