"""The camera's film on the Detect page, and the way to the page that is for it alone."""

from urllib.parse import urlencode

import streamlit as st

from detector_app.catalogue import City, PublishedModel
from detector_app.live_film import show_live_film


def show_live_tab(city: City, model: PublishedModel, min_confidence: float | None) -> None:
    """Draw the tab of a city that has a detector."""
    show_live_film(model, city, min_confidence)
    st.caption(
        "Your browser looks at the film itself. If it cannot, it sends one photo a second to this "
        "server, which looks at it and keeps none."
    )
    st.link_button(
        "Open the camera in a page of its own",
        f"/camera?{urlencode({'city': city.slug})}",
        icon=":material/videocam:",
    )
