"""Ask a running sandbox what it was asked, and break it on purpose: a small HTTP server, a client.

GET  /counts                             what the stand-ins were asked: {service: {key: count}}
GET  /ec2/history                        every state of every instance, oldest first
POST /ec2/no-capacity?next=N             the next N starts fail with InsufficientInstanceCapacity
POST /ec2/fault?action=A&code=C&next=N   the next N requests for an action fail with an error code
POST /ec2/shutdown?instance_id=I         an instance is shut down from inside
POST /ec2/terminate?instance_id=I        its owner terminates an instance
POST /vision/fault?kind=...              as the arguments of VisionServer.set_fault
POST /web/refusal?service=...            as the arguments of Refusals.set: the web stand-ins say "not now"
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from http import HTTPStatus
from typing import Any
from urllib import request as http
from urllib.error import HTTPError
from urllib.parse import urlencode
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.wrappers import Request, Response

from sandbox.counts import Counts
from sandbox.gpu.ec2_fleet import Ec2Fleet
from sandbox.ports import require_free
from sandbox.processes.wsgi_server import WsgiServer

TIMEOUT_SECONDS = 30


class ControlServer(WsgiServer):
    """The control endpoint of one sandbox, on loopback."""

    def __init__(
        self,
        counts: Counts,
        fleet: Ec2Fleet,
        set_vision_fault: Callable[..., None],
        set_web_refusal: Callable[..., None],
        port: int = 0,
    ) -> None:
        super().__init__("control", port)
        self._routes: dict[tuple[str, str], Callable[[dict[str, str]], object]] = {
            ("GET", "/counts"): lambda _: counts.snapshot(),
            ("GET", "/ec2/history"): lambda _: [asdict(line) for line in fleet.history()],
            ("POST", "/ec2/no-capacity"): lambda asked: fleet.refuse_next_starts(_next(asked)),
            ("POST", "/ec2/fault"): lambda asked: fleet.fail_next(
                asked.get("action", ""), asked.get("code", ""), _next(asked)
            ),
            ("POST", "/ec2/shutdown"): lambda asked: fleet.shut_down(_instance(fleet, asked)),
            ("POST", "/ec2/terminate"): lambda asked: fleet.terminate(_instance(fleet, asked)),
            ("POST", "/vision/fault"): lambda asked: set_vision_fault(**asked),
            ("POST", "/web/refusal"): lambda asked: set_web_refusal(**asked),
        }

    def start(self) -> None:
        """Listen, and answer from a thread."""
        if self.port:
            require_free(self.port, "--control-port")
        super().start()

    def answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Do what is asked for, and answer in JSON."""
        asked = Request(environ)
        route = self._routes.get((asked.method, asked.path))
        body: object
        if route is None:
            known = ", ".join(f"{verb} {path}" for verb, path in self._routes)
            body = {"error": f"no {asked.method} {asked.path} here; there is {known}"}
            status = HTTPStatus.NOT_FOUND
        else:
            try:
                body, status = route(asked.args.to_dict()), HTTPStatus.OK
            except (ValueError, TypeError) as error:  # what was asked makes no sense
                body, status = {"error": str(error)}, HTTPStatus.BAD_REQUEST
        response = Response(json.dumps(body), status, content_type="application/json")
        return response(environ, start_response)


class ControlClient:
    """Talks to a running sandbox's control endpoint, `SandboxAddresses.control_url`."""

    def __init__(self, control_url: str) -> None:
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

    def fail_next_requests(self, action: str, code: str, count: int) -> None:
        """Let the next requests for an EC2 action fail, such as StopInstances; see Ec2Fleet."""
        self._ask("POST", "/ec2/fault", action=action, code=code, next=count)

    def shut_down(self, instance_id: str) -> None:
        """Shut an instance down from inside, as `shutdown -h now` on it does."""
        self._ask("POST", "/ec2/shutdown", instance_id=instance_id)

    def terminate(self, instance_id: str) -> None:
        """Terminate an instance, as its owner may in EC2's console."""
        self._ask("POST", "/ec2/terminate", instance_id=instance_id)

    def set_vision_fault(self, **fault: object) -> None:
        """Let the next requests to Vision fail; see VisionServer.set_fault."""
        self._ask("POST", "/vision/fault", **fault)

    def set_web_refusal(self, **refusal: object) -> None:
        """Let the next requests to a web stand-in be refused; see Refusals.set."""
        self._ask("POST", "/web/refusal", **refusal)

    def _ask(self, method: str, path: str, **query: object) -> Any:
        url = f"{self._url}{path}?{urlencode(query)}"
        try:
            # The address was written by our own sandbox.
            asked = http.Request(url, method=method)  # noqa: S310 - see above
            with http.urlopen(asked, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - see above
                return json.load(answer)
        except HTTPError as error:
            raise ValueError(json.load(error)["error"]) from error


def _instance(fleet: Ec2Fleet, asked: dict[str, str]) -> str:
    instance_id = asked.get("instance_id", "")
    if instance_id not in fleet.instance_ids:
        msg = f"instance_id must be one of {', '.join(fleet.instance_ids)}, but got {instance_id!r}"
        raise ValueError(msg)
    return instance_id


def _next(asked: dict[str, str]) -> int:
    text = asked.get("next", "")
    if not text.isdecimal():
        msg = f"next must be a number of requests, 0 or more, but got {text!r}"
        raise ValueError(msg)
    return int(text)
