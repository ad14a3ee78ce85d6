"""A middleware before Streamlit's own websocket: one client opens no end of pages."""

from collections import Counter
from typing import Final

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from detector_app.web.limits import RateLimit, client_of

# Many share an address, as those of a school or of a phone company do; each page has some megabytes.
MAX_CLIENT_PAGES: Final = 200
PAGES_PER_SECOND: Final = 2
# RFC 6455's registry: try again later. Before a page is open, browsers see HTTP's 403 for it.
_TRY_AGAIN_LATER_CODE: Final = 1013


class SessionGuard:
    """Middleware that bounds the pages which a client has open, and how fast it opens them."""

    def __init__(self, app: ASGIApp) -> None:
        """Guard the app."""
        self._app = app
        self._open: Counter[str] = Counter()
        self._limit = RateLimit(PAGES_PER_SECOND, MAX_CLIENT_PAGES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, or refuse the connection."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        client = client_of(HTTPConnection(scope))
        if self._open[client] >= MAX_CLIENT_PAGES or self._limit.take(client):
            await receive()
            await send({"type": "websocket.close", "code": _TRY_AGAIN_LATER_CODE})
            return
        self._open[client] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open[client] -= 1
            # Whoever has none open is not remembered.
            self._open += Counter()
