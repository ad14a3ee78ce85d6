"""Tell each channel what it was not told yet; one that is down silences no other.

A message is locked, sent and marked in one transaction: see `warehouse.incidents.messages` for what
comes of a worker that is killed in between.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from sightscan.alerts.channels import Channel, ChannelError
from sightscan.alerts.message import message_about, message_about_many
from sightscan.warehouse.incidents.messages import (
    count_due,
    lock_due,
    mark_not_told,
    mark_told,
    plan_messages,
)

# If a thousand cities fail at once, nobody wants a thousand mails.
MAX_SINGLE_MESSAGES = 10
MAX_IN_ONE_MESSAGE = 1_000

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """What came of telling: messages sent, by channel, and what was wrong with the others."""

    sent: dict[str, int]
    problems: tuple[str, ...]


def tell(connection: psycopg.Connection[Any], channels: Sequence[Channel]) -> Told:
    """Tell each channel of the open incidents that it has not heard of, if nobody silenced them.

    Give it an autocommit connection. A channel that fails is asked again by the next call.
    """
    plan_messages(connection, [channel.name for channel in channels])
    sent: dict[str, int] = {}
    problems = []
    for channel in channels:
        try:
            sent[channel.name] = _tell_channel(connection, channel)
        except ChannelError as error:
            problems.append(f"{channel.name}: {error}")
            logger.warning("%s could not be told, and is again: %s", channel.name, error)
    return Told(sent, tuple(problems))


def _tell_channel(connection: psycopg.Connection[Any], channel: Channel) -> int:
    """Return how many messages were sent; each is a transaction of its own."""
    is_many = count_due(connection, channel.name) > MAX_SINGLE_MESSAGES
    sent = 0
    while _send_next(connection, channel, MAX_IN_ONE_MESSAGE if is_many else 1):
        sent += 1
    return sent


def _send_next(connection: psycopg.Connection[Any], channel: Channel, most: int) -> bool:
    """Send one message, be it about many; return whether there was any.

    Raises:
        ChannelError: the channel did not take it, which is noted.

    """
    failure = None
    with connection.transaction():
        incidents = lock_due(connection, channel.name, most=most)
        if not incidents:
            return False
        message = (
            message_about(incidents[0])
            if len(incidents) == 1
            else message_about_many(incidents, len(incidents))
        )
        try:
            channel.send(message)
        except ChannelError as error:
            failure = error
            mark_not_told(connection, channel.name, incidents, str(error))
        else:
            mark_told(connection, channel.name, incidents)
    if failure is not None:
        raise failure
    return True
