"""The proxy of compose.yaml: the real Caddy, with its file, before a server that says what it was asked."""

import contextlib
import http.server
import json
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sandbox.ports import free_port
from tests.waiting import wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
CADDY = REPOSITORY / ".venv" / "deployment" / "bin" / "caddy"

pytestmark = pytest.mark.slow


class Echo(http.server.BaseHTTPRequestHandler):
    """Says what it was asked, and takes a websocket's hand."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with the headers that came."""
        if self.headers.get("Upgrade") == "websocket":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            self.wfile.write(b"frames")
            self.close_connection = True
            return
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Take all that is sent."""
        left = int(self.headers["Content-Length"])
        while left > 0 and (block := self.rfile.read(min(left, 1 << 20))):
            left -= len(block)
        if left == 0:
            self.do_GET()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def behind() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def port(behind: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Start Caddy with the file of the deployment; only ports and the admin's socket are others."""
    folder = tmp_path_factory.mktemp("caddy")
    https = free_port()
    text = (REPOSITORY / "docker" / "Caddyfile").read_text()
    assert text.count("\n{\n\tservers {") == 1
    own = f"\n{{\n\tadmin off\n\tskip_install_trust\n\thttp_port {free_port()}\n\thttps_port {https}\n\tservers {{"
    (folder / "Caddyfile").write_text(text.replace("\n{\n\tservers {", own))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "APP_ADDRESS": f"127.0.0.1:{behind}",
        "AIRFLOW_ADDRESS": f"127.0.0.1:{behind}",
    }
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [CADDY, "run", "--adapter", "caddyfile", "--config", folder / "Caddyfile"],
            env=environment,
            stdout=log,
            stderr=log,
        ) as process,
    ):

        def answers() -> bool:
            assert process.poll() is None, (folder / "log").read_text()
            with contextlib.suppress(httpx.HTTPError):
                return client(https).get("/").is_success
            return False

        wait_until(answers)
        yield https
        process.terminate()


class Client:
    """Asks the proxy for one of its two domains, which not every system's resolver knows."""

    def __init__(self, port: int, host: str) -> None:
        """Name the domain."""
        self._host = host
        self._client = httpx.Client(
            base_url=f"https://127.0.0.1:{port}",
            verify=False,  # noqa: S501 - it signs its certificates itself
            timeout=20,
        )

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """Return what is answered."""
        return self._ask("GET", path, headers or {}, b"")

    def post(self, path: str, content: bytes) -> httpx.Response:
        """Return what is answered."""
        return self._ask("POST", path, {}, content)

    def _ask(
        self, method: str, path: str, headers: dict[str, str], content: bytes
    ) -> httpx.Response:
        with self._client:
            return self._client.request(
                method,
                path,
                headers={"Host": self._host, **headers},
                content=content,
                extensions={"sni_hostname": self._host},
            )


def client(port: int, host: str = "localhost") -> Client:
    return Client(port, host)


def by_tls(port: int) -> ssl.SSLSocket:
    context = ssl._create_unverified_context()  # noqa: S323 - its own authority
    plain = socket.create_connection(("127.0.0.1", port), timeout=30)
    return context.wrap_socket(plain, server_hostname="localhost")


@pytest.mark.parametrize("host", ["localhost", "airflow.localhost"])
def test_both_are_told_who_asked_and_how(port: int, host: str) -> None:
    told = client(port, host).get("/").json()
    assert told["x-forwarded-proto"] == "https"
    assert told["x-forwarded-for"] == "127.0.0.1"
    assert told["host"].startswith(host)


def test_nobodys_word_is_taken_for_who_asked(port: int) -> None:
    lies = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil",
    }
    told = client(port).get("/", headers=lies).json()
    assert told["x-forwarded-for"] == "127.0.0.1"
    assert told["x-forwarded-proto"] == "https"
    assert "evil" not in told.values()


def test_browsers_are_told_to_stay_with_tls_and_pages_are_compressed(port: int) -> None:
    answer = client(port).get("/", headers={"Accept-Encoding": "gzip", "X-Long": "long" * 800})
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert answer.headers["content-encoding"] == "gzip"


def test_a_websocket_goes_through(port: int) -> None:
    with by_tls(port) as connection:
        connection.sendall(
            b"GET /_stcore/stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        answer = b""
        while b"frames" not in answer and (block := connection.recv(4096)):
            answer += block
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert answer.endswith(b"frames")


def test_more_than_a_sessions_uploads_is_refused(port: int) -> None:
    assert client(port).post("/", content=b"x" * 60_000_000).status_code == 200
    assert client(port).post("/", content=b"x" * 65_000_000).status_code == 413
    assert client(port, "airflow.localhost").post("/", content=b"x" * 17_000_000).status_code == 413


def test_who_does_not_say_what_he_wants_is_cut(port: int) -> None:
    with by_tls(port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        # Ten seconds later; without a limit, the socket's own thirty end the test.
        assert connection.recv(4096) == b""
