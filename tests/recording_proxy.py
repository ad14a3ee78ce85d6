"""A proxy on loopback that lets nothing through and notes who was asked for."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

MAX_NOTED_BYTES = 4_000


@contextmanager
def recording_proxy() -> Iterator[tuple[str, list[str]]]:
    """Yield its address, and the first lines of what it is asked, as they come."""
    asked: list[str] = []

    class Note(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            asked.append(self.request.recv(MAX_NOTED_BYTES).decode("latin-1").partition("\r\n")[0])

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Note) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def proxied(address: str) -> dict[str, str]:
    """Return the environment in which a program asks everything of the proxy."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    return {name: address for each in names for name in (each, each.lower())} | {
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
