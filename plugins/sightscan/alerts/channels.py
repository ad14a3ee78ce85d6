"""The ways by which people are told: the log, mail by SMTP, and a webhook in Slack's form.

A channel takes a message or raises; it ends within its time, whatever the other side does. No error
names a password or a webhook's address, which is a password.
"""

import logging
import smtplib
import socket
import ssl
import threading
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from typing import Literal, Protocol
from urllib.parse import urlsplit

from tenacity import stop_after_attempt, wait_none

from sightscan.alerts.message import Message
from sightscan.errors import SightScanError
from sightscan.http import Request, RetryPolicy, Sender, open_http
from sightscan.http_answers import FIRST_REFUSAL, SendError
from sightscan.plain_text import one_line

# Slack and mail servers answer within a second or two.
CHANNEL_SILENCE_SECONDS = 15.0
# A server that says a word now and then would hold us for ever.
MAX_SEND_SECONDS = 30.0
MAX_ERROR_CHARACTERS = 300
# RFC 5322 allows 998; a folded subject begins with a space where clients do not unfold it.
MAX_HEADER_CHARACTERS = 250
FIRST_SUCCESS = 200
FIRST_REDIRECT = 300

Encryption = Literal["starttls", "tls", "none"]

logger = logging.getLogger(__name__)


class ChannelError(SightScanError):
    """A channel did not take a message, or did not say so."""


class Channel(Protocol):
    """One way to tell people."""

    @property
    def name(self) -> str:
        """Return its name in the warehouse: log, mail or webhook."""

    def send(self, message: Message) -> None:
        """Send; raise ChannelError unless the other side took it."""


@dataclass(frozen=True, slots=True)
class LogChannel:
    """The log of whoever tells: it is always there."""

    name: str = "log"

    def send(self, message: Message) -> None:
        """Write it as an error, which log collectors look for."""
        logger.error("%s | %s", message.subject, message.text.replace("\n", " | ").strip(" |"))


@dataclass(frozen=True, slots=True)
class MailServer:
    """How mail leaves the house."""

    host: str
    port: int
    encryption: Encryption = "starttls"
    login: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class MailChannel:
    """Mail to some addresses; the Message-ID tells a mailbox that it has a message already."""

    server: MailServer
    sender: str
    recipients: tuple[str, ...]
    name: str = "mail"

    def send(self, message: Message) -> None:
        """Send one mail to all; refused by one of the recipients counts as sent, and is logged."""
        mail = EmailMessage(policy=SMTP.clone(max_line_length=MAX_HEADER_CHARACTERS))
        mail["Message-ID"] = f"<{message.key}@incidents.sightscan>"
        mail["Date"] = format_datetime(localtime())
        mail["From"] = self.sender
        mail["To"] = ", ".join(self.recipients)
        mail["Subject"] = message.subject
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        session = _MailSession(self.server, self.sender, self.recipients, mail)
        session.start()
        session.join(MAX_SEND_SECONDS)
        if session.is_alive():
            session.give_up()
            msg = f"{self._where} has not taken the mail after {MAX_SEND_SECONDS:.0f} s"
            raise ChannelError(msg)
        if session.error is not None:
            raise ChannelError(self._words(session.error)) from session.error

    @property
    def _where(self) -> str:
        return f"the mail server {self.server.host}:{self.server.port}"

    def _words(self, error: Exception) -> str:
        said = f"{type(error).__name__}: {error}"
        if self.server.password:
            said = said.replace(self.server.password, "[SMTP_PASSWORD]")
        return _short(f"{self._where}: {said}")


class _MailSession(threading.Thread):
    """One mail on its way; a thread, since no time-out of a socket bounds a whole conversation."""

    def __init__(
        self, server: MailServer, sender: str, recipients: tuple[str, ...], mail: EmailMessage
    ) -> None:
        super().__init__(daemon=True, name="sightscan-mail")
        self._server = server
        self._sender = sender
        self._recipients = recipients
        self._mail = mail
        self._client: smtplib.SMTP | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self._send()
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            self.error = error

    def give_up(self) -> None:
        """Break the connection off, so that the thread ends soon."""
        if self._client is not None and self._client.sock is not None:
            try:
                self._client.sock.shutdown(socket.SHUT_RDWR)
            except OSError as error:
                logger.debug("the connection was gone already: %s", error)

    def _send(self) -> None:
        server = self._server
        tls = ssl.create_default_context()
        if server.encryption == "tls":
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=CHANNEL_SILENCE_SECONDS, context=tls
            )
        else:
            client = smtplib.SMTP(server.host, server.port, timeout=CHANNEL_SILENCE_SECONDS)
        self._client = client
        with client:
            if server.encryption == "starttls":
                client.starttls(context=tls)
            if server.login:
                client.login(server.login, server.password or "")
            refused = client.send_message(self._mail, self._sender, list(self._recipients))
        if refused:
            logger.warning("no mail to %s: the server refuses them", ", ".join(sorted(refused)))


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """A webhook that takes `{"text": ...}`: Slack's, and those of Mattermost, Rocket.Chat and others."""

    url: str = field(repr=False)
    name: str = "webhook"

    def send(self, message: Message) -> None:
        """Post it, once; a redirect counts as refused, since the message would go elsewhere."""
        text = f"*{_escaped(message.subject)}*\n{_escaped(message.text)}"
        request = Request(
            url=self.url,
            method="POST",
            document={"text": text},
            headers={"Idempotency-Key": message.key},
            max_seconds=MAX_SEND_SECONDS,
        )
        once = RetryPolicy(stop_after_attempt(1), wait_none(), 0.0)
        try:
            with open_http("SightScan/1.0", silence_seconds=CHANNEL_SILENCE_SECONDS) as client:
                answer = Sender(client, once).send(request)
        except SendError as error:
            raise ChannelError(self._words(str(error))) from None
        if not FIRST_SUCCESS <= answer.status < FIRST_REDIRECT:
            said = answer.words() if answer.status >= FIRST_REFUSAL else "it sends us elsewhere"
            raise ChannelError(self._words(f"status {answer.status}: {said}"))

    def _words(self, said: str) -> str:
        parts = urlsplit(self.url)
        for secret in (self.url, parts.path, parts.query):
            # The path of a webhook is its password.
            if len(secret) > 1:
                said = said.replace(secret, "[ALERT_WEBHOOK_URL]")
        return _short(f"the webhook at {parts.hostname}: {said}")


def _escaped(text: str) -> str:
    """Return a text of which Slack makes no mention, link or command."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _short(text: str) -> str:
    return one_line(text)[:MAX_ERROR_CHARACTERS]
