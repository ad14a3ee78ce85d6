"""A mail server and a webhook on loopback, which keep what they are told, and can be down.

The mail server speaks SMTP as RFC 5321 has it, as far as a client that sends a mail needs it.
"""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from sightscan.alerts.channels import Channel, LogChannel, MailChannel, MailServer, WebhookChannel

HOOK_PATH = "/services/T000/B000/secret-of-the-webhook"


@dataclass
class MailBox:
    """The mail server: what it took, and how it behaves."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refuses: bool = False
    is_silent: bool = False

    @property
    def server(self) -> MailServer:
        return MailServer("127.0.0.1", self.port, "none")

    @property
    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]


@dataclass
class Hook:
    """The webhook: what was posted, and with which status it answers."""

    url: str = ""
    posts: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    status: int = 200
    location: str | None = None

    @property
    def texts(self) -> list[str]:
        return [str(post["text"]) for post in self.posts]


@dataclass
class MessageServers:
    """Both of them."""

    mail: MailBox
    hook: Hook

    @property
    def channels(self) -> tuple[Channel, ...]:
        return (
            LogChannel(),
            WebhookChannel(self.hook.url),
            MailChannel(self.mail.server, "sightscan@example.org", ("ops@example.org",)),
        )

    @property
    def environment(self) -> dict[str, str]:
        """Return the settings that lead to them."""
        return {
            "ALERT_MAIL_TO": "ops@example.org, night@example.org",
            "ALERT_WEBHOOK_URL": self.hook.url,
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(self.mail.port),
            "SMTP_ENCRYPTION": "none",
        }


class _SmtpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, box: MailBox) -> None:
        super().__init__(("127.0.0.1", 0), _Smtp)
        self.box = box
        self.closing = threading.Event()


class _Smtp(socketserver.StreamRequestHandler):
    server: _SmtpServer

    def handle(self) -> None:
        if self.server.box.is_silent:
            self.server.closing.wait(60)
            return
        self.say("220 mail.example.org ESMTP")
        recipients: list[str] = []
        while line := self.rfile.readline().decode().strip():
            verb = line.upper()
            if verb.startswith("RCPT TO:"):
                recipients.append(line[8:].strip("<>"))
            if verb == "DATA":
                self.take_mail(recipients)
                recipients = []
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def take_mail(self, recipients: list[str]) -> None:
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        box = self.server.box
        if box.refuses:
            self.say("451 4.3.0 try later")
            return
        parsed = message_from_bytes(b"".join(lines), policy=policy.default)
        box.mails.append(cast("EmailMessage", parsed))
        box.recipients += recipients
        self.say("250 taken")

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class _HookServer(ThreadingHTTPServer):
    def __init__(self, hook: Hook) -> None:
        super().__init__(("127.0.0.1", 0), _Post)
        self.hook = hook


class _Post(BaseHTTPRequestHandler):
    server: _HookServer

    def do_POST(self) -> None:
        hook = self.server.hook
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == HOOK_PATH and hook.status == HTTPStatus.OK:
            hook.posts.append(body)
            hook.keys.append(self.headers["Idempotency-Key"])
        self.send_response(hook.status)
        if hook.location:
            self.send_header("Location", hook.location)
        self.end_headers()
        self.wfile.write(f"no_service {self.path}".encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def message_servers() -> Iterator[MessageServers]:
    """Run both on free ports of loopback."""
    box, hook = MailBox(), Hook()
    with _SmtpServer(box) as smtp, _HookServer(hook) as http:
        box.port = smtp.server_address[1]
        hook.url = f"http://127.0.0.1:{http.server_port}{HOOK_PATH}"
        for server in (smtp, http):
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield MessageServers(box, hook)
        finally:
            smtp.closing.set()
            smtp.shutdown()
            http.shutdown()
