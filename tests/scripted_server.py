"""A web server on loopback that answers each path as it was told, and remembers who asked."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Answer:
    """One answer; with `pause_seconds`, its body comes byte by byte with pauses between."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    pause_seconds: float = 0.0
    stated_length: int | None = None


@dataclass
class ScriptedServer:
    """What the server was told, by path without query; the last answer of a list is repeated."""

    url: str
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    user_agents: set[str] = field(default_factory=set)
    encodings: dict[str, str] = field(default_factory=dict)

    def tell(self, path: str, *answers: Answer) -> str:
        """Set the answers of a path; return its URL."""
        self.answers[path] = list(answers)
        return self.url + path

    def answer_to(self, path: str) -> Answer:
        """Return the next answer of a path."""
        self.asked[path] += 1
        answers = self.answers.get(path, [Answer(status=404)])
        return answers.pop(0) if len(answers) > 1 else answers[0]


@contextmanager
def scripted_server() -> Iterator[ScriptedServer]:
    """Serve on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            script.user_agents.add(self.headers.get("User-Agent", ""))
            path = self.path.partition("?")[0]
            script.encodings[path] = self.headers.get("Accept-Encoding", "")
            answer = script.answer_to(path)
            length = len(answer.body) if answer.stated_length is None else answer.stated_length
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            try:
                for start in range(len(answer.body)) if answer.pause_seconds else ():
                    self.wfile.write(answer.body[start : start + 1])
                    time.sleep(answer.pause_seconds)
                if not answer.pause_seconds:
                    self.wfile.write(answer.body)
            except OSError:
                self.close_connection = True
            if length != len(answer.body):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script = ScriptedServer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
