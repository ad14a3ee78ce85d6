"""`sightscan alerts`: what is wrong, who was told of it, and of what nobody is told for a while."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from sightscan.cli.declare import AsJson, argument, command, flag, group, option
from sightscan.cli.environment import open_warehouse
from sightscan.cli.output import print_answer, print_json, print_lines, print_table
from sightscan.errors import SettingsError
from sightscan.surroundings import login_name

if TYPE_CHECKING:
    from sightscan.warehouse.incidents.incidents import ListedIncident

NOT_TOLD = 1
MAX_LISTED = 200

commands = group("alerts", "What is wrong, who was told of it, and of what nobody is told.")

KindName = Annotated[
    str | None,
    argument("KIND", "The kind, as `sightscan alerts list` shows it; without it, all."),
]
SubjectName = Annotated[
    str | None,
    argument("SUBJECT", "The DAG, instance, budget or check; without it, all of the kind."),
]


@command(commands, "list")
def list_alerts(
    *,
    days: Annotated[
        int, typer.Option(min=0, max=366, help="Also what ended in the last so many days.")
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """List what is wrong now and what was until lately, who was told of it, and the silences.

    Times are in UTC. docs/runbooks/alerts.md says what each kind means and what to do.

    Changes: nothing.

    Examples:
        sightscan alerts list
        sightscan alerts list --days 30 --json
    """
    from sightscan.warehouse.incidents.incidents import list_incidents
    from sightscan.warehouse.incidents.silences import list_silences

    closed_after = datetime.now(UTC) - timedelta(days=days)
    with open_warehouse() as (_, connection):
        incidents = list_incidents(connection, closed_after=closed_after, most=MAX_LISTED)
        silences = list_silences(connection)
    if as_json:
        print_json(
            {
                "incidents": [asdict(incident) for incident in incidents],
                "silences": [asdict(silence) for silence in silences],
            }
        )
        return
    if incidents:
        print_table(
            ("id", "kind", "subject", "since", "over", "told by", "what"),
            [
                (
                    incident.incident_id,
                    incident.kind,
                    incident.subject,
                    _minute(incident.opened_at),
                    _minute(incident.closed_at),
                    _told(incident),
                    incident.sentence,
                )
                for incident in incidents
            ],
        )
    else:
        print_lines("nothing is wrong, as far as anybody looked")
    if silences:
        print_lines("")
        print_table(
            ("silence", "kind", "subject", "until", "set by", "why"),
            [
                (
                    silence.silence_id,
                    silence.kind or "all",
                    silence.subject or "all",
                    _minute(silence.ends_at),
                    silence.set_by,
                    silence.reason,
                )
                for silence in silences
            ],
        )


@command(commands, "silence")
def silence(
    kind: KindName = None,
    subject: SubjectName = None,
    *,
    days: Annotated[
        float | None, option("For so long, up to 92; it ends by itself.", metavar="DAYS")
    ] = None,
    reason: Annotated[str, option("Why, for whoever looks at the list.", metavar="WHY")] = "",
    end: Annotated[int | None, option("Instead: end this silence now.", metavar="SILENCE")] = None,
    as_json: AsJson = False,
) -> None:
    """Have nobody be told of a kind of incidents, or of one subject of it, for a while.

    Incidents are opened and listed all the same. What is open when the silence ends is told then. Of
    what the doctor finds, it holds back one thing: that a city is paused (`doctor city_<slug>`).

    Changes: one row of core.incident_silence.

    Examples:
        sightscan alerts silence crawl_empty city_lisbon --days 7 --reason "its category is renamed"
        sightscan alerts silence backup_missing --days 0.5 --reason "the disk is exchanged"
        sightscan alerts silence --end 3
    """
    from sightscan.alerts.kinds import KINDS
    from sightscan.settings import did_you_mean
    from sightscan.warehouse.incidents.silences import (
        MAX_SILENCE_DAYS,
        end_silence,
        set_silence,
    )

    if end is not None:
        if kind or subject or days or reason:
            msg = f"--end {end} ends a silence: leave out what makes one"
            raise typer.BadParameter(msg)
        with open_warehouse() as (_, connection):
            if not end_silence(connection, end):
                msg = f"no silence {end} holds; `sightscan alerts list` shows those that do"
                raise SettingsError(msg)
        print_answer({"silence": end}, f"silence {end} is over", as_json=as_json)
        return
    if kind is not None and kind not in KINDS:
        msg = (
            f"there is no kind {kind!r}{did_you_mean(kind, KINDS)}; expected one of "
            f"{', '.join(KINDS)}"
        )
        raise typer.BadParameter(msg)
    if days is None or not 0 < days <= MAX_SILENCE_DAYS or not reason.strip():
        msg = (
            f"a silence has an end and a reason: give --days, more than 0 and up to "
            f"{MAX_SILENCE_DAYS}, and --reason"
        )
        raise typer.BadParameter(msg)
    with open_warehouse() as (_, connection):
        silence_id, ends_at = set_silence(
            connection,
            kind=kind,
            subject=subject,
            reason=reason.strip(),
            set_by=login_name(),
            length=timedelta(days=days),
        )
    print_answer(
        {"silence": silence_id, "ends_at": ends_at},
        f"silence {silence_id}: nobody is told of {subject or 'any'} ({kind or 'all kinds'}) until "
        f"{_minute(ends_at)} UTC",
        as_json=as_json,
    )


@command(commands, "test", statuses={NOT_TOLD: "a channel could not be told"})
def send_test(
    *,
    by_airflow: Annotated[
        bool,
        flag("--by-airflow", "Let tell_incidents send it, by Airflow's connections, in minutes."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send a message to each channel that is set up: does it arrive?

    The incident is over by itself. What is open and was not told yet is told, too.

    Changes: one row of core.incident, and messages.

    Examples:
        sightscan alerts test
        sightscan alerts test --by-airflow
    """
    from sightscan.alerts.kinds import TEST
    from sightscan.alerts.rounds import channels_of, tell_at_once
    from sightscan.warehouse.incidents.incidents import Trouble, save_troubles

    with open_warehouse() as (config, connection):
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        trouble = Trouble(
            TEST.name, moment, f"{login_name()} tries whether messages arrive. Nothing is wrong."
        )
        if by_airflow:
            save_troubles(connection, [trouble])
            print_answer(
                {"left_to": "tell_incidents"},
                "the next run of tell_incidents sends it; `sightscan alerts list` shows to whom",
                as_json=as_json,
            )
            return
        channels = channels_of(config)
        told = tell_at_once(connection, channels, trouble)
    names = ", ".join(channel.name for channel in channels)
    print_answer(
        {"channels": [channel.name for channel in channels], **asdict(told)},
        f"told: {', '.join(f'{name} {count}' for name, count in told.sent.items()) or 'nobody'} (of "
        f"{names})",
        *(f"not told: {problem}" for problem in told.problems),
        as_json=as_json,
    )
    if told.problems:
        raise typer.Exit(NOT_TOLD)


def _told(incident: ListedIncident) -> str:
    if incident.silent_until is not None and not incident.told_by:
        return f"silent until {_minute(incident.silent_until)}"
    waiting = [f"not {channel}" for channel in incident.not_told_by]
    return ", ".join((*incident.told_by, *waiting)) or "nobody yet"


def _minute(when: datetime | None) -> str | None:
    return None if when is None else f"{when:%Y-%m-%d %H:%M}"
