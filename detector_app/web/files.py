"""Send files compressed: the copies beside them if there are some, else ones made once and kept.

Streamlit sends its own scripts as they are, 3.6 MB a first visit, since its compression would work
anew for every visitor. Here each file is compressed the first time that somebody asks for it.
"""

import gzip
import os
import re
import stat
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

import anyio
import brotli
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from detector_app.web.runtime import COMPRESSED_SUFFIXES

# A name that changes with what is in the file need not be asked for again.
IMMUTABLE: Final = "public, max-age=31536000, immutable"
# Kept by the browser, and used after asking whether it still is what it was.
REVALIDATED: Final = "no-cache"

# Of what is compressed for the first visitor while he waits: 30 MB a second.
_QUALITY_WHILE_WAITING: Final = 5
_MIN_COMPRESSED_BYTES: Final = 1000
_COMPRESSIBLE: Final = (
    ".js",
    ".mjs",
    ".css",
    ".html",
    ".json",
    ".svg",
    ".txt",
    ".map",
    ".webmanifest",
    "",
)
# All files of Streamlit and of `browser/`, one and a half times; together some megabytes.
_MAX_COPIES: Final = 1024

COMPRESS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "br": lambda content: brotli.compress(content, quality=_QUALITY_WHILE_WAITING),  # type: ignore[no-untyped-call]
    "gzip": lambda content: gzip.compress(content, _QUALITY_WHILE_WAITING, mtime=0),
}
_SENT_MEDIA_TYPES: Final = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}


class CompressedFiles(StaticFiles):
    """The files of a folder, with one rule for how long browsers keep them."""

    def __init__(self, folder: Path, *, cache_control: str) -> None:
        """Serve `folder`, which must be there."""
        super().__init__(directory=folder)
        self._cache_control = cache_control

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file as the browser wants it; a range is always one of the file itself."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = self._cache_control
        response.headers["Vary"] = "Accept-Encoding"
        if not isinstance(response, FileResponse):
            return response
        file = Path(response.path)
        media_type = _SENT_MEDIA_TYPES.get(file.suffix)
        if media_type:
            response.headers["Content-Type"] = media_type
        headers = Headers(scope=scope)
        if "range" in headers:
            return response
        for coding in COMPRESSED_SUFFIXES:
            if accepts(headers.get("accept-encoding", ""), coding):
                return await self._compress(response, file, coding)
        return response

    async def _compress(self, whole: FileResponse, file: Path, coding: str) -> Response:
        copy = await anyio.to_thread.run_sync(_copy_of, file, coding)
        if copy is None:
            return whole
        for name in ("Content-Type", "Cache-Control", "Vary", "Last-Modified"):
            copy.headers[name] = whole.headers[name]
        # The same file in another coding is another representation, with another tag; but it is
        # what was asked about, so the file's own tag is in it.
        copy.headers["ETag"] = whole.headers["ETag"].removesuffix('"') + f'-{coding}"'
        copy.headers["Content-Encoding"] = coding
        return copy

    def is_not_modified(self, response_headers: Headers, request_headers: Headers) -> bool:
        """Say whether the browser has this file already, in whatever coding it got it."""
        asked = re.sub(r'-(br|gzip)"', '"', request_headers.get("if-none-match", ""))
        if asked:
            return response_headers["etag"] in re.split(r"\s*,\s*", asked.replace("W/", ""))
        return super().is_not_modified(response_headers, request_headers)


def _copy_of(file: Path, coding: str) -> Response | None:
    """Return the file in a coding; None of one that gains nothing by it."""
    beside = file.with_name(file.name + COMPRESSED_SUFFIXES[coding])
    if beside.is_file():
        return FileResponse(beside)
    state = file.stat()
    if file.suffix in _COMPRESSIBLE and state.st_size >= _MIN_COMPRESSED_BYTES:
        return Response(_compress_once(file, state.st_mtime_ns, coding))
    return None


@lru_cache(maxsize=_MAX_COPIES)
def _compress_once(file: Path, modified: int, coding: str) -> bytes:
    # A file that was changed is another one.
    del modified
    return COMPRESS[coding](file.read_bytes())


def accepts(accept_encoding: str, coding: str) -> bool:
    """Say whether a browser takes a coding; `*` and weights are read, an order is not."""
    for part in accept_encoding.split(","):
        name, _, weight = part.partition(";")
        if name.strip().lower() == coding:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


class StreamlitFiles:
    """Middleware that sends Streamlit's own scripts compressed; all else goes on to Streamlit."""

    def __init__(self, app: ASGIApp, *, folder: Path, prefix: str) -> None:
        """Serve the folder at the prefix, such as `/static`."""
        self._app = app
        self._prefix = prefix
        self._files = CompressedFiles(folder, cache_control=IMMUTABLE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the file if it is one of Streamlit's, else as the app does."""
        path = scope.get("path", "")
        if (
            scope["type"] == "http"
            and scope["method"] in {"GET", "HEAD"}
            and path.startswith(f"{self._prefix}/")
            and await anyio.to_thread.run_sync(self._has, path)
        ):
            inner = {**scope, "root_path": scope.get("root_path", "") + self._prefix}
            await self._files(inner, receive, send)
            return
        await self._app(scope, receive, send)

    def _has(self, path: str) -> bool:
        relative = os.path.normpath(path.removeprefix(f"{self._prefix}/"))
        try:
            _, found = self._files.lookup_path(relative)
        except (OSError, ValueError):
            # No name of a file: Streamlit answers that.
            return False
        return found is not None and stat.S_ISREG(found.st_mode)
