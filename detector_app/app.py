"""The pages in one frame: what `server` has Streamlit run for each visitor.

Widgets only. What the pages know comes from `catalogue`, `model_store` and `inference`.
"""

import logging
import sys
from pathlib import Path

# Streamlit puts this file's own folder on the path, not the one that holds the package.
_ROOT = str(Path(__file__).resolve().parent.parent)
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)

import streamlit as st  # noqa: E402 - after the path

from detector_app.texts import say  # noqa: E402 - after the path
from detector_app.views import about, ask, detect, guide, improve, models  # noqa: E402 - after the path
from detector_app.visitor import current_language  # noqa: E402 - after the path
from detector_app.web.uploads import show_uploads  # noqa: E402 - after the path

STATIC = Path(__file__).resolve().parent / "static"


def show_app() -> None:
    """Draw the frame and the page that was asked for."""
    logging.getLogger("detector_app").setLevel(logging.INFO)
    st.set_page_config(
        page_title="SightScan",
        # A file of ours: a browser would fetch Streamlit's icons from a font host.
        page_icon=str(STATIC / "icon.svg"),
        layout="wide",
        initial_sidebar_state="collapsed",
    )
    st.logo(str(STATIC / "logo.svg"), size="large")
    st.html(STATIC / "style.css")
    language = current_language()
    ask_page = st.Page(
        ask.show,
        title=say(language, "page.ask"),
        icon=":material/add_location_alt:",
        url_path="ask",
    )
    # Where the page that knows no such city leads.
    st.session_state["ask_page"] = ask_page
    pages = [
        st.Page(
            detect.show,
            title=say(language, "page.detect"),
            icon=":material/photo_camera:",
            url_path="",
            default=True,
        ),
        ask_page,
        st.Page(
            models.show,
            title=say(language, "page.models"),
            icon=":material/fact_check:",
            url_path="versions",
        ),
        st.Page(
            improve.show,
            title=say(language, "page.improve"),
            icon=":material/volunteer_activism:",
            url_path="improve",
        ),
        st.Page(
            guide.show, title=say(language, "page.help"), icon=":material/help:", url_path="help"
        ),
        st.Page(
            about.show, title=say(language, "page.about"), icon=":material/info:", url_path="about"
        ),
    ]
    # Until a page says otherwise: what was uploaded on another one is not held.
    show_uploads(())
    chosen = st.navigation(pages, position="top")
    chosen.run()


show_app()
