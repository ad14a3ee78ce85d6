"""Drive Debian's Firefox by WebDriver BiDi, which it speaks itself: no driver beside it, no Firefox of our own.

Playwright's own BiDi asks for commands that the ESR does not know. https://w3c.github.io/webdriver-bidi/
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from websockets.sync.client import connect

from tests.waiting import LIMIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.sync.client import ClientConnection

PROGRAM = shutil.which("firefox-esr")
_LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


class FirefoxPage:
    """The one page of a Firefox."""

    def __init__(self, line: ClientConnection) -> None:
        """Begin a session, and take the page that is open."""
        self._line, self._count = line, 0
        self.ask("session.new", capabilities={})
        (first, *_) = self.ask("browsingContext.getTree")["contexts"]
        self._context = first["context"]

    def goto(self, address: str) -> None:
        """Load an address, whole."""
        self.ask("browsingContext.navigate", context=self._context, url=address, wait="complete")

    def evaluate(self, code: str) -> Any:
        """Return what an expression is, if that is a text, a number or the like."""
        answer = self.ask(
            "script.evaluate",
            expression=code,
            target={"context": self._context},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer
        return answer["result"].get("value")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Return the answer to a command; what else is told meanwhile is left out."""
        self._count += 1
        self._line.send(json.dumps({"id": self._count, "method": method, "params": params}))
        while True:
            told = json.loads(self._line.recv(timeout=LIMIT_SECONDS))
            if told.get("id") == self._count:
                assert "result" in told, told
                answer: dict[str, Any] = told["result"]
                return answer


@contextmanager
def open_firefox() -> Iterator[FirefoxPage]:
    """Yield the page of a Firefox with an empty profile; it is gone afterwards, with all that it started."""
    assert PROGRAM is not None
    with tempfile.TemporaryDirectory(prefix="firefox-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [
                PROGRAM,
                "--headless",
                "--no-remote",
                "--profile",
                profile,
                "--remote-debugging-port",
                "0",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "HOME": profile},
        )
        assert process.stderr is not None
        try:
            address = next(filter(None, map(_LISTENING.search, process.stderr)))[1]
            # What nobody reads would stop it.
            threading.Thread(target=process.stderr.read, daemon=True).start()
            with connect(f"{address}/session", max_size=None, open_timeout=LIMIT_SECONDS) as line:
                yield FirefoxPage(line)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
