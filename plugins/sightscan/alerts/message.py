"""The words of a message: the same for all channels, of one incident or of many at once."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sightscan.alerts.kinds import KINDS
from sightscan.plain_text import one_line
from sightscan.warehouse.incidents.incidents import Incident

MAX_SUBJECT_CHARACTERS = 150
# Of a sentence, which may hold what a stranger's server said.
MAX_SENTENCE_CHARACTERS = 1_000
# Of many incidents at once, so many have a line of their own.
MAX_LINES = 50
# Makes one key of those of all incidents that a message is about.
_DIGESTS = uuid.UUID("6f3f1c3e-6d0b-4a36-9a2f-2f1f6c0d9a11")


@dataclass(frozen=True, slots=True)
class Message:
    """What a channel is told; `key` is the same whenever the same is told again."""

    key: str
    subject: str
    text: str


def message_about(incident: Incident) -> Message:
    """Return the message about one incident; without an id no warehouse keeps it."""
    kind = KINDS.get(incident.kind)
    title = kind.title if kind else incident.kind
    lines = [_cut(incident.sentence, MAX_SENTENCE_CHARACTERS), "", _times_of(incident)]
    if incident.link:
        lines.append(f"Look at: {incident.link}")
    if kind:
        lines.append(f"What to do: {kind.runbook}")
    if incident.incident_id:
        lines.append(f"Incident {incident.incident_id}; `sightscan alerts list` shows all.")
    subject = _cut(f"[SightScan] {title}: {incident.subject}", MAX_SUBJECT_CHARACTERS)
    return Message(str(incident.message_key), subject, "\n".join(lines) + "\n")


def message_about_many(incidents: Sequence[Incident], count: int) -> Message:
    """Return one message about many incidents, of which there are `count` in all."""
    key = uuid.uuid5(_DIGESTS, " ".join(str(incident.message_key) for incident in incidents))
    lines = [f"{count} things are wrong that you were not told of yet:", ""]
    for incident in incidents[:MAX_LINES]:
        kind = KINDS.get(incident.kind)
        about = _cut(f"{incident.subject}: {incident.sentence}", 2 * MAX_SUBJECT_CHARACTERS)
        lines.append(f"- {kind.title if kind else incident.kind}: {about}")
    if len(incidents) > MAX_LINES:
        lines.append(f"- and {len(incidents) - MAX_LINES} more")
    kinds = sorted({incident.kind for incident in incidents} & KINDS.keys())
    lines += ["", "What to do:", *(KINDS[name].runbook for name in kinds)]
    if all(incident.incident_id for incident in incidents):
        lines.append("`sightscan alerts list` shows all.")
    return Message(str(key), f"[SightScan] {count} incidents", "\n".join(lines) + "\n")


def as_minute(when: datetime | None) -> str:
    """Return a moment as messages name it, in UTC."""
    return f"{when:%Y-%m-%d %H:%M}" if when else "never"


def _times_of(incident: Incident) -> str:
    since = f"Since {as_minute(incident.opened_at)} UTC"
    if incident.closed_at is None:
        return f"{since}."
    return f"{since}; it was over at {as_minute(incident.closed_at)} UTC."


def _cut(text: str, most: int) -> str:
    line = one_line(text)
    return line if len(line) <= most else f"{line[: most - 3]}..."
