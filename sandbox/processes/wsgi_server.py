"""A WSGI application, in threads of this process."""

import threading
from abc import abstractmethod
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.ports import ON_LOOPBACK, Listening
from sandbox.processes.startable import Startable


class QuietHandler(WSGIRequestHandler):
    """Writes no access log."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Say nothing."""


class WsgiServer(Startable):
    """A WSGI application that is answered from threads; port 0 takes a free one."""

    handler: type[WSGIRequestHandler] = QuietHandler

    def __init__(self, name: str, port: int, listening: Listening = ON_LOOPBACK) -> None:
        self._name = name
        self.port = port
        self._listening = listening
        self._running: tuple[BaseWSGIServer, threading.Thread] | None = None

    @property
    def url(self) -> str:
        """Where others reach it, without a slash at the end."""
        return f"http://{self._listening.host}:{self.port}"

    @abstractmethod
    def answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""

    def start(self) -> None:
        """Listen, and answer from a thread."""
        server = make_server(
            self._listening.address,
            self.port,
            self.answer,
            threaded=True,
            request_handler=self.handler,
        )
        self.port = server.server_port
        thread = threading.Thread(
            target=server.serve_forever, args=[0.1], name=self._name, daemon=True
        )
        thread.start()
        self._running = server, thread

    def stop(self) -> None:
        """Stop listening."""
        if self._running is not None:
            server, thread = self._running
            self._running = None
            server.shutdown()
            server.server_close()
            thread.join()
