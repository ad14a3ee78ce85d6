"""Serve the browser's modules as the app's server does: same routes, headers and refusals, over a real detector.

What is served can be changed while pages are open: the catalogue, a file's bytes, headers, or the
network as a whole.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import numpy as np
from PIL import Image, UnidentifiedImageError

from tests.browser.reference import Detector, load_detector

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
BROWSER = ROOT / "detector_app" / "browser"
RUNTIME = ROOT / "detector_app" / "runtime"
CLASS_NAMES = ["Torre do Relógio", "Green Gate", "Blue Mosque", "Sunflower Hall", "Rosa Palast"]
GERMAN = {"Green Gate": "Grünes Tor"}
TYPES = {
    ".css": "text/css",
    ".html": "text/html; charset=utf-8",
    ".jpg": "image/jpeg",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}
# How long the page waits at most for a worker, an answer, a camera, a file or the network: what is so
# called, and the module that has it.
WAITS = {
    "SILENCE_MS": "detector.js",
    "MAX_ANSWER_MS": "catalogue.js",
    "MAX_OPENING_MS": "film.js",
    "MAX_READING_MS": "video.js",
    "MAX_WAIT_MS": "sw.js",
}
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


def _describe_stored() -> dict[str, Any]:
    """Return what the server answers to a report: a picture that was not sent, by which it is known."""
    buffer = io.BytesIO()
    Image.new("RGB", (33, 22), "#7030a0").save(buffer, "JPEG")
    picture = base64.b64encode(buffer.getvalue()).decode()
    return {"stored": True, "picture": picture, "faces": 1, "plates": 2}


@dataclass
class Site:
    """What is served, and what was asked for.

    `stored` is the answer to a report; `changed` has other bytes for an address; of `broken` addresses nothing comes back, and those
    `for_a_year` are cached by browsers so long. Modules are named by their addresses without the `version`;
    `waits` has other milliseconds for those of `WAITS`.
    """

    models: dict[str, bytes] = field(default_factory=dict)
    photos: dict[str, bytes] = field(default_factory=dict)
    reports: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    stored: dict[str, Any] = field(default_factory=_describe_stored)
    catalogue: dict[str, Any] = field(default_factory=dict)
    changed: dict[str, bytes] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    for_a_year: set[str] = field(default_factory=set)
    waits: dict[str, int] = field(default_factory=dict)
    version: str = "v1"
    is_isolated: bool = True
    is_down: bool = False
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def add_file(
        self, onnx: bytes, image_size: int = 160, signature: str | None = None
    ) -> dict[str, Any]:
        """Serve a model, and return how the catalogue lists it."""
        sha256 = hashlib.sha256(onnx).hexdigest()
        self.models[sha256] = onnx
        return {
            "sha256": sha256,
            "bytes": len(onnx),
            "image_size": image_size,
            "signature": signature,
        }

    def add_city(
        self,
        slug: str,
        name: str,
        model: dict[str, Any] | None,
        *,
        stage: str = "published",
        **names: str,
    ) -> None:
        """List a city; `names` are those in other languages."""
        cities = self.catalogue.setdefault("cities", [])
        city = {"slug": slug, "name": name, "names": names, "country": "Spain"}
        city |= {"latitude": None, "longitude": None}
        cities.append(city | {"stage": stage, "model": model})

    def describe(self, slug: str) -> tuple[int, dict[str, Any]]:
        """Return the list of cities, or one of them whole."""
        if not slug:
            cities = [city | {"model": _listed(city["model"])} for city in self.catalogue["cities"]]
            return 200, self.catalogue | {"cities": cities}
        for city in self.catalogue["cities"]:
            if city["slug"] == slug:
                model = city["model"] and city["model"] | {"tag": _tag_of(city["model"])}
                keys = self.catalogue["public_keys"]
                return 200, city | {"model": model, "public_keys": keys}
        return 404, {"error": "There is no such city.", "reason": "no_city"}

    def detect(self, model: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Look at a photo with the real detector."""
        try:
            with Image.open(io.BytesIO(body)) as opened:
                photo = opened.convert("RGB")
        except UnidentifiedImageError:
            sentence = "That is not a photo that this server can read."
            return 422, {"error": sentence, "reason": "photo"}
        detections = _detector(self.models[model]).detect(np.asarray(photo))
        found = [
            {
                "sight": CLASS_NAMES.index(one.name),
                "name": one.name,
                "confidence": one.confidence,
                "score": one.confidence,
                "box": [one.x1, one.y1, one.x2, one.y2],
            }
            for one in detections
        ]
        return 200, {"width": photo.width, "height": photo.height, "found": found}


def _files(model: dict[str, Any]) -> list[dict[str, Any]]:
    return [model["file"], *([model["live"]] if model["live"] else [])]


def _tag_of(model: dict[str, Any]) -> str:
    return "".join(file["sha256"][:8] + (file["signature"] or "")[:8] for file in _files(model))


def _listed(model: dict[str, Any] | None) -> dict[str, Any] | None:
    if model is None:
        return None
    size = sum(file["bytes"] for file in _files(model))
    return {"version": model["version"], "tag": _tag_of(model), "bytes": size}


def describe_model(
    file: dict[str, Any], *, version: int = 1, live: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return a model as the catalogue lists it, with the sights of the tiny one."""
    sights = [
        {
            "class": number,
            "name": name,
            "names": {"de": GERMAN[name]} if name in GERMAN else {},
            "latitude": None,
            "longitude": None,
            "view_meters": None,
            "ap50_95": None,
            "descriptions": {},
            "articles": {},
            "map": None,
            "since": None,
            "height_meters": None,
            "photo": None,
        }
        for number, name in enumerate(CLASS_NAMES)
    ]
    return {
        "version": version,
        "published_at": "2026-01-02T03:04:05Z",
        "map50_95": 0.62,
        "file": file,
        "live": live,
        "sights": sights,
        "hidden_classes": [],
    }


@contextmanager
def run_site(site: Site) -> Iterator[Site]:
    """Serve a site on a free port of loopback, until the block ends."""

    class Handler(_Handler):
        served = site

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    served: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        version = self.served.version
        # Of a version that is not the app's any more there is nothing.
        path = urlsplit(self.path).path.replace(f"/browser/{version}/", "/browser/")
        self.served.asked.append(path)
        if self.served.is_down or path in self.served.broken:
            self.close_connection = True
            return
        if path == "/api/city-list" or path.startswith("/api/cities/"):
            slug = path.removeprefix("/api/city-list").removeprefix("/api/cities/")
            self._answer_json(*self.served.describe(slug))
            return
        content = self.served.changed.get(path) or self._find(path)
        if content is not None and path == "/camera":
            content = content.replace(b'"/browser/', f'"/browser/{version}/'.encode())
        if content is not None and path == "/browser/sw.js":
            content = content.replace(b'VERSION = ""', f'VERSION = "{version}"'.encode())
        for name, milliseconds in self.served.waits.items():
            if content is not None and path == f"/browser/{WAITS[name]}":
                content = _set_wait(content, name, milliseconds)
        if content is None:
            self._answer(404, b"not here", "text/plain")
            return
        kind = TYPES.get(Path(path).suffix, "text/html; charset=utf-8")
        self._answer(200, content, "application/octet-stream" if path.endswith(".onnx") else kind)

    def do_POST(self) -> None:
        address = urlsplit(self.path)
        self.served.asked.append(f"POST {address.path}")
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.served.is_down or address.path in self.served.broken:
            self.close_connection = True
            return
        if address.path == "/api/report":
            self.served.reports.append((dict(parse_qsl(address.query)), body))
            self._answer_json(201, self.served.stored)
            return
        (model,) = parse_qs(address.query)["model"]
        self._answer_json(*self.served.detect(model, body))

    def _find(self, path: str) -> bytes | None:
        if path == "/blank":
            return b"<!doctype html><title>blank</title><body></body>"
        if path.startswith("/sights/"):
            return self.served.photos.get(path)
        if path.startswith("/models/"):
            return self.served.models.get(Path(path).stem)
        file = BROWSER / "camera.html" if path == "/camera" else None
        for prefix, folder in (("/browser/", BROWSER), ("/runtime/", RUNTIME)):
            if path.startswith(prefix):
                file = folder / path.removeprefix(prefix)
        return file.read_bytes() if file is not None and file.is_file() else None

    def _answer_json(self, status: int, value: object) -> None:
        self._answer(status, json.dumps(value).encode(), "application/json")

    def _answer(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        headers = HEADERS | (ISOLATION if self.served.is_isolated else {})
        headers |= {"Service-Worker-Allowed": "/"} if self.path.startswith("/browser/sw.js") else {}
        headers |= {"Content-Type": kind, "Content-Length": str(len(content))}
        if urlsplit(self.path).path in self.served.for_a_year:
            headers["Cache-Control"] = "public, max-age=31536000, immutable"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        # A page that is closed takes no more.
        with suppress(ConnectionError):
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def _set_wait(module: bytes, name: str, milliseconds: int) -> bytes:
    statement = rb"\bconst %b = [\d_]+;" % name.encode()
    waiting, count = re.subn(statement, b"const %b = %d;" % (name.encode(), milliseconds), module)
    assert count == 1, f"{name} is not said once"
    return waiting


@cache
def _detector(onnx: bytes) -> Detector:
    return load_detector(onnx)
