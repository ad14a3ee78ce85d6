"""The app's server: Streamlit's pages, and beside them what browsers need to look for themselves.

    streamlit run detector_app/server.py

    GET  /camera                     the static page, which needs no websocket
    GET  /browser/<file>             its modules, styles and icons
    GET  /runtime/<version>/<file>   onnxruntime-web, immutable
    GET  /models/<sha256>.onnx       checked models, immutable
    GET  /sights/<slug>/<sha256>.jpg a photo on a card
    GET  /api/city-list              the catalogue
    GET  /api/cities/<slug>          one city: its model, its sights, their cards
    POST /api/detect?model=<sha256>  a look at one photo, for browsers that cannot
    POST /api/report                 what a person says was wrong, with the photo
    GET  /healthz                    whether the server answers

Wiring only: what is behind each route is in `web/`.
"""

import sys
from pathlib import Path

# Streamlit puts this file's own folder on the path, not the one that holds the package.
_FOLDER = Path(__file__).resolve().parent
if str(_FOLDER.parent) not in sys.path:
    sys.path.insert(0, str(_FOLDER.parent))

import streamlit as st  # noqa: E402 - after the path

from detector_app.web.middleware import make_middleware  # noqa: E402 - after the path
from detector_app.web.routes import make_routes  # noqa: E402 - after the path
from detector_app.web.upkeep import keep_up  # noqa: E402 - after the path

app = st.App(
    _FOLDER / "app.py",
    routes=make_routes(),
    middleware=make_middleware(),
    lifespan=keep_up,
)
