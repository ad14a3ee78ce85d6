"""What every request passes before the routes and before Streamlit."""

from pathlib import Path

import streamlit
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import runtime

from detector_app.web.files import StreamlitFiles
from detector_app.web.headers import STATIC_POLICY, SecurityHeaders, streamlit_policy, write_policy
from detector_app.web.session_guard import SessionGuard
from detector_app.web.upload_guard import UploadGuard
from detector_app.web.uploads import UPLOADS

# Beside Streamlit's pages: without anything inline.
STATIC_PREFIXES = ("/camera", "/browser/", "/runtime/", "/models/", "/sights/", "/api/", "/healthz")
_STREAMLIT_STATIC = Path(streamlit.__file__).parent / "static"


def make_middleware() -> list[Middleware]:
    """Return the middleware, outermost first."""
    return [
        Middleware(
            SecurityHeaders,
            policy=write_policy(streamlit_policy(_STREAMLIT_STATIC / "index.html")),
            static_policy=write_policy(STATIC_POLICY),
            static_prefixes=STATIC_PREFIXES,
        ),
        Middleware(StreamlitFiles, folder=_STREAMLIT_STATIC / "static", prefix="/static"),
        Middleware(SessionGuard),
        Middleware(UploadGuard, uploads=UPLOADS, is_active=is_active_session),
        Middleware(UncompressedModels),
    ]


def is_active_session(session_id: str) -> bool:
    """Tell whether a page with this session is open."""
    return runtime.exists() and runtime.get_instance().is_active_session(session_id)


class UncompressedModels:
    """Middleware that keeps Streamlit's from compressing models: weights only cost time."""

    def __init__(self, app: ASGIApp) -> None:
        """Take the app behind it."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, without a coding if a model is asked for."""
        if scope["type"] == "http" and scope["path"].startswith("/models/"):
            headers = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
            scope = {**scope, "headers": headers}
        await self._app(scope, receive, send)
