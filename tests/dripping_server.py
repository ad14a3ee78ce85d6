"""A server on loopback that always has one more byte to say, so that no wait for it is a long one."""

import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

# What comes at once, and what comes after it again and again.
DRIPS: dict[str, tuple[bytes, Iterable[bytes]]] = {
    "nothing": (b"", [b""]),
    "status line": (b"HTTP/1.1 200 O", [b"K"]),
    "header": (OK + b"X-A: ", [b"a"]),
    "headers": (OK, [b"X-A: a\r\n"]),
    "folded header": (OK + b"X-A: a\r\n", [b" a\r\n"]),
    "early hints": (b"", [b"HTTP/1.1 103 Early Hints\r\n\r\n"]),
    "flood of early hints": (b"", [b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1_000]),
    "continue": (b"", [b"HTTP/1.1 100 Continue\r\nX-A: a\r\n\r\n"]),
    "body": (OK + b"Content-Length: 100000\r\n\r\n", [b"x"]),
    "body without a length": (b"HTTP/1.0 200 OK\r\n\r\n", [b"x"]),
    "chunks": (CHUNKED, [b"1\r\nx\r\n"]),
    "size of a chunk": (CHUNKED, [b"0"]),
    "extension of a chunk": (CHUNKED + b"1;", [b"a"]),
    "trailers": (CHUNKED + b"1\r\nx\r\n0\r\n", [b"X-T: a\r\n"]),
    # A stored block of no bytes: it unpacks to nothing at all.
    "gzip of nothing": (
        OK
        + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"a\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03\r\n",
        [b"5\r\n\0\0\0\xff\xff\r\n"],
    ),
    "refusal": (b"HTTP/1.1 451 No\r\nContent-Length: 100000\r\n\r\n", [b"x"]),
    "refusal for now": (b"HTTP/1.1 503 No\r\nContent-Length: 100000\r\n\r\n", [b"x"]),
    # The header of a TLS record of 16 KiB, and its bytes.
    "TLS handshake": (b"\x16\x03\x03\x40\x00", [b"\x02"]),
    "TLS handshake of warnings": (b"", [b"\x15\x03\x03\x00\x02\x01\x5a"]),
}


@dataclass
class DrippingServer:
    """How much time passes between drips, and who is being dripped at."""

    port: int = 0
    pause_seconds: float = 0.02
    is_robots_dripping: bool = False
    tls: ssl.SSLContext | None = None
    is_over: threading.Event = field(default_factory=threading.Event)
    visitors: int = 0
    on_visitor: Callable[[int], None] = lambda _: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, scheme: str = "http") -> str:
        """Return where it is."""
        return f"{scheme}://127.0.0.1:{self.port}"

    def serve(self, connection: socket.socket, start: bytes, drips: Iterable[bytes]) -> None:
        """Answer robots.txt, and drip at whoever asks for more."""
        with (
            suppress(OSError),
            (
                self.tls.wrap_socket(connection, server_side=True) if self.tls else connection
            ) as visitor,
        ):
            visitor.settimeout(60)
            while b" /robots.txt " in (asked := visitor.recv(65_536)) and not (
                self.is_robots_dripping
            ):
                visitor.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
            if not asked:
                return
            with self.lock:
                self.visitors += 1
                self.on_visitor(self.visitors)
            visitor.sendall(start)
            for drip in itertools.cycle(drips):
                if self.is_over.wait(self.pause_seconds):
                    return
                visitor.sendall(drip)


@contextmanager
def dripping_server(
    start: bytes,
    drips: Iterable[bytes],
    *,
    is_robots_dripping: bool = False,
    tls: ssl.SSLContext | None = None,
) -> Iterator[DrippingServer]:
    """Drip at all visitors until the end of the test."""
    server = DrippingServer(is_robots_dripping=is_robots_dripping, tls=tls)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        server.port = listener.getsockname()[1]

        def accept() -> None:
            with suppress(OSError):
                while True:
                    visitor, _ = listener.accept()
                    threading.Thread(
                        target=server.serve, args=(visitor, start, drips), daemon=True
                    ).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.is_over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
