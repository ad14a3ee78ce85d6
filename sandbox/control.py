"""Ask a running sandbox what it was asked, and break it on purpose: a small HTTP server, a client.

GET  /counts                   what the stand-ins were asked: {service: {key: count}}
GET  /ec2/history              every state of every instance, oldest first
POST /ec2/no-capacity?next=N   the next N starts fail with InsufficientInstanceCapacity
POST /vision/fault?kind=...    as the arguments of VisionServer.set_fault
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import Request, urlopen

from sandbox.counts import Counts
from sandbox.gpu.ec2_fleet import Ec2Fleet
from sandbox.ports import LOOPBACK, PortTaken

TIMEOUT_SECONDS = 30


class ControlServer:
    """The control endpoint of one sandbox, on loopback."""

    def __init__(
        self,
        counts: Counts,
        fleet: Ec2Fleet,
        set_vision_fault: Callable[..., None],
        port: int = 0,
    ) -> None:
        """Remember whom to ask; nothing listens before `start`."""
        self._routes: dict[tuple[str, str], Callable[[dict[str, str]], object]] = {
            ("GET", "/counts"): lambda _: counts.snapshot(),
            ("GET", "/ec2/history"): lambda _: [asdict(line) for line in fleet.history()],
            ("POST", "/ec2/no-capacity"): lambda asked: fleet.refuse_next_starts(_next(asked)),
            ("POST", "/vision/fault"): lambda asked: set_vision_fault(**asked),
        }
        self._port = port
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://{LOOPBACK}:{self._port}"

    def start(self) -> None:
        """Listen, and answer from a thread."""
        handler = type("_Handler", (_Handler,), {"routes": self._routes})
        try:
            self._server = ThreadingHTTPServer((LOOPBACK, self._port), handler)
        except OSError as error:
            msg = (
                f"port {self._port} on {LOOPBACK} is taken or not allowed; end the program that "
                "listens there, or choose another with --control-port"
            )
            raise PortTaken(msg) from error
        self._server.daemon_threads = True
        self._port = self._server.server_port
        threading.Thread(
            target=self._server.serve_forever, args=[0.1], name="control", daemon=True
        ).start()

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class ControlClient:
    """Talks to a running sandbox's control endpoint."""

    def __init__(self, control_url: str) -> None:
        """Remember the address: `SandboxAddresses.control_url`."""
        self._url = control_url

    def counts(self) -> dict[str, dict[str, int]]:
        """Return what the stand-ins were asked: {service: {key: count}}."""
        answer: dict[str, dict[str, int]] = self._ask("GET", "/counts")
        return answer

    def instance_history(self, instance_id: str | None = None) -> list[dict[str, Any]]:
        """Return the states of one instance or of all: number, at, instance_id, state, reason."""
        lines: list[dict[str, Any]] = self._ask("GET", "/ec2/history")
        return [line for line in lines if instance_id in {None, line["instance_id"]}]

    def refuse_next_starts(self, count: int) -> None:
        """Let the next starts fail for lack of capacity (a client's own repeats count as one)."""
        self._ask("POST", "/ec2/no-capacity", next=count)

    def set_vision_fault(self, **fault: object) -> None:
        """Let the next requests to Vision fail; see VisionServer.set_fault."""
        self._ask("POST", "/vision/fault", **fault)

    def _ask(self, method: str, path: str, **query: object) -> Any:
        url = f"{self._url}{path}?{urlencode(query)}"
        try:
            # The address was written by our own sandbox.
            with urlopen(Request(url, method=method), timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - see above
                return json.load(answer)
        except HTTPError as error:
            raise ValueError(json.load(error)["error"]) from error


class _Handler(BaseHTTPRequestHandler):
    routes: dict[tuple[str, str], Callable[[dict[str, str]], object]]

    def do_GET(self) -> None:
        """Answer a question."""
        self._answer("GET")

    def do_POST(self) -> None:
        """Do what is asked for."""
        self._answer("POST")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Write no access log."""

    def _answer(self, method: str) -> None:
        address = urlsplit(self.path)
        route = self.routes.get((method, address.path))
        if route is None:
            known = ", ".join(f"{verb} {path}" for verb, path in self.routes)
            body: object = {"error": f"no {method} {address.path} here; there is {known}"}
            status = HTTPStatus.NOT_FOUND
        else:
            try:
                body = route(dict(parse_qsl(address.query)))
                status = HTTPStatus.OK
            except (ValueError, TypeError) as error:  # what was asked makes no sense
                body, status = {"error": str(error)}, HTTPStatus.BAD_REQUEST
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _next(asked: dict[str, str]) -> int:
    text = asked.get("next", "")
    if not text.isdecimal():
        msg = f"next must be a number of starts, 0 or more, but got {text!r}"
        raise ValueError(msg)
    return int(text)
