"""One round: look, keep what is seen as incidents, and tell who was not told yet."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from sightscan.alerts import kinds
from sightscan.alerts.channels import (
    Channel,
    LogChannel,
    MailChannel,
    MailServer,
    WebhookChannel,
)
from sightscan.alerts.looks import look_around
from sightscan.alerts.tell import Told, tell
from sightscan.settings import Settings
from sightscan.warehouse.incidents.incidents import Trouble, close_incidents, save_troubles
from sightscan.warehouse.schema.standing import read_clock

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outside:
    """What somebody else saw, such as Airflow: troubles, and of which kinds these are all."""

    troubles: Sequence[Trouble] = ()
    kinds: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Round:
    """What came of a round, in counts, and what was wrong with it."""

    opened: int
    closed: int
    sent: dict[str, int]
    problems: tuple[str, ...]


def make_round(
    connection: psycopg.Connection[Any],
    config: Settings,
    channels: Sequence[Channel],
    *,
    outside: Outside,
    is_thorough: bool,
) -> Round:
    """Look, note what is wrong and what is not any more, and tell each channel once.

    Give it an autocommit connection. Looks and channels that fail are problems; the rest goes on.
    """
    # By the clock that says when each was seen: a worker's may be minutes off.
    looked_at = read_clock(connection)
    seen = look_around(connection, config, is_thorough=is_thorough)
    opened = save_troubles(connection, [*seen.troubles, *outside.troubles])
    # A test is over by itself, and so is what was told while the warehouse was away.
    looked_for = seen.kinds | outside.kinds | {kinds.TEST.name, kinds.WAREHOUSE_AWAY.name}
    told = tell(connection, channels)
    # Last: what was seen by somebody else between two rounds is told, be it gone by now.
    closed = close_incidents(connection, looked_for, looked_at=looked_at)
    logger.info("opened=%d closed=%d sent=%s", opened, closed, told.sent)
    return Round(opened, closed, told.sent, (*seen.problems, *told.problems))


def tell_at_once(
    connection: psycopg.Connection[Any], channels: Sequence[Channel], trouble: Trouble
) -> Told:
    """Open an incident, or note that it lasts, and tell; for what cannot wait for the next round."""
    save_troubles(connection, [trouble])
    return tell(connection, channels)


def channels_of(
    config: Settings, *, server: MailServer | None = None, webhook: str | None = None
) -> tuple[Channel, ...]:
    """Return the channels that are set up, the log first, mail last: it takes longest to give up.

    A mail server and a webhook that are given win over those of the settings.
    """
    channels: list[Channel] = [LogChannel()]
    if webhook is None and config.alert_webhook_url is not None:
        webhook = config.alert_webhook_url.get_secret_value()
    if webhook:
        channels.append(WebhookChannel(webhook))
    server = server or mail_server_of(config)
    recipients = config.alert_recipients
    if server is not None and recipients:
        channels.append(MailChannel(server, config.alert_mail_from or recipients[0], recipients))
    return tuple(channels)


def mail_server_of(config: Settings) -> MailServer | None:
    """Return the mail server of the settings, if there is one."""
    if not config.smtp_host:
        return None
    return MailServer(
        config.smtp_host,
        config.smtp_port,
        config.smtp_encryption,
        config.smtp_user,
        config.smtp_password.get_secret_value() if config.smtp_password else None,
    )
