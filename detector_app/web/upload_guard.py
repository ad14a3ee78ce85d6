"""A middleware before Streamlit's own upload: it counts what comes, and refuses what has no room.

An upload is a slow client's chance, too: it must come in time, from a client that does not send
without pause.
"""

import re
from collections.abc import Callable
from typing import Final

import anyio
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from detector_app.web.limits import BodyRefusedError, RateLimit, client_of
from detector_app.web.uploads import Upload, Uploads

# Twenty megabytes at half a megabit a second take five minutes; nobody waits that long.
MAX_UPLOAD_SECONDS: Final = 120
UPLOADS_PER_SECOND: Final = 0.5
UPLOADS_AT_ONCE: Final = 24

_ADDRESS: Final = re.compile(r"/_stcore/upload_file/([^/]+)/([^/]+)")


class UploadGuard:
    """Middleware that refuses uploads for which there is no room, or that come too slowly."""

    def __init__(self, app: ASGIApp, *, uploads: Uploads, is_active: Callable[[str], bool]) -> None:
        """Guard the app; `is_active` tells whether a session is one."""
        self._app = app
        self._uploads = uploads
        self._is_active = is_active
        self._limit = RateLimit(UPLOADS_PER_SECOND, UPLOADS_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, or with a refusal."""
        if scope["type"] != "http" or scope["method"] not in {"PUT", "POST", "DELETE"}:
            await self._app(scope, receive, send)
            return
        found = _ADDRESS.fullmatch(scope["path"])
        if not found:
            await self._app(scope, receive, send)
            return
        if scope["method"] == "DELETE":
            await self._app(scope, receive, send)
            self._uploads.forget(found[1], found[2])
            return
        request = Request(scope)
        refusal = self._refuse(request, found[1])
        if refusal is None:
            stated = request.headers.get("content-length", "")
            size = int(stated) if stated.isdecimal() else 0
            try:
                upload = self._uploads.begin(found[1], found[2], client_of(request), size)
                refusal = await self._pass_on(upload, scope, receive, send)
            except BodyRefusedError as error:
                # What is still on its way is not read.
                refusal = PlainTextResponse(str(error), error.status, {"Connection": "close"})
        if refusal:
            await refusal(scope, receive, send)

    def _refuse(self, request: Request, session_id: str) -> Response | None:
        seconds = self._limit.take(client_of(request))
        if seconds:
            return PlainTextResponse(
                "Too many photos in a short time; wait a little.",
                429,
                {"Retry-After": str(round(seconds) + 1)},
            )
        # Streamlit says so itself, after it has read everything.
        if not self._is_active(session_id):
            return PlainTextResponse("This page is not open any more; reload it.", 400)
        return None

    async def _pass_on(
        self, upload: Upload, scope: Scope, receive: Receive, send: Send
    ) -> Response | None:
        """Have the app take the upload; return what is to be answered if it came too slowly.

        Raises `BodyRefusedError` if there is no room for what comes.
        """
        status = 0

        async def receive_and_count() -> Message:
            message = await receive()
            self._uploads.take(upload, len(message.get("body", b"")))
            return message

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            with anyio.move_on_after(MAX_UPLOAD_SECONDS) as waited:
                await self._app(scope, receive_and_count, send_and_note)
        finally:
            # HTTP's successes.
            self._uploads.end(upload, is_kept=200 <= status < 300)  # noqa: PLR2004
        if waited.cancelled_caught and not status:
            sentence = (
                f"The photo did not come within {MAX_UPLOAD_SECONDS} seconds; try a smaller one."
            )
            return PlainTextResponse(sentence, 408, {"Connection": "close"})
        return None
