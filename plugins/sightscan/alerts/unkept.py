"""Telling of what no warehouse keeps: each channel once of each trouble, as a memory says.

Whoever tells brings the memory and keeps it: Airflow a variable, `sightscan doctor` a file.
"""

import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sightscan.alerts.channels import Channel, ChannelError
from sightscan.alerts.message import Message, message_about, message_about_many
from sightscan.alerts.tell import MAX_SINGLE_MESSAGES
from sightscan.warehouse.incidents.incidents import Incident, Trouble

# Of each trouble, as `name_of` has it, the channels that were told.
Memory = Mapping[str, Sequence[str]]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Unkept:
    """What came of telling: the memory to keep, and what was wrong with channels."""

    memory: Memory
    problems: tuple[str, ...]


def tell_unkept(
    channels: Sequence[Channel], troubles: Mapping[str, Trouble], memory: Memory
) -> Unkept:
    """Tell each channel of the troubles that it has not heard of; one that is down silences no other.

    Troubles come by the names that are remembered; one of several names is told once, while any is new.
    """
    now = datetime.now(UTC)
    incidents = {
        trouble: Incident(
            0,
            trouble.kind,
            trouble.subject,
            trouble.sentence,
            trouble.link,
            uuid.uuid4(),
            now,
            None,
        )
        for trouble in troubles.values()
    }
    told = {name: set(by) for name, by in memory.items()}
    problems = []
    for channel in channels:
        new = [name for name in troubles if channel.name not in told.get(name, ())]
        due = [*dict.fromkeys(troubles[name] for name in new)]
        is_many = len(due) > MAX_SINGLE_MESSAGES
        try:
            for some in [due] if is_many else [[trouble] for trouble in due]:
                channel.send(_message_about([incidents[trouble] for trouble in some]))
                for name in new:
                    if troubles[name] in some:
                        told.setdefault(name, set()).add(channel.name)
        except ChannelError as error:
            problems.append(f"{channel.name}: {error}")
            logger.warning("%s could not be told, and is again: %s", channel.name, error)
    return Unkept({name: sorted(by) for name, by in told.items()}, tuple(problems))


def name_of(trouble: Trouble) -> str:
    """Return the name of a trouble in a memory."""
    return f"{trouble.kind} {trouble.subject}"


def read_memory(text: str) -> Memory:
    """Read a memory; one that is none is empty: rather twice than never."""
    try:
        kept = json.loads(text or "{}")
    except ValueError:
        return {}
    if not isinstance(kept, dict):
        return {}
    return {name: [str(each) for each in by] for name, by in kept.items() if isinstance(by, list)}


def write_memory(memory: Memory) -> str:
    """Return a memory as a text that `read_memory` reads."""
    return json.dumps(memory, sort_keys=True)


def _message_about(incidents: Sequence[Incident]) -> Message:
    if len(incidents) == 1:
        return message_about(incidents[0])
    return message_about_many(incidents, len(incidents))
