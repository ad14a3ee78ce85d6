"""What every answer tells the browser to allow: nothing from elsewhere, the camera here, threads.

Place and compass are for the camera's page alone, which asks only whoever switches them on.

A page is cross-origin isolated (COOP and COEP) so that WebAssembly may use threads. The static pages
of `browser/` are without any inline script or style. Streamlit's page is as strict as it can be:

- its one inline script is allowed by its hash, which is read from the page itself;
- styles are inline, since its components write them into the page as it draws (`emotion`);
- its camera reads the shot from an address that is the shot itself (`data:`);
- pictures, modules of components and the worker of a table's search come as `blob:`;
- 'wasm-unsafe-eval' compiles WebAssembly and nothing else: `eval` stays closed.
"""

import base64
import hashlib
import re
from pathlib import Path
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# An inline script: a tag without a `src`.
_INLINE_SCRIPT: Final = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)

_NOBODY_ELSE: Final = {
    "default-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
    "connect-src": "'self'",
    "font-src": "'self'",
    "manifest-src": "'self'",
}
STATIC_POLICY: Final = _NOBODY_ELSE | {
    "script-src": "'self' 'wasm-unsafe-eval'",
    "style-src": "'self'",
    "img-src": "'self' blob: data:",
    "media-src": "'self' blob:",
    "worker-src": "'self'",
}

_EVERY_ANSWER: Final = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": (
        "camera=(self), fullscreen=(self), geolocation=(self), accelerometer=(self), "
        "gyroscope=(self), magnetometer=(self), screen-wake-lock=(), microphone=(), display-capture=(), payment=(), "
        "usb=(), serial=(), hid=(), midi=(), browsing-topics=()"
    ),
}


def write_policy(policy: dict[str, str]) -> str:
    """Return a content security policy as a header's value."""
    return "; ".join(f"{name} {sources}" for name, sources in policy.items())


def streamlit_policy(index_html: Path) -> dict[str, str]:
    """Return the policy for Streamlit's page, with the hashes of the scripts that are in it."""
    scripts = _INLINE_SCRIPT.findall(index_html.read_text(encoding="utf-8"))
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    hashes = "".join(f" 'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return _NOBODY_ELSE | {
        "script-src": f"'self' 'wasm-unsafe-eval' blob:{hashes}",
        "connect-src": "'self' data:",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' blob: data:",
        "font-src": "'self' data:",
        "media-src": "'self' blob:",
        "worker-src": "'self' blob:",
    }


class SecurityHeaders:
    """Middleware that puts the headers on every answer; a file that says more keeps its own."""

    def __init__(
        self, app: ASGIApp, *, policy: str, static_policy: str, static_prefixes: tuple[str, ...]
    ) -> None:
        """Take the policy of Streamlit's page, and that of what begins with the prefixes."""
        self._app = app
        self._policy = policy
        self._static_policy = static_policy
        self._static_prefixes = static_prefixes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, with the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_static = scope["path"].startswith(self._static_prefixes)
        policy = self._static_policy if is_static else self._policy

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _EVERY_ANSWER.items():
                    headers[name] = value
                headers["Content-Security-Policy"] = policy
            await send(message)

        await self._app(scope, receive, send_with_headers)
