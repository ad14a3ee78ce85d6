"""The about page: what this is, which detectors are in place, whose work is in it."""

from collections.abc import Sequence

import streamlit as st

from detector_app.catalogue import City
from detector_app.errors import AppError
from detector_app.resources import current_catalogue
from detector_app.wording import (
    as_plain,
    describe_city,
    describe_named_sights,
    describe_named_strangers,
)

_ABOUT = """
SightScan takes the name of a city and gives back a detector of its sights. It looks up the sights,
gathers free photos of them, has them labelled, trains a network on them, and publishes it only
when it is better than the one in place on photos that no training ever saw.
"""

_PRIVACY = """
### Your pictures
Photos on the *Detect* page are looked at in the memory of the machine that runs this app, and
forgotten when you close the page. The camera's film is looked at by your own browser; where that
cannot, one photo a second is looked at like any other. Nothing is kept or passed on, but for what you
send yourself, after you have seen it: what you share on *Help improve*, until you take it back, and the
picture of a report ("Wrong name", "A sight is missing"), until somebody here has looked at it, three
months at most.
"""

_CREDITS = """
### Whose work is in it
- **Photos.** The detectors learnt from photos that their authors published under free licences,
  most of them on Wikimedia Commons. Author, licence and page of every photo are kept with it, and
  a photo that is withdrawn is removed.
- **Sights.** Names, places and identifiers come from Wikidata (CC0).
- **Network.** YOLOv5 by Ultralytics (AGPL-3.0); it runs here with ONNX Runtime.
- **This app.** Streamlit, ONNX Runtime, OpenCV, Pillow, libheif; letters in Source Sans (OFL).
"""


def show() -> None:
    """Draw the page."""
    st.title("About SightScan")
    st.markdown(_ABOUT)
    try:
        catalogue = current_catalogue()
    except AppError as error:
        st.error(as_plain(str(error)), icon=":material/settings:")
        return
    st.subheader("Detectors in place")
    cities = [city for city in catalogue.cities if city.model]
    if cities:
        _show_detectors(cities)
    else:
        st.caption("None yet.")
    st.markdown(_PRIVACY)
    st.markdown(_CREDITS)


def _show_detectors(cities: Sequence[City]) -> None:
    models = [(describe_city(city), city.model) for city in cities if city.model]
    st.dataframe(
        [
            {
                "city": city,
                "version": model.model_version,
                "published": model.published_at,
                "sights": len(model.class_names),
                "photos of its sights that it named": describe_named_sights(model) or "not counted",
                "other photos that got a name": describe_named_strangers(model) or "not tried",
            }
            for city, model in models
        ],
        hide_index=True,
        column_config={
            "published": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
        },
    )
    st.caption("On photos that no training saw, from the confidence on that each detector chose.")
    with st.expander("Debug: the figures", icon=":material/bug_report:"):
        st.dataframe(
            [
                {
                    "city": city,
                    "version": model.model_version,
                    "test photos": model.test_photo_count,
                    "mAP50": model.map50,
                    "mAP50-95": model.map50_95,
                    "sha256": model.onnx_sha256[:12],
                }
                for city, model in models
            ],
            hide_index=True,
            column_config={
                "mAP50": st.column_config.NumberColumn(format="%.2f"),
                "mAP50-95": st.column_config.NumberColumn(format="%.2f"),
            },
        )
