"""Bound what visitors may leave in memory by uploading: a middleware before Streamlit's own upload.

Streamlit takes any number of files for a session, whether a widget is there for them or not, and
holds them until the session ends. Here the pages say which uploads they show (`show_uploads`); a
session may hold so many bytes and files, all sessions together so many, and what no page shows goes
after a while. An upload is a slow client's chance, too: it must come in time, from a client that
does not send without pause.
"""

import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final, Protocol

import anyio
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime.scriptrunner import get_script_run_ctx

from detector_app.photos.photo import MAX_PHOTO_MEGABYTES
from detector_app.web.limits import RateLimit, client_of

_MEGA: Final = 1_000_000
# Some photos at once, as people choose them from a gallery.
MAX_SESSION_FILES: Final = 12
MAX_SESSION_BYTES: Final = 3 * MAX_PHOTO_MEGABYTES * _MEGA
MAX_HELD_BYTES: Final = 20 * MAX_PHOTO_MEGABYTES * _MEGA
# The page takes an upload up in a second; a phone that sends several needs longer.
MAX_UNSHOWN_SECONDS: Final = 60
# Twenty megabytes at half a megabit a second take five minutes; nobody waits that long.
MAX_UPLOAD_SECONDS: Final = 120
UPLOADS_PER_SECOND: Final = 0.5
UPLOADS_AT_ONCE: Final = 24

_ADDRESS: Final = re.compile(r"/_stcore/upload_file/([^/]+)/([^/]+)")


class Files(Protocol):
    """Where Streamlit holds what was uploaded."""

    def remove_file(self, session_id: str, file_id: str) -> None:
        """Forget a file; one that is not there is no error."""


@dataclass
class _Upload:
    bytes: int
    at: float
    is_shown: bool = False


@dataclass
class Uploads:
    """What is held of whom. Safe to share between the server's loop and the pages' threads."""

    clock: Callable[[], float] = time.monotonic
    _held: dict[str, dict[str, _Upload]] = field(default_factory=lambda: defaultdict(dict))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def reserve(self, session_id: str, file_id: str, size: int) -> str | None:
        """Count a file that is to come; return a sentence instead if there is no room for it."""
        with self._lock:
            own = self._held[session_id]
            others = [one for one_id, one in own.items() if one_id != file_id]
            refusal = None
            if len(others) >= MAX_SESSION_FILES:
                refusal = (
                    f"At most {MAX_SESSION_FILES} photos at once are possible; remove some first."
                )
            elif sum(one.bytes for one in others) + size > MAX_SESSION_BYTES:
                refusal = (
                    f"Photos of at most {MAX_SESSION_BYTES // _MEGA} MB together are possible; "
                    "remove some first."
                )
            elif self._held_bytes() + size > MAX_HELD_BYTES:
                refusal = (
                    "Photos of other people take all of this server's room; try again in a minute."
                )
            if refusal is None:
                own[file_id] = _Upload(size, self.clock())
            elif not own:
                del self._held[session_id]
            return refusal

    def settle(self, session_id: str, file_id: str, size: int | None) -> None:
        """Take what an upload really had, None for one that failed or was removed."""
        with self._lock:
            own = self._held.get(session_id, {})
            upload = own.get(file_id)
            if upload and size is not None:
                upload.bytes = size
            elif upload:
                del own[file_id]
                if not own:
                    del self._held[session_id]

    def show(self, session_id: str, file_ids: Collection[str]) -> None:
        """Take which of its uploads a session's page shows now; the others may go."""
        with self._lock:
            for file_id, upload in self._held.get(session_id, {}).items():
                if upload.is_shown and file_id not in file_ids:
                    upload.at = self.clock()
                upload.is_shown = file_id in file_ids

    def drop_unshown(self, files: Files, is_active: Callable[[str], bool]) -> None:
        """Remove what no page shows, and all of sessions that have ended."""
        with self._lock:
            gone = [
                (session_id, file_id)
                for session_id, own in self._held.items()
                for file_id, upload in own.items()
                if not is_active(session_id)
                or (not upload.is_shown and self.clock() - upload.at > MAX_UNSHOWN_SECONDS)
            ]
            for session_id, file_id in gone:
                self.settle(session_id, file_id, None)
        for session_id, file_id in gone:
            files.remove_file(session_id, file_id)

    def _held_bytes(self) -> int:
        return sum(one.bytes for own in self._held.values() for one in own.values())


# One for the process, as Streamlit's own store is: pages and middleware meet here.
UPLOADS: Final = Uploads()


def show_uploads(file_ids: Collection[str]) -> None:
    """Take which uploads the page that is being drawn shows; called by pages."""
    context = get_script_run_ctx()
    if context is not None:
        UPLOADS.show(context.session_id, file_ids)


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
            self._uploads.settle(found[1], found[2], None)
            return
        refusal = self._refuse(Request(scope), found[1], found[2])
        if refusal:
            await refusal(scope, receive, send)
            return
        await self._pass_on(scope, receive, send, found[1], found[2])

    def _refuse(self, request: Request, session_id: str, file_id: str) -> Response | None:
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
        stated = request.headers.get("content-length", "")
        if not stated.isdecimal():
            return PlainTextResponse("Say with Content-Length how large the photo is.", 411)
        sentence = self._uploads.reserve(session_id, file_id, int(stated))
        return PlainTextResponse(sentence, 413) if sentence else None

    async def _pass_on(
        self, scope: Scope, receive: Receive, send: Send, session_id: str, file_id: str
    ) -> None:
        status = 0
        received = 0

        async def receive_and_count() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
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
            is_kept = 200 <= status < 300  # noqa: PLR2004 - HTTP's successes
            self._uploads.settle(session_id, file_id, received if is_kept else None)
        if waited.cancelled_caught and not status:
            sentence = (
                f"The photo did not come within {MAX_UPLOAD_SECONDS} seconds; try a smaller one."
            )
            late = PlainTextResponse(sentence, 408, {"Connection": "close"})
            await late(scope, receive, send)
